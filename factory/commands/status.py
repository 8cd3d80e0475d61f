"""``factory status``: what is running, and how the last cycle ended."""

from __future__ import annotations

import argparse
from typing import Any

from factory import output
from factory.commands.state import common_dir_of, state_of
from factory.cycle.inflight import OpenCycle, last_cycle, open_by_hand
from factory.cycle.state import CycleState
from factory.errors import EXIT_OK
from factory.fsio import CycleLock
from factory.git import BRANCHES, Repo
from factory.paths import ProjectPaths
from factory.words import counted, in_short, quoted


def run(args: argparse.Namespace) -> int:
    """Show the last cycle: running, interrupted, parked, or ended, with its counts."""
    paths = state_of(args.path)
    holder = CycleLock(common_dir_of(paths)).holder()
    found, by_hand = last_cycle(paths), open_by_hand(paths)
    waiting = _waiting(paths, found, by_hand)
    facts = _facts(found, holder) | {"by_hand": by_hand, "waiting": waiting}
    if args.json:
        output.emit_json(facts)
    else:
        for line in _lines(facts, quoted(paths.root)):
            output.say(line)
    return EXIT_OK


def _facts(found: OpenCycle | None, holder: dict[str, Any] | None) -> dict[str, Any]:
    """The same keys whatever has happened here."""
    state = found.state if found else CycleState()
    done = [record["verdict"] for record in state.finalized.values()]
    return {
        "cycle": found.id if found else None,
        "state": _word(found, holder),
        "mode": state.opened.get("mode"),
        "lite": state.opened.get("options", {}).get("lite", False),
        "running": holder,
        "step": " ".join(part for part in (state.current or ()) if part),
        "parked": state.parked,
        "ended": _why(state),
        "kept": done.count("keep"),
        "reverted": done.count("revert"),
        "errors": done.count("error"),
        "invocations": state.spent.invocations,
        "tokens": state.spent.tokens,
        "cost_usd": round(state.spent.cost_usd, 6),
        "integration": state.integration.get("status"),
        "integration_message": state.integration.get("message"),
        "research": _research(state),
    }


def _waiting(paths: ProjectPaths, last: OpenCycle | None, by_hand: list[int]) -> list[str]:
    """The branches of kept work that has not reached its target; a cycle in flight comes first.

    What is begun ``by_hand`` and not decided has a branch too, and waits for nothing yet.
    """
    in_flight = last is not None and last.state.closed is None
    in_git = (paths.root / ".git").exists() and any(paths.cycles.glob("*.jsonl"))
    if in_flight or not in_git:
        return []
    undecided = tuple(f"{BRANCHES}factory/exp-{number:03d}-" for number in by_hand)
    if all(ref.startswith(undecided) for ref in Repo(paths.root).refs(f"{BRANCHES}factory/")):
        return []
    from factory.cycle.integrate import pending_branches  # noqa: PLC0415 - costs more than the rest
    from factory.cycle.lab import open_lab  # noqa: PLC0415 - the same

    return sorted(pending_branches(open_lab(paths.root, output.note, write=False)))


def _why(state: CycleState) -> str:
    """Why the cycle ended before its plan did; empty where it did not."""
    early = (state.closed or {}).get("ended") or {}
    return state.abandoned or ": ".join(early[key] for key in ("reason", "detail") if early.get(key))


def _research(state: CycleState) -> str | None:
    """Why research ended; None where there was none."""
    found = (state.closed or {}).get("research") or {}
    return f"{found.get('stop')}: {found.get('detail')}" if found else None


def _word(found: OpenCycle | None, holder: dict[str, Any] | None) -> str:
    if found is None:
        return "none" if holder is None else "running"
    if found.state.closed is not None:
        return "abandoned" if found.state.abandoned else "ended"
    if holder is not None:
        return "running"
    return "parked" if found.state.parked else "interrupted"


def _lines(facts: dict[str, Any], place: str) -> list[str]:
    if facts["cycle"] is None:
        return ["no cycle has been run here yet", *_by_hand(facts, place)]
    lines = [f"cycle {facts['cycle']} ({facts['mode']}{', lite' if facts['lite'] else ''}): {facts['state']}"]
    at = f"at: {facts['step'] or 'between steps'}"
    if facts["state"] == "running":
        holder = facts["running"]
        lines.append(f"process {holder.get('pid')} since {holder.get('since')}, {at}")
    if facts["state"] in ("interrupted", "parked"):
        lines.append(f"{at}: {facts['parked']}" if facts["parked"] else at)
        lines.append(f"next: `factory ceo {place}` resumes it, `factory abandon {place}` ends it")
    lines.append(
        f"{facts['kept']} kept, {facts['reverted']} reverted, {counted(facts['errors'], 'error')}; "
        f"{counted(facts['invocations'], 'invocation')}"
    )
    if facts["ended"]:
        lines.append(f"ended early: {in_short(facts['ended'], 500)}")
    if facts["integration"] and (facts["kept"] or facts["integration"] != "merged"):
        why = f": {facts['integration_message']}" if facts["integration"] != "merged" else ""
        lines.append(f"integration: {facts['integration']}{why}")
    if facts["research"]:
        lines.append(f"research ended: {in_short(facts['research'], 500)}")
    return [*lines, *_by_hand(facts, place)]


def _by_hand(facts: dict[str, Any], place: str) -> list[str]:
    """What waits for a person to go on with it: experiments, and kept work."""
    lines = [
        f"experiment {number}, begun by hand, is not decided: `factory history {place} --id {number}`"
        for number in facts["by_hand"]
    ]
    if facts["waiting"]:
        lines += [f"kept work waits on {', '.join(facts['waiting'])}", f"next: factory integrate {place}"]
    return lines
