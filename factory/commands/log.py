"""``factory log``: a note of a given type in a journal, for people and other tools."""

from __future__ import annotations

import argparse
import json
from typing import Any

from factory import output
from factory.cycle.inflight import BY_HAND, cycle_in_flight
from factory.cycle.lab import open_lab
from factory.errors import EXIT_OK, BadInput
from factory.journal import new_cycle_id

PREFIX = "note."
"""Types written from outside carry it, so that they can never pass for an event of the engine."""


def run(args: argparse.Namespace) -> int:
    """Append the note to the journal of the cycle in flight, or to one of its own."""
    data = _data(args.data)
    if not args.type.replace("_", "").replace("-", "").replace(".", "").isalnum():
        raise BadInput(f"{args.type!r} is no event type.", "Use letters, digits, `.`, `-` and `_`.")
    lab = open_lab(args.path, output.note)
    found = cycle_in_flight(lab.paths)
    journal = lab.journal(found.id if found else new_cycle_id())
    if found is None:
        journal.append("cycle.opened", mode=BY_HAND, options={}, target="", start="")
    event = journal.append(PREFIX + args.type, **data)
    output.say(f"{journal.cycle}: event {event.seq}: {event.type}")
    return EXIT_OK


def _data(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"--data is not JSON: {error}.", "Give one JSON object.") from error
    if not isinstance(data, dict):
        raise BadInput("--data is not a JSON object.", "Give one JSON object.")
    return data


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
