"""Git operations that were cut off in the middle: a lock left behind, a merge or a worktree half made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.cli import factory
from tests.support.projects import assert_sound, begin, history, refs, small_project
from tests.support.repos import commit, git

RUN = ("--runner", "offline")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc")


def assert_clean_and_merged(project: Path) -> None:
    assert [row["verdict"] for row in history(project)] == ["keep"]
    assert refs(project, "refs/heads") == ["refs/heads/main"]
    assert "import os" not in (project / "calc/sums.py").read_text()
    assert factory("gc", project).expect(0).out == "nothing to remove\n"
    assert_sound(project)


def test_a_lock_on_the_index_leaves_the_merge_pending_and_says_what_to_remove(project: Path) -> None:
    lock = project / ".git" / "index.lock"
    lock.touch()
    done = factory("ceo", project, *RUN).expect(0)
    assert (
        f"integration is pending: {lock} is there: another git is at work, or was killed; "
        f"when it is not at work any more: rm {lock}\n"
    ) in done.out
    assert "import os" in (project / "calc/sums.py").read_text()
    assert lock.exists(), "it may be somebody's who is at work"
    lock.unlink()
    factory("integrate", project).expect(0)
    assert_clean_and_merged(project)


@pytest.mark.matrix
def test_a_lock_on_a_ref_interrupts_the_cycle_and_the_same_command_goes_on(project: Path) -> None:
    lock = project / ".git" / "refs" / "factory" / "kept" / "001.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    told = factory("ceo", project, *RUN).expect(2).err
    assert (
        f"git could not move refs/factory/kept/001: {lock} is there: another git is at work, or was killed.\n"
        f"  When it is not at work any more: rm {lock}; then run this again."
    ) in told
    lock.unlink()
    factory("ceo", project, *RUN).expect(0)
    assert_clean_and_merged(project)


@pytest.mark.matrix
def test_a_merge_in_progress_is_left_alone(project: Path) -> None:
    git(project, "switch", "--quiet", "-c", "other")
    commit(project, {"notes.md": "Theirs.\n"}, "Theirs")
    git(project, "switch", "--quiet", "main")
    git(project, "merge", "--quiet", "--no-commit", "--no-ff", "other")
    done = factory("ceo", project, *RUN).expect(0)
    assert "integration is pending: " in done.out
    assert (project / ".git" / "MERGE_HEAD").exists()
    git(project, "merge", "--abort")
    git(project, "branch", "--quiet", "-D", "other")
    factory("integrate", project).expect(0)
    assert_clean_and_merged(project)


@pytest.mark.matrix
def test_a_worktree_that_was_half_made_or_deleted_is_no_obstacle(project: Path, tmp_path: Path) -> None:
    git(project, "worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    shutil.rmtree(tmp_path / "linked")
    half = project / ".git" / "worktrees" / "half"
    half.mkdir()
    (half / "gitdir").write_text(f"{tmp_path}/half/.git\n")
    factory("ceo", project, *RUN).expect(0)
    assert_clean_and_merged(project)


@pytest.mark.matrix
def test_a_workspace_that_was_half_made_is_made_anew(project: Path) -> None:
    begun = begin(project)
    (begun.workspace / ".git" / "HEAD").unlink()
    (begun.workspace / ".git" / "shallow.lock").touch()
    begun.edit(
        {"calc/sums.py": (project / "calc/sums.py").read_text().replace("import os\nimport sys\n", "")}
    )
    assert begun.decide()[0] == "keep"
    factory("integrate", project).expect(0)
    assert_clean_and_merged(project)
