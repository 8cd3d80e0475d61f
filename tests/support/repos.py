"""Builders of real git repositories, independent of the person's git configuration."""

from __future__ import annotations

import os
import subprocess
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

# The author has a name of its own, so that tests can tell people's commits from the engine's.
IDENTITY = {
    "GIT_AUTHOR_NAME": "Pat Person",
    "GIT_AUTHOR_EMAIL": "pat@example.org",
    "GIT_COMMITTER_NAME": "Pat Person",
    "GIT_COMMITTER_EMAIL": "pat@example.org",
}


def git_environment() -> dict[str, str]:
    """The environment for git: this process's, with a fixed identity and no system or personal settings.

    Usable outside the per-test fixture too, e.g. from session fixtures and benchmarks.
    """
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k == "GIT_CONFIG_GLOBAL"}
    env.setdefault("GIT_CONFIG_GLOBAL", os.devnull)
    return {**env, **IDENTITY, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def git(path: Path, *args: str) -> str:
    """Run git in ``path`` and return its output without the last line break; a failure fails the test."""
    done = subprocess.run(
        ["git", *args], cwd=path, env=git_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {' '.join(args)} exited {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout.removesuffix("\n")


def write(path: Path, files: Mapping[str, str]) -> None:
    """Write files below ``path``, by relative name; texts may be indented as a block."""
    for name, text in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")


def commit(path: Path, files: Mapping[str, str | None], message: str) -> str:
    """Write ``files`` (None removes one), commit everything there is, and return the commit's SHA.

    An empty mapping makes an empty commit when nothing else changed.
    """
    for name in (name for name, text in files.items() if text is None):
        (path / name).unlink()
    write(path, {name: text for name, text in files.items() if text is not None})
    git(path, "add", "--all")
    git(path, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(path, "rev-parse", "HEAD")


def make_repo(path: Path, files: Mapping[str, str], message: str = "Start") -> Path:
    """A new repository at ``path``, on ``main``, with one commit of ``files``."""
    path.mkdir(parents=True, exist_ok=True)
    git(path, "init", "--quiet", "--initial-branch", "main")
    commit(path, files, message)
    return path


def python_project(
    path: Path, *, failing_test: bool = False, tests: bool = True, layout: Literal["flat", "src"] = "flat"
) -> Path:
    """A repository with a small library ``shapes``, two passing tests and, if asked for, a failing one.

    The library has what the deterministic engineer looks for: an unused import, unsorted imports, old
    typing syntax and an exception that is swallowed although the module has a logger.
    """
    root = "src/" if layout == "src" else ""
    files = {
        "pyproject.toml": _PYPROJECT,
        "README.md": "# shapes\n\nAreas of plane figures.\n",
        ".gitignore": "__pycache__/\n.pytest_cache/\n.coverage\n",
        f"{root}shapes/__init__.py": '"""Areas of plane figures."""\n',
        f"{root}shapes/area.py": _AREA,
        f"{root}shapes/reader.py": _READER,
    }
    if tests:
        files["tests/test_area.py"] = _TESTS
    if failing_test:
        files["tests/test_broken.py"] = _FAILING
    if layout == "src":
        files["pyproject.toml"] += _SRC_PACKAGES
    return make_repo(path, files)


_PYPROJECT = """\
[build-system]
requires = ["setuptools>=68"]
build-backend = "setuptools.build_meta"

[project]
name = "shapes"
version = "1.0"
requires-python = ">=3.11"

[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = [".", "src"]
"""

_SRC_PACKAGES = """
[tool.setuptools.packages.find]
where = ["src"]
"""

_AREA = '''\
"""Areas."""

import math
import os
from typing import List, Optional


def circle(radius: float) -> float:
    """The area of a circle."""
    return math.pi * radius**2


def rectangle(width: float, height: Optional[float] = None) -> float:
    """The area of a rectangle, or of a square when only one side is given."""
    return width * (width if height is None else height)


def total(areas: List[float]) -> float:
    return sum(areas)
'''

_READER = '''\
"""Reading numbers from text."""

import logging
import json

logger = logging.getLogger(__name__)


def numbers(text: str) -> list:
    """The numbers of a JSON list; an empty list when the text is none."""
    try:
        return list(json.loads(text))
    except ValueError:
        pass
    return []
'''

_TESTS = """\
from shapes.area import circle, rectangle


def test_circle():
    assert round(circle(2), 3) == 12.566


def test_square():
    assert rectangle(3) == 9
"""

_FAILING = """\
from shapes.area import total


def test_total_of_nothing_is_one():
    assert total([]) == 1
"""
