"""New failures: confirmed by running the whole suite again on both sides, or explained away truthfully."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from factory.config import ProjectConfig
from factory.cycle.lab import Lab
from factory.cycle.measuring import measure_pairs, run_tests_once
from factory.errors import FactoryError
from factory.evals.confirm import REPEATS, Confirmation, confirm
from factory.evals.dimensions.sources import files_named, is_test_file
from factory.evals.own_tests import of_the_product
from factory.evals.steady import COLLECTION, flipping, newly_passing, unearned
from factory.evals.testrun import NewFailure, TestRun, new_failures
from factory.fsio import read_json_plain, utc_now, write_json, write_lock
from factory.git import Change
from factory.guard import Allowed
from factory.models import FORMAT_VERSION, FailureReport, Measurement, MeasurementPairs, Outcome
from factory.words import counted

Outcomes = Mapping[str, Outcome]


def confirm_failures(
    lab: Lab,
    baseline: str,
    commit: str,
    policy: ProjectConfig,
    *,
    before: Outcomes,
    after: Outcomes,
    allows: Collection[str] = (),
) -> FailureReport:
    """Judge every test that passed at the baseline and did not on the candidate.

    Where the candidate touches files of tests, the baseline's tests run on its code too: an emptied or
    rewritten test hides no failure. Suspects are repeated in their whole suite on both sides; tests
    remembered as flaky do not decide. Only what wavers at the baseline is remembered: a change that makes a
    test flaky must not excuse itself. What the plan item names (``allows``) may be gone, or fail. A test
    that failed at the baseline is no gain where it passes only as the candidate has edited it.
    """
    allowed = Allowed.by(allows)
    held = {test: outcome for test, outcome in before.items() if not allowed.test(test)}
    sides = _Sides(lab, baseline, commit, policy)
    plain = sides.confirm(new_failures(held, after))
    found = [failure.test for failure in plain.failures]
    hidden, as_it_was = Confirmation(), None
    tests = _files_of_tests(lab, baseline, commit, before=before, after=after)
    if held and tests:
        lab.say("files of tests are changed: the baseline's tests on the new code")
        as_it_was = sides.old_tests(tests).outcomes
        settled = {*found, *plain.inconclusive, *plain.excused}
        hidden = sides.confirm(
            [s for s in new_failures(held, as_it_was) if s.test not in settled], old_tests=tests
        )
    excused = plain.excused + hidden.excused
    remember_flaky(lab, set(excused) - known_flaky(lab), lab.repo.tree(baseline))
    return FailureReport(
        commit=commit,
        confirmed=found + [failure.test for failure in hidden.failures],
        hidden=[failure.test for failure in hidden.failures],
        unclear=plain.inconclusive + hidden.inconclusive,
        excused=excused,
        unearned=sorted(unearned(before, after, as_it_was) - known_flaky(lab)),
        allowed=[failure.test for failure in new_failures(before, after) if allowed.test(failure.test)],
    )


def _files_of_tests(lab: Lab, baseline: str, commit: str, *, before: Outcomes, after: Outcomes) -> list[str]:
    """The changed files that tests consist of, new ones among them: they run with the others.

    Known by their names, and by the tests that ran: those of the baseline, and where a file is new, or could
    not be collected, its own. What else the candidate says of a file that was there already could be said of
    the product. What is known by its tests alone may hold the product too: then it stays as it is.
    """
    old, new = files_named(before), files_named(after)
    changes = lab.repo.changes(baseline, commit)
    found = [
        change
        for change in changes
        if is_test_file(change.path, old)
        or (change.path in new and (change.status == "A" or f"{change.path}{COLLECTION}" in before))
    ]
    told = [change for change in found if not is_test_file(change.path)]
    product = _of_the_product(lab, baseline, commit, told) if told else set()
    return [change.path for change in found if change.path not in product]


def _of_the_product(lab: Lab, baseline: str, commit: str, told: Sequence[Change]) -> set[str]:
    """Those of these changed files that hold more than tests.

    What was there is judged by the baseline, for the candidate must not keep its edited tests by importing
    them. What is new is judged by the candidate, where the importer stays as it is.
    """
    there, new = ([c.path for c in told if (c.status == "A") is added] for added in (False, True))
    texts = _texts(lab, baseline, there)
    product = of_the_product(there, texts, importers=texts)
    if new:
        texts = _texts(lab, commit, new)
        laid_back = {change.path for change in told} - product
        product |= of_the_product(new, texts, importers=texts.keys() - laid_back)
    return product


def _texts(lab: Lab, revision: str, paths: Collection[str]) -> dict[str, str]:
    """The texts of all Python files of a commit, and of ``paths``."""
    blobs = {p: blob for p, blob in lab.repo.blobs(revision).items() if p.endswith(".py") or p in paths}
    texts = lab.repo.texts(sorted(set(blobs.values())))
    return {path: texts[blob] for path, blob in blobs.items()}


@dataclass(frozen=True)
class _Sides:
    """A baseline and a candidate whose tests can be run once more."""

    lab: Lab
    baseline: str
    commit: str
    policy: ProjectConfig

    def old_tests(self, files: Collection[str]) -> TestRun:
        """One run of the baseline's tests on the candidate's code, with these files as they were there."""
        return run_tests_once(self.lab, self.commit, self.baseline, self.policy, old_tests=files)

    def confirm(self, suspects: Sequence[NewFailure], *, old_tests: Collection[str] = ()) -> Confirmation:
        """Repeat the suspects on both sides; the candidate's with the baseline's tests if asked for."""
        known = known_flaky(self.lab)
        if any(suspect.test not in known for suspect in suspects):
            self.lab.say(f"no longer passing: {len(suspects)} of the baseline's tests; both sides again")
        return confirm(
            suspects,
            run_baseline=lambda: run_tests_once(self.lab, self.baseline, self.baseline, self.policy),
            run_candidate=lambda: run_tests_once(
                self.lab, self.commit, self.baseline, self.policy, old_tests=old_tests
            ),
            known_flaky=known,
        )


def find_lucky(lab: Lab, baseline: str, policy: ProjectConfig, *, before: Outcomes, after: Outcomes) -> None:
    """Remember as flaky what failed at the baseline, passes on the candidate, and passes at the baseline too
    when its suite runs again, at most ``REPEATS`` times: its passing is luck, and no gain of the change.
    """
    suspects = newly_passing(before, after) - known_flaky(lab)
    for time in range(1, REPEATS + 1):
        if not suspects:
            return
        told = counted(len(suspects), "test")
        lab.say(f"passing now: {told} that failed; the baseline's suite again, {time} of at most {REPEATS}")
        run = run_tests_once(lab, baseline, baseline, policy)
        lucky = suspects & newly_passing(before, run.outcomes) if run.valid else set()
        remember_flaky(lab, lucky, lab.repo.tree(baseline))
        suspects -= lucky


def sample_pairs(
    lab: Lab, baseline: str, commit: str, policy: ProjectConfig, first: tuple[Measurement, Measurement]
) -> MeasurementPairs:
    """The samples that a decision rests on; tests that flip on the baseline's side are remembered as flaky.

    Only there: a change that makes a test flaky must not excuse itself.
    """
    pairs = measure_pairs(lab, baseline, commit, policy, first)
    remember_flaky(lab, flipping(pairs.before) - known_flaky(lab), lab.repo.tree(baseline))
    return pairs


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
