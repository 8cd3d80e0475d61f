"""Research mode's rounds: how the metric stands, and what ends them; all from what the journal says."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from typing import TYPE_CHECKING

from factory.cycle import phases
from factory.cycle.agents import objection
from factory.cycle.scopes import scope_of
from factory.models import Verdict
from factory.research.ratchet import number, reached

if TYPE_CHECKING:
    from factory.cycle.context import Cycle

_ROUND = re.compile(r"round-(\d+)$")

Stop = tuple[str, str]
"""Why research ends: a word for programs, and a sentence."""


def round_scope(count: int) -> str:
    """The scope of a round; rounds count from 1."""
    return f"round-{count}"


def best_values(cycle: Cycle) -> list[float]:
    """The metric of the best so far, a value for each of its newest runs."""
    for scope in reversed(list(cycle.state.scopes)):
        if cycle.state.result("finalize", scope).get("verdict") == Verdict.KEEP:
            return list(cycle.state.result("run", scope)["after"])
    return list(cycle.state.result("baseline_run").get("values", []))


def best_runs(cycle: Cycle) -> list[int]:
    """The numbers of the newest runs of the best so far."""
    for scope in reversed(list(cycle.state.scopes)):
        if cycle.state.result("finalize", scope).get("verdict") == Verdict.KEEP:
            return list(cycle.state.result("run", scope)["runs"])[1::2]
    return list(cycle.state.result("baseline_run").get("runs", []))


def since_best(cycle: Cycle) -> int:
    """How many experiments with a run there were since the last new best."""
    count = 0
    for scope in list(cycle.state.scopes):
        decided = cycle.state.result("finalize", scope)
        if decided.get("verdict") == Verdict.KEEP:
            count = 0
        elif decided and cycle.state.result("run", scope):
            count += 1
    return count


def stop(cycle: Cycle) -> Stop | None:
    """Why nothing new is begun; None while research goes on."""
    settings, best = cycle.policy.research, best_values(cycle)
    if reached(best, settings.target, settings.sign):
        told = (
            f"{settings.metric} {number(statistics.fmean(best))} is at the target {number(settings.target)}"
        )
        return "target", told
    plateau = cycle.policy.strategy.plateau_threshold
    if since_best(cycle) >= plateau:
        return "plateau", f"no new best in {since_best(cycle)} scored experiments"
    unaffordable = objection(cycle, "builder")
    return ("budget", unaffordable) if unaffordable else None


def ended(cycle: Cycle) -> Stop:
    """Why the rounds have ended, once they have."""
    why = stop(cycle)
    if why is not None:
        return why
    last = _begun_rounds(cycle)
    early = cycle.state.scope(round_scope(last)).ended if last else None
    if early is not None:
        return early["reason"], early["detail"]
    if cycle.options.approved_plan:
        return "plan", "every phase of the approved plan was tried"
    if cycle.options.lite:
        return "lite", "one item a cycle"
    return "stalled", "a round brought nothing that could be run"


def _begun_rounds(cycle: Cycle) -> int:
    """The number of the last round that has begun."""
    found = [_ROUND.match(name) for name, scope in cycle.state.scopes.items() if scope.done or scope.skipped]
    return max((int(match[1]) for match in found if match), default=0)


def rounds(cycle: Cycle) -> Iterator[str]:
    """One round after the other, until something ends them. What has begun goes to its end.

    An approved plan and lite have one round. A round without a single run would only be repeated.
    """
    count = 0
    while True:
        count += 1
        if count > _begun_rounds(cycle) and (stop(cycle) or (count > 1 and _is_enough(cycle, count - 1))):
            return
        yield round_scope(count)


def _is_enough(cycle: Cycle, last: int) -> bool:
    if cycle.options.approved_plan or cycle.options.lite or cycle.state.scope(round_scope(last)).ended:
        return True
    planned = cycle.state.result("gate_plan", round_scope(last)).get("items", [])
    return not any(cycle.state.result("run", scope_of(item["phase"])) for item in planned)


def each_item(cycle: Cycle) -> Iterator[str]:
    """Every accepted item of every round, in order, until research ends; begun ones to their end."""
    for scope in phases.each_once(cycle):
        if not cycle.state.scope(scope).done and stop(cycle):
            return
        yield scope
