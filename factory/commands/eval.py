"""``factory eval``: measuring without deciding."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from factory import output
from factory.config import ProjectConfig
from factory.cycle import experiment as lab_work
from factory.cycle import judging
from factory.cycle.lab import Lab, open_lab
from factory.cycle.measuring import measure_commit
from factory.errors import EXIT_NO, EXIT_OK, BadInput
from factory.evals.decide import Comparison
from factory.evals.remarks import no_baseline, remarks, unmeasured
from factory.models import DimensionScore, Experiment, Measurement, VerifyReport
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
            then: list[str] = []
        else:
            measured, before, moved, then = _measure_experiment(lab, args.id, progress)
    return _show(measured, before, moved, as_json=args.json, then=then)


def _tell_uncommitted(lab: Lab, revision: str | None) -> None:
    """What is measured is a commit, which surprises who has just edited files."""
    edited = [] if revision else lab.repo.uncommitted()
    if edited:
        told = edited[0] + (f" and {len(edited) - 1} more" if len(edited) > 1 else "")
        output.note(f"measured is HEAD, without what is not committed: {told}")


def _measure_experiment(
    lab: Lab, number: int, progress: output.Progress
) -> tuple[Measurement, Measurement | None, Comparison | None, list[str]]:
    """The candidate and its baseline, with the scores that decide, how these moved, and what comes next."""
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
        return after or measured, before, moved, list(_next(lab, experiment, policy))


def _next(lab: Lab, experiment: Experiment, policy: ProjectConfig) -> Iterator[str]:
    """What comes after the measurement: a review, or mending what the gate would not let pass."""
    shown = lab.store.experiment(experiment.id).read(lab_work.VERIFY, VerifyReport)
    if shown.vain:
        yield shown.vain
    failures = [c for c in judging.precheck(lab, experiment, policy).failures if c.name != "review"]
    for check in failures:
        yield f"it would not be kept: {check.name}: {check.detail}"
    place = f"{quoted(lab.paths.root)} --id {experiment.id}"
    if any(check.name == "anti_pattern" for check in failures):
        yield f"next: factory abandon {place}, then begin it with --new-approach"
    elif failures:
        again, or_end = f"factory eval {place}", f"factory abandon {place}"
        yield f"next: mend the workspace and measure again with {again}, or {or_end}"
    else:
        yield f"next: factory review {place} --verdict keep --reason WHY"


def _show(
    measured: Measurement,
    before: Measurement | None,
    moved: Comparison | None,
    *,
    as_json: bool,
    then: Iterable[str],
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
    for line in then if code == EXIT_OK and not as_json else ():
        output.say(line)
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
