"""Observations: what is known of a project before anyone plans, as a text for people and prompts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from factory.evals.remarks import fails_already
from factory.models import DimensionScore, Measurement
from factory.rows import Row
from factory.strategy import (
    Tally,
    design_space,
    detect_plateau,
    detect_stuck,
    format_tiered_history,
    underserved,
)
from factory.strategy.designspace import areas_of
from factory.strategy.undone import standing
from factory.words import counted

_TODO = re.compile(r"(?:#|//|/\*)\s*(TODO|FIXME|XXX|HACK)\b[:\s]*(.*)")
SHOWN = 10
BACKLOG_SHOWN = 30
HEALTH_WINDOW = 20
"""So many of the last experiments tell how healthy the process is."""


@dataclass(frozen=True)
class Study:
    """What observations are made from. ``churn`` has a path for each time a recent commit touched it, and
    ``issues`` a line for each that is open.
    """

    measurement: Measurement
    history: Sequence[Row]
    backlog: Sequence[str] = ()
    messages: Sequence[str] = ()
    issues: Sequence[str] = ()
    churn: Sequence[str] = ()
    todos: Sequence[str] = ()
    stuck_threshold: int = 5
    plateau_threshold: int = 3


def observe(study: Study) -> str:
    """The observations as Markdown: scores, process, requests, history, design space, churn, TODOs."""
    sections = (
        ("Scores", _scores(study.measurement)),
        ("Process", _process(study)),
        # What a person asked for stands early: a prompt that has to be cut is cut at its end.
        ("Messages", _lines(study.messages)),
        ("Backlog", _shown(study.backlog, BACKLOG_SHOWN)),
        ("Open issues", _shown(study.issues, SHOWN)),
        ("History", format_tiered_history(study.history)),
        ("Design space", _space(study.history)),
        (
            "Churn",
            _lines(f"{path}: {n} of the last commits" for path, n in Counter(study.churn).most_common(SHOWN)),
        ),
        ("TODOs", _lines(study.todos[:SHOWN])),
    )
    return "\n".join(f"## {title}\n\n{text}\n" for title, text in sections if text)


def _scores(measurement: Measurement) -> str:
    composite = "not measured" if measurement.composite is None else f"{measurement.composite:.4f}"
    ranked = sorted(measurement.dimensions, key=lambda d: (d.score is None, d.score))
    lines = [f"{d.name} ({d.tier}): {_told(d)}" for d in ranked]
    weakest = [f"Weakest: {ranked[0].name}"] if ranked else []
    already = _lines(fails_already(measurement))
    return "\n\n".join([f"Composite: {composite}", _lines(lines), *weakest, *filter(None, [already])])


def _told(dimension: DimensionScore) -> str:
    if dimension.score is not None:
        return f"{dimension.score:.4f}"
    return f"not measured: {dimension.error or 'there is nothing to look at'}"


def _process(study: Study) -> str:
    stuck = detect_stuck(study.history, threshold=study.stuck_threshold)
    plateau = detect_plateau(study.history, threshold=study.plateau_threshold)
    lines = [f"Stuck: {stuck.why}"] if stuck.stuck else ["Not stuck."]
    if plateau:
        lines.append(f"Plateau: no new best in the last {study.plateau_threshold} scored experiments.")
    return _lines([*lines, *_health(study.history)])


def _health(history: Sequence[Row]) -> list[str]:
    """How the process fares, which decides about no change: keeps, grounding, diversity of the last ones.

    Undos are left out, and so is what they took back.
    """
    recent = standing(history)[-HEALTH_WINDOW:]
    if not recent:
        return []
    tally = Tally()
    for row in recent:
        tally.add(row.verdict)
    rate = "" if tally.rate is None else f" (keep rate {tally.rate:.0%})"
    cited = sum(bool(row.text("research_citations").strip()) for row in recent)
    tried = {area for row in recent for area in areas_of(row.hypothesis)}
    verdicts = f"{tally.kept} kept, {tally.reverted} reverted, {tally.errors} errors{rate}"
    return [
        f"The last {counted(len(recent), 'experiment')}: {verdicts}.",
        f"Citing research: {cited}; areas tried: {len(tried)} of {len(design_space(()))}.",
    ]


def _space(history: Sequence[Row]) -> str:
    space = design_space(history)
    lines = [f"{area.name}: {area.score}" for area in space]
    return f"{_lines(lines)}\n\nUnderserved: {', '.join(underserved(space))}"


def _shown(entries: Sequence[str], most: int) -> str:
    """The first entries of a long list; the rest is counted."""
    more = [f"and {len(entries) - most} more"] if len(entries) > most else []
    return _lines([*entries[:most], *more])


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
