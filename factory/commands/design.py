"""What is told at the end of a design."""

from __future__ import annotations

from collections.abc import Iterator

from factory import output
from factory.cycle.context import Cycle
from factory.cycle.lab import Lab
from factory.words import quoted


def show_design_end(lab: Lab, cycle: Cycle) -> None:
    """What came of a design: an approval, a draft that waits, or nothing."""
    for line in _told(lab, cycle):
        output.say(line)


def _told(lab: Lab, cycle: Cycle) -> Iterator[str]:
    closed = cycle.state.closed or {}
    ended = closed.get("ended")
    if cycle.state.result("approve"):
        yield from _approved(cycle)
    elif ended and ended["reason"] == "plan_only":
        yield from _waiting(lab, cycle)
    elif ended:
        yield f"no draft: {ended['detail'].removeprefix('nothing to propose: ')}"
    integration = closed.get("integration", {})
    if integration.get("status") == "pending":
        yield f"integration is pending: {integration['message']}"
        yield f"when that is out of the way: {integration['command']}"


def _approved(cycle: Cycle) -> Iterator[str]:
    approved = cycle.state.result("approve")
    where = f"committed as {approved['place']}" if approved.get("commit") else "is the plan now"
    yield f"{approved['title']} is approved by {approved['who']}, and {where}."


def _waiting(lab: Lab, cycle: Cycle) -> Iterator[str]:
    following = "build" if cycle.options.idea else "improve"
    plan, root = (quoted(path) for path in (lab.paths.plan, lab.paths.root))
    yield f"the draft waits for a person: {lab.paths.plan}"
    broken = len(cycle.state.result("gate_draft").get("problems", []))
    if broken:
        yield f"it breaks rules {broken} times yet: factory spec check {plan}"
    yield f"to read it:     factory spec show {plan}"
    yield f"to agree to it: factory spec approve {plan}"
    yield f"then:           factory ceo {root} --mode {following}"
