"""The outcome of a classification as a text of at most 80 columns, with bars."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from factory.ace.contributor.explain import evidence_line, explain
from factory.ace.contributor.model import ClassifiedItem, Label

WIDTH = 80
_BAR = 10
_SMALL_BAR = 6
_SIGNALS = {"prevalence": "projects", "independence": "domain", "evidence": "evidence", "category": "topic"}
_TITLES = {
    Label.GENERAL: "General: may be offered upstream",
    Label.UNCERTAIN: "Uncertain",
    Label.SPECIFIC: "Specific: stays here",
}


def contribution_text(found: Sequence[ClassifiedItem], projects: int) -> str:
    """What was learned here, how general it is by so many unrelated projects, and the offer to contribute it.

    For the command and for the end of a meta cycle: it stores and sends nothing.
    """
    return f"{summary_text(found, projects)}\n\n{offer(found)}"


def offer(found: Sequence[ClassifiedItem]) -> str:
    """What a person can do with the outcome; doing nothing is the default."""
    general = sum(one.label is Label.GENERAL for one in found)
    if not general:
        return "There is nothing to contribute yet."
    what = "1 item is" if general == 1 else f"{general} items are"
    return (
        f"{what} general enough to be contributed upstream.\nNothing is sent unless you say so:\n"
        "  factory contribute --submit --dry-run    shows exactly what would be sent"
    )


def summary_text(found: Sequence[ClassifiedItem], projects: int) -> str:
    """The items by label, each with its score, bars of the signals, reason and evidence."""
    if not found:
        return "No item of your playbooks differs from the defaults: `factory ace` evolves them."
    return "\n".join(_lines(found, projects))


def bar(value: float, width: int) -> str:
    """A value in [0, 1] as a bar."""
    full = round(value * width)
    return "█" * full + "░" * (width - full)


def _lines(found: Sequence[ClassifiedItem], projects: int) -> Iterator[str]:
    yield f"{_count(len(found), 'learned item')}, judged by {_count(projects, 'unrelated project')}"
    for label, title in _TITLES.items():
        items = [one for one in found if one.label is label]
        if items:
            yield ""
            yield f"{title} ({len(items)})"
        for one in items:
            yield ""
            yield from _item(one)


def _item(one: ClassifiedItem) -> Iterator[str]:
    section = "DO" if one.section == "do" else "DON'T"
    yield f"{one.score:.2f} {bar(one.score, _BAR)}  {one.name}  {section}"
    yield from _wrapped(one.item.text)
    signals = one.signals.model_dump()
    yield "  " + " ".join(
        f"{short} {bar(signals[name], _SMALL_BAR)} {signals[name]:.2f}" for name, short in _SIGNALS.items()
    )
    yield from _wrapped(explain(one))
    yield from _wrapped(f"Evidence: {evidence_line(one)}.")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")
