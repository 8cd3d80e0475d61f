"""The example project: a small library with real tests, real findings, and a trap."""

from __future__ import annotations

import shutil
from pathlib import Path

from factory.errors import BadInput, EnvironmentLacking
from factory.process import quick

EXAMPLE = Path(__file__).parent / "example"

_LITTER = shutil.ignore_patterns("__pycache__", ".*_cache", "*.egg-info")

# The commit must come out the same whatever the person's git configuration says or lacks.
_GIT = [
    "git",
    "-c", "user.name=factory demo",
    "-c", "user.email=demo@factory.invalid",
    "-c", "commit.gpgsign=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.autocrlf=false",
    "-c", "init.templateDir=",
]  # fmt: skip


def create_example(dest: Path) -> Path:
    """Copy the example to ``dest`` and make it a git repository with one commit on ``main``.

    Gives back ``dest``. Raises BadInput when there is something already, EnvironmentLacking when git
    is missing or fails.
    """
    if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise BadInput(f"{dest} is not empty.", "Name a folder that does not exist yet.")
    shutil.copytree(EXAMPLE, dest, ignore=_LITTER, dirs_exist_ok=True)
    _git(dest, "init", "--quiet")
    # Not `init -b`: a default branch set by the person must not matter either.
    _git(dest, "symbolic-ref", "HEAD", "refs/heads/main")
    _git(dest, "add", "--all")
    _git(dest, "commit", "--quiet", "--message", "Keep the books of a shared household")
    return dest


def _git(cwd: Path, *arguments: str) -> None:
    done = quick([*_GIT, *arguments], cwd=cwd)
    if done.returncode != 0:
        raise EnvironmentLacking(
            f"git {arguments[0]} failed: {done.stderr.strip()}", "Look at git's message."
        )
