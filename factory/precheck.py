"""The hard gate before a keep: every check, in a fixed order, from recorded values only.

No flag and no agent passes it by. It takes what was stored for an experiment and answers with a report, whose
``deciding_failure`` gives the experiment its reason code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from factory.evals.decide import Comparison, threshold_holds
from factory.evals.remarks import unmeasured
from factory.models import (
    Check,
    CommandResult,
    GuardReport,
    Measurement,
    Outcome,
    PrecheckReport,
    Reason,
    ReviewRecord,
)

SHOWN = 3
"""Findings or tests that a check's detail names; it says how many more there are."""
WHERE_ALL = "`factory history --id` has all"


@dataclass(frozen=True)
class PrecheckFacts:
    """What is on record for an experiment; None where nothing is.

    ``comparison`` is how the score moved. ``new_failures`` are confirmed ones, ``unclear_failures`` those
    that showed both outcomes on the candidate alone. ``leaks`` are findings of the leakage scan (research
    mode). ``dependencies_changed``: whether the change declares other dependencies, and so has another
    environment. ``scaffold``: a project's first phase, before which there was nothing to measure. ``undo``: a
    kept experiment is taken back, which is a person's wish: a score that falls with it is no objection.
    """

    commit: str
    before: Measurement | None
    after: Measurement | None
    guard: GuardReport | None
    threshold: float
    comparison: Comparison | None
    new_failures: Sequence[str] = ()
    unclear_failures: Sequence[str] = ()
    anti_pattern: str = ""
    leaks: Sequence[str] = ()
    dependencies_changed: bool = False
    scaffold: bool = False
    undo: bool = False
    review: ReviewRecord | None = None


def run_precheck(facts: PrecheckFacts) -> PrecheckReport:
    """All checks on the experiment's recorded commit; none is left out when an earlier one fails."""
    return PrecheckReport(commit=facts.commit, checks=[check(facts) for check in CHECKS.values()])


def measured(facts: PrecheckFacts) -> Check:
    """Both sides were measured by the engine, validly, with the same harness and in the same environment."""
    before, after = facts.before, facts.after
    if facts.scaffold:
        told = "the candidate; there was nothing to measure before"
        return _check("measured", Reason.ERROR, _scaffold_problem(after), told)
    detail = ""
    if before is None or after is None:
        detail = "not measured: " + ", ".join(
            n for n, m in (("baseline", before), ("candidate", after)) if m is None
        )
    elif before.void or after.void:
        detail = f"void measurement: {before.void or after.void}"
    elif before.harness != after.harness:
        detail = "the two sides were measured with different harnesses"
    elif before.environment != after.environment and not facts.dependencies_changed:
        detail = "the two sides were measured in different environments, though no dependency was changed"
    elif before.composite is None:
        detail = f"nothing is measured at the baseline: {unmeasured(before)}"
    elif after.composite is None and not after.smoke_failed:
        detail = f"nothing is measured with the change: {unmeasured(after)}"
    return _check("measured", Reason.ERROR, detail, "baseline and candidate")


def _scaffold_problem(after: Measurement | None) -> str:
    """Why a scaffold cannot count as measured; empty when it can."""
    if after is None or after.void:
        return f"not measured: {after.void if after else 'candidate'}"
    if after.smoke_failed:
        return ""
    return "" if after.composite is not None else "nothing can be measured in the scaffold either"


def guard_clean(facts: PrecheckFacts) -> Check:
    """The guards ran on this very commit and found nothing."""
    if facts.guard is None or facts.guard.head != facts.commit:
        return _check("guard", Reason.GUARD, "the guards did not run on this commit")
    told = [f.told for f in facts.guard.findings]
    named = _some(told, between="; ") + (f" ({WHERE_ALL})" if len(told) > SHOWN else "")
    return _check("guard", Reason.GUARD, named, "clean")


def score_direction(facts: PrecheckFacts) -> Check:
    """Not regressed; and at or above the threshold, unless the baseline was below it already."""
    if facts.after and facts.after.smoke_failed:
        return _check(
            "score_direction", Reason.SMOKE, "the smoke test fails with the change, so nothing was scored"
        )
    moved = facts.comparison
    if facts.undo:
        told = moved.rationale if moved else "not compared"
        return _check("score_direction", Reason.REGRESSED, "", f"{told}; a person asked for it")
    if facts.scaffold:
        return _check("score_direction", Reason.REGRESSED, "", "nothing to compare with")
    if moved is None or moved.before is None or moved.after is None:
        told = moved.rationale if moved else "no scores to compare"
        return _check("score_direction", Reason.INCONCLUSIVE, told)
    if moved.direction in ("regressed", "inconclusive"):
        return _check("score_direction", Reason(moved.direction), moved.rationale)
    below = f"{moved.after:.4f} is below the threshold {facts.threshold:.4f}, the baseline was not"
    failed = "" if threshold_holds(moved, facts.threshold) else below
    return _check("score_direction", Reason.REGRESSED, failed, moved.rationale)


