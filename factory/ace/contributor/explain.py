"""Why an item got its label, what would settle a doubt, and its evidence in numbers that name nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from factory.ace.contributor.classify import FEW
from factory.ace.contributor.model import (
    GENERAL_FROM,
    PROJECTS_FOR_GENERAL,
    SPECIFIC_UP_TO,
    ClassifiedItem,
    Label,
)

_WEAK = 0.5
"""A signal below this speaks against an item."""


def explain(classified: ClassifiedItem) -> str:
    """Why it has its label, in a sentence or two."""
    if classified.label is Label.GENERAL:
        return _explain_generality(classified)
    if classified.label is Label.SPECIFIC:
        return explain_specificity(classified)
    return explain_uncertainty(classified)


def explain_specificity(classified: ClassifiedItem) -> str:
    """What speaks for an item being about particular projects."""
    return _sentence("Specific", _against(classified))


def explain_uncertainty(classified: ClassifiedItem) -> str:
    """What speaks against an item being general, and what would settle it."""
    missing = "; ".join(what_is_missing(classified))
    return _sentence("Uncertain", _against(classified)) + (
        f" It would be settled by: {missing}." if missing else ""
    )


def what_is_missing(classified: ClassifiedItem) -> list[str]:
    """What an item lacks to count as general, a phrase each; nothing for one that does."""
    if classified.label is Label.GENERAL:
        return []
    found = []
    lacking = PROJECTS_FOR_GENERAL - classified.evidence.projects
    if lacking > 0:
        found.append(f"matching experiments in {_count(lacking, 'more unrelated project')}")
    observed = classified.item.helpful + classified.item.harmful
    if observed < FEW:
        found.append(f"{_count(FEW - observed, 'more observation')} of what it does")
    elif classified.signals.evidence < _WEAK:
        found.append("a clearer balance of helpful over harmful")
    if classified.evidence.foreign_words:
        found.append(f"a wording without {_quoted(classified.evidence.foreign_words)}")
    if not found:
        found.append(f"a score of {GENERAL_FROM} (it is {classified.score:.2f})")
    return found


def package_evidence(items: Iterable[ClassifiedItem]) -> list[dict[str, object]]:
    """The evidence for each item as counts: no project, path, person or hypothesis is in it."""
    return [
        {
            "role": one.role,
            "section": one.section,
            "label": one.label.value,
            "score": one.score,
            "topic": one.evidence.topic,
            "unrelated_projects": one.evidence.projects,
            "known_projects": one.evidence.known_projects,
            "experiments_kept": one.evidence.kept,
            "experiments_reverted": one.evidence.reverted,
            "helpful": one.item.helpful,
            "harmful": one.item.harmful,
            "signals": one.signals.model_dump(),
        }
        for one in items
    ]


def evidence_line(classified: ClassifiedItem) -> str:
    """The evidence on one line."""
    seen = classified.evidence
    return (
        f"{_count(seen.matching, 'matching experiment')} in {seen.projects} of "
        f"{_count(seen.known_projects, 'unrelated project')}: {seen.kept} kept, {seen.reverted} reverted; "
        f"cited helpful {classified.item.helpful}, harmful {classified.item.harmful}"
        f"{' as written in the file' if classified.written else ''}; topic {seen.topic}"
    )


def _explain_generality(classified: ClassifiedItem) -> str:
    projects = classified.evidence.projects
    score = f"it scores {classified.score:.2f}"
    return f"General: experiments of its kind are found in {projects} unrelated projects, and {score}."


def _against(classified: ClassifiedItem) -> Iterator[str]:
    projects = classified.evidence.projects
    if projects < PROJECTS_FOR_GENERAL:
        yield f"evidence comes from {_count(projects, 'unrelated project') if projects else 'no project'}"
    if classified.signals.independence < _WEAK:
        yield f"it speaks of an application: {_quoted(classified.evidence.foreign_words)}"
    if classified.item.helpful + classified.item.harmful < FEW:
        yield "it was hardly ever cited"
    elif classified.signals.evidence < _WEAK:
        yield f"it helped {_times(classified.item.helpful)} and harmed {_times(classified.item.harmful)}"
    if classified.signals.category < _WEAK:
        yield f"its topic, {classified.evidence.topic}, is mostly a project's own"


def _sentence(label: str, reasons: Iterable[str]) -> str:
    told = "; ".join(reasons) or f"its score lies between {SPECIFIC_UP_TO} and {GENERAL_FROM}"
    return f"{label}: {told}."


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _times(number: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)
