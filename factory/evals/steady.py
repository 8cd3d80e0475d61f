"""The scores that are compared: without tests that are known to waver, and held to what the baseline had."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from statistics import fmean

from factory.evals.dimensions import density_score, tests
from factory.models import DimensionScore, Measurement, Outcome
from factory.words import counted

PASSING = (Outcome.PASSED, Outcome.XFAILED)
DECIDED = (Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.XPASSED)


COLLECTION = "::collection"
"""What the name of a file ends in that could not be collected, where it stands for its tests."""


def as_collected(before: Mapping[str, Outcome], after: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """``after`` with each file (or folder) that could not be collected before as the one test it was then.

    It passes where one of its tests does, fails where they only fail, and is gone where none of them ran.
    Its tests one by one are the next change's: nobody knows which of them would have failed before.
    """
    found = dict(after)
    for test, outcome in before.items():
        place = test.removesuffix(COLLECTION)
        if place == test or not _fails(outcome) or test in after or _inside(place, before, but=test):
            continue
        now = [found.pop(own) for own in _inside(place, found)]
        if Outcome.PASSED in now:
            found[test] = Outcome.PASSED
        elif any(one in DECIDED for one in now):
            found[test] = Outcome.FAILED
    return found


def _inside(place: str, tests: Iterable[str], but: str = "") -> list[str]:
    return [test for test in tests if test != but and test.startswith((f"{place}::", f"{place}/"))]


def newly_passing(before: Mapping[str, Outcome], after: Mapping[str, Outcome]) -> set[str]:
    """The tests that did not pass before, and do now."""
    now = as_collected(before, after)
    return {test for test, outcome in before.items() if _fails(outcome) and now.get(test) in PASSING}


def unearned(
    before: Mapping[str, Outcome], after: Mapping[str, Outcome], as_it_was: Mapping[str, Outcome] | None
) -> set[str]:
    """The tests that failed before and do not now, because the tests were changed and not the code.

    They are gone or skipped, or pass while their old version does not. ``as_it_was``: the old tests on the
    new code, None where no test was changed.
    """
    now = as_collected(before, after)
    gone = {
        test
        for test, outcome in before.items()
        if _fails(outcome) and now.get(test, Outcome.SKIPPED) is Outcome.SKIPPED
    }
    passing = newly_passing(before, after)
    return gone | (passing - newly_passing(before, as_it_was) if as_it_was is not None else set())


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
    """The same measurements without these tests, of which the dimensions of tests are scored anew."""
    return [_without(sample, flaky) for sample in samples]


def held_to(before: Sequence[Measurement], after: Sequence[Measurement]) -> list[Measurement]:
    """The candidate's samples with scores that the size of a change alone does not move, pair by pair.

    Each dimension of tests is scored over the baseline's tests. A test that failed and is gone, skipped or
    expected to fail now fails still: else deleting it would be a gain. A new test that passes makes nothing
    of the others better; one that fails counts.

    A dimension that is told by its problems does not fall without one problem more: a share or density does
    when sound code goes away. Nor does a density rise further than it would have at the baseline's size:
    code that is merely added thins old problems out, and mends none.
    """
    return [_held_to(old, new) for old, new in zip(before, after, strict=True)]


def _held_to(before: Measurement, after: Measurement) -> Measurement:
    old = {d.name: _own(before, d) for d in before.dimensions}
    dimensions = [
        _rescored(d, told := _own(after, d), _owed(old.get(d.name, {}), told)) for d in after.dimensions
    ]
    sized = [_at_its_size(before.dimension(d.name), d) for d in dimensions]
    return after.model_copy(update={"dimensions": sized})


def _at_its_size(before: DimensionScore | None, after: DimensionScore) -> DimensionScore:
    """A dimension that is told by its problems, held to the size that the code has at the baseline."""
    if before is None or before.score is None or after.score is None:
        return after
    if not before.by_problems or before.by_problems != after.by_problems:
        return after
    score, had, has = after.score, int(before.details["problems"]), int(after.details["problems"])
    if after.by_problems == "density":
        score = min(score, max(before.score, density_score(has, int(before.details["size"]))))
    if has <= had:
        score = max(score, before.score)
    return after.model_copy(update={"score": score})


def _owed(before: Mapping[str, Outcome], told: Mapping[str, Outcome]) -> Mapping[str, Outcome]:
    """What a dimension's tests have come to, held to those that it had before."""
    if not before or not told:
        return told  # first tests help, and a suite that does not run any more has its own score
    told = as_collected(before, told)
    gone = {test for test, outcome in before.items() if _fails(outcome) and told.get(test) not in DECIDED}
    kept = {test: outcome for test, outcome in told.items() if test in before or _fails(outcome)}
    return kept | dict.fromkeys(gone, Outcome.FAILED)


def _without(measurement: Measurement, flaky: Collection[str]) -> Measurement:
    kept = {test: outcome for test, outcome in measurement.tests.items() if test not in flaky}
    steady = measurement.model_copy(update={"tests": kept})
    dimensions = [_rescored(d, _own(measurement, d), _own(steady, d)) for d in measurement.dimensions]
    return steady.model_copy(update={"dimensions": dimensions})


def _own(measurement: Measurement, dimension: DimensionScore) -> Mapping[str, Outcome]:
    """The outcomes of the tests whose share a dimension is; none where it is a share of anything else.

    Records of version 2 of measuring do not tell whose tests are whose: there they are all of ``tests``.
    """
    if dimension.tests is None:
        return measurement.tests if dimension.name == "tests" else {}
    return {test: measurement.tests[test] for test in dimension.tests if test in measurement.tests}


def _rescored(
    scored: DimensionScore, told: Mapping[str, Outcome], outcomes: Mapping[str, Outcome]
) -> DimensionScore:
    """A dimension of tests scored by these outcomes, where they are others than those that it told."""
    if outcomes == told or scored.score is None:
        return scored
    anew = tests.score(outcomes)
    return scored.model_copy(update={"score": anew.score, "details": scored.details | anew.details})


def mean(samples: Sequence[Measurement], composite: float | None) -> Measurement:
    """The first of these samples of one tree, with each dimension's mean score, and this composite."""
    dimensions = [_mean_score(d, samples) for d in samples[0].dimensions]
    return samples[0].model_copy(update={"dimensions": dimensions, "composite": composite})


def _mean_score(first: DimensionScore, samples: Sequence[Measurement]) -> DimensionScore:
    found = [d.score for s in samples if (d := s.dimension(first.name)) is not None and d.score is not None]
    known = len(found) == len(samples)
    return first.model_copy(update={"score": fmean(found)}) if known else first
