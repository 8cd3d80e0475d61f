"""The Strategist: which mechanical tasks come next, by the plan's rules, and the plan that says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from factory.offline.answers import done, refused
from factory.offline.draft import draft, feedback_lines, open_feedback
from factory.offline.facts import Scope, mapping_of, mappings_of, text_of, texts_of
from factory.offline.opportunities import Opportunity, opportunities, sparing
from factory.offline.past import reverted_tasks, stuck_categories
from factory.offline.plan_text import Plan, render_plan
from factory.offline.reexports import imported_through
from factory.offline.survey import Survey, survey
from factory.offline.tasks import Task, from_text
from factory.runners.base import AgentResult, Invocation

JUDGEMENT = "needs judgement: a person, or a runner with a model"
# In a list of what is blocked, a dash stands between the item and what it needs.
_DASH = re.compile(r"\s+[—–-]+\s+")
# Where one wish ends and another begins.
_PIECE_END = re.compile(r"[;.]\s+|,\s*(?:and\s+)?|\s+and\s+(?:also\s+)?")
_HEADING = re.compile(r"^#+\s*(R\d+)\s*[:.—–-]\s*`([^`]+)`", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, what stays for another cycle, and what cannot be done here with the reason."""

    chosen: list[Opportunity]
    left: list[Opportunity]
    blocked: list[str]


def plan(invocation: Invocation) -> AgentResult:
    """Write an improvement spec from the checkout and the facts, or say that there is nothing to propose."""
    facts = invocation.facts
    if facts.get("form") == "project" or (text_of(facts, "idea") and "form" not in facts):
        return draft(invocation)
    target = mapping_of(facts, "target")
    if target:
        return refused(f"nothing to propose: a method that moves {text_of(target, 'metric')} {JUDGEMENT}")
    seen = survey(invocation.cwd)
    everything = _candidates(invocation.cwd, seen, facts)
    focus = text_of(facts, "focus")
    candidates = _only(everything, focus) if focus else everything
    stuck = stuck_categories(facts)
    candidates = [o for o in candidates if o.category not in stuck]
    choice = _choose(candidates, facts, single=bool(focus) or bool(facts.get("lite")))
    choice = _heard(choice, everything, facts)
    if not choice.chosen:
        return refused(_nothing(seen, focus, stuck, tried=bool(facts.get("history"))))
    return done(render_plan(_plan(choice, facts)))


def _nothing(seen: Survey, focus: str, stuck: set[str], *, tried: bool) -> str:
    if focus:
        return f"nothing to propose: the focus {JUDGEMENT}, or finds nothing to mend: {focus}"
    if seen.trouble:
        return f"nothing to propose: {seen.trouble}"
    if stuck:
        kinds = " and ".join(sorted(stuck))
        return (
            f"nothing to propose: what was tried last of {kinds} was reverted, so something else is due, and "
            f"finding that {JUDGEMENT}"
        )
    left = "nothing mechanical is left that was not tried" if tried else "there is nothing mechanical to do"
    return f"nothing to propose: {left}; the rest {JUDGEMENT}"


def _candidates(root: Path, seen: Survey, facts: Mapping[str, Any]) -> list[Opportunity]:
    scope = Scope.of(mapping_of(facts, "config"))
    reverted = reverted_tasks(facts)
    found = [_untried(root, seen, o, reverted) for o in opportunities(root, seen, scope)]
    backlog = texts_of(facts, "backlog")
    return [_serving(o, backlog) for o in found if o]


def _untried(root: Path, seen: Survey, found: Opportunity, reverted: Sequence[Task]) -> Opportunity | None:
    """The opportunity itself, another way to it where the first was reverted, or None."""
    if not any(task.means(found.task) for task in reverted):
        return found
    if found.task.codes != ("F401",) or any(t.sparing for t in reverted):
        return None
    unused = [f for f in seen.lint if f.code == "F401"]
    return sparing(found, imported_through(root, unused, seen.files))


