"""``factory insights`` by the real command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.cli import factory
from tests.support.learning import make_project, shelf, write_log
from tests.support.repos import git

GOOD = "Add tests for the error paths of the {} module"
BAD = "Rewrite the whole {} parser in another style"


def projects(folder: Path) -> Path:
    return shelf(
        folder,
        {
            name: [(GOOD.format(name), "keep"), (GOOD.format("second"), "keep"), (BAD.format(name), "revert")]
            for name in ("alpha", "beta", "gamma")
        },
    )


def test_rates_patterns_and_failures(tmp_path: Path) -> None:
    found = factory("insights", "--json", "--projects-dir", projects(tmp_path / "all")).expect(0).json
    assert [(p["verdicts"]["name"], p["verdicts"]["kept"]) for p in found["projects"]] == [
        ("alpha", 2), ("beta", 2), ("gamma", 2),
    ]  # fmt: skip
    (rate,) = [one for one in found["topics"] if one["name"] == "testing"]
    assert (rate["kept"], rate["reverted"], rate["rate"]) == (6, 0, 1.0)
    assert (round(rate["low"], 3), rate["high"]) == (0.61, 1.0)  # Wilson (1927) for 6 of 6
    (good,) = found["transferable"]
    assert (good["projects"], good["verdicts"]["kept"], good["topic"]) == (3, 6, "testing")
    (bad,) = found["repeated_failures"]
    assert (bad["projects"], bad["verdicts"]["reverted"], bad["reasons"]) == (3, 3, {"regressed": 3})


def test_the_page_for_people_fits_80_columns(tmp_path: Path) -> None:
    done = factory("insights", "--projects-dir", projects(tmp_path / "all")).expect(0)
    assert "project  kept  reverted  errors  keep rate  95 % between" in done.out
    assert "alpha       2         1       0        67%  21% and 94%" in done.out
    assert "Repeated failures" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_one_project_transfers_nothing(tmp_path: Path) -> None:
    make_project(tmp_path / "all" / "only", [(GOOD.format("x"), "keep")] * 9)
    found = factory("insights", "--json", "--projects-dir", tmp_path / "all").expect(0).json
    assert found["transferable"] == []


def test_copies_and_damage_are_noted(tmp_path: Path) -> None:
    one = make_project(tmp_path / "all" / "one", [("Add a test", "keep")])
    git(tmp_path / "all", "clone", "--quiet", str(one), "two")
    write_log(tmp_path / "all" / "two", [("Add another test", "revert")], day="2999-01-01")
    done = factory("insights", "--projects-dir", tmp_path / "all").expect(0)
    assert f"{one} counts once with its copies: {tmp_path / 'all' / 'two'}." in done.err
    assert "1 of its rows are dated in the future; dates decide nothing." in done.err
    assert "one         1         1       0        50%  9% and 91%" in done.out


def test_registered_projects_are_looked_at(tmp_path: Path, factory_home: Path) -> None:
    nothing = factory("insights").expect(0)
    assert nothing.out.startswith("No project with experiments is known")
    known = make_project(tmp_path / "known", [("Add a test", "keep")])
    factory_home.mkdir(exist_ok=True)
    listed = {"v": 1, "projects": [{"root": str(known)}, {"root": "/nowhere/at/all"}]}
    (factory_home / "registry.json").write_text(json.dumps(listed))
    found = factory("insights", "--json").expect(0).json
    assert [one["path"] for one in found["projects"]] == [str(known)]


def test_a_damaged_registry_is_told(factory_home: Path) -> None:
    factory_home.mkdir(exist_ok=True)
    (factory_home / "registry.json").write_text("{")
    done = factory("insights").expect(0)
    assert "registry.json is damaged" in done.err
