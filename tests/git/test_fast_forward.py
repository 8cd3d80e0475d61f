"""Taking over what was kept, with a person's own work in the way or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.git import Repo, commit_files, fast_forward
from tests.git.conftest import head
from tests.support.repos import git


def test_in_the_checkout(repo: Repo) -> None:
    end = commit_files(repo, head(repo), {"a.txt": "2\n"}, "Two")
    assert fast_forward(repo, "main", end).done
    assert (repo.root / "a.txt").read_text() == "2\n"
    assert git(repo.root, "status", "--porcelain") == ""


@pytest.mark.parametrize("staged", [False, True])
def test_own_changes_in_the_way_are_left_alone(repo: Repo, staged: bool) -> None:
    start = head(repo)
    (repo.root / "a.txt").write_text("mine\n")
    if staged:
        git(repo.root, "add", "a.txt")
    merge = fast_forward(repo, "main", commit_files(repo, start, {"a.txt": "2\n"}, "Two"))
    assert not merge.done
    assert merge.message == "changes of your own that are not committed are in the way: a.txt"
    assert (repo.root / "a.txt").read_text() == "mine\n"
    assert head(repo) == start


def test_an_untracked_file_in_the_way_is_left_alone(repo: Repo) -> None:
    (repo.root / "new.txt").write_text("mine\n")
    assert not fast_forward(repo, "main", commit_files(repo, head(repo), {"new.txt": "2\n"}, "Two")).done
    assert (repo.root / "new.txt").read_text() == "mine\n"


@pytest.mark.parametrize("name", ["a.txt", "new.txt", "sub/[a] *.txt"])
def test_a_file_in_the_way_that_is_the_same_is_no_hindrance(repo: Repo, name: str) -> None:
    (repo.root / name).write_text("2\n")
    (repo.root / "sub/b.txt").write_text("mine\n")
    assert fast_forward(repo, "main", commit_files(repo, head(repo), {name: "2\n"}, "Two")).done
    assert (repo.root / name).read_text() == "2\n"
    assert git(repo.root, "status", "--porcelain") == " M sub/b.txt"


def test_where_another_file_is_in_the_way_the_index_stays_as_it_was(repo: Repo) -> None:
    (repo.root / "new.txt").write_text("2\n")
    (repo.root / "a.txt").write_text("mine\n")
    before = git(repo.root, "status", "--porcelain")
    both = {"new.txt": "2\n", "a.txt": "2\n"}
    assert not fast_forward(repo, "main", commit_files(repo, head(repo), both, "Two")).done
    assert git(repo.root, "status", "--porcelain") == before


def test_own_changes_elsewhere_are_no_hindrance(repo: Repo) -> None:
    (repo.root / "sub/b.txt").write_text("mine\n")
    assert fast_forward(repo, "main", commit_files(repo, head(repo), {"a.txt": "2\n"}, "Two")).done
    assert (repo.root / "sub/b.txt").read_text() == "mine\n"


def test_a_branch_that_nobody_has_checked_out(repo: Repo) -> None:
    start = head(repo)
    git(repo.root, "branch", "side")
    end = commit_files(repo, start, {"a.txt": "2\n"}, "Two")
    assert fast_forward(repo, "side", end).done
    back = fast_forward(repo, "side", start)
    assert (back.done, back.message) == (False, f"side cannot be fast-forwarded to {start[:12]}")
    assert git(repo.root, "status", "--porcelain") == ""


def test_hooks_of_the_person_do_not_run(repo: Repo, tmp_path: Path) -> None:
    hook = repo.root / ".git/hooks/post-merge"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    assert fast_forward(repo, "main", commit_files(repo, head(repo), {"a.txt": "2\n"}, "Two")).done
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("setting", ["--squash", "--no-commit", "--no-ff"])
def test_the_branch_moves_whatever_a_person_has_set_for_their_own_merges(repo: Repo, setting: str) -> None:
    git(repo.root, "config", "branch.main.mergeOptions", setting)
    end = commit_files(repo, head(repo), {"a.txt": "2\n"}, "Two")
    assert fast_forward(repo, "main", end).done
    assert head(repo) == end
    assert git(repo.root, "status", "--porcelain") == ""
