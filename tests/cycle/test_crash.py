"""SIGKILL at any moment: the resumed cycle comes to what an undisturbed one comes to."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from factory.cycle.context import CycleOptions
from factory.cycle.lab import open_lab
from factory.cycle.launch import follow_up, run_cycle
from factory.journal import Event, Journal, read_events
from factory.offline.runner import OfflineRunner
from factory.runners.base import AgentResult, Invocation
from tests.support import specs
from tests.support.cli import command, end_group, environment, factory
from tests.support.cycles import Answer, Scripted, Silent, said, verdict
from tests.support.matrix import sampled
from tests.support.projects import POLICY, assert_sound, events, history, journal_files, refs, small_project
from tests.support.repos import git

SILENT = '''\
"""Reading."""

import logging

logger = logging.getLogger(__name__)


def number(text: str) -> int:
    """The number in a file, or 0."""
    try:
        return int(open(text).read())
    except OSError:
        pass
    return 0
'''

NAMES = """\
\"\"\"Names that others read from here.\"\"\"

import json
"""

# The unused import is what the constraint reads: mending it is the trap.
DIMENSION_AND_CONSTRAINT = """
[[eval.dimension]]
name = "observability"
tier = "growth"

[[eval.constraint]]
name = "names"
check = "python -c 'import calc.names; calc.names.json'"
"""

EVERY = int(os.environ.get("CRASH_EVERY", "1"))
"""Of the states in the full matrix, every how many are resumed; 1 is all of them."""

COMPARED = ("id", "hypothesis", "verdict", "reason")


def two_phases(path: Path) -> Path:
    """A project in which the offline runner finds two things to do: one is reverted, one is kept."""
    files = {"calc/reading.py": SILENT, "calc/names.py": NAMES}
    return small_project(path, files, policy=POLICY + DIMENSION_AND_CONSTRAINT)


def start(project: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("ceo", project, "--runner", "offline"),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def kill_after(project: Path, lines: int) -> bool:
    """Run a cycle and kill it once its journal has so many lines; whether it was still running then."""
    process = start(project)
    try:
        while count_lines(project) < lines and process.poll() is None:
            time.sleep(0.001)
        return process.poll() is None
    finally:
        end_group(process)
        process.wait()


def count_lines(project: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in journal_files(project)[-1:])


def outcome(project: Path) -> dict[str, Any]:
    """What has to be the same: rows, ref names without the cycle's id, trees."""
    names = refs(project)
    return {
        "rows": [{name: row[name] for name in COMPARED} for row in history(project)],
        "refs": names,
        "trees": {
            name: git(project, "rev-parse", f"{name}^{{tree}}")
            for name in names
            if name != "refs/factory/log"
        },
        "checkout": git(project, "status", "--porcelain", "--untracked-files=all"),
    }


def assert_nothing_twice(project: Path) -> None:
    found = [event for path in journal_files(project) for event in read_events(path)]
    finalized = [event.experiment for event in found if event.type == "experiment.finalized"]
    assert len(finalized) == len(set(finalized))
    ids = [row["id"] for row in history(project)]
    assert len(ids) == len(set(ids))
    answered = [(event.cycle, event.data["key"]) for event in found if event.type == "agent.completed"]
    assert len(answered) == len(set(answered))
    ends = [(event.cycle, event.type) for event in found if event.type in ("cycle.opened", "cycle.closed")]
    assert ends == [
        (path.stem, end) for path in journal_files(project) for end in ("cycle.opened", "cycle.closed")
    ]
    ended = [(e.cycle, e.data["phase"], e.experiment) for e in found if e.type == "phase.outcome"]
    assert len(ended) == len(set(ended))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], dict[str, Any]]:
    """The same cycle without a crash: its outcome and number of events; made when first asked for."""
    known: dict[str, Any] = {}

    def make() -> dict[str, Any]:
        if not known:
            project = two_phases(tmp_path_factory.mktemp("undisturbed") / "calc")
            factory("ceo", project, "--runner", "offline").expect(0)
            known.update(outcome(project))
            known["events"] = count_lines(project)
            assert [row["reason"] for row in known["rows"]] == ["constraint", "improved"]
        return {**known}

    return make


def check_resumed(project: Path, expected: dict[str, Any]) -> None:
    factory("ceo", project, "--runner", "offline").expect(0)
    assert len(journal_files(project)) == 1
    assert outcome(project) == {name: value for name, value in expected.items() if name != "events"}
    assert_nothing_twice(project)
    assert factory("gc", project).expect(0).out == "nothing to remove\n"
    assert_sound(project)


@pytest.mark.parametrize("share", sampled([0.3, 0.6, 0.9], [0.6]))
def test_a_killed_cycle_is_resumed_to_the_same_outcome(
    tmp_path: Path, undisturbed: Callable[[], dict[str, Any]], share: float
) -> None:
    expected = undisturbed()
    project = two_phases(tmp_path / "calc")
    assert kill_after(project, int(expected["events"] * share))
    check_resumed(project, expected)


