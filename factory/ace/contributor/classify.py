"""The four signals of an item, its score, and its label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from factory.ace.contributor.domain import foreign_words, own_words
from factory.ace.contributor.model import (
    PROJECTS_FOR_GENERAL,
    ClassifiedItem,
    Evidence,
    Signals,
    label_of,
)
from factory.ace.models import Playbook, PlaybookItem, Section
from factory.insights.matching import Corpus
from factory.insights.projects import ProjectHistory
from factory.insights.topics import Topic, classify_hypothesis

MOSTLY_KEPT = 0.8
"""The share of kept ones among the matching experiments that adds ``KEPT_BONUS`` to the prevalence."""
KEPT_BONUS = 0.1

FEW = 3
"""Observations (helpful and harmful) below which evidence counts ``TOO_FEW``."""
TOO_FEW = 0.2
MANY = 10
"""Observations from which on more add nothing."""

_UNKNOWN_DOMAIN = 0.5
_BY_TOPIC = {
    **dict.fromkeys((Topic.PROMPTS, Topic.AGENTS, Topic.EVALS, Topic.INFRASTRUCTURE), 0.9),
    **dict.fromkeys((Topic.OBSERVABILITY, Topic.COVERAGE, Topic.TESTING, Topic.LINT, Topic.TYPES), 0.7),
    **dict.fromkeys((Topic.REFACTORING, Topic.PERFORMANCE, Topic.BUGFIX), 0.5),
    Topic.FEATURE: 0.3,
}


class Experience:
    """The decided experiments of unrelated projects, ready to be searched for many items."""

    def __init__(self, histories: Sequence[ProjectHistory]) -> None:
        decided = [(at, row) for at, history in enumerate(histories) for row in history.decided]
        self._corpus = Corpus(row.hypothesis for _, row in decided)
        self._project = [at for at, _ in decided]
        self._kept = [row.verdict == "keep" for _, row in decided]
        self.projects = len(set(self._project))
        """How many projects have decided experiments."""

    def evidence(self, text: str) -> Evidence:
        """What the experiments that speak of the same thing as ``text`` add up to."""
        found = self._corpus.find(text)
        kept = sum(self._kept[at] for at in found)
        return Evidence(
            projects=len({self._project[at] for at in found}),
            known_projects=self.projects,
            kept=kept,
            reverted=len(found) - kept,
            own_words=len(own_words(text)),
            foreign_words=foreign_words(text),
            topic=classify_hypothesis(text).value,
        )


def classify_item(
    item: PlaybookItem,
    experience: Experience | Sequence[ProjectHistory],
    *,
    role: str = "",
    section: Section = "do",
) -> ClassifiedItem:
    """One item with its signals, score and label, judged by the histories of unrelated projects."""
    known = experience if isinstance(experience, Experience) else Experience(experience)
    evidence = known.evidence(item.text)
    signals = Signals(
        prevalence=prevalence(evidence),
        independence=independence(evidence),
        evidence=strength(item.helpful, item.harmful),
        category=_BY_TOPIC[Topic(evidence.topic)],
    )
    label = label_of(signals.score, evidence.projects)
    return ClassifiedItem(
        item=item,
        role=role,
        section=section,
        label=label,
        score=signals.score,
        signals=signals,
        evidence=evidence,
    )


def classify_evolved_playbooks(
    evolved: Mapping[str, Playbook],
    defaults: Mapping[str, Playbook],
    histories: Sequence[ProjectHistory],
) -> list[ClassifiedItem]:
    """Every evolved item, by role, that differs from the role's defaults; the most general first."""
    experience = Experience(histories)
    found = [
        classify_item(item, experience, role=role, section=section)
        for role, playbook in sorted(evolved.items())
        for section, item in _own_items(playbook, defaults.get(role))
    ]
    return sorted(found, key=lambda one: (-one.score, one.name))


def _own_items(playbook: Playbook, default: Playbook | None) -> Iterator[tuple[Section, PlaybookItem]]:
    shipped = {item.text.casefold() for item in default.items} if default else set()
    sections: tuple[Section, ...] = ("do", "dont")
    for section in sections:
        yield from ((section, one) for one in playbook.section(section) if one.text.casefold() not in shipped)


def prevalence(evidence: Evidence) -> float:
    """Unrelated projects with matching experiments, a third each; a tenth more where most were kept."""
    share = min(1.0, evidence.projects / PROJECTS_FOR_GENERAL)
    if evidence.matching and evidence.kept >= MOSTLY_KEPT * evidence.matching:
        share += KEPT_BONUS
    return min(1.0, share)


def independence(evidence: Evidence) -> float:
    """The share of the factory's own words among its words and those of application domains."""
    foreign = len(evidence.foreign_words)
    both = evidence.own_words + foreign
    return evidence.own_words / both if both else _UNKNOWN_DOMAIN


def strength(helpful: int, harmful: int) -> float:
    """Net helpfulness, (helpful - harmful) / all, and less of it the fewer observations there are.

    Below three observations 0.2; from three to ten the factor rises from 0.58 to 1. Where as many harmed as
    helped nothing is left.
    """
    observed = helpful + harmful
    if observed < FEW:
        return TOO_FEW
    return max(0.0, (helpful - harmful) / observed) * (0.4 + 0.6 * min(1.0, observed / MANY))
