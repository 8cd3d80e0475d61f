"""Steps that plan: research, its gate, the plan, its gate."""

from __future__ import annotations

from typing import Any

from factory.approvals import fingerprint
from factory.backlog import read_backlog
from factory.brief import build_brief
from factory.cycle.agents import Question, ask, objection
from factory.cycle.archive import latest_notes
from factory.cycle.context import Cycle
from factory.cycle.contract import waiting_plan
from factory.cycle.machine import Again, Done, End, Outcome
from factory.cycle.outcomes import tried_phases
from factory.cycle.research import defined_findings, research_text
from factory.cycle.steps.gates import ceo_verdict
from factory.errors import BadInput, Refused
from factory.fsio import atomic_write
from factory.models import PlanItem, ReviewVerdict
from factory.rows import Row
from factory.runners.base import AgentResult
from factory.spec import PlanContext, PlanLimits, Spec, check, parse
from factory.spec.backlog_entries import entries_of
from factory.strategy import detect_stuck, not_to_repeat
from factory.strategy.undone import undone_by
from factory.words import quoted

HISTORY_SHOWN = 50


def research(cycle: Cycle, scope: str) -> Outcome:
    """Have the Researcher find facts; its text is stored for the plan's citations."""
    refusal = objection(cycle, "researcher", at=(scope, "research"))
    if refusal:
        return no_research(cycle, refusal)
    task = "Find what is true of this project and matters for its next improvement."
    if cycle.options.lite:
        task += " Use the archive and the observations only; no web search. Six findings at the most."
    if cycle.options.focus:
        task += " It will serve the focus given below, and nothing else."
    facts = _common_facts(cycle) | {
        "archive": latest_notes(cycle.lab),
        "corrections": cycle.state.scope(scope).corrections,
        "draft": research_text(cycle) if cycle.state.scope(scope).redirects else "",
    }
    result = ask(cycle, scope, "research", Question("researcher", task, facts))
    if result.status != "done":
        return no_research(cycle, f"the researcher ended as {result.status}: {result.error}")
    store_research(cycle, result.text)
    return Done({"findings": defined_findings(result.text)})


def no_research(cycle: Cycle, why: str) -> Outcome:
    """The Researcher was not asked, or had no answer; what this cycle has found before stays known."""
    return Done({"left_out": why, "findings": defined_findings(research_text(cycle))})


def store_research(cycle: Cycle, text: str) -> None:
    """Store what was found, for the cycle and for people."""
    for place in (
        cycle.lab.paths.cycle_dir(cycle.id) / "research.md",
        cycle.lab.paths.strategy / "research.md",
    ):
        atomic_write(place, text)


def gate_research(cycle: Cycle, scope: str) -> Outcome:
    """Findings are numbered without gaps; then, in a standard cycle, the CEO."""
    findings = list(cycle.state.result("research").get("findings", []))
    expected = [f"R{n}" for n in range(1, len(findings) + 1)]
    problems = (
        []
        if findings == expected
        else [f"Findings must be numbered R1, R2, … without gaps; found {', '.join(findings)}."]
    )
    facts = {"research": research_text(cycle)}
    return _gate(cycle, scope, "research", problems, facts=facts, result={})


def plan(cycle: Cycle, scope: str) -> Outcome:
    """Have the Strategist write the plan; the text is stored as it came."""
    refusal = objection(cycle, "strategist", at=(scope, "plan"))
    if refusal:
        return End("budget", f"no plan: {refusal}")
    return store_plan(
        cycle, ask(cycle, scope, "plan", Question("strategist", _plan_task(cycle), plan_facts(cycle, scope)))
    )


def store_plan(cycle: Cycle, result: AgentResult) -> Outcome:
    """Store the Strategist's answer for the gate and for people; without one this scope ends."""
    if result.status == "refused":
        return End("no_plan", result.text or result.error)
    if result.status != "done":
        return End("no_plan", f"the strategist ended as {result.status}: {result.error}")
    for place in (cycle.lab.paths.cycle_dir(cycle.id) / "plan.md", cycle.lab.paths.plan):
        atomic_write(place, result.text)
    return Done({"bytes": len(result.text.encode())})


