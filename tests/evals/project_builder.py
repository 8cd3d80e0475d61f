"""A small real project in a real git repository, for measuring."""

import sys
from collections.abc import Mapping

from factory.config import ProjectConfig, load_project
from factory.models import Measurement

CALC = '''"""Sums."""

import os


def add(a, b):
    """Add."""
    return a + b


def divide(a, b):
    try:
        return a / b
    except OSError:
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


def scores(measurement: Measurement) -> dict[str, float | None]:
    return {d.name: d.score for d in measurement.dimensions}
