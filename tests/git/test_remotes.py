"""What is pushed and fetched, and what never is."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.git import GitError, Repo, fetch, push
from tests.git.conftest import head
from tests.support.repos import git


def test_a_push_brings_the_branch_and_nothing_else(repo: Repo, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "remote")
    git(repo.root, "tag", "--annotate", "--message", "mine alone", "private")
    git(repo.root, "config", "push.followTags", "true")
    push(repo, str(tmp_path / "remote"), head(repo), "topic")
    assert list(Repo(tmp_path / "remote").refs("refs/")) == ["refs/heads/topic"]


def test_what_takes_too_long_is_called_that(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("factory.git.remotes.REMOTE_TIMEOUT_S", 0.2)
    git(repo.root, "config", "protocol.ext.allow", "always")
    with pytest.raises(GitError, match=r"git could not fetch main from .*: it was not done after 0 s\."):
        fetch(repo, "ext::sleep 30", "main")
