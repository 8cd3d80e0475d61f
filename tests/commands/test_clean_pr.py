"""``factory clean-pr``: the same commits without the tool's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import factory
from tests.support.projects import CLEAN_SUMS, small_project
from tests.support.repos import commit, git


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A branch of three commits, in somebody else's project without a setup."""
    path = small_project(tmp_path / "calc", {"SPEC.md": "Theirs.\n"})
    git(path, "rm", "--quiet", "factory.toml")
    git(path, "commit", "--quiet", "-m", "No setup")
    git(path, "switch", "--quiet", "--create", "work")
    commit(path, {"factory.toml": 'goal = "x"\ntarget_branch = "main"\n'}, "Set up factory")
    commit(
        path,
        {"calc/sums.py": CLEAN_SUMS, "SPEC.md": "Ours.\n"},
        "Remove unused imports\n\nWhy.\n\nFactory-Experiment: 3",
    )
    commit(path, {"notes.md": "More.\n", "factory.toml": 'goal = "y"\ntarget_branch = "main"\n'}, "Notes")
    return path


def test_the_tools_files_stay_behind(project: Path) -> None:
    head = git(project, "rev-parse", "work")
    done = factory("clean-pr", project, "--base", "main").expect(0)
    assert git(project, "diff", "--name-only", "main", "work-clean").split() == ["calc/sums.py", "notes.md"]
    assert git(project, "log", "--format=%s", "main..work-clean").splitlines() == [
        "Notes",
        "Remove unused imports",
    ]
    assert git(project, "log", "-1", "--format=%B", "work-clean~1") == "Remove unused imports\n\nWhy.\n"
    assert git(project, "log", "-1", "--format=%an <%ae>", "work-clean") == "Pat Person <pat@example.org>"
    assert done.out.startswith("left out: SPEC.md\nleft out: factory.toml\nwork-clean: 2 commits on ")
    assert git(project, "rev-parse", "work", "HEAD").split() == [head, head]
    assert git(project, "status", "--porcelain") == ""


def test_more_can_be_left_out_and_the_branch_named(project: Path) -> None:
    factory("clean-pr", project, "--base", "main", "--also", "notes.md", "--to", "offer").expect(0)
    assert git(project, "diff", "--name-only", "main", "offer").split() == ["calc/sums.py"]
    assert git(project, "rev-list", "--count", "main..offer") == "1"


def test_nothing_but_the_tools_files(project: Path) -> None:
    git(project, "branch", "--quiet", "setup", "work~2")
    done = factory("clean-pr", project, "--base", "main", "--branch", "setup").expect(1)
    assert done.out == "left out: factory.toml\nnothing else is in setup: setup-clean is the base\n"


def test_nothing_at_all(project: Path) -> None:
    assert (
        "main has nothing that the base lacks."
        in factory("clean-pr", project, "--base", "main", "--branch", "main").expect(2).err
    )


def test_a_branch_that_is_there_is_not_written_over(project: Path) -> None:
    git(project, "branch", "--quiet", "work-clean", "main")
    done = factory("clean-pr", project, "--base", "main").expect(3)
    assert "The branch work-clean is there already." in done.err


def test_merged_work_of_the_base_is_not_taken_back(project: Path) -> None:
    git(project, "switch", "--quiet", "main")
    commit(project, {"theirs.md": "Theirs.\n"}, "Theirs")
    git(project, "switch", "--quiet", "work")
    git(project, "merge", "--quiet", "--no-edit", "main")
    done = factory("clean-pr", project, "--base", "main").expect(2)
    assert "work has a merge, " in done.err
    git(project, "rebase", "--quiet", "main")
    factory("clean-pr", project, "--base", "main").expect(0)
    assert git(project, "show", "--format=", "--name-only", "work-clean~1") == "calc/sums.py"
