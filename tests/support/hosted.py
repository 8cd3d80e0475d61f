"""A small project whose remote is on the stand-in of GitHub."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.github_server import SLUG
from tests.support.projects import POLICY, small_project
from tests.support.repos import git

SWITCHED_ON = """\

[github]
enabled = true
pull_requests = true
authors = ["pat"]
"""
WITH_ISSUES = SWITCHED_ON.replace("authors", "issues = true\nauthors")

needs_gh = pytest.mark.skipif(shutil.which("gh") is None, reason="gh is not installed")


def hosted_project(
    folder: Path, *, policy: str = POLICY + SWITCHED_ON, files: Mapping[str, str] | None = None
) -> tuple[Path, Path]:
    """The project and the bare repository behind its remote, ``https://github.com/acme/calc.git``."""
    project, bare = small_project(folder / "calc", files, policy=policy), folder / "calc.git"
    git(folder, "clone", "--quiet", "--bare", str(project), str(bare))
    git(project, "remote", "add", "origin", f"https://github.com/{SLUG}.git")
    git(project, "config", f"url.{bare}.insteadOf", f"https://github.com/{SLUG}.git")
    return project, bare


def without_gh(folder: Path) -> str:
    """A PATH with everything on it but ``gh``."""
    tools = folder / "tools"
    tools.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        for program in Path(place).glob("*") if Path(place).is_dir() else ():
            link = tools / program.name
            if program.name != "gh" and not link.exists() and not link.is_symlink():
                link.symlink_to(program)
    return str(tools)
