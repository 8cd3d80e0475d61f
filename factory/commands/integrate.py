"""``factory integrate``: bring kept work that is pending into its target branch."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from factory import output
from factory.cycle.hub import hub_of
from factory.cycle.integrate import Integrated, integrate_pending
from factory.cycle.lab import open_lab
from factory.errors import EXIT_NO, EXIT_OK
from factory.models import Integration


def run(args: argparse.Namespace) -> int:
    """Try every pending branch, oldest first; exit 1 while something stays pending.

    What waits on a pull request is not pending: it is up to who merges that.
    """
    lab = open_lab(args.path, output.note)
    hub = hub_of(lab, lab.policy("HEAD"), no_github=args.no_github)
    results = integrate_pending(lab, hub)
    if args.json:
        output.emit_json([asdict(result) for result in results])
    elif not results:
        output.say("nothing is pending")
    else:
        for result in results:
            output.say(_line(result))
    return EXIT_NO if any(result.status is Integration.PENDING for result in results) else EXIT_OK


def _line(result: Integrated) -> str:
    if result.status is Integration.MERGED:
        return f"merged: {result.branch} into {result.target}: {result.message}"
    if result.status is Integration.PR:
        ended = f"; {result.command} when that is done" if not result.settled else ""
        return f"pull request: {result.branch}: {result.message}{ended}"
    return f"pending: {result.branch}: {result.message}"
