"""SIGKILL at any moment, in every mode: gone on with, it comes to what an undisturbed run comes to."""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from factory.ace.library import Library
from factory.agents.roles import ROLES
from factory.cli import main
from factory.cycle.context import CycleOptions, Draft, Opinion
from factory.cycle.gc import collect
from factory.cycle.inflight import cycle_in_flight
from factory.cycle.lab import Lab, open_lab
from factory.cycle.launch import abandon, cut_off_chain, follow_up, options_of, run_cycle
from factory.cycle.undoing import undo
from factory.offline.runner import OfflineRunner
from factory.paths import HomePaths, factory_home
from factory.registry import Registry
from factory.runners.base import AgentResult, Invocation, Runner
from tests.support import crashes, packing, research_agent, spec_agent, specs
from tests.support.cli import factory
from tests.support.crashes import Places
from tests.support.cycles import Answer, Scripted, Silent, said, verdict
from tests.support.learning import GENERAL_HISTORY, OTHER_GENERAL_HISTORY, shelf
from tests.support.matrix import sampled
from tests.support.projects import (
    CLEAN_SUMS,
    POLICY,
    begin,
    events,
    history,
    small_project,
)
from tests.support.repos import commit, git, make_repo, write

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
"""Of the states in the full matrix, every how many are gone on from; 1 is all of them."""

PARTS = 3
"""Into how many tests the states of a scenario are dealt, for they take longest, and workers share tests."""

KILLS = int(os.environ.get("CRASH_KILLS", "20"))
"""How many times the real program is killed at a random time, in each of its commands."""

SEED = int(os.environ.get("CRASH_SEED", "7"))
"""What these times are drawn from."""

IDEA = "a command-line tool that counts words"


