"""Scores without the tests that are known to waver: a flaky test says nothing of either side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from statistics import fmean

from factory.evals.dimensions import tests
from factory.models import DimensionScore, Measurement, Outcome
from factory.words import counted

PASSING = (Outcome.PASSED, Outcome.XFAILED)
DECIDED = (Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.XPASSED)


def newly_passing(before: Mapping[str, Outcome], after: Mapping[str, Outcome]) -> set[str]:
    """The tests that did not pass before, and do now."""
    return {test for test, outcome in before.items() if _fails(outcome) and after.get(test) in PASSING}


def unearned(
    before: Mapping[str, Outcome], after: Mapping[str, Outcome], as_it_was: Mapping[str, Outcome]
) -> set[str]:
    """The tests that failed before and do not now, because the tests were changed and not the code.

    They are gone or skipped, or pass while their old version (``as_it_was``, on the new code) still fails.
    """
    gone = {
        test
        for test, outcome in before.items()
        if _fails(outcome) and after.get(test, Outcome.SKIPPED) is Outcome.SKIPPED
    }
    edited = {test for test in newly_passing(before, after) if test in as_it_was}
    return gone | {test for test in edited if as_it_was[test] not in PASSING}


def _fails(outcome: Outcome) -> bool:
    return outcome in (Outcome.FAILED, Outcome.ERROR)


def failing_already(measurement: Measurement) -> str:
    """How many of the tests fail, and the first of them, for people; empty where none does."""
    failing = sorted(test for test, outcome in measurement.tests.items() if _fails(outcome))
    told = (
        f"failing already, and guarding nothing: {len(failing)} of {counted(len(measurement.tests), 'test')}"
    )
    return f"{told}, {', '.join(failing[:3])}" if failing else ""


def flipping(samples: Sequence[Measurement]) -> set[str]:
    """The tests that passed in one of these measurements of one tree, and in another one did not."""
    seen: dict[str, set[bool]] = {}
    for sample in samples:
        for test, outcome in () if sample.void else sample.tests.items():
            seen.setdefault(test, set()).add(outcome in PASSING)
    return {test for test, passed in seen.items() if len(passed) > 1}


def without(samples: Sequence[Measurement], flaky: Collection[str]) -> list[Measurement]:
    """The same measurements without these tests, of which their ``tests`` dimension is scored anew."""
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
    if outcomes == measurement.tests or scored is None or scored.score is None:
        return measurement
    anew = tests.score(outcomes)
    changed = scored.model_copy(update={"score": anew.score, "details": scored.details | anew.details})
    dimensions = [changed if d is scored else d for d in measurement.dimensions]
    return measurement.model_copy(update={"dimensions": dimensions})


def mean(samples: Sequence[Measurement], composite: float | None) -> Measurement:
    """The first of these samples of one tree, with each dimension's mean score, and this composite."""
    dimensions = [_mean_score(d, samples) for d in samples[0].dimensions]
    return samples[0].model_copy(update={"dimensions": dimensions, "composite": composite})


def _mean_score(first: DimensionScore, samples: Sequence[Measurement]) -> DimensionScore:
    found = [d.score for s in samples if (d := s.dimension(first.name)) is not None and d.score is not None]
    known = len(found) == len(samples)
    return first.model_copy(update={"score": fmean(found)}) if known else first
