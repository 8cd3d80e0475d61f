"""What the history says about the next plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from factory.offline.facts import mapping_of, mappings_of, text_of, texts_of
from factory.offline.tasks import Task, from_text
from factory.strategy import detect_stuck


@dataclass(frozen=True, slots=True)
class Past:
    """An experiment as the facts tell it; its score is not among them."""

    id: int | None
    hypothesis: str
    verdict: str
    reason: str
    category: str
    score_after: float | None = None


def past_experiments(facts: Mapping[str, Any]) -> list[Past]:
    """The experiments in the facts, oldest first."""
    return [
        Past(
            id=row["id"] if isinstance(row.get("id"), int) else None,
            hypothesis=text_of(row, "hypothesis"),
            verdict=text_of(row, "verdict").lower(),
            reason=text_of(row, "reason"),
            category=text_of(row, "category"),
        )
        for row in mappings_of(facts, "history")
    ]


def reverted_tasks(facts: Mapping[str, Any]) -> list[Task]:
    """What was tried and came to nothing; an ended budget says nothing about the idea."""
    past = [e for e in past_experiments(facts) if e.verdict == "revert"]
    budget = {e.hypothesis for e in past if e.reason == "budget"}
    texts = dict.fromkeys([*(e.hypothesis for e in past), *texts_of(facts, "anti_patterns")])
    return [task for text in texts if text not in budget and (task := from_text(text))]


def stuck_categories(facts: Mapping[str, Any]) -> set[str]:
    """The categories that the stuck protocol asks to leave."""
    threshold = int(mapping_of(facts, "limits").get("stuck_threshold", 5))
    stuck = detect_stuck(past_experiments(facts), threshold)
    return {category.name for category in stuck.categories_to_avoid}
