"""The outcome of a classification as a text of at most 80 columns, with bars."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from factory.ace.contributor.classify import classify_evolved_playbooks
from factory.ace.contributor.explain import evidence_line, explain
from factory.ace.contributor.model import ClassifiedItem, Label
from factory.ace.models import Playbook
from factory.insights.projects import ProjectHistory

WIDTH = 80
_BAR = 10
_SMALL_BAR = 6
_SIGNALS = {"prevalence": "projects", "independence": "domain", "evidence": "evidence", "category": "topic"}
_TITLES = {
    Label.GENERAL: "General: may be offered upstream",
    Label.UNCERTAIN: "Uncertain",
    Label.SPECIFIC: "Specific: stays here",
}


def contribution_summary(
    evolved: Mapping[str, Playbook], defaults: Mapping[str, Playbook], histories: Sequence[ProjectHistory]
) -> str:
    """What was learned here and how general it is, with the offer to contribute where there is something.

    For the end of a cycle: it classifies and tells, and stores and sends nothing.
    """
    found = classify_evolved_playbooks(evolved, defaults, histories)
    return "\n".join([summary_text(found, len(histories)), "", offer(found)])


def offer(found: Sequence[ClassifiedItem]) -> str:
    """What a person can do with the outcome; doing nothing is the default."""
    general = sum(one.label is Label.GENERAL for one in found)
    if not general:
        return "There is nothing to contribute yet."
    what = "1 item is" if general == 1 else f"{general} items are"
    return (
        f"{what} general enough to be contributed upstream. Nothing is sent unless you say so:\n"
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
    yield f"{len(found)} learned items, judged by {projects} unrelated project{'' if projects == 1 else 's'}"
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


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")
