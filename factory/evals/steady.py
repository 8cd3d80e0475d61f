"""Scores without the tests that are known to waver: a flaky test says nothing of either side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from factory.evals.dimensions import tests
from factory.models import Measurement, Outcome
from factory.words import counted

PASSING = (Outcome.PASSED, Outcome.XFAILED)


def newly_passing(before: Mapping[str, Outcome], after: Mapping[str, Outcome]) -> set[str]:
    """The tests that did not pass before, and do now."""
    return {test for test, outcome in before.items() if _fails(outcome) and after.get(test) in PASSING}


def _fails(outcome: Outcome) -> bool:
    return outcome in (Outcome.FAILED, Outcome.ERROR)


def failing_already(measurement: Measurement) -> str:
    """How many of the tests fail, and the first of them, for people; empty where none does."""
    failing = sorted(test for test, outcome in measurement.tests.items() if _fails(outcome))
    told = (
        f"failing already, and guarding nothing: {len(failing)} of {counted(len(measurement.tests), 'test')}"
    )
    return f"{told}, {', '.join(failing[:3])}" if failing else ""


def without(samples: Sequence[Measurement], flaky: Collection[str]) -> list[Measurement]:
    """The same measurements with their ``tests`` dimension scored without these tests."""
    return [_without(sample, flaky) for sample in samples]


def _without(measurement: Measurement, flaky: Collection[str]) -> Measurement:
    kept = {test: outcome for test, outcome in measurement.tests.items() if test not in flaky}
    scored = measurement.dimension("tests")
    if len(kept) == len(measurement.tests) or scored is None or scored.score is None:
        return measurement
    score = tests.score(kept, "").score if kept else scored.score
    changed = scored.model_copy(update={"score": score})
    dimensions = [changed if d is scored else d for d in measurement.dimensions]
    return measurement.model_copy(update={"dimensions": dimensions})
