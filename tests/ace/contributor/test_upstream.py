"""The branch of an earlier contribution: there, not there, or not to be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.ace.contributor.upstream import fetched
from factory.errors import EnvironmentLacking
from factory.git import Repo
from tests.support.repos import git, make_repo


def test_a_branch_that_is_not_there_is_told_from_a_place_that_cannot_be_reached(tmp_path: Path) -> None:
    repo = Repo(make_repo(tmp_path / "clone", {"a": "1"}))
    upstream = make_repo(tmp_path / "upstream", {"a": "2"})
    git(upstream, "branch", "sent")
    assert fetched(repo, str(upstream), "sent") == git(upstream, "rev-parse", "HEAD").strip()
    assert fetched(repo, str(upstream), "never") == ""
    with pytest.raises(EnvironmentLacking, match=r"sent at .*gone, cannot be looked at"):
        fetched(repo, str(tmp_path / "gone"), "sent")
