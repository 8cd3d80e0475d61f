"""Measuring commits: in a fresh checkout, under the baseline's judge, never where an agent has worked."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from factory.config import ProjectConfig
from factory.cycle.lab import Lab
from factory.evals.cache import write_last_eval
from factory.evals.harness import harness_hash
from factory.evals.judge_extends import extended_settings
from factory.evals.judge_settings import (
    is_judge_file,
    is_shared_settings,
    judge_patterns,
    judge_settings,
    with_settings_of,
)
from factory.evals.run import check_once, measure, test_once
from factory.evals.testrun import TestRun
from factory.git import SYMLINK_MODE, Change, scratch_checkout
from factory.globs import matches
from factory.models import CommandResult, Measurement, MeasurementPairs


@contextmanager
def judged_checkout(
    lab: Lab,
    commit: str,
    judge: str,
    policy: ProjectConfig,
    *,
    old_tests: Collection[str] = (),
) -> Iterator[Path]:
    """A throwaway checkout of ``commit`` in which the judge is that of ``judge``.

    That are the files that the judge owns and the settings of the measuring tools; ``old_tests``, the changed
    files that tests consist of, are the judge's too where they are told.
    """
    with scratch_checkout(lab.repo, commit, parent=lab.workspaces) as checkout:
        if commit != judge:
            _lay_judge(lab, commit, judge, policy, checkout, old_tests=old_tests)
        yield checkout


def _lay_judge(
    lab: Lab,
    commit: str,
    judge: str,
    policy: ProjectConfig,
    checkout: Path,
    *,
    old_tests: Collection[str],
) -> None:
    """Take away what the candidate has in the judge's places, then put there what the judge had.

    The candidate may have a link or a file where a folder of the judge's was: that goes, for nothing is
    written through it.
    """
    changed = lab.repo.changes(judge, commit)
    extended = extended_settings(lab.repo, judge, (change.path for change in changed))
    changes = [
        change
        for change in changed
        if change.path in extended or _is_judges(policy, change.path) or change.path in old_tests
    ]
    _lay_back(lab, changes, judge, checkout)
    laid = {change.path for change in changes}
    for change in changed:
        if change.path not in laid and is_shared_settings(change.path):
            _lay_settings(lab, change.path, judge, checkout)


def _is_judges(policy: ProjectConfig, path: str) -> bool:
    """Whether a file as a whole belongs to the judge."""
    return matches((*judge_patterns(policy.scope), *policy.research.fixed), path) or is_judge_file(path)


def harness_at(lab: Lab, judge: str, policy: ProjectConfig) -> str:
    """Who measures where ``judge`` is the commit that the judge is taken from: the same on both sides."""
    blobs = lab.repo.blobs(judge)
    extended = extended_settings(lab.repo, judge, blobs)
    files = {path: blob for path, blob in blobs.items() if path in extended or _is_judges(policy, path)}
    shared = [path for path in blobs if path not in files and is_shared_settings(path)]
    texts = lab.repo.texts([blobs[path] for path in shared])
    return harness_hash(policy, files, {path: judge_settings(path, texts[blobs[path]]) for path in shared})


def _lay_back(lab: Lab, changes: Sequence[Change], judge: str, checkout: Path) -> None:
    for change in changes:
        if change.status != "D":
            _remove(checkout / change.path)
    for change in changes:
        text = lab.repo.show(judge, change.path)
        if text is not None:
            place = checkout / change.path
            _make_way(checkout, place)
            _lay(place, text, change.old_mode)


def _lay_settings(lab: Lab, path: str, judge: str, checkout: Path) -> None:
    """Give a file that has other things in it too the measuring tools' settings that it had at the judge."""
    place = checkout / path
    plain = place.is_file() and not place.is_symlink()
    theirs = place.read_text("utf-8", "surrogateescape") if plain else None
    text = with_settings_of(path, theirs, lab.repo.show(judge, path))
    if text is None and (plain or place.is_symlink()):
        _remove(place)
    elif text is not None and text != theirs:
        _make_way(checkout, place)
        place.write_text(text, "utf-8", "surrogateescape")


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _make_way(checkout: Path, place: Path) -> None:
    """Real folders from ``checkout`` down to ``place``, and nothing at ``place`` itself."""
    for folder in reversed(place.relative_to(checkout).parents[:-1]):
        if (checkout / folder).is_symlink() or not (checkout / folder).is_dir():
            _remove(checkout / folder)
            (checkout / folder).mkdir()
    _remove(place)


def _lay(place: Path, text: str, mode: str) -> None:
    if mode == SYMLINK_MODE:
        place.symlink_to(text)
    else:
        place.write_bytes(text.encode("utf-8", "surrogateescape"))
        place.chmod(int(mode[-3:], 8))


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
            harness=harness_at(lab, judge, policy),
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


def run_tests_once(
    lab: Lab,
    commit: str,
    judge: str,
    policy: ProjectConfig,
    *,
    old_tests: Collection[str] = (),
) -> TestRun:
    """One more run of the whole suite on ``commit``; with ``old_tests``, as for ``judged_checkout``, of the
    judge's suite.
    """
    with judged_checkout(lab, commit, judge, policy, old_tests=old_tests) as checkout:
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
