"""Page 5, "Deciding": directions, thresholds to the last digit, verdicts, contracts."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.evals.decide import Comparison, Direction, compare, decide, threshold_holds
from factory.models import (
    Check,
    CommandResult,
    DimensionScore,
    Measurement,
    PrecheckReport,
    Reason,
    Tier,
    Verdict,
)


def dim(
    name: str, score: float | None, tier: Tier = Tier.GROWTH, noisy: bool = False, **rest: object
) -> DimensionScore:
    return DimensionScore.model_validate({"name": name, "tier": tier, "score": score, "noisy": noisy, **rest})


def measured(*dimensions: DimensionScore, **rest: object) -> Measurement:
    base = {
        "commit": "c",
        "tree": "t",
        "harness": "h",
        "environment": "e",
        "key": "k",
        "timestamp": "2024-01-01T00:00:00Z",
    }
    return Measurement.model_validate({**base, "dimensions": list(dimensions), **rest})


def growth(score: float, noisy: bool = False) -> Measurement:
    return measured(dim("g", score, noisy=noisy))


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        (0.5, 0.6, "improved"),
        (0.5, 0.5006, "improved"),
        (0.5, 0.5005, "held"),
        (0.5, 0.5, "held"),
        (0.5, 0.498, "held"),
        (0.6, 0.598, "held"),
        (0.9, 0.898, "held"),
        (0.5, 0.4979, "regressed"),
        (0.65, 0.6489, "held"),
    ],
)
def test_a_difference_without_noise_is_judged_by_the_two_thresholds(
    before: float, after: float, direction: str
) -> None:
    result = compare([growth(before)], [growth(after)])
    assert result.direction == direction
    assert result.gain == pytest.approx(after - before)


def test_a_hygiene_loss_is_a_regression_even_if_the_composite_gains() -> None:
    before = measured(dim("tests", 1.0, Tier.HYGIENE), dim("g", 0.2))
    after = measured(dim("tests", 0.99, Tier.HYGIENE), dim("g", 0.9))
    result = compare([before], [after])
    assert result.direction == "regressed"
    assert result.hygiene_losses == ["tests 1.0000 → 0.9900"]
    assert result.rationale == "composite 0.6000 → 0.9450; hygiene lost: tests 1.0000 → 0.9900"


def test_a_hygiene_loss_of_exactly_the_tolerance_passes() -> None:
    before = measured(dim("tests", 0.9, Tier.HYGIENE), dim("g", 0.2))
    after = measured(dim("tests", 0.898, Tier.HYGIENE), dim("g", 0.9))
    assert compare([before], [after]).hygiene_losses == []


def test_breaking_a_dimension_is_no_way_out_of_it() -> None:
    before = measured(dim("a", 0.9), dim("b", 0.1))
    gone = measured(dim("a", 0.9))
    broken = measured(dim("a", 0.9), dim("b", None, error="cannot run"))
    assert compare([before], [gone]).direction == "regressed"
    assert compare([before], [broken]).direction == "regressed"


def test_what_only_the_candidate_has_and_what_has_nothing_to_see_is_left_out() -> None:
    before = measured(dim("a", 0.5), dim("gone", 0.1))
    after = measured(dim("a", 0.5), dim("gone", None), dim("new", 1.0))
    result = compare([before], [after])
    assert (result.direction, result.before, result.after) == ("held", 0.5, 0.5)


def test_without_a_shared_dimension_nothing_is_known() -> None:
    nothing = Comparison("inconclusive", None, None, None, "no dimension was measured on both sides")
    assert compare([growth(0.5)], [measured(dim("g", None))]) == nothing
    weightless = measured(dim("g", 0.5, weight=0.0))
    assert compare([weightless], [growth(0.5)]) == nothing


def test_the_weights_of_the_tiers_count_on_both_sides() -> None:
    before = measured(dim("tests", 0.6, Tier.HYGIENE), dim("g", 0.2))
    after = measured(dim("tests", 0.8, Tier.HYGIENE), dim("g", 0.4))
    result = compare([before], [after], weights={"hygiene": 0.75, "growth": 0.25})
    assert result.before == pytest.approx(0.5)
    assert result.after == pytest.approx(0.7)


def test_a_dimension_without_weight_decides_nothing() -> None:
    before = measured(dim("a", 0.5), dim("h", 0.9, Tier.HYGIENE, True, weight=0.0))
    after = measured(dim("a", 0.6), dim("h", 0.1, Tier.HYGIENE, True, weight=0.0))
    assert compare([before], [after]).direction == "improved"
    calm = [measured(dim("a", s), dim("h", h, Tier.HYGIENE, weight=0.0)) for s, h in ((0.5, 0.9), (0.6, 0.1))]
    assert compare(calm[:1], calm[1:]).hygiene_losses == []


def test_hygiene_dimensions_at_the_ends_and_with_tolerances_of_their_own() -> None:
    before = measured(*(dim(n, s, Tier.HYGIENE) for n, s in (("zero", 0.0), ("all", 1.0), ("some", 0.5))))
    after = measured(*(dim(n, s, Tier.HYGIENE) for n, s in (("zero", 0.0), ("all", 0.0), ("some", 0.4))))
    losses = ["all 1.0000 → 0.0000", "some 0.5000 → 0.4000"]
    result = compare([before], [after])
    assert result.hygiene_losses == losses
    assert result.rationale.endswith("; hygiene lost: all 1.0000 → 0.0000, some 0.5000 → 0.4000")
    assert compare([before], [after], tolerances={"some": 0.2}).hygiene_losses == losses[:1]


def test_a_noisy_hygiene_dimension_must_lose_significantly() -> None:
    def samples(*scores: float) -> list[Measurement]:
        return [measured(dim("h", s, Tier.HYGIENE, noisy=True), dim("g", 0.5)) for s in scores]

    base = samples(0.90, 0.91, 0.90)
    assert compare(base, samples(0.80, 0.81, 0.81)).hygiene_losses == ["h 0.9033 → 0.8067"]
    assert compare(base, samples(0.70, 0.99, 0.90)).hygiene_losses == []
    assert compare(base, samples(0.80, 0.81, 0.81), tolerance=0.2).hygiene_losses == []


def test_different_harnesses_and_void_measurements_are_not_compared() -> None:
    other = measured(dim("g", 0.9), harness="other")
    void = measured(dim("g", 0.9), void="a module came from elsewhere")
    told = "the two sides were measured with different harnesses"
    assert compare([growth(0.5)], [other]) == Comparison("inconclusive", None, None, None, told)
    assert compare([growth(0.5)], [void]).rationale == "a measurement is void: a module came from elsewhere"


def test_a_failed_smoke_test_leaves_nothing_to_compare() -> None:
    failed = measured(smoke=CommandResult(name="smoke", command="python -c 1", exit_code=1))
    told = [compare([before], [after]) for before, after in ((growth(0.5), failed), (failed, growth(0.5)))]
    assert {result.direction for result in told} == {"inconclusive"}
    assert [result.rationale for result in told] == [
        "the smoke test fails with the change, so nothing was measured there: python -c 1",
        "the smoke test fails at the baseline, so nothing was measured there: python -c 1",
    ]


def test_another_environment_is_said_and_compared() -> None:
    after = measured(dim("g", 0.9), environment="new dependency")
    assert compare([growth(0.5)], [after]).rationale.endswith(
        "improved (the change brings another environment)"
    )


def test_uneven_samples_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="as many samples"):
        compare([growth(0.5)], [])


def noisy(*scores: float) -> list[Measurement]:
    return [growth(score, noisy=True) for score in scores]


def test_noisy_differences_must_be_significant() -> None:
    base = noisy(0.50, 0.51, 0.49, 0.50, 0.50)
    assert compare(base, noisy(0.60, 0.61, 0.60, 0.59, 0.61)).direction == "improved"
    told = compare(base[:2], noisy(0.60, 0.61)).rationale
    assert told == "composite 0.5050 → 0.6050, over 2 pairs: improved"
    assert compare(base[:1], noisy(0.60)).rationale == (
        "composite 0.5000 → 0.6000: inconclusive: one pair shows no spread; set [eval] pairs to 2 or more"
    )
    assert compare(base, noisy(0.40, 0.41, 0.40, 0.39, 0.41)).direction == "regressed"
    assert compare(base, noisy(0.60, 0.40, 0.55, 0.45, 0.52)).direction == "inconclusive"
    assert compare(base, noisy(0.50, 0.51, 0.49, 0.50, 0.50)).direction == "held"


def test_a_single_noisy_pair_decides_nothing() -> None:
    assert compare(noisy(0.5), noisy(0.9)).direction == "inconclusive"


def test_what_noise_leaves_open_is_explained_with_what_varies_and_what_would_tell() -> None:
    def side(*speeds: float, outcomes: str) -> list[Measurement]:
        return [
            measured(dim("lint", 1.0), dim("speed", speed, noisy=True), tests={"t": outcome})
            for speed, outcome in zip(speeds, outcomes.split(), strict=True)
        ]

    before = side(0.50, 0.52, 0.48, outcomes="passed passed passed")
    after = side(0.60, 0.40, 0.52, outcomes="passed failed passed")
    assert compare(before, after).rationale == (
        "composite 0.7500 → 0.7533, over 3 pairs: inconclusive: mean difference +0.0033, 90% interval "
        "-0.0925 to +0.0992, so a loss above 0.002 is neither shown nor excluded; what varies: speed "
        "(t passed and failed with the change); more [eval] pairs, or less noise there, would tell"
    )
    assert compare(before[:1], after[:1]).rationale.endswith(
        ": inconclusive: one pair shows no spread; set [eval] pairs to 2 or more"
    )


def test_worthless_noisy_changes_are_seldom_kept() -> None:
    rng = random.Random(7)

    def sample() -> list[Measurement]:
        return noisy(*(min(max(rng.gauss(0.5, 0.02), 0), 1) for _ in range(5)))

    kept = sum(compare(sample(), sample()).direction == "improved" for _ in range(600))
    assert kept / 600 < 0.08


SCORES = st.floats(0, 1)


@given(SCORES, SCORES)
def test_improved_and_regressed_are_mirror_images_within_the_thresholds(a: float, b: float) -> None:
    there = compare([growth(a)], [growth(b)], min_gain=0.001, tolerance=0.001).direction
    back = compare([growth(b)], [growth(a)], min_gain=0.001, tolerance=0.001).direction
    mirror = {"improved": "regressed", "regressed": "improved", "held": "held"}
    assert back == mirror[there]


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_a_loss_of_exactly_the_tolerance_always_passes(base: int, loss: int) -> None:
    before, tolerance = base / 1000, min(loss, base) / 1000
    after = (base - min(loss, base)) / 1000
    assert compare([growth(before)], [growth(after)], tolerance=tolerance).direction != "regressed"


@pytest.mark.parametrize(
    ("before", "after", "threshold", "holds"),
    [
        (0.65, 0.6489, 0.8, True),
        (0.81, 0.80, 0.8, False),
        (0.81, 0.8095, 0.8095, True),
        (0.8, 0.7995, 0.8, False),
    ],
)
def test_the_threshold_binds_only_what_was_above_it(
    before: float, after: float, threshold: float, holds: bool
) -> None:
    assert threshold_holds(compare([growth(before)], [growth(after)]), threshold) is holds


@pytest.mark.parametrize(
    ("direction", "before", "after"),
    [("regressed", 0.9, 0.9), ("inconclusive", 0.9, 0.9), ("held", None, 0.9), ("held", 0.1, None)],
)
def test_what_is_not_known_holds_no_threshold(
    direction: Direction, before: float | None, after: float | None
) -> None:
    assert not threshold_holds(Comparison(direction, 0.0, before, after, ""), 0.8)


PASSED = PrecheckReport(commit="c", checks=[Check(name="guard", passed=True, detail="", reason=Reason.GUARD)])
FAILED = PrecheckReport(
    commit="c", checks=[Check(name="guard", passed=False, detail="scope: a.py", reason=Reason.GUARD)]
)


def comparison(direction: Direction) -> Comparison:
    return Comparison(direction, 0.0, 0.5, 0.5, "composite 0.5000 → 0.5000")


@pytest.mark.parametrize(
    ("direction", "delivered", "expected"),
    [
        ("improved", None, (Verdict.KEEP, Reason.IMPROVED, "")),
        ("improved", False, (Verdict.KEEP, Reason.IMPROVED, "")),
        ("held", True, (Verdict.KEEP, Reason.HELD_DELIVERED, "; what failed before passes now")),
        ("held", False, (Verdict.REVERT, Reason.NO_EFFECT, "; nothing shows that it delivers")),
        ("held", None, (Verdict.REVERT, Reason.NO_EFFECT, "; nothing shows that it delivers")),
        ("regressed", True, (Verdict.REVERT, Reason.REGRESSED, "")),
        ("inconclusive", True, (Verdict.REVERT, Reason.INCONCLUSIVE, "")),
    ],
)
def test_verdicts_follow_from_direction_and_delivery(
    direction: Direction, delivered: bool | None, expected: tuple[Verdict, Reason, str]
) -> None:
    verdict, reason, more = expected
    decision = decide(PASSED, comparison(direction), delivered=delivered)
    assert decision == (verdict, reason, f"composite 0.5000 → 0.5000{more}")


def test_a_failed_precheck_reverts_with_the_reason_of_its_first_failure() -> None:
    decision = decide(FAILED, comparison("improved"), delivered=True)
    assert decision == (Verdict.REVERT, Reason.GUARD, "precheck failed: guard: scope: a.py")


def test_a_contract_must_deliver_whatever_the_score_does() -> None:
    missed = decide(PASSED, comparison("improved"), delivered=False, is_contract=True)
    told = "composite 0.5000 → 0.5000; a row of the matrix does not show it"
    assert missed == (Verdict.REVERT, Reason.NO_EFFECT, told)
    later = decide(PASSED, comparison("held"), delivered=None, is_contract=True)
    told = "composite 0.5000 → 0.5000; a later phase shows its features"
    assert later == (Verdict.KEEP, Reason.HELD_DELIVERED, told)


def test_new_failures_name_the_cause_of_the_score_that_fell_with_them() -> None:
    checks = [
        Check(name="score_direction", passed=False, detail="0.7 → 0.6", reason=Reason.REGRESSED),
        Check(name="new_failures", passed=False, detail="t.py::test_a", reason=Reason.NEW_FAILURES),
    ]
    decision = decide(PrecheckReport(commit="c", checks=checks), comparison("regressed"), delivered=None)
    assert decision == (
        Verdict.REVERT,
        Reason.NEW_FAILURES,
        "precheck failed: new_failures: t.py::test_a; score_direction: 0.7 → 0.6",
    )
