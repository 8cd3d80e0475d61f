"""What became of an approved plan: every feature with its phases, experiments, verification and state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from factory.spec.model import Spec
from factory.spec.parts import Feature, Form, Phase
from factory.spec.rules.completeness import is_blocked


class State(StrEnum):
    """Where a feature or a phase stands."""

    BUILT = "built"
    FAILED = "failed"
    BLOCKED_ON_USER = "blocked on the user"
    BLOCKED_BY_PHASE = "blocked by phase"
    NOT_ATTEMPTED = "not attempted"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One experiment on a phase. ``commit`` is what was kept, or proposed; empty when there is none."""

    id: int
    verdict: str
    reason: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class PhaseOutcome:
    """What is on record about a phase.

    ``state`` is built, failed or blocked; anything else counts as not attempted. ``verified``: for each
    feature whose row of the matrix was run, whether it failed before the phase and passes after it;
    ``passed_before`` are those whose row passed before the phase already.
    """

    state: str
    experiments: Sequence[Attempt] = ()
    verified: Mapping[str, bool] = field(default_factory=dict)
    passed_before: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PhaseTrace:
    """A phase and its state; ``blocked_by`` is the number of the phase that it waits for, else 0."""

    number: int
    title: str
    state: State
    blocked_by: int
    features: tuple[str, ...]
    experiments: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class FeatureTrace:
    """A feature and what became of it.

    ``verified``: None when its check was not run. ``command`` is that check, empty when the plan has none;
    ``passed_before`` says that it passed before its phase already, and so shows nothing.
    ``commits`` are those of the experiments that were kept.
    """

    number: str
    title: str
    state: State
    blocked_by: int
    phases: tuple[int, ...]
    experiments: tuple[Attempt, ...]
    commits: tuple[str, ...]
    command: str
    verified: bool | None
    passed_before: bool


@dataclass(frozen=True, slots=True)
class Trace:
    """An approved plan and what became of it. ``blocked`` are the items that wait for the user."""

    title: str
    form: str
    features: tuple[FeatureTrace, ...]
    phases: tuple[PhaseTrace, ...]
    blocked: tuple[tuple[str, str], ...]

    @property
    def totals(self) -> dict[str, int]:
        """How many features are in each state, and how many there are."""
        counts = Counter(feature.state for feature in self.features)
        return {"features": len(self.features)} | {str(state): counts[state] for state in State}

    @property
    def complete(self) -> bool:
        """Whether all that was approved is built or waits for the user: features, and phases without any."""
        ends = (State.BUILT, State.BLOCKED_ON_USER)
        bare = [phase for phase in self.phases if not phase.features]
        return all(f.state in ends for f in self.features) and all(p.state is State.BUILT for p in bare)


def trace(spec: Spec, outcomes: Mapping[int, PhaseOutcome]) -> Trace:
    """What became of each feature and phase of ``spec``, by the outcomes of its phases (by number)."""
    phases = _phases(spec, outcomes)
    return Trace(
        title=spec.title,
        form=str(spec.form),
        features=tuple(_feature(spec, feature, phases, outcomes) for feature in spec.features),
        phases=tuple(phases.values()),
        blocked=tuple((item.item, item.needed) for item in spec.blocked),
    )


def _phases(spec: Spec, outcomes: Mapping[int, PhaseOutcome]) -> dict[int, PhaseTrace]:
    traced: dict[int, PhaseTrace] = {}
    for phase in spec.phases:
        outcome = outcomes.get(phase.number, PhaseOutcome(""))
        state, blocked_by = _phase_state(phase, outcome, traced)
        traced[phase.number] = PhaseTrace(
            number=phase.number,
            title=phase.title,
            state=state,
            blocked_by=blocked_by,
            features=phase.refs,
            experiments=tuple(outcome.experiments),
        )
    return traced


def _phase_state(phase: Phase, outcome: PhaseOutcome, earlier: Mapping[int, PhaseTrace]) -> tuple[State, int]:
    """A phase's state, and the failed phase that it waits for; dependencies point backwards."""
    if outcome.state in (State.BUILT, State.FAILED):
        return State(outcome.state), 0
    for number in phase.depends_on:
        needed = earlier.get(number)
        if needed and needed.state is State.FAILED:
            return State.BLOCKED_BY_PHASE, number
        if needed and needed.state is State.BLOCKED_BY_PHASE:
            return State.BLOCKED_BY_PHASE, needed.blocked_by
    if outcome.state == "blocked":
        # It says so itself, though no failure of what it depends on is on record.
        unbuilt = [n for n in phase.depends_on if n in earlier and earlier[n].state is not State.BUILT]
        return State.BLOCKED_BY_PHASE, next(iter(unbuilt), 0)
    return State.NOT_ATTEMPTED, 0


def _feature(
    spec: Spec, feature: Feature, phases: Mapping[int, PhaseTrace], outcomes: Mapping[int, PhaseOutcome]
) -> FeatureTrace:
    mine = [phase for phase in phases.values() if feature.number in phase.features]
    command = command_of(spec, feature)
    verified = _verified(feature, mine, outcomes)
    state, blocked_by = _feature_state(mine, is_blocked(spec, feature), bool(command), verified)
    attempts = tuple(attempt for phase in mine for attempt in phase.experiments)
    return FeatureTrace(
        number=feature.number,
        title=feature.title,
        state=state,
        blocked_by=blocked_by,
        phases=tuple(phase.number for phase in mine),
        experiments=attempts,
        commits=tuple(a.commit for a in attempts if a.verdict == "keep" and a.commit),
        command=command,
        verified=verified,
        passed_before=any(
            feature.number in outcomes[phase.number].passed_before
            for phase in mine
            if phase.number in outcomes
        ),
    )


def command_of(spec: Spec, feature: Feature) -> str:
    """What shows that a feature is delivered: its rows of the matrix, else its Verify; empty for neither."""
    rows = [row.command for row in spec.matrix if feature.number in row.refs and row.command]
    own = [feature.command] if spec.form is Form.IMPROVEMENT and feature.command else []
    return " && ".join(rows or own)


def _verified(
    feature: Feature, phases: Sequence[PhaseTrace], outcomes: Mapping[int, PhaseOutcome]
) -> bool | None:
    """The last word on a feature's check: it can only pass when the last of its phases is done."""
    said = [
        outcomes[phase.number].verified[feature.number]
        for phase in phases
        if phase.number in outcomes and feature.number in outcomes[phase.number].verified
    ]
    return said[-1] if said else None


def _feature_state(
    phases: Sequence[PhaseTrace], blocked: bool, has_check: bool, verified: bool | None
) -> tuple[State, int]:
    states = {phase.state for phase in phases}
    if states == {State.BUILT} and (verified or not has_check):
        return State.BUILT, 0
    # A person's part of a feature excuses what has no phase, not a phase that was to be built.
    if blocked and not phases:
        return State.BLOCKED_ON_USER, 0
    # Phases that were kept don't make a feature: a check that fails, or was never run, has the last word.
    if State.FAILED in states or states == {State.BUILT}:
        return State.FAILED, 0
    if State.BLOCKED_BY_PHASE in states:
        return State.BLOCKED_BY_PHASE, next(p.blocked_by for p in phases if p.state is State.BLOCKED_BY_PHASE)
    return State.NOT_ATTEMPTED, 0