def _plan_task(cycle: Cycle) -> str:
    """The task in words, with the rules that bind this plan and no other."""
    bounds, task = limits(cycle), "Write the plan of this improvement cycle."
    if bounds.lite:
        task += (
            " One item and one phase only: the first in FEEC order. What else you see goes into section 8."
        )
    if bounds.focus:
        task += " It serves the focus given below, and nothing else."
    elif not bounds.lite:
        task += (
            f" A plan of several items has at least {bounds.min_growth} with a growth dimension, at most"
            f" {bounds.max_new} that serve no backlog item, and at least one that serves the backlog where"
            " there is one. Fewer items, well founded, are better than many."
        )
    avoided = sorted(context(cycle).stuck_categories or ())
    if avoided:
        task += f" The cycle is stuck in {', '.join(avoided)}: take another category, or combine near misses."
    return task


def gate_plan(cycle: Cycle, scope: str) -> Outcome:
    """Every rule of the plan; then, unless lite, the CEO. What passes is the cycle's list of phases."""
    approved = cycle.options.approved_plan
    text = waiting_plan(cycle.lab) if approved else plan_text(cycle)
    if approved and fingerprint(text) != approved:
        raise Refused(
            f"{cycle.lab.paths.plan} was changed since it was approved.",
            f"Take the change back; or, for what it says now: factory abandon {quoted(cycle.lab.paths.root)}"
            f", then factory spec approve {quoted(cycle.lab.paths.plan)}",
        )
    try:
        spec = parse(text)
    except BadInput as error:
        return _gate(cycle, scope, "plan", [error.message], facts={"plan": text}, result={})
    # What a person has approved was checked when they did, and again when the cycle was opened.
    findings = [] if approved else check(spec, limits(cycle), context(cycle))
    problems = [f"line {f.line}: {f.rule}: {f.message} ({f.mend})" for f in findings if f.severity == "error"]
    wanted = [_quoting(item, read_backlog(cycle.lab.paths.backlog)) for item in spec.items()]
    if approved:
        tried = tried_phases(cycle.lab.paths, approved)
        wanted = [item for item in wanted if item.phase not in tried]
    items = wanted[:1] if cycle.options.lite else wanted
    result = {
        "items": [item.model_dump(mode="json") for item in items],
        "backlog_additions": _additions(spec),
        "serves": {str(phase.number): list(phase.refs) for phase in spec.phases} if approved else {},
        "left": len(wanted) - len(items) if approved else 0,
    }
    if not problems and not items:
        return End("no_plan", "the plan has no phase")
    return _gate(cycle, scope, "plan", problems, facts={"plan": text}, result=result)


def _quoting(item: PlanItem, backlog: list[str]) -> PlanItem:
    """The item with the backlog's own words for what it serves, whichever way the plan has quoted them."""
    served = entries_of(item.backlog_item, backlog)
    return item.model_copy(update={"backlog_item": "; ".join(served)}) if served else item


def _gate(
    cycle: Cycle,
    scope: str,
    back_to: str,
    problems: list[str],
    *,
    facts: dict[str, Any],
    result: dict[str, Any],
) -> Outcome:
    """Deterministic problems first; they go back while redirects are left. Then the CEO, except in lite."""
    if not problems and not cycle.options.lite and not cycle.options.approved_plan:
        facts |= {
            "checks": [{"name": f"{back_to}_rules", "passed": True}],
            "brief": cycle_brief(cycle, cycle.lab.history()),
        }
        answer = ceo_verdict(cycle, scope, f"gate_{back_to}", facts)
        if answer.verdict is ReviewVerdict.ABORT:
            return End("aborted", f"the CEO ended the cycle at the {back_to} gate: {answer.reason}")
        if answer.verdict is ReviewVerdict.REDIRECT:
            problems = answer.corrections or [answer.reason]
    if not problems:
        return Done(result | ({"left_out": "the CEO, in lite mode"} if cycle.options.lite else {}))
    if cycle.may_redirect(scope):
        return Again(back_to, problems)
    return End(f"{back_to}_rejected", "; ".join(problems))


