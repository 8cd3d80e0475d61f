"""What makes another judge, and what does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from factory.evals.harness import harness_hash
from tests.evals.project_builder import config

FILES = {"eval/run.py": "a1", "ruff.toml": "b1"}
SETTINGS: Mapping[str, Mapping[str, Any]] = {"pyproject.toml": {"tool.ruff": {"line-length": 9, "fix": True}}}
SAME = harness_hash(config(), FILES, SETTINGS)


def lines(length: int) -> Mapping[str, Mapping[str, Any]]:
    return {"pyproject.toml": {"tool.ruff": {"fix": True, "line-length": length}}}


@pytest.mark.parametrize(
    "other",
    [
        harness_hash(config('smoke = "true"'), FILES, SETTINGS),
        harness_hash(config(), FILES | {"ruff.toml": "b2"}, SETTINGS),
        harness_hash(config(), FILES | {"pytest.ini": "c"}, SETTINGS),
        harness_hash(config(), {"eval/run.py": "a1"}, SETTINGS),
        harness_hash(config(), FILES, lines(10)),
        harness_hash(config(), FILES, {}),
        harness_hash(config(), FILES, {"pyproject.toml": {"unreadable": "tool = \udcff"}}),
    ],
)
def test_another_judge(other: str) -> None:
    assert other != SAME


@pytest.mark.parametrize(
    "same",
    [
        harness_hash(config("threshold = 0.9"), FILES, SETTINGS),
        harness_hash(config(top="goal = 'another'"), FILES | {"factory.toml": "d"}, lines(9)),
        harness_hash(config(), FILES, {**SETTINGS, "setup.cfg": {}}),
    ],
)
def test_the_same_judge(same: str) -> None:
    assert same == SAME
