"""``factory status`` finds a project by its files, from wherever it is asked, and does without git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from factory.commands.state import common_dir_of, state_of
from factory.fsio import CycleLock
from tests.support import cli
from tests.support.projects import CLEAN_SUMS, begin, small_project


def git(*args: str | Path) -> None:
    identity = ("-c", "user.name=P", "-c", "user.email=p@example.org")
    subprocess.run(["git", *identity, *args], check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "p"
    git("init", "-q", place)
    git("-C", place, "commit", "-q", "--allow-empty", "-m", "Start")
    return place


def test_nothing_has_run(project: Path) -> None:
    done = cli.factory("status", project, env={"PATH": ""}).expect(0)  # there is no git to start
    assert done.out == "no cycle has been run here yet\n"


def test_a_linked_worktree_and_a_folder_inside_share_the_state(project: Path, tmp_path: Path) -> None:
    git("-C", project, "worktree", "add", "-q", tmp_path / "other")
    (project / "inside").mkdir()
    for place in (project, project / "inside", tmp_path / "other"):
        paths = state_of(str(place))
        assert (paths.root, common_dir_of(paths)) == (project.resolve(), project.resolve() / ".git")


def test_a_git_directory_elsewhere_is_found(tmp_path: Path) -> None:
    git("init", "-q", "--separate-git-dir", tmp_path / "g", tmp_path / "p")
    paths = state_of(str(tmp_path / "p"))
    assert (paths.root, common_dir_of(paths)) == ((tmp_path / "p").resolve(), (tmp_path / "g").resolve())


def test_who_runs_is_told(project: Path) -> None:
    with CycleLock(project / ".git").acquire({"mode": "improve"}):
        assert cli.factory("status", project, "--json").expect(0).json["running"]["mode"] == "improve"
    assert cli.factory("status", project, "--json").expect(0).json["running"] is None


def test_kept_work_that_waits_is_told_with_the_command_that_brings_it_in(tmp_path: Path) -> None:
    place = small_project(tmp_path / "a project")
    assert begin(place).edit({"calc/sums.py": CLEAN_SUMS}).decide()[0] == "keep"
    branch = "factory/exp-001-remove-unused-imports"
    told = cli.factory("status", place).expect(0).out
    assert told == (
        "no cycle has been run here yet\n"
        f"kept work waits on {branch}\n"
        f"next: factory integrate '{place}'\n"
    )  # fmt: skip
    assert cli.factory("status", place, "--json").expect(0).json["waiting"] == [branch]
    doctor = cli.factory("doctor", place).expect(0).out
    assert f"ok   cycle: kept work waits on {branch}; `factory integrate '{place}'` brings it in\n" in doctor
    cli.factory("integrate", place).expect(0)
    assert cli.factory("status", place).expect(0).out == "no cycle has been run here yet\n"
