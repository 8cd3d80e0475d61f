"""Observations: what is known of a project before anyone plans, as a text for people and prompts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from factory.models import Measurement
from factory.rows import Row
from factory.strategy import design_space, detect_plateau, detect_stuck, format_tiered_history, underserved

_TODO = re.compile(r"(?:#|//|/\*)\s*(TODO|FIXME|XXX|HACK)\b[:\s]*(.*)")
SHOWN = 10
BACKLOG_SHOWN = 30


@dataclass(frozen=True)
class Study:
    """What observations are made from. ``churn`` has a path for each time a recent commit touched it."""

    measurement: Measurement
    history: Sequence[Row]
    backlog: Sequence[str] = ()
    messages: Sequence[str] = ()
    churn: Sequence[str] = ()
    todos: Sequence[str] = ()
    stuck_threshold: int = 5
    plateau_threshold: int = 3
    issues: Sequence[str] = field(default_factory=tuple)


def observe(study: Study) -> str:
    """The observations as Markdown: scores, process, history, design space, churn, TODOs, backlog."""
    sections = (
        ("Scores", _scores(study.measurement)),
        ("Process", _process(study)),
        # What a person asked for stands early: a prompt that has to be cut is cut at its end.
        ("Messages", _lines(study.messages)),
        ("Backlog", _shown(study.backlog)),
        ("History", format_tiered_history(study.history) or "No experiments yet."),
        ("Design space", _space(study.history)),
        (
            "Churn",
            _lines(f"{path}: {n} of the last commits" for path, n in Counter(study.churn).most_common(SHOWN)),
        ),
        ("TODOs", _lines(study.todos[:SHOWN])),
        ("Open issues", _lines(study.issues)),
    )
    return "\n".join(f"## {title}\n\n{text}\n" for title, text in sections if text)


def _scores(measurement: Measurement) -> str:
    composite = "not measured" if measurement.composite is None else f"{measurement.composite:.4f}"
    ranked = sorted(measurement.dimensions, key=lambda d: (d.score is None, d.score))
    lines = [
        f"{d.name} ({d.tier}): " + (f"{d.score:.4f}" if d.score is not None else f"not measured, {d.error}")
        for d in ranked
    ]
    weakest = f"\n\nWeakest: {ranked[0].name}" if ranked else ""
    return f"Composite: {composite}\n\n{_lines(lines)}{weakest}"


def _process(study: Study) -> str:
    stuck = detect_stuck(study.history, threshold=study.stuck_threshold)
    plateau = detect_plateau(study.history, threshold=study.plateau_threshold)
    lines = [f"Stuck: {stuck.why}"] if stuck.stuck else ["Not stuck."]
    if plateau:
        lines.append(f"Plateau: no new best in the last {study.plateau_threshold} scored experiments.")
    return _lines(lines)


def _space(history: Sequence[Row]) -> str:
    space = design_space(history)
    lines = [f"{area.name}: {area.score}" for area in space]
    return f"{_lines(lines)}\n\nUnderserved: {', '.join(underserved(space))}"


def _shown(entries: Sequence[str]) -> str:
    """The first entries of a long list; the rest is counted."""
    more = [f"and {len(entries) - BACKLOG_SHOWN} more"] if len(entries) > BACKLOG_SHOWN else []
    return _lines([*entries[:BACKLOG_SHOWN], *more])


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def find_todos(sources: Mapping[str, str]) -> list[str]:
    """TODO-like remarks in source texts, as ``path:line: remark``."""
    return [
        f"{path}:{number}: {match[1]} {match[2].strip()}".rstrip()
        for path, text in sources.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := _TODO.search(line))
    ]
