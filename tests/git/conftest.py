"""A small real repository for the tests of the git adapter."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.git import Repo
from tests.support.repos import make_repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(make_repo(tmp_path / "r", {"a.txt": "1\n", "sub/b.txt": "2\n"}))


def head(repo: Repo) -> str:
    return repo.resolve("HEAD")
