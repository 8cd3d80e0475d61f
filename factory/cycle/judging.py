"""Judging an experiment: measured, guarded, reviewed, prechecked; from what is on record alone.

No function takes a score: they read what was stored for the experiment.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from factory.config import ProjectConfig
from factory.cycle.experiment import (
    AFTER,
    BEFORE,
    FAILURES,
    FINAL_REVIEW,
    GUARD,
    META,
    PAIRS,
    PRECHECK,
    VERIFY,
    tip_of,
    workspace,
)
from factory.cycle.failures import confirm_failures, find_lucky, known_flaky, sample_pairs
from factory.cycle.lab import Lab
from factory.cycle.leaks import LEAKS
from factory.cycle.measuring import measure_commit, run_verify
from factory.errors import Refused
from factory.evals.decide import Comparison, compare
from factory.evals.dependencies import DEPENDENCY_FILES
from factory.evals.gather import tells_outcomes
from factory.evals.plan import is_built_in
from factory.evals.steady import held_to, mean, without
from factory.fsio import utc_now
from factory.globs import matches
from factory.guard import Allowed, run_guards
from factory.models import (
    Experiment,
    FailureReport,
    FeatureCheck,
    GuardReport,
    Kind,
    LeakReport,
    Measurement,
    MeasurementPairs,
    Outcome,
    PrecheckReport,
    ReviewRecord,
    ReviewVerdict,
    VerifyCheck,
    VerifyReport,
)
from factory.precheck import PrecheckFacts, run_precheck
from factory.store import ExperimentFolder
from factory.words import quoted

ONLY_EDITED = "tests that pass only as edited, or are skipped or gone"
"""What is no gain, though fewer tests fail."""


def baseline_measurement(lab: Lab, experiment: Experiment, policy: ProjectConfig) -> Measurement:
    """The stored measurement of the baseline, made now if there is none."""
    folder = lab.store.experiment(experiment.id)
    if not folder.exists(BEFORE):
        folder.write(
            BEFORE, measure_commit(lab, experiment.baseline, experiment.baseline, policy, fresh=True)
        )
    return folder.read(BEFORE, Measurement)


def guard(lab: Lab, experiment: Experiment, commit: str, policy: ProjectConfig) -> GuardReport:
    """Run the guards on the candidate and store what they say."""
    folder = lab.store.experiment(experiment.id)
    before = folder.find(BEFORE, Measurement)
    report = run_guards(
        lab.repo,
        experiment.baseline,
        commit,
        policy,
        allows=experiment.item.allows,
        passing_tests=_passing(before, policy),
        founds_judge=experiment.kind is Kind.SCAFFOLD,
    )
    if experiment.kind is Kind.UNDO:
        report = _of_no_agent(report)
    folder.write(GUARD, report)
    folder.write("changes.diff", lab.repo.diff(experiment.baseline, commit))
    return report


def _passing(before: Measurement | None, policy: ProjectConfig) -> list[str] | None:
    """The tests that passed; None where nobody knows: an exit code, for one, names none.

    Where pytest or a report has told that there is no test, none passed.
    """
    if before is None or not (before.tests or _has_told_tests(before, policy)):
        return None
    return [test for test, outcome in before.tests.items() if outcome == "passed"]


def _has_told_tests(before: Measurement, policy: ProjectConfig) -> bool:
    """Whether a dimension that names its tests was measured, be it that there are none."""
    # A command has a list of tests, an empty one, also where its parser names none.
    mute = {s.name for s in policy.eval.dimensions if not (is_built_in(s) or tells_outcomes(s))}
    return any(d.tests is not None and not d.error and d.name not in mute for d in before.dimensions)


def _of_no_agent(report: GuardReport) -> GuardReport:
    """The findings without those on weakened checks: the engine made this change by taking another one back,
    and the tests that were there before that one must still pass.
    """
    return report.model_copy(update={"findings": [f for f in report.findings if f.guard != "integrity"]})


def measure_candidate(lab: Lab, experiment: Experiment, commit: str, policy: ProjectConfig) -> Measurement:
    """Measure the candidate with the baseline's judge; repeat what newly fails; try the item's own check."""
    folder = lab.store.experiment(experiment.id)
    before = baseline_measurement(lab, experiment, policy)
    # A scaffold makes the harness that measures it; everything later is judged by its baseline's.
    judge = commit if experiment.kind is Kind.SCAFFOLD else experiment.baseline
    after = measure_commit(lab, commit, judge, policy, fresh=True)
    pairs = sample_pairs(lab, experiment.baseline, commit, policy, (before, after))
    failures = confirm_failures(
        lab,
        experiment.baseline,
        commit,
        policy,
        # Where the smoke test fails no test was run: none is known to be lost.
        before={} if after.smoke_failed else _owed(lab, experiment, before),
        after=after.tests,
        allows=experiment.item.allows,
    )
    folder.write(FAILURES, failures)
    find_lucky(lab, experiment.baseline, policy, before=before.tests, after=after.tests)
    folder.write(VERIFY, _verify(lab, experiment, commit, policy))
    folder.write(PAIRS, pairs)
    folder.write(AFTER, after)
    return after


def _owed(lab: Lab, experiment: Experiment, before: Measurement) -> Mapping[str, Outcome]:
    """The baseline's tests that the candidate is held to: all but those that came with what is undone."""
    if experiment.undoes is None:
        return before.tests
    undone = lab.store.experiment(experiment.undoes)
    old, new = (undone.find(name, Measurement) for name in (BEFORE, AFTER))
    came_with_it = set(new.tests) - set(old.tests) if old and new else set()
    return {test: outcome for test, outcome in before.tests.items() if test not in came_with_it}


