"""The history as a prompt shows it: the nearer, the fuller."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from factory.strategy.experiment import Experiment, score_of, text_of
from factory.strategy.feec import FEECCategory, category_of
from factory.strategy.rates import Tally, keep_rates

FULL = 3
"""So many of the last experiments are told in full."""

LINES = 10
"""Those up to here are told in one line each."""


def format_tiered_history(history: Iterable[Experiment]) -> str:
    """The history as Markdown, newest first: the last 3 in full, 4 to 10 a line each, older ones counted."""
    recent: deque[Experiment] = deque(maxlen=LINES)
    older = keep_rates(_overflow(history, recent))
    last = list(reversed(recent))
    if not last:
        return "No experiments yet."
    parts = ["### Last experiments", *(_full(experiment) for experiment in last[:FULL])]
    if last[FULL:]:
        parts += ["### Before these", "\n".join(_line(experiment) for experiment in last[FULL:])]
    count = sum(tally.total for tally in older.values())
    if count:
        parts += [f"### {count} older", "\n".join(_aggregate(older))]
    return "\n\n".join(parts)


def _overflow(history: Iterable[Experiment], recent: deque[Experiment]) -> Iterator[Experiment]:
    """Pass the history through ``recent``, giving out what falls off its far end."""
    for experiment in history:
        if len(recent) == recent.maxlen:
            yield recent[0]
        recent.append(experiment)


def _line(experiment: Experiment) -> str:
    return f"- {_head(experiment)}: {_flat(experiment.hypothesis) or '(no hypothesis)'}"


def _full(experiment: Experiment) -> str:
    lines = [_line(experiment)]
    scores = [score_of(experiment, name) for name in ("score_before", "score_after")]
    if any(score is not None for score in scores):
        lines.append("  - score: " + " → ".join("?" if s is None else f"{s:.4f}" for s in scores))
    for name in ("change_summary", "notes"):
        text = _flat(text_of(experiment, name))
        if text:
            lines.append(f"  - {name.replace('_', ' ')}: {text}")
    return "\n".join(lines)


def _head(experiment: Experiment) -> str:
    number = "?" if experiment.id is None else f"{experiment.id:03d}"
    reason = f" ({experiment.reason})" if experiment.reason else ""
    return f"{number} {experiment.verdict or 'no verdict'}{reason} {category_of(experiment).name}"


def _aggregate(older: dict[FEECCategory, Tally]) -> Iterator[str]:
    for category, tally in older.items():
        if tally.total:
            rate = "" if tally.rate is None else f" (keep rate {tally.rate:.0%})"
            counts = f"{tally.kept} kept, {tally.reverted} reverted, {tally.errors} errors"
            yield f"- {category.name}: {counts}{rate}"


def _flat(text: str) -> str:
    return " ".join(text.split())
