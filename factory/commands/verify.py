"""``factory verify``: do log, journals, folders, commits and measurements agree?"""

from __future__ import annotations

import argparse

from factory import output
from factory.ancestry import refuse_agents
from factory.cycle.lab import Lab, open_lab
from factory.cycle.restoring import restore_log
from factory.cycle.verify import verify
from factory.errors import EXIT_NO, EXIT_OK
from factory.words import counted


def run(args: argparse.Namespace) -> int:
    """Report every disagreement; exit 1 when there is one. Oddities of imported rows are told only."""
    lab = open_lab(args.path, output.note, write=args.restore)
    if args.restore:
        _restore(lab)
    report = verify(lab)
    if args.json:
        output.emit_json(
            {
                "clean": not report.problems,
                "problems": report.problems,
                "remarks": report.remarks,
                "rows": report.rows,
            }
        )
    else:
        for problem in report.problems:
            output.say(f"problem: {problem}")
        for remark in report.remarks:
            output.note(f"remark: {remark}")
        found = counted(len(report.problems), "problem") if report.problems else "clean"
        output.say(f"{counted(report.rows, 'row')}: {found}")
    return EXIT_NO if report.problems else EXIT_OK


def _restore(lab: Lab) -> None:
    """Put the log right, and say what was done."""
    refuse_agents("restore the log")
    done = restore_log(lab)
    if done is None:
        output.note("There is nothing to restore in the log.")
        return
    aside = f"; the file as it was is now {done.aside}" if done.aside else ""
    output.note(f"restored: {counted(done.lines, 'line')} of {lab.paths.results}{aside}")
