"""``factory eval``: measuring without deciding."""

from __future__ import annotations

import argparse

from factory import output
from factory.cycle import experiment as lab_work
from factory.cycle import judging
from factory.cycle.lab import Lab, open_lab
from factory.cycle.measuring import measure_commit
from factory.errors import EXIT_NO, EXIT_OK, BadInput
from factory.models import Measurement


def run(args: argparse.Namespace) -> int:
    """Measure a commit; with ``--id``, record and measure an experiment's change against its baseline."""
    with output.Progress() as progress:
        lab = open_lab(args.path, progress.say, progress.detail)
        if args.id is None:
            commit = lab.repo.resolve(args.rev or "HEAD")
            measured, before = measure_commit(lab, commit, commit, lab.required_policy(commit)), None
        else:
            measured, before = _measure_experiment(lab, args.id, progress)
    return _show(measured, before, as_json=args.json)


def _measure_experiment(
    lab: Lab, number: int, progress: output.Progress
) -> tuple[Measurement, Measurement | None]:
    """The candidate and its baseline."""
    with lab_work.at_work(lab, number) as experiment:
        policy = lab.required_policy(experiment.baseline)
        before = judging.baseline_measurement(lab, experiment, policy)
        commit = lab_work.record_candidate(lab, experiment) or ""
        if not commit:
            raise BadInput(
                f"Experiment {experiment.id} has no change yet.",
                f"Edit the files in {lab_work.workspace(lab, experiment)}, then measure again.",
            )
        report = judging.guard(lab, experiment, commit, policy)
        for finding in report.findings:
            progress.say(f"guard: {finding.guard}: {finding.message}")
        return judging.measure_candidate(lab, experiment, commit, policy), before


def _show(measured: Measurement, before: Measurement | None, *, as_json: bool) -> int:
    if as_json:
        output.emit_json(measured.model_dump(mode="json"))
    else:
        change = _change(measured.composite, before.composite if before else None)
        output.say(f"commit {measured.commit[:12]}: {change}")
        rows = [_row(d.name, d.score, d.error, before) for d in measured.dimensions]
        output.table(("dimension", "score", "note"), rows)
    if measured.void:
        output.note(f"this measurement counts for nothing: {measured.void}")
        return EXIT_NO
    return EXIT_OK


def _row(name: str, score: float | None, error: str, before: Measurement | None) -> tuple[str, str, str]:
    earlier = before.dimension(name) if before else None
    return name, _change(score, earlier.score if earlier else None), error


def _change(score: float | None, earlier: float | None) -> str:
    now = "not measured" if score is None else f"{score:.4f}"
    return now if earlier is None or score is None else f"{earlier:.4f} → {now} ({score - earlier:+.4f})"
