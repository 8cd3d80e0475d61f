"""``factory guard``: the rules on a range of commits, for people and CI."""

from __future__ import annotations

import argparse
import os
import secrets

from factory import output
from factory.config import default_project
from factory.cycle.lab import Lab
from factory.errors import EXIT_NO, EXIT_OK
from factory.github.annotations import annotation
from factory.guard import run_guards
from factory.models import GuardFinding, GuardReport
from factory.paths import factory_home
from factory.project import open_project

FOR_A_PERSON = (
    "An agent's change ends here; a person's that is meant so may be merged all the same, by those who merge."
)


def run(args: argparse.Namespace) -> int:
    """Run the guards from ``--baseline`` to ``--head`` under the baseline's policy; exit 1 on a violation."""
    lab = Lab(open_project(args.path), factory_home(), output.note)
    baseline, head = lab.repo.resolve(args.baseline), lab.repo.resolve(args.head)
    policy = lab.policy(baseline) or default_project()
    report = run_guards(lab.repo, baseline, head, policy, check_scope=args.check_scope)
    if args.json:
        output.emit_json(report.model_dump(mode="json") | {"clean": report.clean})
    else:
        _show(report, annotated=args.annotations or os.environ.get("GITHUB_ACTIONS") == "true")
    return EXIT_OK if report.clean else EXIT_NO


def _show(report: GuardReport, *, annotated: bool) -> None:
    if report.clean:
        output.say(f"clean: {report.baseline[:12]}..{report.head[:12]}")
    # Names of files are others' words, and a workflow's runner takes orders from what is printed.
    mute = secrets.token_hex(16) if annotated and (report.findings or report.notes) else ""
    if mute:
        output.say(f"::stop-commands::{mute}")
    for finding in report.findings:
        output.say(_line(finding))
        output.say(f"    {finding.mend}")
    if not report.clean:
        output.note(FOR_A_PERSON)
    for note in report.notes:
        output.say(f"note: {_line(note)}")
    if mute:
        output.say(f"::{mute}::")
    for finding in report.findings if annotated else ():
        output.say(annotation(finding))


def _line(finding: GuardFinding) -> str:
    line = f"{finding.line}:" if finding.line is not None else ""
    place = f"{finding.file}:{line} " if finding.file else ""
    return f"{place}{finding.guard}: {finding.message}"
