"""The hard gate: every check looks at what is on record, in a fixed order, and none is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from factory.evals.decide import Comparison, compare
from factory.models import (
    CommandResult,
    DimensionScore,
    GuardFinding,
    GuardReport,
    Measurement,
    Outcome,
    Reason,
    ReviewRecord,
    ReviewVerdict,
    Tier,
)
from factory.precheck import CHECK_NAMES, PrecheckFacts, run_precheck

BASE, COMMIT, OTHER = "a" * 40, "b" * 40, "c" * 40


def measurement(commit: str, score: float | None = 0.7, **other: Any) -> Measurement:
    scored = [] if score is None else [DimensionScore(name="lint", tier=Tier.HYGIENE, score=score)]
    fields = {"tree": commit, "harness": "h", "environment": "e", "key": "k", "timestamp": "t"}
    return Measurement(commit=commit, composite=score, dimensions=scored, **(fields | other))


def review(verdict: ReviewVerdict = ReviewVerdict.PROCEED, commit: str = COMMIT) -> ReviewRecord:
    return ReviewRecord(by="ceo", commit=commit, verdict=verdict, reason="because", timestamp="t")


def facts(before: float = 0.7, after: float = 0.8, **other: Any) -> PrecheckFacts:
    """All that a passing precheck takes, with differences."""
    sides = measurement(BASE, before), measurement(COMMIT, after)
    made = PrecheckFacts(
        commit=COMMIT,
        before=sides[0],
        after=sides[1],
        guard=GuardReport(baseline=BASE, head=COMMIT),
        threshold=0.6,
        comparison=compare([sides[0]], [sides[1]], tolerance=0.002),
        review=review(),
    )
    return replace(made, **other)


def failures(given: PrecheckFacts) -> dict[str, tuple[str, Reason]]:
    report = run_precheck(given)
    assert [check.name for check in report.checks] == list(CHECK_NAMES)
    return {check.name: (check.detail, check.reason) for check in report.failures}


def test_what_is_in_order_passes() -> None:
    report = run_precheck(facts())
    assert report.passed
    assert report.deciding_failure is None
    assert {check.name: check.detail for check in report.checks} == {
        "measured": "baseline and candidate",
        "guard": "clean",
        "score_direction": "composite 0.7000 → 0.8000: improved",
        "new_failures": "none",
        "anti_pattern": "none",
        "leakage": "none",
        "smoke": "none configured",
        "constraints": "none configured",
        "review": f"by ceo, of {COMMIT[:12]}",
    }


def test_an_empty_record_fails_all_that_it_can() -> None:
    empty = facts(before=0.7, after=0.7, guard=None, comparison=None, review=None)
    found = failures(replace(empty, before=None, after=None))
    assert found == {
        "measured": ("not measured: baseline, candidate", Reason.ERROR),
        "guard": ("the guards did not run on this commit", Reason.GUARD),
        "score_direction": ("no scores to compare", Reason.INCONCLUSIVE),
        **dict.fromkeys(
            ("new_failures", "smoke", "constraints"),
            ("not known before the candidate is measured", Reason.ERROR),
        ),
        "review": ("not reviewed", Reason.REVIEW),
    }


def ran(name: str, exit_code: int) -> CommandResult:
    return CommandResult(name=name, command="true", exit_code=exit_code)


def test_what_was_run_and_passed_is_told() -> None:
    held = [ran("size", 0), ran("speed", 0)]
    given = replace(facts(), after=measurement(COMMIT, 0.8, smoke=ran("smoke", 0), constraints=held))
    details = {check.name: check.detail for check in run_precheck(given).checks}
    assert (details["smoke"], details["constraints"]) == ("passed", "2 hold")


def test_an_undone_experiment_may_lower_the_score() -> None:
    worse = Comparison("regressed", -0.2, 0.7, 0.5, "composite 0.7000 → 0.5000: regressed")
    for compared, told in ((worse, worse.rationale), (None, "not compared")):
        report = run_precheck(facts(undo=True, comparison=compared))
        assert report.passed
        assert report.checks[2].detail == f"{told}; a person asked for it"
        assert (report.checks[2].name, report.checks[2].reason) == ("score_direction", Reason.REGRESSED)


@pytest.mark.parametrize(
    ("compared", "reason"),
    [
        (Comparison("regressed", -0.1, 0.9, 0.8, "fell"), Reason.REGRESSED),
        (Comparison("inconclusive", 0.0, 0.8, 0.8, "noise"), Reason.INCONCLUSIVE),
        (Comparison("held", None, None, 0.8, "no baseline"), Reason.INCONCLUSIVE),
        (Comparison("held", None, 0.8, None, "no candidate"), Reason.INCONCLUSIVE),
    ],
)
def test_a_comparison_that_lets_nothing_pass(compared: Comparison, reason: Reason) -> None:
    assert failures(facts(comparison=compared)) == {"score_direction": (compared.rationale, reason)}


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"after": measurement(COMMIT, void="an import came from elsewhere")}, "void measurement: an import"),
        ({"before": measurement(BASE, void="broken")}, "void measurement: broken"),
        (
            {"after": measurement(COMMIT, harness="other")},
            "the two sides were measured with different harness",
        ),
        ({"after": measurement(COMMIT, environment="x")}, "the two sides were measured in different environ"),
        (
            {"after": measurement(COMMIT, None)},
            "nothing is measured with the change: no dimension has a score",
        ),
        ({"before": None}, "not measured: baseline"),
    ],
)
def test_measurements_that_count_for_nothing(change: dict[str, Any], detail: str) -> None:
    told, reason = failures(replace(facts(), **change))["measured"]
    assert told.startswith(detail)
    assert reason is Reason.ERROR


def test_a_change_of_dependencies_may_have_another_environment() -> None:
    given = facts(after=0.8, dependencies_changed=True)
    assert failures(replace(given, after=measurement(COMMIT, 0.8, environment="x"))) == {}


def test_a_finding_of_a_guard_and_a_report_on_another_commit() -> None:
    finding = GuardFinding(guard="scope", file="setup.py", message="outside")
    given = GuardReport(baseline=BASE, head=COMMIT, findings=[finding])
    assert failures(facts(guard=given)) == {"guard": ("scope: outside (setup.py)", Reason.GUARD)}
    many = [finding, *(GuardFinding(guard="baseline", message=f"m{n}") for n in range(3))]
    given = GuardReport(baseline=BASE, head=COMMIT, findings=many)
    told = "scope: outside (setup.py); baseline: m0; baseline: m1 and 1 more (`factory history --id` has all)"
    assert failures(facts(guard=given)) == {"guard": (told, Reason.GUARD)}
    stale = GuardReport(baseline=BASE, head=OTHER)
    assert failures(facts(guard=stale)) == {"guard": ("the guards did not run on this commit", Reason.GUARD)}


@pytest.mark.parametrize(
    ("before", "after", "passes"),
    [
        (0.6500, 0.6489, True),  # below the threshold as the baseline was, within the tolerance
        (0.6500, 0.6470, False),  # lost more than the tolerance
        (0.8000, 0.7990, False),  # at the threshold before, below it now
        (0.8010, 0.8000, True),  # still at it
        (0.5000, 0.7000, True),
    ],
)
def test_the_score_under_a_threshold_of_0_8(before: float, after: float, passes: bool) -> None:
    assert ("score_direction" not in failures(facts(before, after, threshold=0.8))) is passes


@pytest.mark.parametrize(
    ("failing", "told"),
    [(["a"], "a"), (["a", "b", "c"], "a, b, c"), (["a", "b", "c", "d"], "a, b, c and 1 more")],
)
def test_three_names_and_how_many_more(failing: list[str], told: str) -> None:
    assert failures(facts(new_failures=failing)) == {"new_failures": (told, Reason.NEW_FAILURES)}


def test_new_failures_are_named_and_come_before_the_score_that_fell_because_of_them() -> None:
    given = facts(0.9, 0.5, new_failures=["t::a", "t::b", "t::c", "t::d", "t::e"])
    assert failures(given)["new_failures"] == ("t::a, t::b, t::c and 2 more", Reason.NEW_FAILURES)
    deciding = run_precheck(given).deciding_failure
    assert deciding is not None
    assert deciding.reason is Reason.NEW_FAILURES


def test_a_test_with_both_outcomes_on_the_candidate_is_inconclusive() -> None:
    found = failures(facts(unclear_failures=["t::a"]))
    assert found == {"new_failures": ("both outcomes on the candidate: t::a", Reason.INCONCLUSIVE)}


def test_a_failed_smoke_test_is_the_reason_and_not_the_missing_score() -> None:
    smoke = CommandResult(name="smoke", command="true", exit_code=3)
    after = measurement(COMMIT, None, smoke=smoke)
    found = failures(replace(facts(), after=after))
    assert found == {
        "score_direction": ("the smoke test fails with the change, so nothing was scored", Reason.SMOKE),
        "new_failures": ("not known, for the smoke test fails with the change", Reason.SMOKE),
        "smoke": ("smoke exited 3", Reason.SMOKE),
    }


def test_a_smoke_test_that_failed_at_the_baseline_is_told_of_the_baseline() -> None:
    smoke = CommandResult(name="smoke", command="true", exit_code=3)
    before = measurement(BASE, None, smoke=smoke)
    after = measurement(COMMIT, 0.8, smoke=smoke.model_copy(update={"exit_code": 0}))
    given = replace(facts(), before=before, after=after, comparison=compare([before], [after]))
    told = "the smoke test fails at the baseline, so nothing was measured there: true"
    assert failures(given) == {
        "measured": ("nothing is measured at the baseline: the smoke test `true` exits 3", Reason.ERROR),
        "score_direction": (told, Reason.INCONCLUSIVE),
    }
    checks = {check.name: check for check in run_precheck(given).checks}
    assert checks["smoke"].detail == "passed with the change, failed at the baseline"


def test_constraints_anti_patterns_and_leaks_each_have_their_reason() -> None:
    broken = [ran("size", 1), ran("speed", 0), ran("licence", 2)]
    given = facts(after=0.8, anti_pattern="resembles experiment 3", leaks=["reads the answers"])
    found = failures(replace(given, after=measurement(COMMIT, 0.8, constraints=broken)))
    assert {name: reason for name, (_, reason) in found.items()} == {
        "anti_pattern": Reason.ANTI_PATTERN,
        "leakage": Reason.LEAKAGE,
        "constraints": Reason.CONSTRAINT,
    }
    assert found["constraints"][0] == "size exited 1, licence exited 2"
    before = measurement(BASE, constraints=[ran("size", 1), ran("licence", 0)])
    told = failures(replace(given, before=before, after=measurement(COMMIT, 0.8, constraints=broken)))
    assert told["constraints"][0] == "size exited 1, licence exited 2; at the baseline already, size exited 1"
    mended = measurement(COMMIT, 0.8, constraints=[ran("size", 0)])
    assert "constraints" not in failures(replace(given, before=before, after=mended))


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        (review(ReviewVerdict.ABORT), "ceo says ABORT: because"),
        (review(ReviewVerdict.REDIRECT), "ceo says REDIRECT: because"),
        (review(commit=OTHER), f"reviewed {OTHER[:12]}, measured {COMMIT[:12]}"),
    ],
)
def test_a_review_that_does_not_let_this_commit_pass(given: ReviewRecord, detail: str) -> None:
    assert failures(facts(review=given)) == {"review": (detail, Reason.REVIEW)}


def test_a_measurement_of_another_commit_than_the_reviewed_one() -> None:
    given = facts(after=0.8)
    found = failures(replace(given, after=measurement(OTHER, 0.8)))
    assert found == {"review": (f"reviewed {COMMIT[:12]}, measured {OTHER[:12]}", Reason.REVIEW)}


def test_a_scaffold_has_nothing_to_compare_with_but_has_to_work() -> None:
    given = facts(scaffold=True, before=0.7, comparison=None)
    report = run_precheck(replace(given, before=None))
    assert report.passed
    assert [check.detail for check in (report.checks[0], report.checks[2])] == [
        "the candidate; there was nothing to measure before",
        "nothing to compare with",
    ]
    failing = measurement(COMMIT, 0.8, tests={"t::a": Outcome.FAILED, "t::b": Outcome.PASSED})
    assert failures(replace(given, after=failing)) == {"new_failures": ("t::a", Reason.NEW_FAILURES)}
    unmeasured = {"measured": ("nothing can be measured in the scaffold either", Reason.ERROR)}
    assert failures(replace(given, after=measurement(COMMIT, None))) == unmeasured
    void = {"measured": ("not measured: broken", Reason.ERROR)}
    assert failures(replace(given, after=measurement(COMMIT, 0.8, void="broken"))) == void
    missing = failures(replace(given, after=None))
    assert missing["measured"] == ("not measured: candidate", Reason.ERROR)
    assert missing["review"] == (f"reviewed {COMMIT[:12]}, measured nothing", Reason.REVIEW)
    smokes = failures(replace(given, after=measurement(COMMIT, None, smoke=ran("smoke", 1))))
    assert set(smokes) == {"score_direction", "new_failures", "smoke"}
