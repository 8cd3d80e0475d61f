"""Whole cycles with the real CLIs, whose model plays every role by a script."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agents.conftest import Bench
from tests.support.cli import Result, factory
from tests.support.projects import TESTED_POLICY, assert_sound, events, history, small_project
from tests.support.role_model import BREAKING, GOOD, Roles, trying

pytestmark = pytest.mark.agents


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc", policy=TESTED_POLICY)


def cycle(bench: Bench, project: Path, script: Roles, *options: str) -> Result:
    """``factory ceo`` with the bench's CLI."""
    bench.serve(script)
    model = ("--model", bench.model) if bench.model else ()
    return factory("ceo", project, "--runner", bench.name, *model, *options, timeout=180)


def asked(project: Path) -> list[str]:
    """The roles of the invocations, by the journal."""
    return [event.data["role"] for event in events(project) if event.type == "agent.started"]


def outcome(project: Path) -> dict[str, tuple[str, str]]:
    return {row["hypothesis"]: (row["verdict"], row["reason"]) for row in history(project)}


def test_a_standard_cycle_keeps_one_and_reverts_one(bench: Bench, project: Path) -> None:
    script = Roles([trying(GOOD), trying(BREAKING)], looks=["calc/sums.py"])
    out = cycle(bench, project, script).expect(0).out
    assert outcome(project) == {
        GOOD.title: ("keep", "improved"),
        BREAKING.title: ("revert", "new_failures"),
    }, out
    assert "import os" not in (project / "calc/sums.py").read_text()
    assert "return a + a" in (project / "calc/sums.py").read_text()
    assert script.asked == asked(project)
    assert_sound(project)
