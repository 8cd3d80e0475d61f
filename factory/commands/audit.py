"""``factory audit``: whether the sum of the keeps is what its parts promised."""

from __future__ import annotations

import argparse

from factory import output
from factory.ancestry import agent_above
from factory.commands.undo import show_undone
from factory.cycle.auditing import Audit, audit
from factory.cycle.lab import Lab, open_lab
from factory.cycle.undoing import undo
from factory.errors import EXIT_NO, EXIT_OK
from factory.words import quoted


def run(args: argparse.Namespace) -> int:
    """Measure the stacked keeps against the state before them; exit 1 where a promise is broken."""
    lab = open_lab(args.path, output.note)
    found = audit(lab, last=args.last, since=args.since)
    if args.json:
        output.emit_json(found.to_data() if found else {"keeps": [], "broken": [], "culprits": []})
    elif found is None:
        output.say("There are no keeps on the target branch to audit.")
    else:
        show_audit(lab, found)
        offer(lab, found)
    return EXIT_NO if found is not None and found.broken else EXIT_OK


def show_audit(lab: Lab, found: Audit) -> None:
    """Say what was audited, what is broken and by which layer, and what to type."""
    keeps = ", ".join(map(str, found.keeps))
    output.say(f"audit of the keeps {keeps} on {found.target}: {found.start[:12]}..{found.head[:12]}")
    if found.found is not None and found.promised is not None:
        output.say(f"composite: the parts promised {found.promised:+.4f}, the sum is {found.found:+.4f}")
    for note in found.notes:
        output.say(f"note: {note}")
    for broken in found.broken:
        output.say(f"broken: {broken.text}")
        output.say(f"  by {broken.culprit.name}")
    if not found.broken:
        output.say("The sum is what its parts promised.")
    for number in found.culprits:
        output.say(f"to take it back: factory undo {number} {quoted(lab.paths.root)}")


def offer(lab: Lab, found: Audit) -> None:
    """In a terminal, ask the person for each culprit whether it is to be taken back now."""
    if not output.can_ask() or agent_above():
        return
    for number in reversed(found.culprits):
        if output.confirm(f"Take experiment {number} back now?"):
            show_undone(lab, undo(lab, number, "an audit found that it breaks what an earlier keep promised"))
