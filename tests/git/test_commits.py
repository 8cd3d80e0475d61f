"""The commits that the factory makes itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.git import Repo, checkout_at, commit_files, replay, snapshot, write_blob_ref
from tests.git.conftest import head
from tests.support.repos import commit, git


def test_a_snapshot_moves_no_ref_and_leaves_the_checkout_alone(repo: Repo, tmp_path: Path) -> None:
    start = head(repo)
    place = tmp_path / "out"
    checkout_at(repo, start, place)
    assert snapshot(repo, place, start, "Nothing") is None
    (place / "a.txt").write_text("changed\n")
    (place / "sub/b.txt").unlink()
    made = snapshot(repo, place, start, "Work\n\nBody\n")
    assert made is not None
    assert [(c.status, c.path) for c in repo.changes(start, made)] == [("M", "a.txt"), ("D", "sub/b.txt")]
    assert git(repo.root, "log", "-1", "--format=%B", made) == "Work\n\nBody\n"
    assert head(repo) == start
    assert git(repo.root, "status", "--porcelain") == ""


def test_ignored_files_stay_out_and_tracked_ones_in(repo: Repo, tmp_path: Path) -> None:
    start = commit(repo.root, {".gitignore": "*.log\n"}, "Ignore")
    (repo.root / "kept.log").write_text("1\n")
    git(repo.root, "add", "--force", "kept.log")
    start = commit(repo.root, {}, "Kept all the same")
    place = tmp_path / "out"
    checkout_at(repo, start, place)
    (place / "kept.log").write_text("2\n")
    (place / "new.log").write_text("2\n")
    made = snapshot(repo, place, start, "Work")
    assert made is not None
    assert [c.path for c in repo.changes(start, made)] == ["kept.log"]


def test_files_can_be_committed_without_a_checkout(repo: Repo) -> None:
    made = commit_files(repo, head(repo), {"new/c.txt": "3\n", "a.txt": "9\n"}, "Add")
    assert [(c.status, c.path) for c in repo.changes("HEAD", made)] == [
        ("M", "a.txt"),
        ("A", "new/c.txt"),
    ]
    assert git(repo.root, "status", "--porcelain") == ""


def test_replaying_keeps_authors_and_gives_up_on_a_conflict(repo: Repo) -> None:
    base = head(repo)
    git(repo.root, "checkout", "--quiet", "-b", "work")
    one = commit(repo.root, {"sub/b.txt": "two\n"}, "One")
    git(repo.root, "checkout", "--quiet", "main")
    tip = commit(repo.root, {"a.txt": "other\n"}, "Theirs")
    replayed = replay(repo, base, one, tip)
    assert replayed is not None
    assert git(repo.root, "log", "--format=%s", replayed) == "One\nTheirs\nStart"
    assert repo.show(replayed, "a.txt") == "other\n"
    conflicting = commit(repo.root, {"sub/b.txt": "three\n"}, "Same line")
    assert replay(repo, base, one, conflicting) is None
    assert git(repo.root, "status", "--porcelain") == ""


def test_a_file_as_a_ref_of_its_own(repo: Repo, tmp_path: Path) -> None:
    log = tmp_path / "log.tsv"
    for text in ("one\n", "one\n", "one\ntwo\r\n"):
        log.write_bytes(text.encode())
        write_blob_ref(repo, "refs/factory/log", "log.tsv", log, "Log")
    assert repo.show("refs/factory/log", "log.tsv") == "one\ntwo\r\n"
    assert git(repo.root, "rev-list", "--count", "refs/factory/log") == "2"
    assert git(repo.root, "status", "--porcelain") == ""


def test_a_file_that_git_would_convert_is_only_recorded_where_it_was_touched(
    repo: Repo, tmp_path: Path
) -> None:
    files = {"mine.txt": "1\r\n", "theirs.txt": "1\r\n"}
    commit(repo.root, files, "Before the attribute")
    start = commit_files(repo, head(repo), {".gitattributes": "*.txt text\n"}, "The attribute")
    place = tmp_path / "out"
    checkout_at(repo, start, place)
    assert (place / "theirs.txt").read_bytes() == b"1\r\n"
    assert snapshot(repo, place, start, "Nothing") is None
    (place / "mine.txt").write_bytes(b"2\r\n")
    made = snapshot(repo, place, start, "Work")
    assert made is not None
    assert [c.path for c in repo.changes(start, made)] == ["mine.txt"]
    assert repo.show(made, "theirs.txt") == "1\r\n"


@pytest.mark.parametrize("name", ['"n".md', "one\ntwo.md", "end\r"])
def test_a_changed_file_is_recorded_whatever_its_name(repo: Repo, tmp_path: Path, name: str) -> None:
    start = commit(repo.root, {name: "1\n"}, "Odd")
    place = tmp_path / "out"
    checkout_at(repo, start, place)
    (place / name).write_text("2\n")
    made = snapshot(repo, place, start, "Work")
    assert made is not None
    assert [c.path for c in repo.changes(start, made)] == [name]
