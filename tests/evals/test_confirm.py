"""New failures, and their confirmation by running both sides again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from factory.evals.confirm import Confirmation, confirm
from factory.evals.testrun import NewFailure, TestRun, new_failures
from factory.models import Outcome

P, F = Outcome.PASSED, Outcome.FAILED
SUSPECT = NewFailure("t", P, F)


def runs(*outcomes: Outcome | str | None) -> Iterator[TestRun]:
    """Test runs in which test ``t`` has these outcomes; a text is the error of a run that is not valid."""
    for outcome in outcomes:
        run = TestRun({}, None, {}, [], 0, 0.0)
        if isinstance(outcome, str) and not isinstance(outcome, Outcome):
            yield replace(run, error=outcome)
        else:
            yield replace(run, outcomes={"t": outcome} if outcome else {})


def test_what_counts_as_a_new_failure() -> None:
    before = {"a": P, "b": P, "c": P, "d": P, "e": P, "f": F, "g": Outcome.SKIPPED, "h": P}
    after = {
        "a": P,
        "b": F,
        "c": Outcome.SKIPPED,
        "d": Outcome.ERROR,
        "f": Outcome.ERROR,
        "h": Outcome.XFAILED,
    }
    assert new_failures(before, after) == [
        NewFailure("b", P, F),
        NewFailure("c", P, Outcome.SKIPPED),
        NewFailure("d", P, Outcome.ERROR),
        NewFailure("e", P, None),
        NewFailure("h", P, Outcome.XFAILED),
    ]


@pytest.mark.parametrize(
    ("baseline", "candidate", "expected"),
    [
        ([P], [F], Confirmation(failures=[SUSPECT])),
        ([P], [None], Confirmation(failures=[SUSPECT])),
        ([F], [F], Confirmation(excused=["t"], flaky=["t"])),
        ([P, F], [P, P], Confirmation(excused=["t"], flaky=["t"])),
        ([P, P, P], [P, F, F], Confirmation(inconclusive=["t"], flaky=["t"])),
        ([P, P], ["timed out", F], Confirmation(failures=[SUSPECT])),
        ([P, P, P], ["x", "x", "x"], Confirmation(inconclusive=["t"])),
        ([None, None, None], [F, F, F], Confirmation(inconclusive=["t"])),
        ([None, P], [F, F], Confirmation(failures=[SUSPECT])),
        ([None, F], [F, F], Confirmation(excused=["t"], flaky=["t"])),
    ],
)
def test_confirmation(
    baseline: list[Outcome | str | None], candidate: list[Outcome | str | None], expected: Confirmation
) -> None:
    before, after = runs(*baseline), runs(*candidate)
    found = confirm([SUSPECT], run_baseline=lambda: next(before), run_candidate=lambda: next(after))
    assert found == expected
    assert (list(before), list(after)) == ([], [])


def test_a_test_known_as_flaky_does_not_decide_and_nothing_is_run_for_it() -> None:
    def never() -> TestRun:
        raise AssertionError

    found = confirm([SUSPECT], run_baseline=never, run_candidate=never, known_flaky={"t"})
    assert found == Confirmation(excused=["t"])
