"""``factory verify``: do log, journals, folders, commits and measurements agree?"""

from __future__ import annotations

import argparse

from factory import output
from factory.cycle.lab import open_lab
from factory.cycle.verify import verify
from factory.errors import EXIT_NO, EXIT_OK


def run(args: argparse.Namespace) -> int:
    """Report every disagreement; exit 1 when there is one. Oddities of imported rows are told only."""
    lab = open_lab(args.path, output.note, write=False)
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
        found = f"{len(report.problems)} problems" if report.problems else "clean"
        output.say(f"{report.rows} {'row' if report.rows == 1 else 'rows'}: {found}")
    return EXIT_NO if report.problems else EXIT_OK
