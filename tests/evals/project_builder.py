"""A small real project in a real git repository, for measuring."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from factory.config import ProjectConfig, load_project
from factory.git import Repo
from factory.models import Measurement

CALC = '''"""Sums."""

import os


def add(a, b):
    """Add."""
    return a + b


def divide(a, b):
    try:
        return a / b
    except ZeroDivisionError:
        return None
'''

TEST_CALC = """from calc import add


def test_add():
    assert add(1, 2) == 3
"""

FILES: Mapping[str, str] = {
    "pyproject.toml": '[project]\nname = "calc"\nversion = "1"\n',
    "src/calc.py": CALC,
    "tests/test_calc.py": TEST_CALC,
}


def config_text(extra: str = "", top: str = "") -> str:
    """A ``factory.toml`` that measures with the interpreter of the tests, which has pytest and coverage."""
    return f'{top}\n[eval]\npython = "{sys.executable}"\n{extra}'


def config(extra: str = "", top: str = "") -> ProjectConfig:
    return load_project(config_text(extra, top))


def commit(root: Path, files: Mapping[str, str], message: str = "change") -> str:
    """Write files, commit them, and return the commit."""
    if not (root / ".git").exists():
        root.mkdir(parents=True, exist_ok=True)
        git(root, "init", "-q", "-b", "main")
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    git(root, "add", "-A")
    git(
        root,
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        message,
    )
    return Repo(root).resolve("HEAD")


def git(root: Path, *args: str) -> None:
    subprocess.run(["git", *args], cwd=root, check=True, capture_output=True)


def scores(measurement: Measurement) -> dict[str, float | None]:
    return {d.name: d.score for d in measurement.dimensions}
