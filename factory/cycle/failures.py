"""New failures: confirmed by running the whole suite again on both sides, or explained away truthfully."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from factory.config import ProjectConfig
from factory.cycle.lab import Lab
from factory.cycle.measuring import run_tests_once
from factory.errors import FactoryError
from factory.evals.confirm import REPEATS, confirm
from factory.evals.steady import newly_passing
from factory.evals.testrun import new_failures
from factory.fsio import read_json_plain, utc_now, write_json, write_lock
from factory.models import FORMAT_VERSION, FailureReport, Outcome

Outcomes = Mapping[str, Outcome]


def confirm_failures(
    lab: Lab, baseline: str, commit: str, policy: ProjectConfig, *, before: Outcomes, after: Outcomes
) -> FailureReport:
    """Judge every test that passed at the baseline and did not on the candidate.

    Suspects are repeated in their whole suite on both sides; tests remembered as flaky do not decide. Only
    what wavers at the baseline is remembered: a change that makes a test flaky must not excuse itself.
    """
    known = known_flaky(lab)
    suspects = new_failures(before, after)
    if any(suspect.test not in known for suspect in suspects):
        lab.say(f"no longer passing: {len(suspects)} of the baseline's tests; the suite again, on both sides")
    result = confirm(
        suspects,
        run_baseline=lambda: run_tests_once(lab, baseline, baseline, policy),
        run_candidate=lambda: run_tests_once(lab, commit, baseline, policy),
        known_flaky=known,
    )
    remember_flaky(lab, set(result.excused) - known, lab.repo.tree(baseline))
    return FailureReport(
        commit=commit,
        confirmed=[failure.test for failure in result.failures],
        unclear=result.inconclusive,
        excused=result.excused,
    )


def find_lucky(lab: Lab, baseline: str, policy: ProjectConfig, *, before: Outcomes, after: Outcomes) -> None:
    """Remember as flaky what failed at the baseline, passes on the candidate, and passes at the baseline too
    when its suite runs again, at most ``REPEATS`` times: its passing is luck, and no gain of the change.
    """
    suspects = newly_passing(before, after) - known_flaky(lab)
    for _ in range(REPEATS):
        if not suspects:
            return
        lab.say(f"passing now: {len(suspects)} tests that failed; the baseline's suite again")
        run = run_tests_once(lab, baseline, baseline, policy)
        lucky = {test for test in suspects if run.valid and run.outcomes.get(test) == Outcome.PASSED}
        remember_flaky(lab, lucky, lab.repo.tree(baseline))
        suspects -= lucky


def known_flaky(lab: Lab) -> set[str]:
    """The tests that were once seen with both outcomes on one tree."""
    return set(_read(lab))


def _read(lab: Lab) -> dict[str, dict[str, str]]:
    if lab.paths.flaky.exists() and lab.repo.tracked(lab.paths.flaky):
        return {}  # it came with the repository: what it excuses was not seen here
    try:
        return dict(read_json_plain(lab.paths.flaky)["tests"])
    except (FactoryError, KeyError, TypeError, ValueError):
        # A lost memory of flakiness costs a repetition, never a wrong verdict.
        return {}


def remember_flaky(lab: Lab, tests: Iterable[str], tree: str) -> None:
    """Note tests that showed both outcomes on ``tree``."""
    found = sorted(tests)
    if not found:
        return
    with write_lock(lab.repo.common_dir):
        seen = _read(lab) | {test: {"tree": tree, "seen": utc_now()} for test in found}
        write_json(lab.paths.flaky, {"v": FORMAT_VERSION, "tests": seen})
