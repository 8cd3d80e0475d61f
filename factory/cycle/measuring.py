"""Measuring commits: in a fresh checkout, under the baseline's judge, never where an agent has worked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from factory.config import ProjectConfig
from factory.cycle.lab import Lab
from factory.evals.cache import write_last_eval
from factory.evals.run import check_once, measure, test_once
from factory.evals.testrun import TestRun
from factory.git import scratch_checkout
from factory.globs import matches
from factory.guard import judge_patterns
from factory.models import CommandResult, Measurement, MeasurementPairs


@contextmanager
def judged_checkout(lab: Lab, commit: str, judge: str, policy: ProjectConfig) -> Iterator[Path]:
    """A throwaway checkout of ``commit`` with the files that the judge owns as they are at ``judge``."""
    with scratch_checkout(lab.repo, commit, parent=lab.workspaces) as checkout:
        if commit != judge:
            _lay_judge(lab, commit, judge, policy, checkout)
        yield checkout


def _lay_judge(lab: Lab, commit: str, judge: str, policy: ProjectConfig, checkout: Path) -> None:
    protected = judge_patterns(policy)
    for change in lab.repo.changes(judge, commit):
        if not matches(protected, change.path):
            continue
        place = checkout / change.path
        place.unlink(missing_ok=True)
        text = lab.repo.show(judge, change.path)
        if text is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode("utf-8", "surrogateescape"))
            place.chmod(int(change.old_mode[-3:], 8))


def measure_commit(
    lab: Lab, commit: str, judge: str, policy: ProjectConfig, *, fresh: bool = False
) -> Measurement:
    """Measure ``commit`` with the harness of ``judge``.

    An unchanged tree comes from the cache; with ``fresh`` its noisy dimensions are sampled anew.
    """
    with judged_checkout(lab, commit, judge, policy) as checkout:
        measurement = measure(
            checkout,
            config=policy,
            commit=commit,
            tree=lab.repo.tree(commit),
            project_root=lab.paths.root,
            project_key=lab.paths.key,
            home=lab.home,
            sandbox=lab.sandbox,
            progress=lab.progress,
            fresh=fresh,
        )
    write_last_eval(lab.paths.last_eval, measurement)
    return measurement


def measure_pairs(
    lab: Lab, baseline: str, commit: str, policy: ProjectConfig, first: tuple[Measurement, Measurement]
) -> MeasurementPairs:
    """The samples that a decision rests on: one of each side, or interleaved pairs where there is noise.

    The number of pairs is the policy's, fixed in advance; ``first`` are the samples taken already.
    """
    before, after = [first[0]], [first[1]]
    if any(d.noisy for d in (*first[0].dimensions, *first[1].dimensions)):
        for number in range(2, policy.eval.pairs + 1):
            lab.say(f"noisy dimensions: pair {number} of {policy.eval.pairs}")
            before.append(measure_commit(lab, baseline, baseline, policy, fresh=True))
            after.append(measure_commit(lab, commit, baseline, policy, fresh=True))
    return MeasurementPairs(before=before, after=after)


def run_tests_once(lab: Lab, commit: str, judge: str, policy: ProjectConfig) -> TestRun:
    """One more run of the whole suite on ``commit``."""
    with judged_checkout(lab, commit, judge, policy) as checkout:
        return test_once(
            checkout,
            config=policy,
            project_root=lab.paths.root,
            home=lab.home,
            sandbox=lab.sandbox,
            progress=lab.progress,
        )


def run_verify(lab: Lab, commit: str, judge: str, policy: ProjectConfig, command: str) -> CommandResult:
    """Run a plan item's check on ``commit`` in the environment of the measurements."""
    with judged_checkout(lab, commit, judge, policy) as checkout:
        return check_once(
            checkout,
            "verify",
            command,
            config=policy,
            project_root=lab.paths.root,
            home=lab.home,
            sandbox=lab.sandbox,
            progress=lab.progress,
        )