@pytest.fixture
def places(tmp_path: Path, factory_home: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """Where a project, a factory home and temporary files of their own go."""
    found = Places(tmp_path / "calc", factory_home, tmp_path / "temporary")
    found.home.mkdir(mode=0o700, exist_ok=True)
    found.temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(found.temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(found.temporary))
    return found


# ---- what is run


def two_phases(path: Path) -> Path:
    """A project in which the offline runner finds two things to do: one is reverted, one is kept."""
    files = {"calc/reading.py": SILENT, "calc/names.py": NAMES}
    return small_project(path, files, policy=POLICY + DIMENSION_AND_CONSTRAINT)


class Person:
    """Wants the first draft changed and approves the second; takes no offer."""

    def discuss(self, draft: Draft) -> Opinion:
        """The same in each round, also after a crash."""
        return Opinion("feedback", "it must also log errors") if draft.round == 1 else Opinion("approve")

    def offer(self, summary: str) -> str:
        """No, thanks."""
        return "skipped"


def carry_on(
    project: Path, runner: Callable[[], Runner], person: Person | None = None, **options: Any
) -> None:
    """What the command does: the cycle in flight, else what the last one was to go on to, else a new one."""
    lab = open_lab(project, lambda _: None)
    chosen = CycleOptions(**({"runner": "scripted", "sandbox": "off"} | options))
    found, one = cycle_in_flight(lab.paths), runner()
    following: CycleOptions | None = options_of(found) if found else cut_off_chain(lab) or chosen
    while following is not None:
        # Everything is read anew, as in a new process.
        lab = open_lab(project, lambda _: None)
        cycle = run_cycle(lab, following, Silent(), lambda role: one, person)
        following = follow_up(cycle.options, cycle.state.closed or {}, looping=False)


improve = partial(carry_on, runner=OfflineRunner, mode="improve")


def contract(path: Path) -> Path:
    """A project with an approved specification of two features that is not committed yet."""
    project = small_project(path)
    (project / "SPEC.md").write_text(specs.spec(("one", "two")))
    specs.approve(project, specs.spec(("one", "two")), commit=False)
    return project


def word_builder(invocation: Invocation) -> AgentResult:
    """The second feature is only claimed at first, then delivered."""
    is_first = not invocation.facts["item"]["new_approach"]
    return specs.builder({"two": "claims"} if is_first else {})(invocation)


def build(project: Path, reviewer: Sequence[Answer] = (), **options: Any) -> None:
    """A build and what goes on from it."""
    answers = {"builder": [word_builder], "reviewer": reviewer}
    carry_on(project, lambda: Scripted(answers), mode="build", **options)


def build_approved_anew(project: Path) -> None:
    """The same, and while the first phase is reviewed, a person changes and approves the specification."""

    def change_and_approve(invocation: Invocation) -> AgentResult:
        text = specs.spec(("one", "two")).replace("The module two is there.", "The module two is there too.")
        (project / "SPEC.md").write_text(text)
        specs.approve(project, text, commit=False)
        return said(verdict("PROCEED"))

    build(project, [change_and_approve, verdict("PROCEED")])


def idea(path: Path) -> Path:
    """A project that is an idea so far."""
    return make_repo(path, {"README.md": f"# Words\n\n{IDEA}\n"})


def design_new(project: Path) -> None:
    """A design from an idea, to its approval; what it goes on to is another test's."""
    lab = open_lab(project, lambda _: None)
    options = CycleOptions(mode="design", runner="scripted", sandbox="off", idea=IDEA)
    run_cycle(lab, options, Silent(), lambda role: Scripted(), Person())


def design_and_improve(project: Path) -> None:
    """A design for a project that exists, and the cycle of improvements that it goes on to."""
    carry_on(project, Scripted, Person(), mode="design")


SORTED, SHUFFLED = "Sort the items before packing them", "Draw another order of the items"
SOLVERS = {SORTED: packing.DECREASING, SHUFFLED: packing.OTHER_LUCK}


def research(project: Path, **options: Any) -> None:
    """Two rounds of research: the first finds something, the second only makes it worse."""

    def plan(invocation: Invocation) -> AgentResult:
        tried = "- #" in research_agent.section(invocation.prompt, "Tried on the metric")
        return said(packing.plan(SHUFFLED if tried else SORTED, category="EXPLORE" if tried else "FIX"))

    def work(invocation: Invocation) -> AgentResult:
        write(invocation.cwd, {"packing/solver.py": SOLVERS[str(invocation.facts["item"]["title"])]})
        return said("Done as planned.")

    answers: dict[str, Sequence[Answer]] = {"strategist": [plan], "builder": [work]}
    answers["failure_analyst"] = ["### Too many bins (9 of 12)\n\n- Cause: big items come late\n"]
    carry_on(project, lambda: Scripted(answers), mode="research", **options)


def research_project(path: Path) -> Path:
    """Bin packing that ends with the first experiment that is no new best."""
    policy = packing.POLICY.replace("plateau_threshold = 2", "plateau_threshold = 1")
    return packing.packing_project(path, policy=policy + packing.TARGET)


def known_shelf(path: Path) -> Path:
    """A project of two phases beside two that the factory knows and can learn from."""
    registry = Registry(factory_home())
    others = {"importer": GENERAL_HISTORY, "exporter": GENERAL_HISTORY + OTHER_GENERAL_HISTORY}
    for name, known in others.items():
        shelf(path.parent / "known", {name: known})
        registry.register(path.parent / "known" / name, "", name)
    return two_phases(path)


def learned(project: Path) -> dict[str, Any]:
    """The playbooks and what they are counted from."""
    library = Library(HomePaths(factory_home().root).playbooks)
    return {
        "outcomes": [(o.experiment, o.verdict, o.roles.keys()) for o in library.outcomes()],
        "playbooks": {role: library.playbook(role).model_dump(exclude={"v"}) for role in ROLES},
        "versions": {role: len(library.versions(role)) for role in ROLES},
    }


def without_setup(path: Path) -> Path:
    """A project that nobody has set up, and that has no tests, so that a setup takes no environment."""
    return make_repo(path, {"calc.py": '"""Sums."""\n\nimport os\n\n\ndef add(a, b):\n    return a + b\n'})


def moved_target(project: Path) -> None:
    """A cycle while whose plan is judged a person commits something else: keeps are replayed on that."""

    def judge(invocation: Invocation) -> AgentResult:
        if not (project / "more.md").exists():
            commit(project, {"more.md": "Of one's own.\n"}, "Something else")
        return said(verdict("PROCEED"))

    carry_on(project, lambda: Scripted({"ceo": [judge]}), mode="improve")


def kept_by_hand(path: Path) -> Path:
    """A project with a kept experiment on its target."""
    project = small_project(path)
    begin(project).edit({"calc/sums.py": CLEAN_SUMS}).decide()
    factory("integrate", project).expect(0)
    return project


def undo_it(project: Path) -> None:
    """Take the experiment back, whatever was done of that."""
    lab = open_lab(project, lambda _: None)
    if not git(project, "log", "-1", "--format=%s").startswith("Undo") or _is_open(lab):
        undo(lab, 1)


def _is_open(lab: Lab) -> bool:
    newest = events(lab.paths.root)[-1]
    return newest.type not in ("cycle.closed", "cycle.abandoned")


def begun_by_hand(path: Path) -> Path:
    """A project with an experiment that somebody works on by hand."""
    project = small_project(path)
    begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    return project


def decide_by_hand(project: Path) -> None:
    """Measure, review, finalize, integrate: each of them again, or told that it is decided already."""
    if _is_open(open_lab(project, lambda _: None)):
        for command, *options in (["eval"], ["review", "--verdict", "keep", "--reason", "looked at"]):
            assert main([command, str(project), "--id", "1", *options]) in (0, 3)
        assert main(["finalize", str(project), "--id", "1"]) == 0
    assert main(["integrate", str(project)]) == 0


def measured_by_hand(path: Path) -> Path:
    """The same, measured and reviewed."""
    project = small_project(path)
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    begun.measure()
    begun.review()
    return project


@dataclass(frozen=True)
class Scenario:
    """A project, what is run on it from any state, the reasons of its rows, how many cycles it takes.

    ``also`` is what else has to come out the same.
    """

    make: Callable[[Path], Path]
    run: Callable[[Path], None]
    reasons: Sequence[str]
    cycles: int = 1
    also: Callable[[Path], object] = lambda _: None


TWO = ("constraint", "improved")
BUILT = ("held_delivered", "no_effect", "held_delivered")
SCENARIOS = {
    "discover": Scenario(without_setup, partial(carry_on, runner=OfflineRunner, mode="discover"), ()),
    "improve": Scenario(two_phases, improve, TWO),
    "improve, set up first": Scenario(without_setup, improve, ("improved",)),
    "improve, target moved": Scenario(two_phases, moved_target, TWO),
    "improve lite": Scenario(
        two_phases, partial(carry_on, runner=Scripted, mode="improve", lite=True), TWO[:1]
    ),
    "design": Scenario(idea, design_new, ()),
    "design and improve": Scenario(two_phases, design_and_improve, TWO, cycles=2),
    "build": Scenario(contract, build, BUILT),
    "build approved anew": Scenario(contract, build_approved_anew, BUILT, cycles=2),
    "build lite": Scenario(contract, partial(build, lite=True), BUILT, cycles=2),
    "research": Scenario(research_project, research, ("improved", "regressed")),
    "research lite": Scenario(research_project, partial(research, lite=True), ("improved",)),
    "meta": Scenario(known_shelf, partial(carry_on, runner=Scripted, mode="meta"), TWO, also=learned),
    "meta lite": Scenario(
        known_shelf, partial(carry_on, runner=Scripted, mode="meta", lite=True), TWO[:1], also=learned
    ),
    "undo": Scenario(kept_by_hand, undo_it, ("improved", "asked_for"), cycles=2),
    "by hand": Scenario(begun_by_hand, decide_by_hand, ("improved",)),
}


def seen(scenario: Scenario, project: Path) -> dict[str, Any]:
    """All that has to be the same, however often it was killed on the way."""
    return crashes.outcome(project) | {"also": scenario.also(project)}


@pytest.mark.crash
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_every_state_that_a_crash_can_leave_is_gone_on_from(
    tmp_path: Path, places: Places, monkeypatch: pytest.MonkeyPatch, scenario: Scenario, part: int
) -> None:
    project = scenario.make(places.project)
    copies = crashes.states_of(places, scenario.run, tmp_path / "copies", monkeypatch)
    expected = seen(scenario, project)
    assert [row["reason"] for row in history(project)] == list(scenario.reasons)
    assert crashes.cycles(project) == scenario.cycles
    crashes.assert_nothing_left(project, places.temporary)
    wrong = []
    for copy in copies[:-1:EVERY][part::PARTS]:
        places.restore(copy)
        try:
            scenario.run(project)
            assert crashes.cycles(project) == scenario.cycles
            assert seen(scenario, project) == expected
            crashes.assert_nothing_twice(project)
            crashes.assert_nothing_left(project, places.temporary)
        except (AssertionError, Exception) as error:
            wrong.append(f"gone on from {crashes.after(copy, project)}: {error!r}")
    assert wrong == [], f"{len(wrong)} of {len(copies)}"


@pytest.mark.crash
def test_every_state_that_a_crash_can_leave_can_be_abandoned(
    tmp_path: Path, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = two_phases(places.project)
    copies = crashes.states_of(places, improve, tmp_path / "copies", monkeypatch)
    wrong = []
    for copy in copies[:-1:EVERY]:
        places.restore(copy)
        lab = open_lab(project, lambda _: None)
        try:
            abandon(lab, "not now")
            collect(lab)
            assert main(["integrate", str(project)]) == 0
            crashes.assert_nothing_left(project, places.temporary)
            kept = [row for row in lab.history() if row.verdict == "keep"]
            assert all(lab.repo.is_ancestor(row.commit, "main") for row in kept)
        except (AssertionError, Exception) as error:
            wrong.append(f"abandoned {crashes.after(copy, project)}: {error!r}")
    assert wrong == [], f"{len(wrong)} of {len(copies)}"


# ---- the real program, killed at a random time


@dataclass(frozen=True)
class Program:
    """A project, and the command that is killed on it, after the one that ``cycles`` end with.

    ``agents`` writes the settings of agents into a factory home.
    """

    make: Callable[[Path], Path]
    args: Sequence[str]
    reasons: Sequence[str]
    cycles: int = 1
    agents: Callable[[Path], None] = lambda _: None

    def command(self, project: Path) -> list[str]:
        """Its words."""
        return [str(project) if word == "PROJECT" else word for word in self.args]

    def is_over(self, project: Path) -> bool:
        """Whether it had done everything when it was killed."""
        return crashes.cycles(project) == self.cycles


def researching(home: Path) -> None:
    """An agent that knows one way to do better, and one that is none."""
    builds = {title: {"files": {"packing/solver.py": text}} for title, text in SOLVERS.items()}
    plans = [(0, packing.plan(SORTED)), (1, packing.plan(SHUFFLED, category="EXPLORE"))]
    said = {"failure_analyst": "### Too many bins (9 of 12)\n\n- Cause: big items come late\n"}
    research_agent.configure(home, {"plans": plans, "builds": builds, "says": said})


def building(home: Path) -> None:
    """An agent that delivers what it is asked for."""
    spec_agent.configure(home, {})


CEO = ("ceo", "PROJECT", "--runner")
BUILD = (*CEO, spec_agent.NAME, "--sandbox", "off", "--mode", "build")
PROGRAMS = {
    "improve": Program(two_phases, (*CEO, "offline"), TWO),
    "improve lite": Program(two_phases, (*CEO, "offline", "--lite"), TWO[:1]),
    "discover": Program(without_setup, (*CEO, "offline", "--mode", "discover"), ()),
    "build": Program(contract, BUILD, BUILT[::2], agents=building),
    "build lite": Program(contract, (*BUILD, "--lite"), BUILT[::2], cycles=2, agents=building),
    "design": Program(two_phases, (*CEO, "offline", "--mode", "design", "--plan-only"), ()),
    "research": Program(
        research_project,
        (*CEO, research_agent.NAME, "--sandbox", "off", "--mode", "research"),
        ("improved", "regressed"),
        agents=researching,
    ),
    "meta": Program(known_shelf, (*CEO, "offline", "--mode", "meta"), TWO),
    "undo": Program(kept_by_hand, ("undo", "1", "PROJECT"), ("improved", "asked_for"), cycles=2),
    "finalize": Program(measured_by_hand, ("finalize", "PROJECT", "--id", "1"), ("improved",)),
}


def kill_and_go_on(places: Places, program: Program, start: Path, seconds: float) -> bool:
    """Kill the program once, from ``start``, and let it go on; whether it was running when it was killed."""
    places.restore(start)
    args = program.command(places.project)
    was_running = crashes.killed(args, seconds, places.all)
    if not program.is_over(places.project):
        factory(*args).expect(0)
    assert program.is_over(places.project)
    crashes.assert_nothing_twice(places.project)
    collect(open_lab(places.project, lambda _: None))
    crashes.assert_nothing_left(places.project, places.temporary)
    return was_running


def test_the_program_is_killed_once(tmp_path: Path, places: Places) -> None:
    program, start = PROGRAMS["improve"], tmp_path / "start"
    program.make(places.project)
    places.save(start)
    assert any(kill_and_go_on(places, program, start, seconds) for seconds in (1.5, 0.7, 0.3))
    assert [row["reason"] for row in history(places.project)] == list(program.reasons)


HANGING = """
[[eval.constraint]]
name = "hangs"
check = "setsid sleep 300 & sleep 300"
"""


def hanging_measurement(places: Places) -> list[str]:
    """A cycle that measures, and whose measurement hangs with a daemon beside it."""
    small_project(places.project, policy=POLICY + HANGING)
    return ["eval", str(places.project)]


def hanging_agent(places: Places) -> list[str]:
    """A cycle whose agent hangs with a daemon beside it."""
    small_project(places.project)
    argv = ["sh", "-c", "setsid sleep 300 & sleep 300"]
    (places.home / "config.toml").write_text(f"[runner.commands.hangs]\nargv = {json.dumps(argv)}\n")
    return ["ceo", str(places.project), "--runner", "hangs", "--sandbox", "off"]


@pytest.mark.parametrize("hanging", sampled([hanging_measurement, hanging_agent], [hanging_measurement]))
def test_what_hangs_ends_with_the_program_and_gc_clears_it_away(
    places: Places, hanging: Callable[[Places], list[str]]
) -> None:
    program = crashes.start(*hanging(places))
    try:
        crashes.wait_for("sleep 300", places.all)
    finally:
        program.kill()
        program.wait()
    crashes.assert_processes_end(places.all)
    lab = open_lab(places.project, lambda _: None)
    if cycle_in_flight(lab.paths):
        abandon(lab, "it hangs")
    collect(lab)
    crashes.assert_nothing_left(places.project, places.temporary)


@pytest.mark.crash
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_the_program_is_killed_at_random_times(tmp_path: Path, places: Places, program: Program) -> None:
    project, start = program.make(places.project), tmp_path / "start"
    program.agents(places.home)
    places.save(start)
    begun = time.monotonic()
    factory(*program.command(project)).expect(0)
    takes, expected = time.monotonic() - begun, crashes.outcome(project)
    assert [row["reason"] for row in history(project)] == list(program.reasons)
    assert program.is_over(project)
    times, hits = random.Random(SEED), 0
    wrong: list[str] = []
    while hits < KILLS and len(wrong) < KILLS:
        seconds = times.uniform(0.1, takes)
        try:
            if kill_and_go_on(places, program, start, seconds):
                hits += 1
            else:
                takes = seconds
            assert crashes.outcome(project) == expected
        except (AssertionError, Exception) as error:
            wrong.append(f"killed after {seconds:.3f} s: {error!r}")
    assert wrong == [], f"{len(wrong)} beside {hits} that went well"
