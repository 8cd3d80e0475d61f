"""``factory gc``: remove what nothing needs any more."""

from __future__ import annotations

import argparse

from factory import output
from factory.cycle.gc import collect
from factory.cycle.lab import open_lab
from factory.errors import EXIT_OK


def run(args: argparse.Namespace) -> int:
    """Remove workspaces, checkouts and branches that no open experiment or cycle needs, and say which."""
    lab = open_lab(args.path, output.note, write=not args.dry_run)
    removed = collect(lab, dry_run=args.dry_run)
    if args.json:
        output.emit_json({"removed": removed, "dry_run": args.dry_run})
        return EXIT_OK
    for name in removed:
        output.say(f"{'would remove' if args.dry_run else 'removed'}: {name}")
    if not removed:
        output.say("nothing to remove")
    return EXIT_OK
