"""A learned item with the answer to one question: is it general, or about the projects it was learned on?"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from factory.ace.models import PlaybookItem, Section
from factory.models import Model

GENERAL_FROM = 0.65
SPECIFIC_UP_TO = 0.35
"""Bounds of the score; between them an item is uncertain."""

PROJECTS_FOR_GENERAL = 3
"""Evidence from so many unrelated projects is needed; with one fewer an item is uncertain at best."""


class Label(StrEnum):
    """Where an item stands between general and specific."""

    GENERAL = "general"
    UNCERTAIN = "uncertain"
    SPECIFIC = "specific"


class Signals(Model):
    """The four signals, each in [0, 1], from specific to general."""

    prevalence: float = Field(ge=0, le=1)
    independence: float = Field(ge=0, le=1)
    evidence: float = Field(ge=0, le=1)
    category: float = Field(ge=0, le=1)

    @property
    def score(self) -> float:
        """Their weighted sum, in [0, 1], to four places."""
        weighted = (
            0.40 * self.prevalence + 0.25 * self.independence + 0.20 * self.evidence + 0.15 * self.category
        )
        return round(weighted, 4)


class Evidence(Model):
    """What the signals were made of, counted over all projects: nothing in it names one.

    ``projects`` of ``known_projects`` unrelated ones have matching experiments, ``kept`` and ``reverted``
    counts these; ``own_words`` and ``foreign_words`` are the words of the factory's domain and of others.
    """

    projects: int = 0
    known_projects: int = 0
    kept: int = 0
    reverted: int = 0
    own_words: int = 0
    foreign_words: list[str] = Field(default_factory=list)
    topic: str = ""

    @property
    def matching(self) -> int:
        """Matching experiments with a verdict."""
        return self.kept + self.reverted


class ClassifiedItem(Model):
    """A playbook item with its role, signals, evidence, score in [0, 1], and label.

    ``written``: its counters are what its line says, for the program has not counted it yet.
    """

    item: PlaybookItem
    role: str
    section: Section = "do"
    label: Label
    score: float = Field(ge=0, le=1)
    signals: Signals
    evidence: Evidence
    written: bool = False

    @property
    def name(self) -> str:
        """What a person calls it by: ``builder/build-00004``."""
        return f"{self.role}/{self.item.id}"


def label_of(score: float, projects: int) -> Label:
    """The label of a score, within the bounds that the number of unrelated projects sets."""
    if score <= SPECIFIC_UP_TO or projects < PROJECTS_FOR_GENERAL - 1:
        return Label.SPECIFIC
    if score < GENERAL_FROM or projects < PROJECTS_FOR_GENERAL:
        return Label.UNCERTAIN
    return Label.GENERAL
