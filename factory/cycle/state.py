"""Where a cycle stands, replayed from its journal: the only source of progress."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from factory.journal import Event

CYCLE_SCOPE = ""
"""The scope of the steps that belong to the cycle as a whole; a phase's steps have ``phase-N``."""

RETRY = "retry"
"""The state of a phase after an attempt that was not its last; models.PhaseState has the others."""

ADVANCING = ("setup", "adopt", "approve", "setup_phase", "finalize")
"""The steps whose ``commit``, where they have one, is where the cycle stands from then on."""


@dataclass
class Spent:
    """What a cycle has used so far. Cost is in US dollars; a running invocation counts."""

    invocations: int = 0
    tokens: int = 0
    cost_usd: float = 0.0


@dataclass
class ScopeState:
    """Progress inside one scope: steps done with what they produced, redirects, and an early end."""

    done: dict[str, dict[str, Any]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    redirects: list[dict[str, Any]] = field(default_factory=list)
    ended: dict[str, str] | None = None
    elapsed_s: float = 0.0

    @property
    def corrections(self) -> list[str]:
        """What the redirects so far have asked for, in order."""
        return [text for redirect in self.redirects for text in redirect["corrections"]]


@dataclass
class CycleState:
    """A cycle as its journal tells it. ``ended_calls`` are answered and failed ones, with their cost."""

    opened: dict[str, Any] = field(default_factory=dict)
    scopes: dict[str, ScopeState] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    running: dict[str, dict[str, Any]] = field(default_factory=dict)
    ended_calls: list[dict[str, Any]] = field(default_factory=list)
    spent: Spent = field(default_factory=Spent)
    messages: list[str] = field(default_factory=list)
    finalized: dict[int, dict[str, Any]] = field(default_factory=dict)
    tampered: dict[int, list[str]] = field(default_factory=dict)
    outcomes: dict[int, dict[str, Any]] = field(default_factory=dict)
    retried: set[int | None] = field(default_factory=set)
    superseded: str = ""
    integration: dict[str, Any] = field(default_factory=dict)
    head: str = ""
    closed: dict[str, Any] | None = None
    abandoned: str = ""
    parked: str = ""
    current: tuple[str, str] | None = None

    def scope(self, name: str) -> ScopeState:
        """The state of a scope, made when it is first asked for."""
        return self.scopes.setdefault(name, ScopeState())

    def result(self, step: str, scope: str = CYCLE_SCOPE) -> Mapping[str, Any]:
        """What a completed step produced; empty when it has not completed."""
        return self.scope(scope).done.get(step, {})

    def absorb(self, event: Event) -> None:
        """Take one event in. Types without a reader here are notes for people and for ``verify``."""
        reader = _READERS.get(event.type)
        if reader is not None:
            reader(self, event)


def replay(events: Iterable[Event]) -> CycleState:
    """The state that a journal's events add up to."""
    state = CycleState()
    for event in events:
        state.absorb(event)
    return state


def _opened(state: CycleState, event: Event) -> None:
    state.opened = dict(event.data)


def _step_started(state: CycleState, event: Event) -> None:
    state.current = (event.data["scope"], event.data["step"])
    state.parked = ""


def _step_completed(state: CycleState, event: Event) -> None:
    scope = state.scope(event.data["scope"])
    scope.done[event.data["step"]] = event.data["result"]
    scope.ended = event.data.get("ended") or scope.ended
    scope.elapsed_s += event.data["elapsed_s"]
    state.current = None
    if event.data["step"] in ADVANCING:
        state.head = event.data["result"].get("commit") or state.head


def _step_skipped(state: CycleState, event: Event) -> None:
    state.scope(event.data["scope"]).skipped[event.data["step"]] = event.data["why"]


def _redirected(state: CycleState, event: Event) -> None:
    scope = state.scope(event.data["scope"])
    scope.redirects.append(dict(event.data))
    for step in event.data["redo"]:
        scope.done.pop(step, None)
        scope.skipped.pop(step, None)


def _agent_started(state: CycleState, event: Event) -> None:
    state.running[event.data["key"]] = dict(event.data)
    state.spent.invocations += event.data["invocations"]


def _agent_completed(state: CycleState, event: Event) -> None:
    state.running.pop(event.data["key"], None)
    state.answers[event.data["key"]] = dict(event.data)
    _spend(state, event)


def _agent_failed(state: CycleState, event: Event) -> None:
    state.running.pop(event.data["key"], None)
    _spend(state, event)


def _spend(state: CycleState, event: Event) -> None:
    state.ended_calls.append(dict(event.data))
    state.spent.tokens += event.data.get("tokens") or 0
    state.spent.cost_usd += event.data.get("cost_usd") or 0.0


def _message_taken(state: CycleState, event: Event) -> None:
    state.messages.append(event.data["text"])


def _finalized(state: CycleState, event: Event) -> None:
    assert event.experiment is not None, "the journal's readers insist on it"
    state.finalized[event.experiment] = {k: v for k, v in event.data.items() if k != "evidence"}


def _tamper_found(state: CycleState, event: Event) -> None:
    if event.experiment is not None and event.data["violations"]:
        state.tampered.setdefault(event.experiment, []).extend(event.data["violations"])


def _phase_outcome(state: CycleState, event: Event) -> None:
    if event.data["state"] == RETRY:
        state.retried.add(event.experiment)
    else:
        state.outcomes[event.data["phase"]] = dict(event.data)


def _superseded(state: CycleState, event: Event) -> None:
    state.superseded = event.data["by"]
    state.head = event.data["commit"] or state.head


def _parked(state: CycleState, event: Event) -> None:
    state.parked = event.data["why"]


def _closed(state: CycleState, event: Event) -> None:
    state.closed = dict(event.data)


def _abandoned(state: CycleState, event: Event) -> None:
    state.closed = dict(event.data)
    state.abandoned = str(event.data.get("why") or "a person abandoned it")


def _integrated(state: CycleState, event: Event) -> None:
    state.integration = dict(event.data)


_READERS = {
    "cycle.opened": _opened,
    "step.started": _step_started,
    "step.completed": _step_completed,
    "step.skipped": _step_skipped,
    "scope.redirected": _redirected,
    "agent.started": _agent_started,
    "agent.completed": _agent_completed,
    "agent.failed": _agent_failed,
    "message.taken": _message_taken,
    "experiment.finalized": _finalized,
    "phase.outcome": _phase_outcome,
    "contract.superseded": _superseded,
    "tamper.found": _tamper_found,
    "cycle.parked": _parked,
    "integration": _integrated,
    "cycle.closed": _closed,
    "cycle.abandoned": _abandoned,
}
