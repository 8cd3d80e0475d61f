"""The tuples of steps, where one says again what another says."""

from __future__ import annotations

from collections.abc import Iterator

from factory.cycle.machine import EachPhase, Step, Steps
from factory.cycle.modes import EXPERIMENT, MODES, RESEARCH_EXPERIMENT
from factory.cycle.state import ADVANCING

OF_RESEARCH = ("leakage", "run")
OF_PHASES = ("report_issue",)


def all_steps(steps: Steps) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, EachPhase):
            yield from all_steps(step.steps)
        else:
            yield step


def test_an_experiment_of_research_mode_goes_through_the_steps_of_any_other() -> None:
    others = [step.name for step in EXPERIMENT if step.name not in OF_PHASES]
    assert [step.name for step in RESEARCH_EXPERIMENT if step.name not in OF_RESEARCH] == others, (
        "a step of every experiment goes into EXPERIMENT and into RESEARCH_EXPERIMENT of modes.py"
    )


def test_what_moves_a_cycle_on_is_a_step() -> None:
    names = {step.name for steps in MODES.values() for step in all_steps(steps)}
    assert names.issuperset(ADVANCING), "ADVANCING of state.py names the steps of modes.py"
