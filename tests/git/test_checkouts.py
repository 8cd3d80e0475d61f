"""Checkouts for agents and measurements."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.git import Repo, checkout_at, scratch_checkout
from tests.git.conftest import head
from tests.support.repos import commit, git


def test_a_checkout_is_standalone_without_remotes_and_at_its_commit(repo: Repo, tmp_path: Path) -> None:
    start = head(repo)
    commit(repo.root, {"a.txt": "2\n"}, "Two")
    place = tmp_path / "out"
    assert checkout_at(repo, start, place) == start
    assert (place / "a.txt").read_text() == "1\n"
    assert (place / ".git").is_dir()
    assert git(place, "remote") == ""
    assert git(place, "status", "--porcelain") == ""
    assert git(place, "rev-parse", "HEAD") == start
    assert not (place / ".git/objects/info/alternates").exists()


def test_the_last_tag_is_that_of_the_checkout_for_build_systems_take_a_version_from_there(
    repo: Repo, tmp_path: Path
) -> None:
    git(repo.root, "tag", "v1.2.0")
    commit(repo.root, {"a.txt": "2\n"}, "Two")
    checkout_at(repo, "HEAD", tmp_path / "out")
    assert git(tmp_path / "out", "describe", "--tags", "--long").startswith("v1.2.0-0-g")
    assert git(tmp_path / "out", "rev-list", "--count", "HEAD") == "1"


def test_it_is_made_afresh_over_what_was_there(repo: Repo, tmp_path: Path) -> None:
    place = tmp_path / "out"
    checkout_at(repo, "HEAD", place)
    (place / "litter").write_text("x")
    (place / ".git/HEAD").write_text("broken")
    checkout_at(repo, "HEAD", place)
    assert sorted(path.name for path in place.iterdir()) == [".git", "a.txt", "sub"]


def test_the_persons_hooks_and_templates_do_not_come_along(repo: Repo, tmp_path: Path) -> None:
    template = tmp_path / "template/hooks"
    template.mkdir(parents=True)
    (template / "post-checkout").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (template / "post-checkout").chmod(0o755)
    git(repo.root, "config", "--global", "init.templateDir", str(template.parent))
    checkout_at(repo, "HEAD", tmp_path / "out")
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "out/.git/hooks").exists()


def test_a_scratch_checkout_goes_with_its_block_also_when_that_fails(repo: Repo, tmp_path: Path) -> None:
    def look_and_fail() -> None:
        with scratch_checkout(repo, "HEAD", parent=tmp_path / "places") as place:
            assert (place / "a.txt").exists()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look_and_fail()
    assert list((tmp_path / "places").iterdir()) == []


def test_a_person_may_have_forbidden_to_clone_from_files(repo: Repo, tmp_path: Path) -> None:
    git(repo.root, "config", "--global", "protocol.file.allow", "never")
    assert checkout_at(repo, "HEAD", tmp_path / "out") == head(repo)


def test_a_partial_clone_brings_what_is_missing(repo: Repo, tmp_path: Path) -> None:
    commit(repo.root, {"a.txt": "2\n"}, "Two")
    git(repo.root, "config", "uploadpack.allowFilter", "true")
    git(repo.root, "config", "uploadpack.allowAnySHA1InWant", "true")
    url, partial = repo.root.as_uri(), tmp_path / "partial"
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", url, str(partial))
    assert checkout_at(Repo(partial), "HEAD", tmp_path / "out", depth=50) == head(repo)
    assert git(tmp_path / "out", "show", "HEAD~1:a.txt") == "1"