def _verify(lab: Lab, experiment: Experiment, commit: str, policy: ProjectConfig) -> VerifyReport:
    own = [FeatureCheck(command=experiment.item.verify)] if experiment.item.verify else []
    checks = []
    for wanted in experiment.item.checks or own:
        before, after = (
            run_verify(lab, sha, experiment.baseline, policy, wanted.command)
            for sha in (experiment.baseline, commit)
        )
        checks.append(VerifyCheck(feature=wanted.feature, before=before, after=after))
    return VerifyReport(commit=commit, checks=checks)


def review(
    lab: Lab, experiment: Experiment, commit: str, *, by: str, verdict: ReviewVerdict, reason: str
) -> ReviewRecord:
    """Store the final review of the candidate, bound to its commit."""
    record = ReviewRecord(by=by, commit=commit, verdict=verdict, reason=reason, timestamp=utc_now())
    lab.store.experiment(experiment.id).write(FINAL_REVIEW, record)
    return record


def candidate_of(lab: Lab, experiment: Experiment) -> str:
    """The commit that the experiment's branch stands at. Raises Refused where nothing was committed yet."""
    tip = tip_of(lab, experiment)
    if tip == experiment.baseline:
        raise Refused(
            f"Experiment {experiment.id} has no change yet.",
            f"Edit {workspace(lab, experiment)}, then "
            f"`factory eval {quoted(lab.paths.root)} --id {experiment.id}`.",
        )
    return tip


def out_of_order(lab: Lab, experiment: Experiment, commit: str) -> tuple[str, str]:
    """What has to come before a decision on ``commit``, and the command for it; empty when nothing.

    A review that rejects the commit decides it, measured or not.
    """
    folder = lab.store.experiment(experiment.id)
    place = f"{quoted(lab.paths.root)} --id {experiment.id}"
    review = folder.find(FINAL_REVIEW, ReviewRecord)
    if review is not None and rejects(review, commit):
        return "", ""
    if None in sides(folder, commit):
        return f"Commit {commit[:12]} is not measured.", f"factory eval {place}"
    again = f"factory review {place} --verdict keep --reason TEXT"
    if review is None:
        return f"Commit {commit[:12]} is not reviewed.", again
    if review.commit != commit:
        return f"The branch is at {commit[:12]}, and the review is of {review.commit[:12]}.", again
    return "", ""


def rejects(review: ReviewRecord, commit: str) -> bool:
    """Whether a review of that very commit is against it."""
    return review.commit == commit and review.verdict is not ReviewVerdict.PROCEED


def precheck(lab: Lab, experiment: Experiment, policy: ProjectConfig) -> PrecheckReport:
    """The hard gate on what is stored for the experiment's branch tip; its answer is stored too."""
    folder = lab.store.experiment(experiment.id)
    commit = candidate_of(lab, experiment)
    before, after = sides(folder, commit)
    failures = folder.find(FAILURES, FailureReport)
    report = run_precheck(
        PrecheckFacts(
            commit=commit,
            before=before,
            after=after,
            guard=folder.find(GUARD, GuardReport),
            threshold=policy.eval.threshold,
            comparison=comparison_of(lab, folder, commit, policy),
            new_failures=failures.told if failures else (),
            unclear_failures=failures.unclear if failures else (),
            anti_pattern=experiment.anti_pattern,
            leaks=_leaks(folder, experiment, commit),
            dependencies_changed=_changes_dependencies(lab, experiment, commit),
            scaffold=experiment.kind == Kind.SCAFFOLD,
            undo=experiment.kind == Kind.UNDO,
            review=folder.find(FINAL_REVIEW, ReviewRecord),
        )
    )
    folder.write(PRECHECK, report)
    return report


