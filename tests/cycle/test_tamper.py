"""Looks before and after, and what differs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory.cycle.tamper import Area, TamperFinding, Watched, differences, violations, watch, watched_places
from factory.git import Repo
from factory.paths import HomePaths, ProjectPaths
from tests.support.repos import commit, make_repo, write


def test_nothing_done_nothing_found(tmp_path: Path) -> None:
    write(tmp_path, {"a": "1", "folder/b": "2"})
    places = [Watched(Area.STATE, tmp_path), Watched(Area.PERSON, tmp_path / "absent")]
    assert differences(watch(places), watch(places)) == []


def test_each_kind_of_difference(tmp_path: Path) -> None:
    write(tmp_path, {"changed": "1", "gone": "2", "mode": "3", "same": "4", "own/log": "5"})
    places = [Watched(Area.STATE, tmp_path, (tmp_path / "own",))]
    before = watch(places)
    write(tmp_path, {"changed": "one", "folder/new": "2", "own/log": "more", "own/other": "x"})
    (tmp_path / "gone").unlink()
    (tmp_path / "mode").chmod(0o755)
    (tmp_path / "link").symlink_to("same")
    assert differences(before, watch(places)) == [
        TamperFinding(Area.STATE, str(tmp_path / name), how)
        for name, how in [
            ("changed", "changed"),
            ("folder/new", "appeared"),
            ("gone", "is gone"),
            ("link", "appeared"),
            ("mode", "changed"),
        ]
    ]


def test_a_file_that_is_put_back_has_changed_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("as it was")
    seen = path.stat()
    before = watch([Watched(Area.STATE, path)])
    path.write_text("otherwise")
    path.write_text("as it was")
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert [f.how for f in differences(before, watch([Watched(Area.STATE, path)]))] == ["changed"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"outside/file": "1"})
    (tmp_path / "watched").mkdir()
    (tmp_path / "watched/link").symlink_to(tmp_path / "outside")
    places = [Watched(Area.STATE, tmp_path / "watched")]
    before = watch(places)
    write(tmp_path, {"outside/file": "2"})
    assert differences(before, watch(places)) == []


def test_the_checkout_by_commit_refs_and_uncommitted_files(tmp_path: Path) -> None:
    repo = Repo(make_repo(tmp_path / "project", {"a": "1", "b": "1"}))
    write(repo.root, {"a": "mine", "mine": "too"})
    before = watch([], repo)
    assert differences(before, watch([], repo)) == []
    write(repo.root, {"b": "not mine", "other": "x"})
    assert [Path(f.path).name for f in differences(before, watch([], repo))] == ["b", "other"]
    commit(repo.root, {}, "All of it")
    names = [f.path.removeprefix(f"{repo.root}/") for f in differences(before, watch([], repo))]
    assert names == ["a", "mine", f"HEAD of {repo.root}", "refs/heads/main"]


def test_a_persons_own_commands_are_no_tampering(tmp_path: Path) -> None:
    repo = Repo(make_repo(tmp_path / "project", {"a": "1"}))
    paths = ProjectPaths(repo.root)
    write(paths.state, {"messages.jsonl": "", "results.tsv": "id"})
    output = paths.experiments / "001/agents/builder-1"
    places = watched_places(paths, repo.common_dir, HomePaths(tmp_path / "fh"), tmp_path / "ws", [output])
    before = watch(places)
    write(paths.state, {"messages.jsonl": "hello", "strategy/backlog.md": "- more"})
    write(output, {"stdout.txt": "working"})
    assert differences(before, watch(places)) == []
    write(paths.state, {"results.tsv": "id\n1"})
    assert [Path(f.path).name for f in differences(before, watch(places))] == ["results.tsv"]


@pytest.mark.parametrize(("area", "ends"), [(Area.WORKSPACE, False), (Area.STATE, True), (Area.PERSON, True)])
def test_what_ends_an_experiment(area: Area, ends: bool) -> None:
    found = [TamperFinding(area, "/x", "changed")]
    assert violations(found, sandboxed=False) == (found if ends else [])
    assert violations(found, sandboxed=True) == []
