"""Research mode: the metric moves on by what is proven, and by nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from factory.cycle.context import Cycle
from factory.cycle.lab import open_lab
from factory.cycle.metric import ratchet, runs_of
from factory.models import LeakReport, RatchetRecord, ResearchRun
from factory.paths import ProjectPaths
from factory.runners.base import AgentResult, Invocation
from tests.support.cycles import Scripted, run, said, verdict
from tests.support.packing import (
    DECREASING,
    OTHER_LUCK,
    SOLVER,
    TARGET,
    POLICY,
    packing_project,
    plan,
)
from tests.support.projects import assert_sound, events, history
from tests.support.repos import git, write


def builds(files: dict[str, str], text: str = "Done as planned.") -> Callable[[Invocation], AgentResult]:
    """A Builder that writes files."""

    def build(invocation: Invocation) -> AgentResult:
        write(invocation.cwd, files)
        return said(text)

    return build


def verdicts(project: Path) -> list[tuple[str, str]]:
    return [(row["verdict"], row["reason"]) for row in history(project)]


def closed(cycle: Cycle) -> dict[str, Any]:
    assert cycle.state.closed is not None
    found: dict[str, Any] = cycle.state.closed["research"]
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return packing_project(tmp_path / "packing")


def test_an_improvement_is_kept_luck_is_not_and_a_plateau_ends_it(project: Path) -> None:
    better = plan("Sort the items before packing them")
    luck = plan("Draw another order of the items", category="EXPLORE")
    more_luck = plan("Begin with other items by chance", category="EXPLORE")
    runner = Scripted(
        {
            "strategist": [better, luck, more_luck],
            "builder": [
                builds({"packing/solver.py": DECREASING}),
                builds({"packing/solver.py": OTHER_LUCK}),
            ],
            "failure_analyst": ["### Too many bins (9 of 12)\n\n- Cause: big items come late\n"],
        }
    )
    cycle = run(project, runner, mode="research")
    assert verdicts(project)[0] == ("keep", "improved")
    assert all(v == "revert" for v, _ in verdicts(project)[1:])
    assert closed(cycle)["stop"] == "plateau"
    assert_sound(project)
