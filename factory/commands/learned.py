"""What a cycle in meta mode has learned, told at its end."""

from __future__ import annotations

from collections.abc import Iterator

from factory import output
from factory.cycle.context import Cycle


def show_learned(cycle: Cycle) -> None:
    """The playbooks' changes and the classification; who was asked about an offer has seen the latter."""
    for line in _told(cycle):
        output.say(line)


def _told(cycle: Cycle) -> Iterator[str]:
    evolved, classified = cycle.state.result("evolve"), cycle.state.result("classify")
    for role, changes in evolved.get("changes", {}).items():
        for change in changes:
            yield f"playbook of the {role}: {change}"
    if evolved and not evolved.get("changes"):
        why = evolved.get("problem") or evolved.get("missing") or "the histories support no change"
        yield f"the playbooks stay as they are: {why}"
    if classified.get("problem"):
        yield f"nothing was classified: {classified['problem']}"
    if classified.get("summary") and cycle.person is None:
        yield str(classified["summary"])
