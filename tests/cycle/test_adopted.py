"""A Builder's call that ended while the factory was dead: adopted, and looked at like any other."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from factory.cycle import agents
from factory.errors import EnvironmentLacking
from factory.paths import ProjectPaths
from factory.runners.base import AgentResult, Invocation
from tests.support.cli import ROOT
from tests.support.cycles import Scripted, Silent, run, said
from tests.support.projects import CLEAN_SUMS, assert_sound, events, history, small_project
from tests.support.repos import git, write


class Killed(BaseException):
    """The factory's process is gone."""


@dataclass
class Adopting(Scripted):
    """Its Builder had finished when the factory was started again."""

    def adopt(self, invocation: Invocation) -> AgentResult | None:
        """What the Builder said."""
        return said("Done.") if invocation.role == "builder" else None


def cut_off(project: Path, harm: Callable[[Invocation], None], sandbox: str = "off") -> None:
    """A cycle whose factory dies while its Builder works."""

    def builder(invocation: Invocation) -> AgentResult:
        write(invocation.cwd, {"calc/sums.py": CLEAN_SUMS})
        harm(invocation)
        raise Killed

    with pytest.raises(Killed):
        run(project, Scripted({"builder": [builder]}), sandbox=sandbox)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc")


def test_nothing_was_touched(project: Path) -> None:
    cut_off(project, lambda invocation: None)
    run(project, Adopting(), sandbox="off")
    assert [(row["verdict"], row["reason"]) for row in history(project)] == [("keep", "improved")]
    assert [e for e in events(project) if e.type == "tamper.found"] == []
    assert_sound(project)


@pytest.mark.parametrize("sandbox", ["off", "cli"])
def test_a_verdict_was_laid_into_the_records(project: Path, sandbox: str) -> None:
    planted = ProjectPaths(project).experiment(1) / "verdict.json"

    def harm(invocation: Invocation) -> None:
        planted.write_text("{}")

    cut_off(project, harm, sandbox)
    run(project, Adopting())
    (row,) = history(project)
    assert (row["verdict"], row["reason"]) == ("revert", "guard")
    assert "verdict.json appeared while the Builder worked" in row["notes"]
    assert_sound(project)


def test_the_first_look_was_taken_away(project: Path) -> None:
    def harm(invocation: Invocation) -> None:
        (look,) = (ProjectPaths(project).experiment(1) / "agents").glob("*.watched.json")
        look.unlink()

    cut_off(project, harm)
    run(project, Adopting(), sandbox="off")
    assert [(row["verdict"], row["reason"]) for row in history(project)] == [("revert", "guard")]


def test_what_the_person_did_meanwhile_in_the_checkout_is_told_and_no_more(project: Path) -> None:
    cut_off(project, lambda invocation: None)
    write(project, {"mine.txt": "my own\n"})
    run(project, Adopting(), sandbox="off")
    assert [row["verdict"] for row in history(project)] == ["keep"]
    (told,) = [e.data for e in events(project) if e.type == "tamper.found"]
    assert [f.split()[0] for f in told["findings"]] == [str(project / "mine.txt")]
    assert told["violations"] == []


DEAF = """
import pathlib, signal, sys, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
while True:
    for name in sys.argv[1:]:
        place = pathlib.Path(name)
        if place.parent.is_dir():
            place.write_text("late\\n")
    time.sleep(0.02)
"""
"""Writes what it is told to, again and again, until it is killed."""


def orphan(invocation: Invocation, ready: Path, grace: float) -> None:
    """A child of a call whose factory is killed: it goes on until its watchdog has it ended."""
    code = (
        "import sys; from pathlib import Path; from factory import process\n"
        "out, cwd, grace, *argv = sys.argv[1:]\n"
        "process.run(argv, cwd=Path(cwd), grace=float(grace), output=Path(out))"
    )
    invocation.output_dir.mkdir(parents=True)
    writes = (str(invocation.cwd / "notes.md"), str(ready))
    caller = subprocess.Popen(
        [
            *(sys.executable, "-c", code, str(invocation.output_dir / "events.jsonl")),
            *(str(invocation.cwd), str(grace), sys.executable, "-c", DEAF, *writes),
        ],
        cwd=ROOT,
    )
    while not ready.exists():
        time.sleep(0.02)
    caller.kill()
    caller.wait()


def test_a_call_that_was_cut_off_writes_into_no_other(project: Path, tmp_path: Path) -> None:
    cut_off(project, lambda invocation: orphan(invocation, tmp_path / "ready", 1.0))

    def builder(invocation: Invocation) -> AgentResult:
        write(invocation.cwd, {"calc/sums.py": CLEAN_SUMS})
        time.sleep(0.5)
        return said("Done.")

    cycle = run(project, Scripted({"builder": [builder]}))
    assert [row["verdict"] for row in history(project)] == ["keep"]
    assert git(project, "show", "--name-only", "--format=", "main").split() == ["calc/sums.py"]
    assert isinstance(cycle.progress, Silent)
    assert "builder: waiting for the end of what was cut off" in cycle.progress.warnings


def test_one_that_does_not_end_is_told_of(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "TOLD_AFTER_S", 0.1)
    monkeypatch.setattr(agents, "AFTERMATH_S", 0.1)
    cut_off(project, lambda invocation: orphan(invocation, tmp_path / "ready", 2.0))
    with pytest.raises(EnvironmentLacking, match=r"^The builder that was cut off still runs\.$"):
        run(project, Scripted())
