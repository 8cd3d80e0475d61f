"""Scores without the tests that are known to waver: a flaky test says nothing of either side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from factory.evals.dimensions import tests
from factory.models import Measurement, Outcome

PASSING = (Outcome.PASSED, Outcome.XFAILED)
DECIDED = (Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.XPASSED)


def newly_passing(before: Mapping[str, Outcome], after: Mapping[str, Outcome]) -> set[str]:
    """The tests that did not pass before, and do now."""
    return {test for test, outcome in before.items() if _fails(outcome) and after.get(test) in PASSING}


def _fails(outcome: Outcome) -> bool:
    return outcome in (Outcome.FAILED, Outcome.ERROR)


def without(samples: Sequence[Measurement], flaky: Collection[str]) -> list[Measurement]:
    """The same measurements with their ``tests`` dimension scored without these tests."""
    return [_without(sample, flaky) for sample in samples]


def held_to(before: Sequence[Measurement], after: Sequence[Measurement]) -> list[Measurement]:
    """The candidate's samples with their ``tests`` scored over the tests of the baseline, pair by pair.

    A test that failed and is gone, skipped or expected to fail now fails still: else deleting it would be a
    gain. A new test that passes makes nothing of the others better; one that fails counts.
    """
    return [_held_to(old.tests, new) for old, new in zip(before, after, strict=True)]


def _held_to(owed: Mapping[str, Outcome], measurement: Measurement) -> Measurement:
    told = measurement.tests
    if not owed or not told:
        return measurement  # first tests help, and a suite that does not run any more has its own score
    gone = {test for test, outcome in owed.items() if _fails(outcome) and told.get(test) not in DECIDED}
    kept = {test: outcome for test, outcome in told.items() if test in owed or _fails(outcome)}
    return _rescored(measurement, kept | dict.fromkeys(gone, Outcome.FAILED))


def _without(measurement: Measurement, flaky: Collection[str]) -> Measurement:
    kept = {test: outcome for test, outcome in measurement.tests.items() if test not in flaky}
    return _rescored(measurement, kept).model_copy(update={"tests": kept})


def _rescored(measurement: Measurement, outcomes: Mapping[str, Outcome]) -> Measurement:
    """The same with its ``tests`` dimension scored by these outcomes."""
    scored = measurement.dimension("tests")
    if outcomes == measurement.tests or not outcomes or scored is None or scored.score is None:
        return measurement
    anew = tests.score(outcomes)
    changed = scored.model_copy(update={"score": anew.score, "details": {**scored.details, **anew.details}})
    dimensions = [changed if d is scored else d for d in measurement.dimensions]
    return measurement.model_copy(update={"dimensions": dimensions})
