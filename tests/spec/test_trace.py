"""What became of an approved plan: nothing is dropped, and nothing counts as built that was not shown."""

from __future__ import annotations

import pytest

from factory.spec import parse
from factory.spec.trace import Attempt, PhaseOutcome, State, trace
from tests.spec.examples import IMPROVEMENT, PROJECT, replaced

KEPT = Attempt(2, "keep", "improved", "c" * 40)
REVERTED = Attempt(1, "revert", "no_effect", "d" * 40)
BUILT = PhaseOutcome("built", [KEPT])
SPEC = parse(PROJECT)


def built(*refs: str) -> PhaseOutcome:
    return PhaseOutcome("built", [KEPT], dict.fromkeys(refs, True))


def states(**outcomes: PhaseOutcome) -> list[str]:
    """The states of §5.1 (Phase 2) and §5.2 (Phase 3), Phase 1 being built."""
    found = trace(SPEC, {1: BUILT} | {int(name[1:]): outcome for name, outcome in outcomes.items()})
    return [f"{f.state} {f.blocked_by}" if f.blocked_by else str(f.state) for f in found.features]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ({}, ["not attempted", "not attempted"]),
        ({"p2": built("5.1")}, ["built", "not attempted"]),
        ({"p2": built("5.1"), "p3": built("5.2")}, ["built", "built"]),
        ({"p2": BUILT}, ["failed", "not attempted"]),
        ({"p2": PhaseOutcome("built", [KEPT], {"5.1": False})}, ["failed", "not attempted"]),
        ({"p2": PhaseOutcome("failed", [REVERTED])}, ["failed", "blocked by phase 2"]),
        ({"p2": PhaseOutcome("failed"), "p3": PhaseOutcome("blocked")}, ["failed", "blocked by phase 2"]),
        ({"p3": PhaseOutcome("blocked")}, ["not attempted", "blocked by phase 2"]),
        ({"p2": PhaseOutcome("retry", [REVERTED])}, ["not attempted", "not attempted"]),
        ({"p1": PhaseOutcome("failed")}, ["blocked by phase 1", "blocked by phase 1"]),
    ],
)
def test_states(outcomes: dict[str, PhaseOutcome], expected: list[str]) -> None:
    text = PROJECT
    if "p1" in outcomes:  # Phase 2 waits for the scaffold by name
        assert "- **Depends on:** Phase 1" in text
    assert states(**outcomes) == expected


def test_all_built_is_complete() -> None:
    found = trace(SPEC, {1: BUILT, 2: built("5.1"), 3: built("5.2")})
    assert found.complete
    assert found.totals == {
        "features": 2,
        "built": 2,
        "failed": 0,
        "blocked on the user": 0,
        "blocked by phase": 0,
        "not attempted": 0,
    }
    assert found.blocked == (("Severe weather alerts", "the service needs a key from the user"),)


def test_a_scaffold_that_failed_is_not_complete() -> None:
    assert not trace(SPEC, {1: PhaseOutcome("failed"), 2: built("5.1"), 3: built("5.2")}).complete


def test_what_a_feature_carries() -> None:
    feature = trace(SPEC, {2: PhaseOutcome("built", [REVERTED, KEPT], {"5.1": True})}).features[0]
    assert (feature.number, feature.title, feature.phases) == ("5.1", "Place lookup", (2,))
    assert feature.experiments == (REVERTED, KEPT)
    assert feature.commits == ("c" * 40,), "what was reverted is no commit of the feature"
    assert (feature.command, feature.verified) == ("pytest tests/test_places.py", True)


def test_a_feature_of_two_phases_is_built_when_both_are_and_the_last_shows_it() -> None:
    spec = parse(replaced(PROJECT, "Forecast table (§5.2)", "Forecast table (§5.1, §5.2)"))
    half = PhaseOutcome("built", [KEPT], {"5.1": False})
    assert trace(spec, {1: BUILT, 2: half}).features[0].state is State.NOT_ATTEMPTED
    assert trace(spec, {1: BUILT, 2: half, 3: built("5.1", "5.2")}).features[0].state is State.BUILT
    both = trace(spec, {1: BUILT, 2: built("5.1"), 3: PhaseOutcome("failed")})
    assert both.features[0].state is State.FAILED


def test_what_is_blocked_on_the_user() -> None:
    blocked = replaced(PROJECT, "- Severe weather alerts", "- §5.2 Forecast table")
    spec = parse(replaced(blocked, "Forecast table (§5.2)", "Forecast table (§5.1)"))
    found = trace(spec, {1: BUILT, 2: built("5.1"), 3: built("5.1")})
    assert [f.state for f in found.features] == [State.BUILT, State.BLOCKED_ON_USER]
    assert found.complete


@pytest.mark.parametrize(
    ("third", "state"),
    [
        ({}, State.NOT_ATTEMPTED),
        ({3: PhaseOutcome("failed", [REVERTED])}, State.FAILED),
        ({3: PhaseOutcome("built", [KEPT], {"5.2": False})}, State.FAILED),
        ({3: built("5.2")}, State.BUILT),
    ],
)
def test_blocked_does_not_excuse_a_phase(third: dict[int, PhaseOutcome], state: State) -> None:
    spec = parse(replaced(PROJECT, "- Severe weather alerts", "- §5.2 Forecast table"))
    found = trace(spec, {1: BUILT, 2: built("5.1")} | third)
    assert found.features[1].state is state
    assert found.complete is (state is State.BUILT)


def test_an_improvement_without_a_check_is_built_by_its_phase() -> None:
    spec = parse(IMPROVEMENT)
    bare = next(f for f in trace(spec, {}).features if not f.command)
    phase = next(p for p in spec.phases if bare.number in p.refs)
    found = trace(spec, {phase.number: BUILT})
    assert next(f for f in found.features if f.number == bare.number).state is State.BUILT


def test_ten_features_three_skipped_four_only_claimed_three_built() -> None:
    features = "\n\n".join(
        f"### 5.{n} Feature: Part {n}\n\n- **What:** One. Two.\n- **How:** Three.\n- **Why:** Four [R1]."
        for n in range(1, 11)
    )
    rows = "\n".join(f"| §5.{n} | `test {n}` | exit 0 |" for n in range(1, 11))
    phases = "\n\n".join(f"### Phase {n}: Part {n} (§5.{n})\n\n- [ ] Do it" for n in range(1, 11))
    spec = parse(
        "# Ten — Specification\n\n## Normative Language\n\n## 5. Detailed Specification\n\n"
        f"{features}\n\n## 7. Test and Validation Matrix\n\n"
        f"| Feature | Command | Expectation |\n|---|---|---|\n{rows}\n\n"
        f"## 8. Implementation Plan\n\n{phases}\n"
    )
    claimed = {n: PhaseOutcome("built", [KEPT], {f"5.{n}": False}) for n in range(4, 8)}
    shown = {n: built(f"5.{n}") for n in range(8, 11)}
    found = trace(spec, claimed | shown)
    assert [str(f.state) for f in found.features] == ["not attempted"] * 3 + ["failed"] * 4 + ["built"] * 3
    assert not found.complete


def test_a_check_that_passed_before_is_told_apart_from_one_that_fails() -> None:
    outcome = PhaseOutcome("failed", [REVERTED], {"5.1": False}, ["5.1"])
    first, second = trace(SPEC, {1: BUILT, 2: outcome}).features
    assert (first.state, first.verified, first.passed_before) == (State.FAILED, False, True)
    assert not second.passed_before
