"""``factory ace`` on twelve example projects: what the data supports, once, with versions to go back to."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from factory.ace.curator import LEARNED_FROM
from factory.ace.library import Library, default_playbook
from factory.ace.models import PlaybookItem
from factory.ace.outcomes import Outcome, RoleUse
from factory.models import Verdict
from factory.paths import HomePaths, ProjectPaths
from factory.registry import Registry
from tests.support.cli import factory
from tests.support.example_projects import PURPOSES, histories, make_projects
from tests.support.repos import make_repo


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("projects")
    make_projects(folder)
    return folder


@pytest.fixture
def registered(projects: Path, factory_home: Path) -> Path:
    """The twelve projects, all known to the factory."""
    registry = Registry(HomePaths(factory_home))
    for name in PURPOSES:
        registry.register(projects / name)
    return projects


@pytest.fixture
def library(factory_home: Path) -> Library:
    return Library(HomePaths(factory_home).playbooks)


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its content."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def learned(library: Library, role: str) -> dict[str, str]:
    """The keys of the items that were learned and are there, each with its section."""
    known = library.record(role).items.values()
    return {r.key: r.section for r in known if r.origin == "learned" and not r.out}


def key_of(projects: Path, name: str) -> str:
    return ProjectPaths(projects / name).key


def test_what_the_histories_support_is_learned_and_nothing_else(registered: Path, library: Library) -> None:
    told = factory("ace", "--json").expect(0).json
    assert told["decided"] == 77
    assert learned(library, "strategist") == {
        "topic:testing": "do",
        "topic:refactoring": "dont",
        "repeat:account functions into refactor smaller the": "dont",
        "repeat:module reader rename the": "dont",
    }
    assert learned(library, "builder") == {"reason:new_failures": "do"}
    changed = {role["role"] for role in told["roles"] if role["changes"]}
    assert changed == {"strategist", "builder"} == {p.stem for p in library.folder.glob("*.md")}
    changes = [change for role in told["roles"] for change in role["changes"]]
    assert {change["action"] for change in changes} == {"learned"}
    assert all(change["evidence"] for change in changes)


def test_every_item_names_its_experiments(registered: Path, library: Library) -> None:
    factory("ace").expect(0)
    known = {r.key: r for r in library.record("strategist").items.values()}
    renamed = known["repeat:module reader rename the"]
    rows = histories()
    expected = {
        f"{key_of(registered, name)}#{number}"
        for name in ("ledger", "weather", "recipes", "planner")
        for number, line in enumerate(rows[name], start=1)
        if line.hypothesis == "Rename the reader module"
    }
    assert set(renamed.evidence) == expected
    assert len(expected) == 4
    testing = known["topic:testing"]
    assert (testing.kept, testing.reverted, len(testing.evidence)) == (18, 3, 21)


def test_twice_on_the_same_data_changes_nothing(registered: Path, library: Library) -> None:
    factory("ace").expect(0)
    before = files(library.folder)
    again = factory("ace").expect(0)
    assert again.out.endswith("nothing changed\n")
    assert files(library.folder) == before


def test_a_dry_run_tells_and_writes_nothing(registered: Path, library: Library) -> None:
    told = factory("ace", "--dry-run").expect(0).out
    assert "strategist: would be changed" in told
    assert "builder: would be changed" in told
    assert re.search(r"  learned DON'T \[strat-\d+\] \(.+\): Plan again “Rename the reader module”", told)
    assert not list(library.folder.glob("*.md"))
    assert not (library.folder / "versions").exists()


def test_one_role_alone(registered: Path, library: Library) -> None:
    factory("ace", "--role", "builder").expect(0)
    assert [p.stem for p in library.folder.glob("*.md")] == ["builder"]
    assert factory("ace", "--role", "wizard").expect(2).err.startswith("factory: There is no role 'wizard'.")


def test_what_is_odd_about_the_projects_is_told(registered: Path) -> None:
    lines = factory("ace").expect(0).out.splitlines()
    assert lines[:7] == [
        "10 projects, 77 decided experiments, 0 counted",
        f"  ledger: counted once with {registered / 'ledger-fork'}",
        f"  weather: counted once with {registered / 'weather-copy'}",
        "  clock: dated in the future (a clock was wrong): 1 row",
        "  torn: passed by: 2 damaged lines",
        "  empty: its experiment log is empty",
        "  nolog: it has no experiment log",
    ]


def test_one_small_project_says_what_is_missing(projects: Path, library: Library) -> None:
    told = factory("ace", projects / "loner").expect(0)
    assert told.out == (
        "1 project, 3 decided experiments, 0 counted\n"
        "too little to learn from the histories: "
        "10 experiments that were kept or reverted are needed, there are 3\n"
        "nothing changed\n"
    )
    assert not library.folder.exists()


def test_without_any_project_nothing_is_learned(library: Library) -> None:
    told = factory("ace", "--json").expect(0).json
    assert (told["decided"], told["projects"], told["changed"], told["roles"]) == (0, [], False, [])
    assert not library.folder.exists()


def test_versions_are_listed_compared_and_taken_back(registered: Path, library: Library) -> None:
    factory("ace").expect(0)
    listed = factory("ace", "--versions", "--role", "builder", "--json").expect(0).json
    assert [(v["number"], v["why"]) for v in listed] == [
        (1, "as it was before the first evolution"),
        (2, "evolved"),
    ]
    diff = factory("ace", "--diff", "1", "--role", "builder").expect(0).out.splitlines()
    assert [line[:15] for line in diff if line.startswith(("+-", "-- "))] == ["+- [build-01001"]
    (head,) = [line for line in diff if line.startswith("@@")]
    assert head.endswith(" @@ ### DO")
    listed = factory("ace", "--versions", "--role", "builder").expect(0).out
    assert "    learned DO [build-01001] (reverted in " in listed
    assert factory("ace", "--diff", "2", "--role", "builder").expect(0).out == "version 2 is in force\n"

    evolved = library.playbook("builder")
    factory("ace", "--rollback", "1", "--role", "builder").expect(0)
    assert library.playbook("builder") == default_playbook("builder")
    assert "reason:new_failures" not in learned(library, "builder")
    assert factory("ace").expect(0).out.endswith("nothing changed\n")  # a person's word stands
    factory("ace", "--rollback", "2", "--role", "builder").expect(0)
    assert library.playbook("builder") == evolved
    assert [v.why for v in library.versions("builder")][2:] == [
        "rollback to version 1",
        "rollback to version 2",
    ]


def test_a_version_that_is_not_there_is_refused(registered: Path) -> None:
    factory("ace").expect(0)
    result = factory("ace", "--rollback", "7", "--role", "builder").expect(2)
    assert "There is no version 7 of the builder's playbook.\n  There are: 1, 2." in result.err
    assert "Versions are counted for each role." in factory("ace", "--diff", "1").expect(2).err


def outcomes(library: Library, role: str, cited: str, kept: int, reverted: int) -> None:
    """Experiments that cited an item."""
    for number, verdict in enumerate([Verdict.KEEP] * kept + [Verdict.REVERT] * reverted, start=1):
        library.count(
            Outcome(
                project="p",
                cycle=f"{role}-{cited}-{number}",
                experiment=number,
                verdict=verdict,
                reason="improved" if verdict is Verdict.KEEP else "regressed",
                timestamp="2026-01-01T00:00:00+00:00",
                roles={role: RoleUse(shown=[cited], cited=[cited])},
            )
        )


def test_an_item_that_does_harm_is_dropped_without_any_history(library: Library) -> None:
    outcomes(library, "builder", "build-00002", kept=1, reverted=9)
    outcomes(library, "builder", "build-00003", kept=12, reverted=1)
    told = factory("ace").expect(0).out
    assert "builder: version 2\n  dropped DO [build-00002] (helpful 1, harmful 9): " in told
    there = {item.id: item for item in library.playbook("builder").items}
    assert "build-00002" not in there
    assert (there["build-00003"].helpful, there["build-00003"].harmful) == (12, 1)
    assert factory("ace").expect(0).out.endswith("nothing changed\n")


def test_a_pinned_item_stays_whatever_is_counted(library: Library) -> None:
    outcomes(library, "builder", "build-00002", kept=0, reverted=10)
    assert factory("ace").expect(0).out.endswith("nothing changed\n")  # so far everything has failed
    outcomes(library, "builder", "build-00003", kept=10, reverted=0)
    factory("ace").expect(0)
    assert library.playbook("builder").item("build-00002") is None
    factory("ace", "--rollback", "1", "--role", "builder").expect(0)
    assert factory("ace").expect(0).out.endswith("nothing changed\n")
    assert library.playbook("builder").item("build-00002") == PlaybookItem(
        id="build-00002", harmful=10, text=default_playbook("builder").do[1].text
    )
    assert "pinned by a rollback" in factory("ace", "--show", "--role", "builder").expect(0).out


def test_an_agent_takes_no_version_back(registered: Path, library: Library) -> None:
    factory("ace").expect(0)
    before = files(library.folder)
    told = factory("ace", "--rollback", "1", "--role", "builder", env={"FACTORY_ROLE": "builder"}).expect(3)
    assert "Only a person can put a version of a playbook in force again" in told.err
    assert files(library.folder) == before


def test_damaged_playbooks_are_told_and_kept(registered: Path, library: Library) -> None:
    library.folder.mkdir(parents=True)
    playbook = library.folder / "builder.md"
    playbook.write_bytes(b"### DO\n\n- [build-1] helpful=3 harmful=0 :: Sing.\nnoise \xff\n")
    told = factory("ace").expect(0).out
    assert "builder: line 4: not of the form `- [id] helpful=N harmful=N :: text` (kept as it is)" in told
    text = playbook.read_text()
    assert "- [build-1] helpful=3 harmful=0 :: Sing.\n" in text
    assert "\nnoise \\xff\n" in text
    assert f"[build-{LEARNED_FROM:05d}]" in text
    assert "[build-00001]" not in text  # a person's own playbook wins over the defaults
    (library.folder / "builder.json").write_text("{")
    assert "builder.json is damaged" in factory("ace").expect(2).err


def test_a_home_that_cannot_be_written_is_told(registered: Path, library: Library) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    library.folder.mkdir(parents=True)
    library.folder.chmod(0o500)
    assert "Permission denied" in factory("ace").expect(4).err


def test_what_is_shown_says_where_it_comes_from(registered: Path) -> None:
    factory("ace").expect(0)
    shown: list[dict[str, Any]] = factory("ace", "--show", "--json").expect(0).json
    by_id = {item["id"]: item for item in shown}
    assert by_id["build-00001"]["about"]["origin"] == "default"
    assert by_id["build-01001"]["about"]["key"] == "reason:new_failures"
    assert by_id["ceo-00001"]["about"] is None
    assert {by_id[item]["section"] for item in ("ceo-00001", "ceo-00004")} == {"do", "dont"}
    told = factory("ace", "--show", "--role", "ceo").expect(0).out
    assert "ceo DO [ceo-00001] " in told
    assert "ceo DON'T [ceo-00004] " in told


def test_a_learned_line_that_a_person_has_rewritten_is_theirs_from_then_on(
    registered: Path, library: Library
) -> None:
    factory("ace").expect(0)
    (line,) = [one for one in library.playbook("builder").items if one.id == "build-01001"]
    told = factory("ace", "--show", "--role", "builder").expect(0).out
    assert "learned, since" in told.partition("build-01001")[2]
    assert classified(line.id) != 0
    path = library.file("builder")
    path.write_text(path.read_text().replace(line.text, "Leave the tests alone."))
    for _ in range(2):
        told = factory("ace", "--show", "--role", "builder").expect(0).out.partition("build-01001")[2]
        assert "    written, since" in told
        assert "experiment" not in told.partition("written, since")[2].partition("\n")[0]
        assert classified(line.id) == 0
        assert factory("ace").expect(0).out.endswith("nothing changed\n")


def classified(id: str) -> int:
    """How many unrelated projects have experiments that speak for an item."""
    items = factory("contribute", "--classify", "--json").expect(0).json["items"]
    return int(next(one["unrelated_projects"] for one in items if one["id"] == id))


def test_what_is_shown_says_what_the_trial_has_come_to(library: Library) -> None:
    for number in range(40):
        given = number % 2 == 0
        use = RoleUse(shown=["ceo-00001"], trial=["ceo-00001"]) if given else RoleUse(withheld=["ceo-00001"])
        verdict, reason = (Verdict.KEEP, "improved") if given else (Verdict.REVERT, "no_effect")
        library.count(
            Outcome(
                project="p",
                cycle=f"c{number}",
                experiment=1,
                verdict=verdict,
                reason=reason,
                timestamp="2026-01-01T00:00:00+00:00",
                roles={"ceo": use},
            )
        )
    shown = factory("ace", "--show", "--role", "ceo").expect(0).out.splitlines()
    assert shown[1] == "    default; kept 20 of 20 with it, 0 of 20 without: helps, on trial"
    assert shown[3] == "    default; not yet tried without"


def test_a_folder_of_projects_in_place_of_the_known_ones(projects: Path, tmp_path: Path) -> None:
    told = factory("ace", "--dry-run", "--json", "--projects-dir", projects).expect(0).json
    assert told["decided"] == 77
    stranger = make_repo(tmp_path / "stranger", {"a.txt": "a"})
    paths = [p["path"] for p in factory("ace", stranger, "--dry-run", "--json").expect(0).json["projects"]]
    assert paths == [str(stranger)]
    assert "does not exist" in factory("ace", tmp_path / "nowhere").expect(2).err


def test_a_damaged_registry_is_told(factory_home: Path) -> None:
    factory_home.mkdir(parents=True, exist_ok=True)
    (factory_home / "registry.json").write_text("{", encoding="utf-8")
    done = factory("ace").expect(0)
    assert "registry.json" in done.err
    assert "0 projects" in done.out
