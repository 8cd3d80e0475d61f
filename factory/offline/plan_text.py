"""An improvement spec as text, in the form that every plan has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from factory.offline.facts import scores_of, text_of
from factory.offline.opportunities import Opportunity

NONE = "- (none this cycle)"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the text is made from. ``findings`` maps a task's command to the research finding about it."""

    measurement: Mapping[str, Any]
    history: Sequence[Mapping[str, Any]]
    items: Sequence[Opportunity]
    findings: Mapping[str, str]
    anti_patterns: Sequence[str]
    blocked: Sequence[str]
    additions: Sequence[str]


def render_plan(plan: Plan) -> str:
    """The plan as Markdown, its eight sections in order."""
    scores = scores_of(plan.measurement)
    parts = [
        ["# Improvement Cycle — Specification"],
        ["## 1. Current State", "", *_state(plan, scores)],
        ["## 2. Goals and Non-Goals", "", "### 2.1 Goals", "", *(f"- {_goal(o)}" for o in plan.items)],
        ["### 2.2 Non-Goals", "", "- Anything that needs judgement: this plan is mechanical work only"],
        ["## 3. Design Space", "", *_space(plan, scores)],
        ["## 4. Detailed Specification"],
        *(_item(n, o, plan, scores) for n, o in enumerate(plan.items, start=1)),
        ["## 5. Implementation Plan"],
        *(_phase(n, o) for n, o in enumerate(plan.items, start=1)),
        ["## 6. Anti-patterns", "", *_list(plan.anti_patterns)],
        ["## 7. Blocked (requires user input)", "", *_list(plan.blocked)],
        ["## 8. Proposed Backlog Additions", "", *_list(plan.additions)],
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _list(entries: Sequence[str]) -> list[str]:
    return [f"- {_one_line(entry)}" for entry in entries] or [NONE]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _state(plan: Plan, scores: Mapping[str, float]) -> list[str]:
    composite = plan.measurement.get("composite")
    weakest = min(scores, key=lambda name: scores[name]) if scores else ""
    last = ", ".join(f"#{row.get('id')} {text_of(row, 'verdict')}" for row in plan.history[-3:])
    return [
        f"- Composite: {f'{composite:.4f}' if isinstance(composite, int | float) else 'not measured'}",
        f"- Weakest: {f'{weakest} ({scores[weakest]:.2f})' if weakest else 'not measured'}",
        f"- Last experiments: {last or 'none'}",
        "- Pattern: there is work left that tools can do safely",
    ]


def _space(plan: Plan, scores: Mapping[str, float]) -> list[str]:
    served = {o.dimension for o in plan.items}
    rows = [
        f"| {name} | {score:.2f} | {'served by this plan' if name in served else ''} |"
        for name, score in sorted(scores.items())
    ]
    under = [name for name, _ in sorted(scores.items(), key=lambda pair: pair[1])][:2]
    return [
        "| Dimension | Score | Notes |",
        "|---|---|---|",
        *rows,
        "",
        f"**Underserved:** {', '.join(under) or 'none'}",
    ]


def _goal(item: Opportunity) -> str:
    return f"{item.title}: {_places(item)}"


def _places(item: Opportunity) -> str:
    places, files = len(item.places), len(item.files)
    return f"{places} place{'' if places == 1 else 's'} in {files} file{'' if files == 1 else 's'}"


def _item(number: int, item: Opportunity, plan: Plan, scores: Mapping[str, float]) -> list[str]:
    optional = {
        "Backlog item": _one_line(item.backlog_item),
        "Growth dimension": item.dimension if item.growth else "",
        "Verify": f"`{item.verify}`" if item.verify else "",
        "New approach": item.new_approach,
    }
    return [
        f"### 4.{number} {item.title}",
        "",
        f"- **What:** {_what(item)}",
        f"- **How:** {_how(item)}",
        f"- **Why:** {_why(item, plan, scores)}",
        f"- **Category:** {item.category}",
        f"- **Expected impact:** {_impact(item, scores)}",
        f"- **Priority:** {'high' if item.category == 'FIX' or item.growth else 'medium'}",
        *(f"- **{name}:** {value}" for name, value in optional.items() if value),
    ]


def _what(item: Opportunity) -> str:
    if item.task.tool == "log":
        return f"Exceptions that are dropped without a trace are logged, {_places(item)}."
    if item.task.tool == "format":
        return f"The files that strayed from the project's format are formatted, {_places(item)}."
    return f"What ruff reports and can mend safely is mended, {_places(item)}: {', '.join(item.task.codes)}."


def _how(item: Opportunity) -> str:
    if item.task.tool == "log":
        return (
            "A log call with the traceback is put into each handler that drops an exception: level error "
            "where it takes every exception, level debug where it names one. The rest of each file stays."
        )
    if item.task.tool == "format":
        return "By `ruff format` on these files, with the project's settings. No other file changes."
    return (
        "By the fixes that ruff calls safe, with the project's configuration. Nothing is rewritten by hand."
    )


def _why(item: Opportunity, plan: Plan, scores: Mapping[str, float]) -> str:
    finding = plan.findings.get(item.task.command)
    stand = f" at {scores[item.dimension]:.2f}" if item.dimension in scores else ""
    grounds = [f"The measured dimension {item.dimension} stands{stand}." if stand else ""]
    grounds.append(f"The places are listed in the research [{finding}]." if finding else "")
    grounds.append("" if any(grounds) else f"It mends what the dimension {item.dimension} counts.")
    grounds.append(f"The backlog asks for it: {_one_line(item.backlog_item)}." if item.backlog_item else "")
    return " ".join(g for g in grounds if g)


def _impact(item: Opportunity, scores: Mapping[str, float]) -> str:
    """The share of the missing part that goes; an estimate, for the dimension is counted otherwise."""
    before = scores.get(item.dimension)
    if before is None:
        return f"{item.dimension}"
    return f"{item.dimension} {before:.2f}→{before + (1 - before) * item.share:.2f}"


def _phase(number: int, item: Opportunity) -> list[str]:
    return [
        f"### Phase {number}: {item.title} (§4.{number}, {item.category})",
        "",
        f"- [ ] Run: `{item.task.command}`",
        "- **Depends on:** none",
        "- **Scope:** one PR",
    ]