def _common_facts(cycle: Cycle) -> dict[str, Any]:
    lab, policy = cycle.lab, cycle.policy
    rows = lab.history()
    return {
        "goal": policy.goal,
        "measurement": cycle.state.result("study")["measurement"],
        "observations": (lab.paths.cycle_dir(cycle.id) / "observations.md").read_text(encoding="utf-8"),
        "backlog": read_backlog(lab.paths.backlog),
        "messages": cycle.state.messages,
        "anti_patterns": [row.hypothesis for row in _came_to_nothing(rows)][-HISTORY_SHOWN:],
        "config": {"modifiable": list(policy.scope.modifiable), "read_only": list(policy.scope.read_only)},
        "focus": cycle.options.focus_text,
        "lite": cycle.options.lite,
    }


def _came_to_nothing(rows: list[Row]) -> list[Row]:
    """Reverted for whatever reason, or taken back by a person."""
    taken_back = undone_by(rows)
    return [row for row in rows if row.verdict == "revert" or row.id in taken_back]


def plan_facts(cycle: Cycle, scope: str) -> dict[str, Any]:
    """What the Strategist gets."""
    rows = cycle.lab.history()
    bounds = limits(cycle)
    return _common_facts(cycle) | {
        "research": research_text(cycle),
        "history": [_history_entry(row) for row in rows[-HISTORY_SHOWN:]],
        "limits": {"min_growth": bounds.min_growth, "max_new": bounds.max_new},
        "brief": cycle_brief(cycle, rows) if cycle.options.lite else {},
        "corrections": cycle.state.scope(scope).corrections,
        "draft": plan_text(cycle) if cycle.state.scope(scope).redirects else "",
    }


def cycle_brief(cycle: Cycle, rows: list[Row]) -> dict[str, Any]:
    """The project's state in brief: what lite plans on, and the ground on which the CEO judges."""
    settings = cycle.policy.strategy
    return build_brief(
        rows,
        evaluation=cycle.state.result("study")["measurement"],
        threshold=cycle.policy.eval.threshold,
        backlog=read_backlog(cycle.lab.paths.backlog),
        messages=cycle.state.messages,
        stuck_threshold=settings.stuck_threshold,
        plateau_threshold=settings.plateau_threshold,
        similarity=settings.similarity,
    )


def _history_entry(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "hypothesis": row.hypothesis,
        "verdict": row.verdict,
        "reason": row.reason,
        "category": row.category,
    }


def plan_text(cycle: Cycle) -> str:
    """The plan of this cycle as the Strategist last wrote it; empty before."""
    place = cycle.lab.paths.cycle_dir(cycle.id) / "plan.md"
    return place.read_text(encoding="utf-8") if place.exists() else ""


def limits(cycle: Cycle) -> PlanLimits:
    """The settings that bind this cycle's plan."""
    options, configured = cycle.options, cycle.policy.strategy
    return PlanLimits(
        min_growth=configured.min_growth if options.min_growth is None else options.min_growth,
        max_new=configured.max_new if options.max_new is None else options.max_new,
        lite=options.lite,
        focus=bool(options.focus),
        similarity=configured.similarity,
    )


def context(cycle: Cycle) -> PlanContext:
    """The facts that this cycle's plan is checked against."""
    rows = cycle.lab.history()
    stuck = detect_stuck(rows, threshold=cycle.policy.strategy.stuck_threshold)
    dimensions = {d["name"] for d in cycle.state.result("study")["measurement"]["dimensions"]}
    target, in_research = cycle.policy.research, cycle.options.mode == "research"
    return PlanContext(
        findings=set(cycle.state.result("research").get("findings", [])),
        dimensions=dimensions | ({target.metric} if in_research else set()),
        experiments={row.id for row in rows if row.id is not None},
        backlog=read_backlog(cycle.lab.paths.backlog),
        anti_patterns={row.id: row.hypothesis for row in not_to_repeat(rows) if row.id is not None},
        stuck_categories={category.name for category in stuck.categories_to_avoid},
        mutable_surfaces=target.mutable if in_research and target.mutable else None,
        research_mode=in_research,
    )


def _additions(spec: Spec) -> list[str]:
    return [entry.text for entry in spec.backlog_additions]
