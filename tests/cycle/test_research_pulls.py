"""Research with pull requests switched on: what was kept waits on its pull request, as in any mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cycle.test_research import ANALYSIS, BETTER
from tests.support.cli import factory
from tests.support.cycles import Scripted, run
from tests.support.github_server import Hosted
from tests.support.hosted import SWITCHED_ON, hosted_project, needs_gh
from tests.support.packing import POLICY, TARGET, files, plan
from tests.support.projects import CLEAN_SUMS, history

pytestmark = needs_gh


@pytest.fixture
def project(tmp_path: Path) -> Path:
    policy = POLICY + TARGET.replace("repeats = 5", "repeats = 1") + SWITCHED_ON
    return hosted_project(tmp_path, policy=policy, files=files() | {"calc/sums.py": CLEAN_SUMS})[0]


def test_a_kept_experiment_becomes_a_pull_request(project: Path, hub: Hosted) -> None:
    runner = Scripted(
        {"strategist": [plan("Sort the items")], "builder": [BETTER], "failure_analyst": [ANALYSIS]}
    )
    run(project, runner, mode="research", lite=True)
    row = history(project)[0]
    assert (row["verdict"], row["pr_number"]) == ("keep", 1)
    assert "waits on #1" in factory("integrate", project).expect(0).out
