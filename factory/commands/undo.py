"""``factory undo``: a kept experiment is taken back, as an experiment of its own."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from factory import output
from factory.ancestry import refuse_agents
from factory.cycle.lab import Lab, open_lab
from factory.cycle.undoing import Undone, undo
from factory.errors import EXIT_NO, EXIT_OK
from factory.words import quoted, signed


def run(args: argparse.Namespace) -> int:
    """Take the experiment back; exit 1 where the target still has it: tests broke, or it is pending."""
    refuse_agents("take an experiment back")
    lab = open_lab(args.path, output.note)
    done = undo(lab, args.id, args.reason)
    if args.json:
        integrated = asdict(done.integrated) if done.integrated else None
        output.emit_json(done.record.model_dump(mode="json") | {"integration": integrated})
    else:
        show_undone(lab, done)
    return EXIT_OK if done.done else EXIT_NO


def show_undone(lab: Lab, done: Undone) -> None:
    """Say how an undo ended, and what a person can do where the target still has the change."""
    record = done.record
    delta = "" if record.delta is None else f", delta {signed(record.delta)}"
    output.say(f"experiment {record.id}: {record.verdict} ({record.reason}){delta}  {record.hypothesis}")
    output.say(record.notes)
    if done.integrated is None:
        output.say("It was not taken back: the target branch is as it was.")
    elif done.done:
        output.say(f"integrated: {done.integrated.message}")
    else:
        output.say(f"integration is pending: {done.integrated.message}")
        output.say(f"when that is out of the way: {done.integrated.command}")
    output.say(f"next: factory history {quoted(lab.paths.root)}")
