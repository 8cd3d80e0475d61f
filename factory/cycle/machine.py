"""The engine: folds over a mode's steps, journals each, and picks up where a journal ends.

A step is a function from the cycle and its scope to an outcome. What it produced is written to the journal
before the next step starts; on resume, completed steps are not run again, and the first incomplete one is.
Every step therefore first looks at what is really there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from factory.cycle.state import CYCLE_SCOPE
from factory.errors import EnvironmentLacking

if TYPE_CHECKING:
    from factory.cycle.context import Cycle


@dataclass(frozen=True)
class Done:
    """The step has done its work; ``result`` goes to the journal."""

    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Again:
    """Go back to ``step`` of the same scope, with corrections for who works there. Counts as a redirect."""

    step: str
    corrections: list[str]
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class End:
    """End this scope: of its remaining steps only those that always run are run."""

    reason: str
    detail: str
    result: dict[str, Any] = field(default_factory=dict)


Outcome = Done | Again | End
StepFunction = Callable[["Cycle", str], Outcome]


class Parked(EnvironmentLacking):
    """Quota, login or network is lacking: no evidence about the work, which stays resumable."""


@dataclass(frozen=True)
class Step:
    """One step of a mode.

    ``who`` is a role or ``code``; ``always``: runs also after its scope has ended early; ``lite``: False
    where lite leaves it out; ``unless`` says why the step is not needed here, or nothing.
    """

    name: str
    run: StepFunction
    who: str = "code"
    always: bool = False
    lite: bool = True
    unless: Callable[[Cycle], str] | None = None


@dataclass(frozen=True)
class EachPhase:
    """Steps that are gone through in each scope that ``scopes`` names, one after the other.

    ``told`` is how people are told of it. Steps inside may be gone through for scopes of their own.
    """

    steps: Steps
    scopes: Callable[[Cycle], Iterator[str]]
    told: str = "for each phase of the plan"


Steps = tuple[Step | EachPhase, ...]


def run_steps(cycle: Cycle, steps: Steps, scope: str = CYCLE_SCOPE) -> None:
    """Carry a cycle, or one scope of it, from where it stands to its end.

    Raises Parked when work has to wait for the environment; the journal then ends with the reason.
    """
    plain: list[Step] = []
    for step in steps:
        if isinstance(step, Step):
            plain.append(step)
            continue
        _run_scope(cycle, scope, plain)
        plain = []
        if cycle.state.scope(scope).ended is None:
            for inner in step.scopes(cycle):
                run_steps(cycle, step.steps, inner)
    _run_scope(cycle, scope, plain)


def _run_scope(cycle: Cycle, scope: str, steps: Sequence[Step]) -> None:
    position = 0
    while position < len(steps):
        outcome = _perform(cycle, scope, steps[position])
        if isinstance(outcome, Again):
            position = _go_back(cycle, scope, steps, position, outcome)
        else:
            position += 1


def _perform(cycle: Cycle, scope: str, step: Step) -> Outcome | None:
    """Run one step unless it is done or left out; None in these cases."""
    state = cycle.state.scope(scope)
    if step.name in state.done or step.name in state.skipped:
        return None
    why_not = _left_out(cycle, scope, step)
    if why_not:
        cycle.record("step.skipped", cycle.experiment_of(scope), scope=scope, step=step.name, why=why_not)
        return None
    cycle.take_in_messages(step.name)
    cycle.record("step.started", cycle.experiment_of(scope), scope=scope, step=step.name)
    started = time.monotonic()
    cycle.progress.step_started(cycle.label(scope, step.name))
    try:
        outcome = step.run(cycle, scope)
    except Parked as parked:
        cycle.record(
            "cycle.parked", cycle.experiment_of(scope), scope=scope, step=step.name, why=parked.message
        )
        raise
    elapsed = time.monotonic() - started
    if not isinstance(outcome, Again):
        ended = {"reason": outcome.reason, "detail": outcome.detail} if isinstance(outcome, End) else None
        cycle.record(
            "step.completed",
            cycle.experiment_of(scope),
            scope=scope,
            step=step.name,
            result=outcome.result,
            ended=ended,
            elapsed_s=round(elapsed, 3),
        )
    cycle.report_step(scope, step.name, elapsed)
    return outcome


def _left_out(cycle: Cycle, scope: str, step: Step) -> str:
    ended = cycle.state.scope(scope).ended
    if ended is not None and not step.always:
        return f"ended: {ended['reason']}"
    if cycle.options.lite and not step.lite:
        return "left out in lite mode"
    return step.unless(cycle) if step.unless else ""


def _go_back(cycle: Cycle, scope: str, steps: Sequence[Step], position: int, again: Again) -> int:
    """Journal the redirect and return the position of the step to go on from."""
    names = [step.name for step in steps]
    target = names.index(again.step)
    cycle.record(
        "scope.redirected",
        cycle.experiment_of(scope),
        scope=scope,
        step=names[position],
        redo=names[target : position + 1],
        corrections=again.corrections,
    )
    return target
