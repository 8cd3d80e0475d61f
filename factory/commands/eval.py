"""``factory eval``: measuring without deciding."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from factory import output
from factory.cycle import experiment as lab_work
from factory.cycle import judging
from factory.cycle.lab import Lab, open_lab
from factory.cycle.measuring import measure_commit
from factory.errors import EXIT_NO, EXIT_OK, BadInput
from factory.evals.decide import Comparison
from factory.evals.remarks import no_baseline, remarks, unmeasured
from factory.models import DimensionScore, Measurement
from factory.words import quoted, signed


def run(args: argparse.Namespace) -> int:
    """Measure a commit; with ``--id``, record and measure an experiment's change against its baseline."""
    with output.Progress() as progress:
        lab = open_lab(args.path, progress.say, progress.detail)
        if args.id is None:
            commit = lab.repo.resolve(args.rev or "HEAD")
            _tell_uncommitted(lab, args.rev)
            measured, before = measure_commit(lab, commit, commit, lab.required_policy(commit)), None
            moved = None
        else:
            measured, before, moved = _measure_experiment(lab, args.id, progress)
    return _show(measured, before, moved, as_json=args.json, then=_review_of(lab, args.id))


def _tell_uncommitted(lab: Lab, revision: str | None) -> None:
    """What is measured is a commit, which surprises who has just edited files."""
    edited = [] if revision else lab.repo.uncommitted()
    if edited:
        told = edited[0] + (f" and {len(edited) - 1} more" if len(edited) > 1 else "")
        output.note(f"measured is HEAD, without what is not committed: {told}")


def _measure_experiment(
    lab: Lab, number: int, progress: output.Progress
) -> tuple[Measurement, Measurement | None, Comparison | None]:
    """The candidate and its baseline, with the scores that decide, and how these moved."""
    with lab_work.at_work(lab, number) as experiment:
        policy = lab.required_policy(experiment.baseline)
        judging.baseline_measurement(lab, experiment, policy)
        commit = lab_work.record_candidate(lab, experiment) or ""
        if not commit:
            raise BadInput(
                f"Experiment {experiment.id} has no change yet.",
                f"Edit the files in {lab_work.workspace(lab, experiment)}, then measure again.",
            )
        report = judging.guard(lab, experiment, commit, policy)
        for finding in report.findings:
            progress.say(f"guard: {finding.told}")
        measured = judging.measure_candidate(lab, experiment, commit, policy)
        before, after = judging.as_compared(lab, experiment, commit, policy)
        moved = judging.comparison_of(lab, lab.store.experiment(number), commit, policy)
        return after or measured, before, moved


def _review_of(lab: Lab, number: int | None) -> str:
    """What comes after the measurement of an experiment; nothing after that of a commit."""
    if number is None:
        return ""
    return f"next: factory review {quoted(lab.paths.root)} --id {number} --verdict keep --reason WHY"


def _show(
    measured: Measurement, before: Measurement | None, moved: Comparison | None, *, as_json: bool, then: str
) -> int:
    if as_json:
        compared = {"comparison": asdict(moved)} if moved else {}
        output.emit_json(measured.model_dump(mode="json") | compared)
    else:
        change = _change(measured.composite, before.composite if before else None)
        output.say(f"commit {measured.commit[:12]}: {change}")
        if measured.dimensions:
            output.table(("dimension", "score", "note"), [_row(d, before) for d in measured.dimensions])
        if moved is not None:
            output.say(moved.rationale)
    code = told_of(before or measured, measured)
    if before is not None and (why_not := no_baseline(before)):
        output.note(why_not)
        code = EXIT_NO
    if then and not as_json and code == EXIT_OK:
        output.say(then)
    return code


def told_of(baseline: Measurement, measured: Measurement) -> int:
    """Note what there is to know of the baseline, and why nothing was measured; exit 1 where nothing was."""
    for remark in remarks(baseline):
        output.note(remark)
    why_not = unmeasured(measured)
    if why_not:
        output.note(f"this measurement counts for nothing: {why_not}")
    return EXIT_NO if why_not else EXIT_OK


def _row(found: DimensionScore, before: Measurement | None) -> tuple[str, str, str]:
    earlier = before.dimension(found.name) if before else None
    note = found.error or ("noisy: the mean over the pairs" if before and found.noisy else "")
    return found.name, _change(found.score, earlier.score if earlier else None), note


def _change(score: float | None, earlier: float | None) -> str:
    now = "not measured" if score is None else f"{score:.4f}"
    return now if earlier is None or score is None else f"{earlier:.4f} → {now} ({signed(score - earlier)})"
