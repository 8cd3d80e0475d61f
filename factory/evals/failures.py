"""New failures: which tests a change may have broken, and what repeated runs say about them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from factory.models import Outcome

Tests = Mapping[str, Outcome]

_PASSING = frozenset({Outcome.PASSED, Outcome.XFAILED})


@dataclass(frozen=True, slots=True)
class FailureReport:
    """What became of the suspects, each list sorted.

    ``new`` count against the change. ``unclear`` had both outcomes on the candidate and only passes at the
    baseline. ``excused`` fail at the baseline too. ``flaky`` were seen with both outcomes on one tree, now
    or before; they are to be remembered, and don't decide (an unclear one is flaky only from the next
    experiment on).
    """

    new: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)
    flaky: list[str] = field(default_factory=list)


def suspects(before: Tests, after: Tests, known_flaky: Collection[str] = ()) -> list[str]:
    """Tests that passed at the baseline and now fail, are missing or skipped, without the known flaky ones."""
    return sorted(t for t in before if _passed(before, t) and not _passed(after, t) and t not in known_flaky)


def judge(names: Collection[str], before: Sequence[Tests], after: Sequence[Tests]) -> FailureReport:
    """Sort suspects by all runs of the whole suite on both sides, the first measurement included."""
    report = FailureReport()
    for name in sorted(names):
        _bin(report, before, after, name).append(name)
        if _both(before, name) or _both(after, name):
            report.flaky.append(name)
    return report


def _bin(report: FailureReport, before: Sequence[Tests], after: Sequence[Tests], name: str) -> list[str]:
    if not all(_passed(run, name) for run in before):
        return report.excused
    return report.unclear if _both(after, name) else report.new


def _both(runs: Sequence[Tests], name: str) -> bool:
    return len({_passed(run, name) for run in runs}) > 1


def _passed(run: Tests, name: str) -> bool:
    return run.get(name) in _PASSING
