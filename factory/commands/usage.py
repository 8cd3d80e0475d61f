"""``factory usage``: what agents cost, by role, cycle and experiment."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

from factory import output
from factory.commands.state import state_of
from factory.cycle.inflight import journals
from factory.cycle.usage import Tally, Usage
from factory.errors import EXIT_OK, BadInput, Refused
from factory.journal import read_events

COLUMNS = ("what", "calls", "tokens in", "cached", "out", "USD (estimate)", "seconds", "unreported")


def run(args: argparse.Namespace) -> int:
    """Add up the project's journals, but for damaged ones. Costs are estimates of the agents' CLIs."""
    usage = Usage()
    for path in journals(state_of(args.path)):
        try:
            usage.add(read_events(path))
        except (BadInput, Refused) as error:
            output.note(f"left out: {error.message}")
    if args.json:
        output.emit_json(_as_json(usage))
        return EXIT_OK
    output.table(COLUMNS, [_row("total", usage.total)])
    for title, tallies in (("role", usage.roles), ("cycle", usage.cycles), ("experiment", usage.experiments)):
        if rows := list(_rows(tallies)):
            output.say()
            output.table((f"by {title}", *COLUMNS[1:]), rows)
    if not all(tally.called for tally in (*usage.roles.values(), *usage.experiments.values())):
        output.say()
        output.say("left out: roles, cycles and experiments without a call of a model (--json has them)")
    if usage.total.unknown:
        output.say()
        output.say("unreported: calls whose agent CLI told no tokens; they cost something all the same")
    return EXIT_OK


def _rows(tallies: Mapping[str, Tally] | Mapping[int, Tally]) -> Iterator[tuple[object, ...]]:
    for name, tally in sorted(tallies.items()):
        if tally.called:
            yield _row(str(name), tally)


def _row(name: str, tally: Tally) -> tuple[object, ...]:
    cost = f"~{tally.cost_usd:.4f}" if tally.cost_usd else "-"
    counts = (tally.invocations, tally.tokens_in, tally.tokens_cached, tally.tokens_out)
    return (name, *counts, cost, f"{tally.duration_s:.1f}", tally.unknown)


def _as_json(usage: Usage) -> dict[str, object]:
    return {
        "total": usage.total.to_data(),
        "roles": {name: tally.to_data() for name, tally in sorted(usage.roles.items())},
        "cycles": {name: tally.to_data() for name, tally in sorted(usage.cycles.items())},
        "experiments": {str(number): tally.to_data() for number, tally in sorted(usage.experiments.items())},
    }