def _serving(found: Opportunity, backlog: Iterable[str]) -> Opportunity:
    text = next((t for t in backlog if _asks_for(t, found)), "")
    return replace(found, backlog_item=text)


def _asks_for(text: str, found: Opportunity) -> bool:
    task = from_text(text)
    return task is not None and replace(task, sparing=found.task.sparing).means(found.task)


def _only(candidates: Sequence[Opportunity], focus: str) -> list[Opportunity]:
    return [o for o in candidates if _asks_for(focus, o)]


def _choose(candidates: list[Opportunity], facts: Mapping[str, Any], single: bool) -> Choice:
    limits = mapping_of(facts, "limits")
    chosen = candidates[:1]
    if not single:
        chosen = _several(candidates, int(limits.get("min_growth", 1)), int(limits.get("max_new", 2)), facts)
    blocked = [t for t in texts_of(facts, "backlog") if from_text(t) is None]
    return Choice(chosen, [o for o in candidates if o not in chosen], blocked)


def _heard(choice: Choice, candidates: Sequence[Opportunity], facts: Mapping[str, Any]) -> Choice:
    """The choice with what the feedback asks for; what no tool can do of it is blocked, word for word."""
    lines = feedback_lines(texts_of(facts, "feedback"))
    pieces = [piece for line in lines for piece in _PIECE_END.split(line) if piece.strip()]
    wanted = [o for o in candidates if any(_asks_for(piece, o) for piece in pieces)]
    chosen = [o for o in candidates if o in choice.chosen or o in wanted]
    if facts.get("lite"):
        chosen = (wanted or choice.chosen)[:1]
    unheard = [piece for piece in pieces if not any(_asks_for(piece, o) for o in candidates)]
    return Choice(
        chosen,
        [o for o in candidates if o in (*choice.left, *choice.chosen, *wanted) and o not in chosen],
        [*choice.blocked, *map(open_feedback, dict.fromkeys(unheard))],
    )


def _several(
    candidates: list[Opportunity], min_growth: int, max_new: int, facts: Mapping[str, Any]
) -> list[Opportunity]:
    """All that serve the backlog and the first new ones, with enough growth items among them.

    The rules on growth, new items and convergence bind a plan of several items: where they cannot be kept,
    it is the first item alone.
    """
    growth = [o for o in candidates if o.growth][:min_growth]
    backlog = [o for o in candidates if o.backlog_item]
    new_growth = [o for o in growth if not o.backlog_item]
    room = max(0, max_new - len(new_growth))
    others = [o for o in candidates if not o.backlog_item and o not in growth][:room]
    chosen = [o for o in candidates if o in [*backlog, *new_growth, *others]]
    converges = bool(backlog) or not texts_of(facts, "backlog")
    keeps_rules = len(growth) >= min_growth and len(new_growth) <= max_new and converges
    return chosen if keeps_rules and chosen else (backlog or candidates)[:1]


def _plan(choice: Choice, facts: Mapping[str, Any]) -> Plan:
    found = {command: number for number, command in _HEADING.findall(text_of(facts, "research"))}
    reverted = [row for row in mappings_of(facts, "history") if text_of(row, "verdict").lower() == "revert"]
    known = set(texts_of(facts, "backlog"))
    return Plan(
        measurement=mapping_of(facts, "measurement"),
        history=mappings_of(facts, "history"),
        items=choice.chosen,
        findings=found,
        anti_patterns=[_anti_pattern(row) for row in reverted],
        blocked=[f"{_DASH.sub(', ', text)} — {JUDGEMENT}" for text in choice.blocked],
        additions=[o.title for o in choice.left if not o.backlog_item and o.title not in known],
    )


def _anti_pattern(row: Mapping[str, Any]) -> str:
    return (
        f"{text_of(row, 'hypothesis')} (experiment #{row.get('id')}, {text_of(row, 'reason') or 'reverted'})"
    )
