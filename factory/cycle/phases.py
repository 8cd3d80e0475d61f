"""Which phases a cycle goes through, and in which order: the policy behind ``EachPhase``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from factory.cycle.inflight import journals
from factory.cycle.lab import Lab
from factory.journal import read_events
from factory.models import Kind, PhaseState, PlanItem, Reason, Verdict

if TYPE_CHECKING:
    from factory.cycle.context import Cycle

_SCOPE = re.compile(r"phase-(\d+)(?:-try-(\d+))?$")
OUTCOME = "phase.outcome"


def scope_of(phase: int, attempt: int = 1) -> str:
    """The scope of an attempt at a phase; attempts count from 1."""
    return f"phase-{phase}" if attempt == 1 else f"phase-{phase}-try-{attempt}"


def phase_of(scope: str) -> int:
    """The phase that a scope belongs to."""
    match = _SCOPE.match(scope)
    assert match is not None, scope
    return int(match[1])


def attempt_of(scope: str) -> int:
    """Which attempt at its phase a scope is, from 1."""
    match = _SCOPE.match(scope)
    return int(match[2] or 1) if match else 1


def each_once(cycle: Cycle) -> Iterator[str]:
    """Improve: every phase of the plan, once, in plan order."""
    for item in cycle.items:
        yield scope_of(item.phase)


def until_built(cycle: Cycle) -> Iterator[str]:
    """Build: each phase until it is built or its attempts are used up, in plan order.

    A phase that depends on one that was not built is blocked; independent ones go on. Every outcome is
    journalled, so that none of the approved phases is forgotten.
    """
    attempts = 1 + cycle.policy.limits.phase_retries
    for item in cycle.items:
        missing = [n for n in item.depends_on if outcomes_so_far(cycle).get(n, {}).get("state") != PhaseState.BUILT]
        if missing:
            _record(cycle, item, PhaseState.BLOCKED, "", blocked_by=missing)
            continue
        for attempt in range(1, attempts + 1):
            scope = scope_of(item.phase, attempt)
            yield scope
            record = cycle.state.result("finalize", scope)
            if record.get("verdict") == Verdict.KEEP:
                _record(cycle, item, PhaseState.BUILT, scope)
                break
            if attempt == attempts or record.get("reason") == Reason.BUDGET:
                _record(cycle, item, PhaseState.FAILED, scope)
                break


def outcomes_so_far(cycle: Cycle) -> Mapping[int, Mapping[str, Any]]:
    """What became of each phase of the cycle's contract, in earlier cycles and in this one."""
    earlier = cycle.state.result("contract").get("outcomes", {})
    return {int(number): outcome for number, outcome in earlier.items()} | cycle.state.outcomes


def recorded_outcomes(lab: Lab, contract: str) -> dict[int, dict[str, Any]]:
    """The newest outcome of each phase of the specification with that hash, over all cycles."""
    found: dict[int, dict[str, Any]] = {}
    for path in sorted(journals(lab.paths)):
        for event in read_events(path):
            if event.type == OUTCOME and event.data["contract"] == contract:
                found[event.data["phase"]] = dict(event.data)
    return found


def _record(
    cycle: Cycle, item: PlanItem, state: PhaseState, scope: str, *, blocked_by: list[int] | None = None
) -> None:
    """Journal what became of a phase, once a cycle."""
    if item.phase in cycle.state.outcomes:
        return
    record = cycle.state.result("finalize", scope) if scope else {}
    number = record.get("id")
    logged = cycle.state.finalized.get(number, {}) if isinstance(number, int) else {}
    cycle.record(
        OUTCOME,
        number if isinstance(number, int) else None,
        contract=cycle.state.result("contract").get("sha256", ""),
        phase=item.phase,
        state=state,
        experiment=number,
        verdict=record.get("verdict", ""),
        reason=record.get("reason", ""),
        commit=logged.get("commit", ""),
        verified=cycle.state.result("measure", scope).get("verified", {}) if scope else {},
        blocked_by=blocked_by or [],
    )


def kind_of(cycle: Cycle, scope: str) -> Kind:
    """What the experiment of a phase is for: a build's phases are contracts, its first one may be a scaffold."""
    if "contract" not in cycle.state.scope("").done:
        return Kind.CODE
    is_first = phase_of(scope) == 1 and cycle.lab.policy(cycle.head) is None
    return Kind.SCAFFOLD if is_first else Kind.CONTRACT
