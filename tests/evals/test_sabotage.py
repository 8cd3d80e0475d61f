"""What is broken to prove a dimension alive."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factory.config import default_project
from factory.evals.sabotage import spoil_files

FILES = (
    "package.json",
    "vite.config.ts",
    "README.md",
    "eval/run.py",
    "factory.toml",
    "src/a.ts",
    "src/a.test.ts",
)


@pytest.mark.parametrize(
    ("of_tests", "told"),
    [
        (False, ["every code file (2) replaced by garbage", "every modifiable file (3) replaced by garbage"]),
        (True, ["every code file (1) replaced by garbage"]),
    ],
)
def test_what_says_how_to_measure_stays_and_tests_have_to_see_what_they_test(
    of_tests: bool, told: list[str]
) -> None:
    scope = replace(default_project().scope, modifiable=())
    assert [broken.what for broken in spoil_files(FILES, scope, of_tests=of_tests)] == told
