"""How a cycle ended: what is told of it, and the exit code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from factory import output
from factory.commands.learned import show_learned
from factory.cycle.context import Cycle
from factory.cycle.contract import word_for
from factory.cycle.lab import Lab
from factory.cycle.scopes import phase_of
from factory.errors import EXIT_NO, EXIT_OK
from factory.paths import CONFIG_FILE
from factory.research.ratchet import number
from factory.rows import Row
from factory.words import counted, in_short, quoted, signed


def show_end(lab: Lab, cycle: Cycle, new: list[Row]) -> None:
    """The cycle's ``new`` rows, its counts, and what became of what it kept."""
    end = cycle.state.closed or {}
    for row in new:
        delta = "" if row.delta is None else f" {signed(row.delta)}"
        output.say(f"experiment {row.id}: {row.verdict} ({row.reason}){delta}  {row.hypothesis}")
        # What a builder declined is told once, by the phases that wait for somebody else.
        if row.notes and not (row.declined and end.get("account")):
            output.say(f"  {in_short(row.notes)}")
    output.say(
        f"cycle {cycle.id}: {end.get('kept', 0)} kept, {end.get('reverted', 0)} reverted, "
        f"{counted(end.get('errors', 0), 'error')}"
    )
    if cycle.options.mode == "discover":
        output.say(f"{CONFIG_FILE}: {'found and committed' if end.get('setup') else 'there already'}")
    _show_account(lab, cycle, end.get("account") or {})
    _show_research(end.get("research") or {})
    if end.get("ended"):
        output.say(f"ended early: {end['ended']['reason']}: {in_short(end['ended']['detail'], 500)}")
    integration = end.get("integration", {})
    if integration.get("status") == "pending":
        output.say(f"integration is pending: {integration['message']}")
        output.say(f"when that is out of the way: {integration['command']}")
    elif integration.get("status") == "pr":
        output.say(f"kept work {integration['message']}")
        output.say(f"when that is merged: git pull, then {integration['command']}")
    elif integration and (end.get("kept") or end.get("setup")):
        output.say(f"integrated: {integration['message']}")
    show_learned(cycle)


def next_step(lab: Lab, cycle: Cycle) -> str:
    """What a person may type after it."""
    place = quoted(lab.paths.root)
    if cycle.options.mode == "discover":
        return f"look at {CONFIG_FILE}, then factory ceo {place}"
    found = lab.paths.cycle_dir(cycle.id) / "research.md"
    if not cycle.state.finalized and found.is_file():
        return f"read what was found, and left alone: {found}"
    return f"factory history {place}"


def exit_code(cycle: Cycle) -> int:
    """1 where approved features are not built, else 0."""
    closed = cycle.state.closed or {}
    unbuilt = cycle.options.mode == "build" and not (closed.get("account") or {}).get("complete")
    nothing = cycle.options.mode == "design" and (closed.get("ended") or {}).get("reason") not in (
        None, "plan_only",
    )  # fmt: skip
    return EXIT_NO if unbuilt or nothing else EXIT_OK


def _declined(cycle: Cycle) -> dict[str, list[int]]:
    """What the Builder said of phases that are not its work, each with the phases that it said it of."""
    said: dict[str, list[int]] = {}
    for scope, reached in cycle.state.scopes.items():
        if reached.ended and cycle.state.result("build", scope).get("declined"):
            said.setdefault(reached.ended["detail"], []).append(phase_of(scope))
    return said


def _show_account(lab: Lab, cycle: Cycle, account: Mapping[str, Any]) -> None:
    """What became of every approved feature."""
    for feature in account.get("features", ()):
        output.say(f"feature {feature['number']}: {feature['state']}  {feature['title']}")
    for why, phases in _declined(cycle).items():
        named = ", ".join(map(str, phases))
        wait = f"phase {named} waits" if len(phases) == 1 else f"phases {named} wait"
        output.say(f"{wait} for a person, or for a runner that can do it: {why}")
        if lab.policy(f"refs/heads/{cycle.target}") is not None:
            output.say(f"to do it yourself: factory begin {quoted(lab.paths.root)} --phase {phases[0]}")
    if account.get("features") and not account.get("complete"):
        word = word_for(lab, cycle.state.result("contract").get("sha256", ""))
        output.say(f"not everything that was {word} is built: factory spec trace {quoted(lab.paths.root)}")


def _show_research(found: Mapping[str, Any]) -> None:
    """How far the metric came, why research ended, and what the held-out runs say."""
    if not found:
        return
    moved = f"{number(found['start'])} → {number(found['best'])}"
    output.say(
        f"research: {found['metric']} {moved} ({found['objective']}); {found['stop']}: {found['detail']}"
    )
    held = found.get("held_out") or {}
    if "left_out" in held:
        output.say(f"held-out runs: left out: {held['left_out']}")
    elif held:
        told = {
            "holds": "the gain holds there",
            "overfitted": "over-fitted: better on the known runs, not on these",
            "unproven": "better there too, but not beyond what may be luck",
        }[held["answer"]]
        output.say(f"held-out runs: {held['told']}; {told}")
