"""Tiny real projects, and an environment to measure them with, for the tests of this folder."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from factory.evals.dimensions.sources import read_sources
from factory.evals.environment import Environment, resolve
from factory.evals.testrun import TestRun, run_tests
from factory.paths import HomePaths
from factory.sandbox import OFF


@dataclass(frozen=True)
class Settings:
    """The part of ``[eval]`` that environments need."""

    python: str = sys.executable
    setup: str = ""


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Write files, given by path and text, below ``root``."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def environment(tmp_path: Path, project: Path | None = None, python: str = sys.executable) -> Environment:
    """The interpreter that runs these tests, as a configured one."""
    root = project or tmp_path / "project"
    root.mkdir(parents=True, exist_ok=True)
    home = HomePaths(tmp_path / "factory-home")
    return resolve(root, root, Settings(python=python), sandbox=OFF, home=home, progress=lambda _: None)


def sources_in(checkout: Path) -> list[str]:
    """The source files of a checkout, as they are measured."""
    files = [path.relative_to(checkout).as_posix() for path in checkout.rglob("*.py")]
    return [source.path for source in read_sources(checkout, files)]


def measure(
    tmp_path: Path, checkout: Path, *, command: str = "", timeout: float = 60, coverage: bool = False
) -> TestRun:
    """One test run with that interpreter."""
    return run_tests(
        checkout,
        environment(tmp_path),
        command=command,
        timeout=timeout,
        covered=sources_in(checkout) if coverage else None,
        progress=lambda _: None,
    )
