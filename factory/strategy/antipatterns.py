"""Reverted experiments that a hypothesis resembles."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from factory.strategy.experiment import Experiment
from factory.strategy.similarity import jaccard, words_of
from factory.strategy.undone import is_undo, undone_by

E = TypeVar("E", bound=Experiment)

NO_EVIDENCE: frozenset[str] = frozenset({"inconclusive", "error"})
"""Reason codes of reverts that say nothing against the hypothesis."""


@dataclass(frozen=True, slots=True)
class AntiPattern(Generic[E]):
    """A reverted experiment, and how much a hypothesis resembles it, in [0, 1]."""

    experiment: E
    similarity: float


def is_evidence_against(experiment: Experiment) -> bool:
    """Whether it was reverted for what it did; errors, parked and inconclusive ones don't count."""
    return experiment.verdict == "revert" and experiment.reason not in NO_EVIDENCE


def not_to_repeat(history: Iterable[E]) -> list[E]:
    """Those that speak against being tried again: reverted for what they did, or taken back by a person."""
    known = list(history)
    undone = undone_by(known)
    return [e for e in known if not is_undo(e) and (is_evidence_against(e) or e.id in undone)]


def find_anti_patterns(
    hypothesis: str,
    history: Iterable[E],
    threshold: float = 0.6,
    files: Collection[str] | None = None,
    files_of: Callable[[E], Collection[str] | None] | None = None,
) -> list[AntiPattern[E]]:
    """The reverted experiments that ``hypothesis`` resembles by ``threshold`` or more, the most alike first.

    A kept one that a person has taken back since counts as reverted; a failed undo says nothing.

    ``files`` are those that the hypothesis would touch and ``files_of`` tells those an experiment touched,
    None where unknown. Where both are known and have nothing in common, the experiment is no anti-pattern.
    """
    wanted = words_of(hypothesis)
    found = []
    for experiment in not_to_repeat(history):
        similarity = jaccard(wanted, words_of(experiment.hypothesis))
        if similarity >= threshold and not _elsewhere(experiment, files, files_of):
            found.append(AntiPattern(experiment, similarity))
    return sorted(found, key=lambda pattern: -pattern.similarity)


def _elsewhere(
    experiment: E, files: Collection[str] | None, files_of: Callable[[E], Collection[str] | None] | None
) -> bool:
    touched = files_of(experiment) if files_of else None
    return bool(files) and bool(touched) and not set(files or ()) & set(touched or ())
