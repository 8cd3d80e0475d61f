"""A model's service that fails, at the level of whole cycles: tried again or parked, never evidence."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from factory.cycle import agents
from factory.cycle.machine import Parked
from factory.runners.command import CommandRunner
from factory.sandbox import OFF
from tests.support import command_agent
from tests.support.cli import command, end_group, environment, factory
from tests.support.cycles import run
from tests.support.matrix import named, sampled
from tests.support.model_server import Cut, Fault, ModelServer, Part, Text
from tests.support.projects import assert_sound, events, history, journal_files, small_project
from tests.support.role_model import GOOD, Roles

LITE = ["researcher", "strategist", "builder", "evaluator", "ceo", "archivist"]
"""Who is asked in a lite cycle, in order."""

PASSING: dict[str, Sequence[Part]] = {
    "429": [Fault(429, "slow down", "rate_limit_error")],
    "500": [Fault(500)],
    "529": [Fault(529, "Overloaded", "overloaded_error")],
    "cut": [Text("R1: half an ans"), Cut()],
    "dropped": [Text("R1: half an ans"), Cut(clean=False)],
}
LASTING: dict[str, Sequence[Part]] = {
    "401": [Fault(401, "invalid key", "authentication_error")],
    "quota": [Fault(429, "You exceeded your current quota.", "insufficient_quota")],
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc")


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with ModelServer(Roles([GOOD])) as server:
        yield server


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "RETRY_DELAYS_S", (0.01, 0.01, 0.01))


def script(model: ModelServer) -> Roles:
    assert isinstance(model.script, Roles)
    return model.script


def lite(project: Path, model: ModelServer) -> None:
    """A lite cycle in this process, every role by the small agent."""
    runner = CommandRunner(command_agent.NAME, command_agent.spec(model.url), OFF)
    run(project, runner, lite=True, sandbox="off")


def outcome(project: Path) -> list[tuple[Any, ...]]:
    return [(row["id"], row["hypothesis"], row["verdict"], row["reason"]) for row in history(project)]


def count(project: Path, kind: str) -> int:
    return [event.type for event in events(project)].count(kind)


KEPT = [(1, GOOD.title, "keep", "improved")]


@pytest.mark.parametrize("at", [0, 4], ids=["researcher", "builder"])
@pytest.mark.parametrize("parts", named(PASSING, always=["429", "cut"]))
def test_what_passes_is_tried_again(project: Path, model: ModelServer, parts: list[Part], at: int) -> None:
    script(model).faults = {at: parts}
    lite(project, model)
    assert outcome(project) == KEPT
    assert (count(project, "agent.failed"), count(project, "agent.completed")) == (1, 6)
    assert count(project, "agent.started") == 7, "a failed try is an invocation"
    assert_sound(project)


@pytest.mark.parametrize("role", sampled(LITE, ["researcher", "ceo"]))
@pytest.mark.parametrize("parts", LASTING.values(), ids=LASTING)
def test_what_lasts_parks_the_cycle_wherever_it_stands(
    project: Path, model: ModelServer, parts: list[Part], role: str
) -> None:
    roles = script(model)
    roles.at = {role: parts}
    with pytest.raises(Parked, match="The small runner cannot go on"):
        lite(project, model)
    assert count(project, "agent.failed") == 1, "it is of no use to try again"
    assert outcome(project) == (KEPT if role == "archivist" else [])
    roles.at = {}
    lite(project, model)
    assert outcome(project) == KEPT
    # Only the call that failed is made again: no finished answer is asked for twice.
    assert sorted(roles.asked) == sorted([*LITE, role])
    assert_sound(project)


def test_a_service_that_stays_away_parks_the_cycle_after_four_tries(
    project: Path, model: ModelServer
) -> None:
    roles = script(model)
    roles.at = {"builder": PASSING["529"]}
    with pytest.raises(Parked, match="Overloaded"):
        lite(project, model)
    assert roles.asked.count("builder") == 4
    assert outcome(project) == []


def test_parked_is_exit_4_and_the_same_command_goes_on(
    project: Path, model: ModelServer, factory_home: Path
) -> None:
    command_agent.configure(factory_home, model.url)
    roles = script(model)
    roles.at = {"evaluator": LASTING["401"]}
    words = ("ceo", project, "--runner", command_agent.NAME, "--lite", "--sandbox", "off")
    parked = factory(*words)
    assert parked.code == 4
    assert "The small runner cannot go on: invalid key" in parked.err
    assert "run the same command again" in parked.err
    assert outcome(project) == []
    assert "parked" in factory("status", project).expect(0).out
    roles.at = {}
    factory(*words).expect(0)
    assert outcome(project) == KEPT
    assert sorted(roles.asked) == sorted([*LITE, "evaluator"])


@pytest.mark.parametrize("role", sampled(LITE, ["builder", "archivist"]))
def test_a_kill_between_two_calls_asks_no_finished_answer_again(
    project: Path, model: ModelServer, factory_home: Path, role: str
) -> None:
    command_agent.configure(factory_home, model.url)
    words = ("ceo", project, "--runner", command_agent.NAME, "--lite", "--sandbox", "off")
    kill_when(words, lambda: answered(project, role))
    before = len(script(model).log)
    factory(*words).expect(0)
    assert outcome(project) == KEPT
    asked = script(model).asked
    again = [name for name in LITE[: LITE.index(role) + 1] if asked.count(name) > 1]
    assert again == []
    assert asked[:6] == LITE
    # What was in flight when it was killed may be asked once more, and nothing else.
    assert len(asked) <= 7
    assert before < len(script(model).log) or role == "archivist"
    assert_sound(project)


def answered(project: Path, role: str) -> bool:
    """Whether the journal has the answer of a role."""
    journals = journal_files(project)
    lines = journals[-1].read_text().splitlines() if journals else []
    return any('"agent.completed"' in line and f'"role":"{role}"' in line.replace(" ", "") for line in lines)


def kill_when(words: Sequence[str | Path], seen: Callable[[], bool]) -> None:
    """Start a command and SIGKILL it as soon as ``seen`` says so."""
    process = subprocess.Popen(
        command(*words),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        while not seen() and process.poll() is None:
            time.sleep(0.005)
    finally:
        end_group(process)
        process.wait()
