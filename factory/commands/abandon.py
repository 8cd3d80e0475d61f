"""``factory abandon``."""

from __future__ import annotations

import argparse

from factory import output
from factory.cycle.lab import open_lab
from factory.cycle.launch import (
    abandon,
    abandon_by_hand,
)
from factory.errors import EXIT_OK


def run(args: argparse.Namespace) -> int:
    """End the cycle in flight, or an experiment by hand, and keep its evidence."""
    lab = open_lab(args.path, output.note)
    if args.id is not None:
        abandon_by_hand(lab, args.id, args.reason)
        output.say(f"experiment {args.id} is abandoned without a row; `factory gc` clears its workspace")
        return EXIT_OK
    ended = abandon(lab, args.reason)
    output.say(
        f"cycle {ended.cycle} is abandoned; its journal and experiments stay, "
        "`factory gc` clears its workspaces"
    )
    if ended.kept:
        output.say(f"its {ended.kept} kept experiments wait on {ended.branch}: {ended.command}")
    return EXIT_OK
