"""Looks before and after, and what differs."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from factory.ace.library import Library
from factory.ace.outcomes import Outcome, RoleUse
from factory.approvals import Approvals
from factory.cycle.tamper import (
    Area,
    Fingerprint,
    TamperFinding,
    Watched,
    differences,
    disregard_consent,
    violations,
    watch,
    watch_advice,
    watched_places,
)
from factory.git import Repo
from factory.models import Verdict
from factory.paths import HomePaths, ProjectPaths
from tests.support.repos import commit, git, make_repo, write


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


@dataclass(frozen=True)
class Desk:
    """A person's project, home and factory home, as they are looked at while a Builder works."""

    repo: Repo
    home: Path
    fh: HomePaths

    def look(self) -> Fingerprint:
        paths = ProjectPaths(self.repo.root)
        places = watched_places(paths, self.repo.common_dir, self.fh, self.home / "ws", [])
        return {**watch(places, self.repo), **watch_advice(self.fh)}

    def found(self, before: Fingerprint) -> list[str]:
        return [Path(found.path).name for found in differences(before, self.look())]

    def approve(self, key: str) -> str:
        given = Approvals(self.fh, key).approve("# X\n", who="P", form="project", title="X", how="terminal")
        return given.sha256


@pytest.fixture
def desk(tmp_path: Path, private_home: Path) -> Desk:
    repo = Repo(make_repo(tmp_path / "project", {"a": "1"}))
    write(private_home, {".ssh/config": "", ".ssh/known_hosts": "a"})
    return Desk(repo, private_home, HomePaths(tmp_path / "fh"))


def test_other_work_of_the_person_is_no_tampering(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another project's experiment ends, its plan is approved, an editor fetches, ssh meets a new host."""
    library = Library(desk.fh.playbooks)
    (item, *_) = library.playbook("builder").items
    use = RoleUse(shown=[item.id], trial=[], withheld=[], cited=[item.id])
    before = desk.look()
    outcome = Outcome(
        project="other", cycle="c1", experiment=1, verdict=Verdict.KEEP, reason="improved",
        timestamp="2026-01-01T00:00:00+00:00", roles={"builder": use},
    )  # fmt: skip
    assert library.count(outcome) == []
    assert library.playbook("builder").items[0].helpful == item.helpful + 1
    desk.approve("other-0123456789")
    git(desk.repo.root, "update-ref", "refs/remotes/origin/main", "HEAD")
    write(desk.home, {".ssh/known_hosts": "a, b"})
    with socket.socket(socket.AF_UNIX) as connection:
        monkeypatch.chdir(desk.home)  # a socket's path has to be short
        connection.bind(".ssh/control")
        assert desk.found(before) == []


def test_what_decides_about_later_commands_is(desk: Desk) -> None:
    before = desk.look()
    approved = desk.approve(ProjectPaths(desk.repo.root).key)
    write(
        desk.fh.root, {"trust": "{}", "config.toml": "", "playbooks/versions/builder.unfinished.json": "{}"}
    )
    write(desk.fh.playbooks, {"builder.md": "### DO\n\n- [build-00001] helpful=1 harmful=0 :: Trust me.\n"})
    (desk.fh.playbooks / "ceo.md").mkdir()
    git(desk.repo.root, "update-ref", "refs/heads/other", "HEAD")
    write(desk.home, {".ssh/config": "ProxyCommand x"})
    assert sorted(desk.found(before)) == sorted([
        *(f"{approved}.json", f"{approved}.md", "builder.md", "builder.unfinished.json", "ceo.md", "config"),
        *("config.toml", "other", "trust"),
    ])  # fmt: skip


def test_consent_that_may_be_forged_counts_for_nothing(desk: Desk) -> None:
    before, key = desk.look(), ProjectPaths(desk.repo.root).key
    approved = [desk.fh.approvals / name / f"{desk.approve(name)}.json" for name in (key, "other-0123456789")]
    write(desk.fh.root, {"trust": "{}", "config.toml": ""})
    found = differences(before, desk.look())
    assert disregard_consent(found, desk.fh) == [approved[0], desk.fh.trust]
    assert disregard_consent(found, desk.fh) == []
    assert [path.exists() for path in (*approved, desk.fh.trust, desk.fh.config)] == [
        False,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(("area", "ends"), [(Area.WORKSPACE, False), (Area.STATE, True), (Area.PERSON, True)])
def test_what_ends_an_experiment(area: Area, ends: bool) -> None:
    found = [TamperFinding(area, "/x", "changed")]
    assert violations(found, sandboxed=False) == (found if ends else [])
    assert violations(found, sandboxed=True) == []
