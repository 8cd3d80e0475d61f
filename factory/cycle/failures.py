"""New failures: confirmed by running the whole suite again on both sides, or explained away truthfully."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping

from factory.config import ProjectConfig
from factory.cycle.lab import Lab
from factory.cycle.measuring import run_tests_once
from factory.evals.testrun import new_failures
from factory.fsio import atomic_write, utc_now
from factory.models import FORMAT_VERSION, FailureReport, Outcome

REPEATS = 3
"""How often the suite is run again on each side, at the most."""

Outcomes = Mapping[str, Outcome]
GOOD = (Outcome.PASSED, Outcome.XFAILED)


def confirm_failures(
    lab: Lab, baseline: str, commit: str, policy: ProjectConfig, before: Outcomes, after: Outcomes
) -> FailureReport:
    """Judge every test that passed at the baseline and did not on the candidate.

    Tests remembered as flaky do not decide. The others are repeated in their whole suite on both sides; see
    ``sort_out`` for what the outcomes mean.
    """
    known = known_flaky(lab)
    suspects = {failure.test for failure in new_failures(before, after)}
    report = sort_out(
        suspects - known,
        lambda: run_tests_once(lab, baseline, baseline, policy),
        lambda: run_tests_once(lab, commit, baseline, policy),
    )
    remember_flaky(lab, report.excused, lab.repo.tree(baseline))
    return report.model_copy(update={"commit": commit, "flaky": sorted(suspects & known)})


def sort_out(
    suspects: Iterable[str], run_baseline: Callable[[], Outcomes], run_candidate: Callable[[], Outcomes]
) -> FailureReport:
    """Repeat both sides until each suspect is explained, at most ``REPEATS`` times.

    A suspect that fails at the baseline too is excused. One that fails again on the candidate alone is confirmed.
    One with both outcomes on the candidate and only passes at the baseline stays unclear.
    """
    confirmed: set[str] = set()
    excused: set[str] = set()
    recovered: set[str] = set()
    open_suspects = set(suspects)
    for _ in range(REPEATS):
        if not open_suspects:
            break
        baseline, candidate = run_baseline(), run_candidate()
        for test in sorted(open_suspects):
            if baseline.get(test) not in GOOD:
                excused.add(test)
            elif candidate.get(test) in GOOD:
                recovered.add(test)
            elif test not in recovered:
                confirmed.add(test)
        open_suspects -= confirmed | excused
    return FailureReport(commit="", confirmed=sorted(confirmed), unclear=sorted(open_suspects), excused=sorted(excused))


def known_flaky(lab: Lab) -> set[str]:
    """The tests that were once seen with both outcomes on one tree."""
    return set(_read(lab))


def _read(lab: Lab) -> dict[str, dict[str, str]]:
    try:
        stored = json.loads(lab.paths.flaky.read_text(encoding="utf-8"))
        return dict(stored["tests"])
    except (OSError, ValueError, KeyError, TypeError):
        # A lost memory of flakiness costs a repetition, never a wrong verdict.
        return {}


def remember_flaky(lab: Lab, tests: Iterable[str], tree: str) -> None:
    """Note tests that showed both outcomes on ``tree``."""
    found = list(tests)
    if found:
        seen = _read(lab) | {test: {"tree": tree, "seen": utc_now()} for test in found}
        atomic_write(lab.paths.flaky, json.dumps({"v": FORMAT_VERSION, "tests": seen}, indent=1) + "\n")