def no_new_failures(facts: PrecheckFacts) -> Check:
    """Every test that passed at the baseline still exists and passes, confirmed by repetition."""
    if facts.after is None:
        return _not_measured("new_failures")
    if facts.after.smoke_failed:
        return _check("new_failures", Reason.SMOKE, "not known, for the smoke test fails with the change")
    failing = sorted(_failing(facts.after)) if facts.scaffold else facts.new_failures
    if failing:
        return _check("new_failures", Reason.NEW_FAILURES, _some(failing))
    unclear = (
        f"both outcomes on the candidate: {_some(facts.unclear_failures)}" if facts.unclear_failures else ""
    )
    return _check("new_failures", Reason.INCONCLUSIVE, unclear, "none")


def _failing(measurement: Measurement) -> list[str]:
    return [test for test, outcome in measurement.tests.items() if outcome in (Outcome.FAILED, Outcome.ERROR)]


def no_anti_pattern(facts: PrecheckFacts) -> Check:
    """It does not repeat a reverted experiment without a new approach."""
    return _check("anti_pattern", Reason.ANTI_PATTERN, facts.anti_pattern, "none")


def no_leakage(facts: PrecheckFacts) -> Check:
    """Nothing of the fixed surfaces has leaked into hypothesis or diff (research mode)."""
    return _check("leakage", Reason.LEAKAGE, _some(facts.leaks), "none")


def smoke_passed(facts: PrecheckFacts) -> Check:
    """The configured smoke test exits 0 on the candidate."""
    if facts.after is None:
        return _not_measured("smoke")
    smoke = facts.after.smoke
    told = "passed" if smoke else "none configured"
    if smoke and facts.before and facts.before.smoke_failed:
        told = "passed with the change, failed at the baseline"
    return _check("smoke", Reason.SMOKE, _failed([smoke] if smoke else []), told)


def constraints_hold(facts: PrecheckFacts) -> Check:
    """Every hard constraint exits 0 on the candidate."""
    if facts.after is None:
        return _not_measured("constraints")
    held = facts.after.constraints
    told = f"{len(held)} hold" if held else "none configured"
    failed, already = _failed(held), _failed(facts.before.constraints if facts.before else [])
    same = f"; at the baseline already, {already}" if failed and already else ""
    return _check("constraints", Reason.CONSTRAINT, failed + same, told)


def reviewed_as_measured(facts: PrecheckFacts) -> Check:
    """The review is of the commit that was measured, and lets it pass."""
    review, after = facts.review, facts.after
    if review is None:
        return _check("review", Reason.REVIEW, "not reviewed")
    if review.verdict != "PROCEED":
        return _check("review", Reason.REVIEW, f"{review.by} says {review.verdict}: {review.reason}")
    if after is None or not review.commit == after.commit == facts.commit:
        seen = after.commit[:12] if after else "nothing"
        return _check("review", Reason.REVIEW, f"reviewed {review.commit[:12]}, measured {seen}")
    return _check("review", Reason.REVIEW, "", f"by {review.by}, of {review.commit[:12]}")


CHECKS: Mapping[str, Callable[[PrecheckFacts], Check]] = {
    "measured": measured,
    "guard": guard_clean,
    "score_direction": score_direction,
    "new_failures": no_new_failures,
    "anti_pattern": no_anti_pattern,
    "leakage": no_leakage,
    "smoke": smoke_passed,
    "constraints": constraints_hold,
    "review": reviewed_as_measured,
}
"""The checks by name, in their order."""

CHECK_NAMES = tuple(CHECKS)


def _check(name: str, reason: Reason, failure: str, success: str = "") -> Check:
    """Failed for ``reason`` where ``failure`` says something; otherwise passed, and ``success`` is told."""
    return Check(name=name, passed=not failure, detail=failure or success, reason=reason)


def _not_measured(name: str) -> Check:
    return _check(name, Reason.ERROR, "not known before the candidate is measured")


def _some(names: Sequence[str], *, between: str = ", ") -> str:
    rest = len(names) - SHOWN
    return between.join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _failed(results: Sequence[CommandResult]) -> str:
    return ", ".join(f"{r.name} exited {r.exit_code}" for r in results if not r.passed)