def _leaks(folder: ExperimentFolder, experiment: Experiment, commit: str) -> list[str]:
    """What the leakage scan has found; that it has not looked at this commit is a finding too."""
    if experiment.kind is not Kind.RESEARCH:
        return []
    report = folder.find(LEAKS, LeakReport)
    if report is None or report.commit != commit:
        return ["the leakage scan did not run on this commit"]
    return [leak.message for leak in report.leaks]


def _changes_dependencies(lab: Lab, experiment: Experiment, commit: str) -> bool:
    changes = lab.repo.changes(experiment.baseline, commit)
    return any(matches(DEPENDENCY_FILES, change.path) for change in changes)


def sides(folder: ExperimentFolder, commit: str) -> tuple[Measurement | None, Measurement | None]:
    """Baseline and candidate as measured; what was measured at another commit counts for nothing.

    Nor does a measurement whose findings a later, broken-off one on another commit has replaced.
    """
    after = folder.find(AFTER, Measurement)
    complete = after is not None and after.commit == commit and _found_on(folder, commit)
    return folder.find(BEFORE, Measurement), after if complete else None


def _found_on(folder: ExperimentFolder, commit: str) -> bool:
    """Whether new failures, the item's checks and the pairs are all on record for that commit."""
    failures, shown = folder.find(FAILURES, FailureReport), folder.find(VERIFY, VerifyReport)
    pairs = folder.find(PAIRS, MeasurementPairs)
    if failures is None or shown is None or pairs is None:
        return False
    return {failures.commit, shown.commit, *(sample.commit for sample in pairs.after)} == {commit}


def comparison_of(
    lab: Lab, folder: ExperimentFolder, commit: str, policy: ProjectConfig
) -> Comparison | None:
    """How the score moved from the baseline to ``commit``; None where a side was not measured."""
    if None in sides(folder, commit):
        return None
    moved = compare_stored(folder, policy, left_out(lab, folder))
    failures = folder.read(FAILURES, FailureReport)
    if not failures.unearned:
        return moved
    named = f"; no gain are {ONLY_EDITED}: {', '.join(failures.unearned[:3])}"
    return replace(moved, rationale=moved.rationale + named)


def left_out(lab: Lab, folder: ExperimentFolder) -> list[str]:
    """The measured tests that don't count in the experiment's scores: flaky, unclear, or no gain of it."""
    failures = folder.find(FAILURES, FailureReport)
    # Unclear ones make the experiment inconclusive; they are no loss of score that could be told.
    wavering = {*failures.unclear, *failures.excused, *failures.unearned} if failures else set()
    allowed = Allowed.by(folder.read(META, Experiment).item.allows)
    pairs = folder.read(PAIRS, MeasurementPairs)
    measured = {test for sample in (*pairs.before, *pairs.after) for test in sample.tests}
    wavering |= {test for sample in pairs.before for test in sample.tests if allowed.test(test)}
    return sorted(measured & (known_flaky(lab) | wavering))


def compare_stored(folder: ExperimentFolder, policy: ProjectConfig, flaky: Collection[str]) -> Comparison:
    """How the score moved in the stored pairs, without these tests."""
    pairs = folder.read(PAIRS, MeasurementPairs)
    return _compare(pairs.before, pairs.after, policy, flaky)


def as_compared(
    lab: Lab, experiment: Experiment, commit: str, policy: ProjectConfig
) -> tuple[Measurement | None, Measurement | None]:
    """Both sides with the scores that decide: means over the pairs, without the tests that do not count.

    Where they cannot be compared, what was measured first of each; None where a side was not measured.
    """
    folder = lab.store.experiment(experiment.id)
    before, after = sides(folder, commit)
    moved = comparison_of(lab, folder, commit, policy)
    if moved is None or moved.before is None:
        return before, after
    pairs, flaky = folder.read(PAIRS, MeasurementPairs), left_out(lab, folder)
    steady = without(pairs.before, flaky)
    held = held_to(steady, without(pairs.after, flaky))
    return mean(steady, moved.before), mean(held, moved.after)


def compare_sides(
    lab: Lab, before: Sequence[Measurement], after: Sequence[Measurement], policy: ProjectConfig
) -> Comparison:
    """How the score moved between two sides, by the policy's margins; tests known to be flaky don't count."""
    return _compare(before, after, policy, known_flaky(lab))


def _compare(
    before: Sequence[Measurement],
    after: Sequence[Measurement],
    policy: ProjectConfig,
    flaky: Collection[str],
) -> Comparison:
    settings, steady = policy.eval, without(before, flaky)
    return compare(
        steady,
        held_to(steady, without(after, flaky)),
        weights=settings.weights,
        min_gain=settings.min_gain,
        tolerance=settings.tolerance,
        tolerances={spec.name: spec.tolerance for spec in settings.dimensions},
    )
