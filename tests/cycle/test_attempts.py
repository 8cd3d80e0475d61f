"""Every misbehaving agent of the design, through a whole cycle by the command line: its end, and its log."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from factory.paths import ProjectPaths
from tests.support.attempts import ATTEMPTS, NAME, SECRET, Attempt, project_for
from tests.support.cli import ROOT, Result, command, factory
from tests.support.hostile import beating, holding
from tests.support.matrix import sampled
from tests.support.projects import assert_sound, history
from tests.support.repos import git
from tests.support.sandboxes import working_sandbox


def play(attempt: Attempt, project: Path, home: Path) -> Result:
    """A lite cycle in which the attempt's process has its role."""
    env = f"env PYTHONPATH={ROOT} HOME={home} FACTORY_HOME={home / '.factory'}"
    project_for(attempt, project, home, f"{env} {shlex.join(command())}")
    sandbox = "auto" if attempt.sandboxed else "off"
    options = ("--lite", "--sandbox", sandbox, "--timeout", str(attempt.limit))
    return factory("ceo", project, *options)


def told(project: Path) -> str:
    """What the row and the guard's report say."""
    guard = ProjectPaths(project).experiment(1) / "guard.json"
    found = json.loads(guard.read_text())["findings"] if guard.exists() else []
    lines = [f"{f['guard']}: {f['message']} {f['name']}" for f in found]
    return "\n".join([history(project)[0]["notes"], *lines])


@pytest.mark.parametrize("attempt", sampled(ATTEMPTS, ATTEMPTS[::5]), ids=lambda attempt: attempt.name)
def test_attempt(attempt: Attempt, tmp_path: Path, private_home: Path) -> None:
    if attempt.sandboxed:
        working_sandbox()
    project = tmp_path / "calc"
    done = play(attempt, project, private_home).expect(0)
    rows = [(row["verdict"], row["reason"]) for row in history(project)]
    assert rows == [(attempt.verdict, attempt.reason)], done.err + told(project)
    assert attempt.finding in told(project)
    assert_sound(project)
    check = AFTERWARDS.get(attempt.name)
    if check:
        check(project, private_home)


def no_beat(project: Path, home: Path) -> None:
    assert beating(home / ".factory") == []


def work_is_kept_aside(project: Path, home: Path) -> None:
    assert "import" not in git(project, "show", "refs/factory/rejected/001:calc/sums.py")


def nothing_ran(project: Path, home: Path) -> None:
    assert not (project / "hook-ran").exists()


def one_commit_by_the_engine(project: Path, home: Path) -> None:
    assert git(project, "log", "--format=%s", "main").splitlines()[1:] == ["Start"]
    assert "Factory-Experiment: 1" in git(project, "log", "-1", "--format=%b", "main")


def no_secret_is_about(project: Path, home: Path) -> None:
    (answer,) = (ProjectPaths(project).experiment(1) / "agents").glob("builder-*.output.md")
    said = answer.read_text()
    assert said.count(SECRET) == 1, "it printed what it knew by itself, and found none in the home"
    assert "PATH=" in said
    assert holding(SECRET, home / ".factory" / "logs") == []


def refused(project: Path, home: Path) -> None:
    (answer,) = (ProjectPaths(project).experiment(1) / "agents").glob("builder-*.output.md")
    assert [line for line in answer.read_text().splitlines() if "ended with" in line] == ["ended with 3"] * 4


AFTERWARDS = {
    "leave a daemon": no_beat,
    "die half-way": work_is_kept_aside,
    "plant git hooks and core.fsmonitor in the workspace": nothing_ran,
    "plant git hooks in the checkout": nothing_ran,
    "rewrite history in the workspace": one_commit_by_the_engine,
    "print secrets": no_secret_is_about,
    "consent in the person's name": refused,
}


def test_every_name_is_checked_afterwards() -> None:
    assert set(AFTERWARDS) <= {attempt.name for attempt in ATTEMPTS}
    assert len({attempt.name for attempt in ATTEMPTS}) == len(ATTEMPTS)
    assert NAME not in {attempt.name for attempt in ATTEMPTS}
