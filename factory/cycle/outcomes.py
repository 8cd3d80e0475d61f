"""What is on record about the phases of an approved specification, over all cycles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from factory.approvals import fingerprint
from factory.cycle.contract import agreed_text, word_for
from factory.cycle.inflight import own_journals
from factory.cycle.lab import Lab
from factory.errors import BadInput, Refused
from factory.journal import Event, read_events
from factory.models import PhaseState
from factory.paths import ProjectPaths
from factory.spec import parse
from factory.spec.trace import Attempt, PhaseOutcome, State, trace

OUTCOME = "phase.outcome"


@dataclass(frozen=True)
class Left:
    """What builds have left of a specification: phases without an end, and features that are not built.

    What waits for the user is not counted. ``word`` is what the features are: approved, or specified.
    """

    untried: int
    unbuilt: int
    features: int
    word: str


def left_to_build(lab: Lab) -> Left | None:
    """What is left of SPEC.md as it is now; None where nobody has agreed to that."""
    text = agreed_text(lab)
    if not text:
        return None
    spec, outcomes = parse(text), outcomes_of(outcome_events(lab.paths), fingerprint(text))
    untried = sum(1 for phase in spec.phases if not was_tried(outcomes, phase.number))
    waiting = (State.BUILT, State.BLOCKED_ON_USER)
    unbuilt = sum(1 for feature in trace(spec, outcomes).features if feature.state not in waiting)
    return Left(untried, unbuilt, len(spec.features), word_for(lab, fingerprint(text)))


def was_tried(outcomes: Mapping[int, PhaseOutcome], number: int) -> bool:
    """Whether a phase came to an end; a single attempt is none."""
    return number in outcomes and outcomes[number].state != PhaseState.RETRY


def outcome_events(paths: ProjectPaths, report: Callable[[str], None] = lambda _: None) -> list[Event]:
    """The outcomes of phases by the journals written here, oldest first. ``report`` hears of damage."""
    found: list[Event] = []
    for path in reversed(own_journals(paths)):
        try:
            found += [event for event in read_events(path) if event.type == OUTCOME]
        except (BadInput, Refused) as error:
            report(f"left out: {error.message}")
    return sorted(found, key=lambda event: event.ts)


def outcomes_of(found: Iterable[Event], sha256: str) -> dict[int, PhaseOutcome]:
    """Of each phase of the specification with that hash: the newest state, and every experiment."""
    told: dict[int, PhaseOutcome] = {}
    for event in found:
        phase = event.data.get("phase")
        if isinstance(phase, int) and event.data.get("spec") == sha256:
            told[phase] = _merged(told.get(phase, PhaseOutcome("")), event)
    return told


def _merged(before: PhaseOutcome, event: Event) -> PhaseOutcome:
    data = event.data
    verified = data.get("verified")
    kept = [attempt for attempt in before.experiments if attempt.id != event.experiment]
    return PhaseOutcome(
        state=str(data.get("state", "")),
        experiments=(*kept, *_attempt(event)),
        verified={**before.verified, **(_flags(verified) if isinstance(verified, Mapping) else {})},
        passed_before=tuple(str(ref) for ref in data.get("passed_before") or ()),
    )


def _flags(verified: Mapping[str, Any]) -> dict[str, bool]:
    return {str(ref).lstrip("§ "): value for ref, value in verified.items() if isinstance(value, bool)}


def _attempt(event: Event) -> list[Attempt]:
    if event.experiment is None:
        return []
    verdict, reason, commit = (str(event.data.get(key) or "") for key in ("verdict", "reason", "commit"))
    return [Attempt(event.experiment, verdict, reason, commit)]


def tried_phases(paths: ProjectPaths, sha256: str) -> set[int]:
    """The phases of the approved plan with that hash that came to an end.

    One that the budget stopped, or whose cycle was abandoned, is still to be done.
    """
    outcomes = outcomes_of(outcome_events(paths), sha256)
    return {number for number in outcomes if was_tried(outcomes, number)}
