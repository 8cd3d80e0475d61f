"""Fixed surfaces: read-only while agents work, put back where they were touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from factory.config import ProjectConfig, default_project
from factory.cycle.lab import Lab, open_lab
from factory.cycle.surfaces import fixed_places, restore_fixed
from factory.git import checkout_at
from tests.support.repos import commit, git, make_repo

FILES = {
    "data/a.csv": "1\n",
    "data/deep/b.csv": "2\n",
    "score.py": "print(1)\n",
    "src/main.py": "x = 1\n",
    "notes.csv": "3\n",
}


def policy(*fixed: str) -> ProjectConfig:
    config = default_project()
    return replace(config, research=replace(config.research, fixed=fixed))


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return open_lab(make_repo(tmp_path / "p", FILES), lambda _: None)


@pytest.mark.parametrize(
    ("fixed", "places"),
    [
        (("data/**", "score.py"), {"data", "score.py"}),
        (("/data/",), {"data"}),
        (("*.csv",), {"data/a.csv", "data/deep/b.csv", "notes.csv"}),
        (("data/**", "!data/a.csv"), {"data/deep/b.csv"}),
        ((), set()),
    ],
)
def test_places_are_folders_where_all_of_one_is_fixed(
    lab: Lab, tmp_path: Path, fixed: tuple[str, ...], places: set[str]
) -> None:
    work = tmp_path / "work"
    checkout_at(lab.repo, "HEAD", work)
    found = fixed_places(work, policy(*fixed))
    assert {str(place.relative_to(work)) for place in found} == places
    for place in found:
        if place.is_file():
            assert not place.stat().st_mode & 0o222
    assert (work / "src/main.py").stat().st_mode & 0o200


def test_what_was_touched_is_put_back_and_the_rest_stays(lab: Lab, tmp_path: Path) -> None:
    root, work = lab.paths.root, tmp_path / "work"
    baseline = git(root, "rev-parse", "HEAD")
    changed = {"data/a.csv": "9\n", "data/new.csv": "4\n", "data/deep/b.csv": None, "src/main.py": "x = 2\n"}
    candidate = commit(root, changed, "Touch things")
    checkout_at(lab.repo, candidate, work)
    touched = restore_fixed(lab, work, baseline, candidate, policy("data/**"))
    assert touched == ["data/a.csv", "data/deep/b.csv", "data/new.csv"]
    assert (work / "data/a.csv").read_text() == "1\n"
    assert (work / "data/deep/b.csv").read_text() == "2\n"
    assert not (work / "data/new.csv").exists()
    assert (work / "src/main.py").read_text() == "x = 2\n"


def test_a_folder_that_became_a_link_is_a_folder_again(lab: Lab, tmp_path: Path) -> None:
    root, work = lab.paths.root, tmp_path / "work"
    baseline = git(root, "rev-parse", "HEAD")
    git(root, "rm", "-rq", "data")
    (root / "data").symlink_to(tmp_path)
    candidate = commit(root, {}, "A link in place of the data")
    checkout_at(lab.repo, candidate, work)
    restore_fixed(lab, work, baseline, candidate, policy("data/**", "data"))
    assert (work / "data/a.csv").read_text() == "1\n"
    assert not (work / "data").is_symlink()
    assert not (tmp_path / "a.csv").exists()


def test_nothing_touched_nothing_done(lab: Lab, tmp_path: Path) -> None:
    baseline = git(lab.paths.root, "rev-parse", "HEAD")
    candidate = commit(lab.paths.root, {"src/main.py": "x = 3\n"}, "Ordinary work")
    assert restore_fixed(lab, tmp_path / "gone", baseline, candidate, policy("data/**")) == []
