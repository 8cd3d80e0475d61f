"""Measuring commits: in a fresh checkout, under the baseline's judge, never where an agent has worked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from factory.config import ProjectConfig
from factory.cycle.lab import Lab
from factory.evals.run import measure, run_command, test_outcomes
from factory.fsio import write_json
from factory.git import scratch_checkout
from factory.globs import matches
from factory.guard import EVAL_PATTERN
from factory.models import CommandResult, Measurement, Outcome
from factory.paths import CONFIG_FILE


@contextmanager
def judged_checkout(lab: Lab, commit: str, judge: str, policy: ProjectConfig) -> Iterator[Path]:
    """A throwaway checkout of ``commit`` with the files that the judge owns as they are at ``judge``."""
    with scratch_checkout(lab.repo, commit, parent=lab.workspaces) as checkout:
        if commit != judge:
            _lay_judge(lab, commit, judge, policy, checkout)
        yield checkout


def _lay_judge(lab: Lab, commit: str, judge: str, policy: ProjectConfig, checkout: Path) -> None:
    protected = (EVAL_PATTERN, CONFIG_FILE, *policy.scope.read_only)
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


def measure_commit(lab: Lab, commit: str, judge: str, policy: ProjectConfig, *, fresh: bool = False) -> Measurement:
    """Measure ``commit`` with the harness of ``judge``; an unchanged tree comes from the cache unless ``fresh``."""
    with judged_checkout(lab, commit, judge, policy) as checkout:
        measurement = measure(
            checkout,
            config=policy,
            commit=commit,
            tree=lab.repo.tree(commit),
            project_root=lab.paths.root,
            project_key=lab.paths.key,
            home=lab.home,
            progress=lab.say,
            fresh=fresh,
        )
    write_json(lab.paths.last_eval, measurement)
    return measurement


def run_tests_once(lab: Lab, commit: str, judge: str, policy: ProjectConfig) -> dict[str, Outcome]:
    """One more run of the whole suite on ``commit``: the outcomes by node id."""
    with judged_checkout(lab, commit, judge, policy) as checkout:
        return test_outcomes(checkout, config=policy, project_root=lab.paths.root, home=lab.home, progress=lab.say)


def run_in_checkout(lab: Lab, commit: str, judge: str, policy: ProjectConfig, name: str, command: str) -> CommandResult:
    """Run a plan item's check on ``commit`` in the environment of the measurements."""
    with judged_checkout(lab, commit, judge, policy) as checkout:
        return run_command(checkout, name, command, config=policy, project_root=lab.paths.root, home=lab.home, progress=lab.say)