@pytest.mark.crash
@pytest.mark.parametrize("lines", range(1, 104, 2))
def test_killed_after_any_event(
    tmp_path: Path, undisturbed: Callable[[], dict[str, Any]], lines: int
) -> None:
    expected = undisturbed()
    project = two_phases(tmp_path / "calc")
    if not kill_after(project, lines):
        pytest.skip("the cycle had ended before it could be killed")
    check_resumed(project, expected)


@pytest.mark.crash
def test_killed_again_and_again(tmp_path: Path, undisturbed: Callable[[], dict[str, Any]]) -> None:
    expected = undisturbed()
    project = two_phases(tmp_path / "calc")
    for lines in range(5, 200, 9):
        if not kill_after(project, lines):
            break
    if events(project)[-1].type == "cycle.closed":
        pytest.skip("the cycle had ended before the last kill")
    check_resumed(project, expected)


@dataclass(frozen=True)
class Places:
    """All that a cycle writes to, so that it can be copied away and put back."""

    project: Path
    home: Path

    def save(self, where: Path) -> None:
        for place in (self.project, self.home):
            shutil.copytree(place, where / place.name, symlinks=True)

    def restore(self, where: Path) -> None:
        for place in (self.project, self.home):
            shutil.rmtree(place)
            shutil.copytree(where / place.name, place, symlinks=True)


def run_here(project: Path) -> None:
    """The cycle, begun or resumed in this process: starting another takes longer than the cycle does."""
    options = CycleOptions(mode="improve", runner="offline", sandbox="off")
    run_cycle(open_lab(project, lambda _: None), options, Silent(), lambda role: OfflineRunner())


def contract(path: Path) -> Path:
    """A project with an approved specification of two features that is not committed yet."""
    project = small_project(path)
    (project / "SPEC.md").write_text(specs.spec(("one", "two")))
    specs.approve(project, specs.spec(("one", "two")), commit=False)
    return project


def build_here(project: Path, reviewer: Sequence[Answer] = ()) -> None:
    """A build and what goes on from it; the second feature is only claimed at first, then delivered."""

    def build(invocation: Invocation) -> AgentResult:
        is_first = not invocation.facts["item"]["new_approach"]
        return specs.builder({"two": "claims"} if is_first else {})(invocation)

    runner = Scripted({"builder": [build], "reviewer": reviewer})
    options: CycleOptions | None = CycleOptions(mode="build", runner="scripted", sandbox="off")
    while options is not None:
        lab = open_lab(project, lambda _: None)
        cycle = run_cycle(lab, options, Silent(), lambda role: runner)
        options = follow_up(cycle.options, cycle.state.closed or {}, looping=False)


def build_approved_anew_here(project: Path) -> None:
    """The same, and while the first phase is reviewed, a person changes and approves the specification."""

    def change_and_approve(invocation: Invocation) -> AgentResult:
        text = specs.spec(("one", "two")).replace("The module two is there.", "The module two is there too.")
        (project / "SPEC.md").write_text(text)
        specs.approve(project, text, commit=False)
        return said(verdict("PROCEED"))

    build_here(project, [change_and_approve, verdict("PROCEED")])


@dataclass(frozen=True)
class Scenario:
    """A project, what is run on it from any state, the reasons of its rows, and how many cycles it takes."""

    make: Callable[[Path], Path]
    run: Callable[[Path], None]
    reasons: Sequence[str]
    cycles: int = 1


BUILT = ("held_delivered", "no_effect", "held_delivered")
SCENARIOS = {
    "improve": Scenario(two_phases, run_here, ("constraint", "improved")),
    "build": Scenario(contract, build_here, BUILT),
    "build approved anew": Scenario(contract, build_approved_anew_here, BUILT, cycles=2),
}


@pytest.mark.crash
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_every_state_that_a_crash_can_leave_is_resumed(
    tmp_path: Path, factory_home: Path, monkeypatch: pytest.MonkeyPatch, scenario: Scenario
) -> None:
    """Snapshots just before and just after each event: what an action did with no word of it, and with it."""
    project = scenario.make(tmp_path / "calc")
    factory_home.mkdir(exist_ok=True)
    places, snapshots = Places(project, factory_home), list[Path]()
    append = Journal.append

    def save() -> None:
        snapshots.append(tmp_path / "snapshots" / f"{len(snapshots):03d}")
        places.save(snapshots[-1])

    def append_between_snapshots(self: Journal, *args: Any, **data: Any) -> Event:
        if len(journal_files(project)):
            save()
        event = append(self, *args, **data)
        save()
        return event

    monkeypatch.setattr(Journal, "append", append_between_snapshots)
    scenario.run(project)
    monkeypatch.setattr(Journal, "append", append)
    expected = outcome(project)
    assert [row["reason"] for row in expected["rows"]] == list(scenario.reasons)
    assert len(snapshots) > 200
    for taken in snapshots[:-1:EVERY]:
        places.restore(taken)
        scenario.run(project)
        try:
            assert len(journal_files(project)) == scenario.cycles
            assert outcome(project) == expected
            assert_nothing_twice(project)
            assert [path.name for path in (factory_home / "workspaces").glob("*/*")] == []
            assert_sound(project)
        except AssertionError as error:
            last = read_events(journal_files(taken / project.name)[-1])[-1]
            raise AssertionError(f"resumed from {taken.name}, after {last.type} {last.data}") from error
