"""Steps that end a cycle: its archive note, integration, summary."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from typing import Any

from factory.backlog import add_backlog, one_line
from factory.cycle.agents import Question, ask, objection
from factory.cycle.archive import complete_archive, write_cycle_note
from factory.cycle.branches import cycle_branch
from factory.cycle.context import Cycle
from factory.cycle.integrate import (
    Integrated,
    clear_branch,
    integrate_branch,
    integration_event,
    left_pending,
)
from factory.cycle.machine import Done, Outcome
from factory.cycle.mirror import mirror_log
from factory.cycle.research import research_text
from factory.cycle.state import CYCLE_SCOPE
from factory.cycle.steps.hosting import kept_scopes, no_pull_requests
from factory.models import Integration, Verdict
from factory.research import ratchet
from factory.words import quoted

SUPERSEDED = {"reason": "superseded", "detail": "the specification was changed, and approved anew"}
"""How a build ends whose contract is replaced by another one."""


def archive(cycle: Cycle, scope: str) -> Outcome:
    """A note on the cycle's research and plan; in lite the one batch for everything."""
    facts = {
        "subject": "cycle",
        "goal": cycle.policy.goal,
        "research": research_text(cycle),
        "findings": cycle.state.result("research").get("findings", []),
        "items": [item.model_dump(mode="json") for item in cycle.items],
        "ended": _ended(cycle),
        "experiments": list(cycle.state.finalized.values()),
    }
    text = ""
    if not objection(cycle, "archivist", at=(scope, "archive")):
        result = ask(cycle, scope, "archive", Question("archivist", "Write the note on this cycle.", facts))
        text = result.text if result.status == "done" else ""
    place = write_cycle_note(cycle.lab, cycle.id, text or _plain_note(cycle))
    return Done(
        {"note": str(place.relative_to(cycle.lab.paths.state)), "by": "archivist" if text else "factory"}
    )


def _ended(cycle: Cycle) -> dict[str, str]:
    """Why a cycle ended early, or research at all; empty where its plan was gone through."""
    concluded = cycle.state.result("conclude")
    if concluded:
        start, best = (ratchet.number(concluded[side]) for side in ("start", "best"))
        moved = f"{concluded['metric']} {start} → {best}"
        return {"reason": str(concluded["stop"]), "detail": f"{concluded['detail']}; {moved}"}
    return dict(cycle.state.scope(CYCLE_SCOPE).ended or {})


def _plain_note(cycle: Cycle) -> str:
    ended = _ended(cycle)
    lines = [f"- Ended early: {ended['reason']}: {ended['detail']}"] if ended else []
    lines += [
        f"- Experiment {n}: {r['verdict']} ({r['reason']}): {r['hypothesis']}"
        for n, r in cycle.state.finalized.items()
    ]
    return "\n".join(lines) or "Nothing was tried."


def close(cycle: Cycle, scope: str) -> Outcome:
    """Every experiment has its note; the target moves on; the log is mirrored; the workspaces go."""
    complete_archive(cycle.lab, cycle.state.finalized)
    place, common = cycle.lab.paths.backlog, cycle.lab.repo.common_dir
    proposed = [text for plan in cycle.accepted_plans for text in plan.get("backlog_additions", [])]
    added = [text for text in proposed if one_line(text) and add_backlog(place, text, common)]
    done = _integrate(cycle)
    clear_branch(cycle.lab, cycle.id, cycle.head, done)
    mirror_log(cycle.lab, f"cycle {cycle.id}")
    for number in cycle.state.finalized:
        shutil.rmtree(cycle.lab.workspaces / f"exp-{number:03d}", ignore_errors=True)
    return Done(summary(cycle) | {"integration": asdict(done), "backlog_added": added})


def _integrate(cycle: Cycle) -> Integrated:
    """Bring what was kept to the target. What is journalled as merged is not tried again: where it was
    replayed on a target that had moved, the kept commits themselves are not on the target.
    """
    known = cycle.state.integration
    if known.get("status") == Integration.MERGED:
        facts = {name: value for name, value in known.items() if name not in ("start", "kept")}
        return Integrated(**facts | {"status": Integration.MERGED})
    branch, kept = cycle_branch(cycle.id), kept_scopes(cycle)
    if kept and not no_pull_requests(cycle):
        done = _by_pulls(cycle, branch, kept)
    elif not kept and cycle.state.opened.get("below"):
        done = Integrated(
            Integration.MERGED, branch, cycle.target, cycle.head, "there is nothing to integrate"
        )
    else:
        done = integrate_branch(cycle.lab, branch, cycle.target, start=cycle.start, kept=cycle.head)
    cycle.record("integration", **integration_event(done, cycle.start, cycle.head))
    return done


def _by_pulls(cycle: Cycle, branch: str, kept: list[str]) -> Integrated:
    """Kept work waits on its pull requests; where one could not be opened, it is pending as a whole."""
    made = [cycle.state.result("pull_request", scope) for scope in kept]
    lacking = [str(one.get("left_out", "")) for one in made if "number" not in one]
    if lacking:
        return left_pending(cycle.lab, branch, cycle.target, cycle.head, f"no pull request: {lacking[0]}")
    told = ", ".join(f"#{one['number']} ({one['url']})" for one in made)
    return Integrated(
        Integration.PR, branch, cycle.target, cycle.head, f"waits on {told}",
        f"factory integrate {quoted(cycle.lab.paths.root)}", tuple(int(one["number"]) for one in made),
    )  # fmt: skip


def _next(cycle: Cycle, step: str) -> str:
    """The mode that a step says to go on with."""
    return str(cycle.state.result(step).get("next", ""))


def summary(cycle: Cycle) -> dict[str, Any]:
    """What a cycle came to: counts by verdict, how its planning ended, what it cost."""
    verdicts = [record["verdict"] for record in cycle.state.finalized.values()]
    superseded = SUPERSEDED if cycle.state.superseded else None
    return {
        "kept": verdicts.count(Verdict.KEEP),
        "reverted": verdicts.count(Verdict.REVERT),
        "errors": verdicts.count(Verdict.ERROR),
        "ended": cycle.state.scope(CYCLE_SCOPE).ended or superseded,
        "setup": cycle.state.result("setup").get("made", False),
        "plan_left": sum(plan.get("left", 0) for plan in cycle.accepted_plans),
        "phases": sorted(cycle.state.outcomes),
        "account": dict(cycle.state.result("account")),
        "research": dict(cycle.state.result("conclude")),
        "next": next((found for step in ("approve", "account") if (found := _next(cycle, step))), "")
        or ("build" if superseded else ""),
        "invocations": cycle.state.spent.invocations,
        "tokens": cycle.state.spent.tokens,
        "cost_usd": round(cycle.state.spent.cost_usd, 6),
    }
