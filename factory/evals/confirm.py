"""Which failures are new, and which of them are real: tests that passed at the baseline, run again on both
sides.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from factory.evals.testrun import NewFailure, TestRun
from factory.models import Outcome

REPEATS = 3


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What became of the suspected failures.

    ``failures`` are real. ``excused`` failed at the baseline too. ``inconclusive`` had both outcomes on the
    candidate and only passed at the baseline, or did not run there again. ``flaky`` were seen with both
    outcomes on one tree, to be remembered: those of the first two kinds may be among them.
    """

    failures: list[NewFailure] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)
    inconclusive: list[str] = field(default_factory=list)
    flaky: list[str] = field(default_factory=list)


def confirm(
    suspects: Iterable[NewFailure],
    *,
    run_baseline: Callable[[], TestRun],
    run_candidate: Callable[[], TestRun],
    known_flaky: Collection[str] = (),
    repeats: int = REPEATS,
) -> Confirmation:
    """Run the whole suite again on both sides, at most ``repeats`` times, until each suspect is settled.

    Failing at the baseline too excuses a test, failing again on the candidate alone counts. A test that is
    known to be flaky does not decide. A run that is not valid says nothing, and one of the baseline says
    nothing of a test that is not in it.
    """
    result = Confirmation()
    open_suspects = []
    for suspect in suspects:
        if suspect.test in known_flaky:
            result.excused.append(suspect.test)
        else:
            open_suspects.append(suspect)
    wavering: set[str] = set()
    for _ in range(repeats):
        if not open_suspects:
            break
        baseline, candidate = run_baseline(), run_candidate()
        if baseline.valid and candidate.valid:
            open_suspects = _settle(open_suspects, baseline, candidate, wavering, result)
    result.inconclusive.extend(suspect.test for suspect in open_suspects)
    result.flaky.extend(s.test for s in open_suspects if s.test in wavering)
    return result


def _settle(
    suspects: list[NewFailure],
    baseline: TestRun,
    candidate: TestRun,
    wavering: set[str],
    result: Confirmation,
) -> list[NewFailure]:
    """Judge the suspects by one more run on each side; returns those that need another.

    ``wavering`` collects the tests that have passed on the candidate meanwhile.
    """
    still_open = []
    for suspect in suspects:
        passes = candidate.outcomes.get(suspect.test) is Outcome.PASSED
        at_baseline = baseline.outcomes.get(suspect.test)
        if at_baseline is None:
            still_open.append(suspect)  # what did not run has not failed
        elif at_baseline is not Outcome.PASSED:
            result.excused.append(suspect.test)
            result.flaky.append(suspect.test)
        elif passes or suspect.test in wavering:
            wavering.add(suspect.test)
            still_open.append(suspect)
        else:
            result.failures.append(suspect)
    return still_open
