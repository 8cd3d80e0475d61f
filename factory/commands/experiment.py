"""``factory precheck`` and ``finalize``: how an experiment by hand is decided."""

from __future__ import annotations

import argparse

from factory import output
from factory.ancestry import refuse_agents
from factory.cycle import deciding, finalizing, judging
from factory.cycle import experiment as lab_work
from factory.cycle.archive import write_experiment_note
from factory.cycle.deciding import Override
from factory.cycle.lab import Lab, open_lab
from factory.cycle.mirror import mirror_log
from factory.cycle.planned import record_outcome
from factory.errors import EXIT_NO, EXIT_OK, BadInput, Refused
from factory.models import Experiment, ExperimentRecord, PrecheckReport, Verdict
from factory.precheck import CHECK_NAMES
from factory.words import quoted, signed


def _present(lab: Lab, experiment: Experiment) -> str:
    """The experiment's commit as workspace and branch are now. Raises Refused where nothing is changed."""
    lab_work.record_candidate(lab, experiment)
    return judging.candidate_of(lab, experiment)


def run_precheck(args: argparse.Namespace) -> int:
    """The hard gate on what is on record; exit 1 when a check fails. A decided one is shown again."""
    lab = open_lab(args.path, output.note)
    experiment = lab_work.load(lab, args.id)
    folder = lab.store.experiment(args.id)
    if folder.exists(lab_work.PRECHECK) and lab_work.is_finalized(lab, experiment):
        report = folder.read(lab_work.PRECHECK, PrecheckReport)
    else:
        with lab_work.at_work(lab, args.id):
            _present(lab, experiment)
            report = judging.precheck(lab, experiment, lab.required_policy(experiment.baseline))
    if args.json:
        output.emit_json(report.model_dump(mode="json") | {"passed": report.passed})
    else:
        _show_checks(report)
    return EXIT_OK if report.passed else EXIT_NO


def _show_checks(report: PrecheckReport) -> None:
    rows = [(check.name, "pass" if check.passed else "FAIL", check.detail) for check in report.checks]
    output.table(("check", "answer", "detail"), rows)


def run_finalize(args: argparse.Namespace) -> int:
    """Decide from what is on record and write the row; integration is a step of its own."""
    lab = open_lab(args.path, output.note)
    with lab_work.at_work(lab, args.id, finalizes=True) as experiment:
        record = _finalized(lab, experiment, args)
    _show_record(lab, record, as_json=args.json)
    return EXIT_OK


def _finalized(lab: Lab, experiment: Experiment, args: argparse.Namespace) -> ExperimentRecord:
    if not lab.store.experiment(args.id).exists(lab_work.VERDICT):
        _insist_on_order(lab, experiment, args.override)
    journal = lab.journal(experiment.cycle)
    row = finalizing.written_row(lab, experiment)
    if row is not None:  # it was cut off, and what the row says is what was decided and told
        record = finalizing.complete(lab, journal, row)
    else:
        policy = lab.required_policy(experiment.baseline)
        decision = deciding.settle(lab, experiment, policy, override=_override(args))
        record = finalizing.finalize(lab, journal, experiment, decision, summary=args.summary)
    write_experiment_note(lab, record.model_dump(mode="json"))
    record_outcome(lab, journal, experiment, record)
    mirror_log(lab, f"experiment {experiment.id}")
    if not any(event.type == "cycle.closed" for event in journal.events()):
        journal.append("cycle.closed", kept=int(record.verdict is Verdict.KEEP))
    return record


def _insist_on_order(lab: Lab, experiment: Experiment, overridden: list[str]) -> None:
    """Refuse a decision on what was not measured or reviewed: a step forgotten is no verdict."""
    lacking, command = judging.out_of_order(lab, experiment, _present(lab, experiment))
    if lacking and not overridden:
        raise Refused(lacking, f"Type: {command}")


def _override(args: argparse.Namespace) -> Override | None:
    if not args.override:
        return None
    refuse_agents("pass a check by")
    unknown = [name for name in args.override if name not in CHECK_NAMES]
    if unknown:
        raise BadInput(f"There is no check {unknown[0]!r}.", f"The checks are: {', '.join(CHECK_NAMES)}.")
    if not args.reason.strip():
        raise BadInput("A check is passed by only with a reason.", "Give it with --reason.")
    names = ", ".join(args.override)
    if not output.confirm(f"Keep experiment {args.id} although {names} may fail? The log will say so."):
        raise Refused("Not confirmed, so nothing was decided.", "")
    return Override(frozenset(args.override), args.reason)


def _show_record(lab: Lab, record: ExperimentRecord, *, as_json: bool) -> None:
    if as_json:
        output.emit_json(record.model_dump(mode="json"))
        return
    delta = "" if record.delta is None else f", delta {signed(record.delta)}"
    output.say(f"experiment {record.id}: {record.verdict} ({record.reason}){delta}")
    output.say(record.notes)
    if record.verdict is Verdict.KEEP:
        output.say(f"next: factory integrate {quoted(lab.paths.root)}")
