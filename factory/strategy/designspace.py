"""The areas in which a project can be improved, and how well each was served."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from factory.strategy.experiment import Experiment

WINDOW = 100
"""So many of the last experiments count; older ones weigh less than one in a thousand."""

HALF_LIFE = 10
"""After so many further experiments an attempt counts half."""

BOUNDS = (0.25, 0.75, 1.5, 3.0)
"""Weights at which the score becomes 2, 3, 4 and 5."""

# Stems at the start of a word. What matches none is a feature.
_AREAS: dict[str, str] = {
    "Features": r"feature|command|subcommand|flag|option|support|endpoint|capabilit",
    "Instrumentation": r"log(?!in|out|ic)|trac(?:e|ing)|metric|observab|telemetr|instrument|monitor",
    "Testing": r"test|coverage|pytest|fixture|assert",
    "Type safety": r"typ(?:e|es|ed|ing)\b|mypy|pyright|annotat",
    "Performance": r"perf|fast|speed|slow|cach|latenc|optimi[sz]|memor|throughput",
    "Documentation": r"doc|readme|changelog|tutorial|comment",
    "Infrastructure": r"ci\b|docker|build|packag|depend|deploy|release|workflow|pipeline|infra",
    "Operational execution": r"operation|migrat|backfill|execut|run\b|schedul|rollout",
    "Knowledge management": r"knowledge|archiv|research|playbook|prompt|memo|note",
    "Refactoring": r"refactor|renam|simplif|clean|extract|split|dedup|moderni[sz]|lint|format|restructur",
}
_PATTERNS = {name: re.compile(rf"\b(?:{stems})", re.IGNORECASE) for name, stems in _AREAS.items()}


@dataclass(frozen=True, slots=True)
class Area:
    """An area with its score from 1 (underserved) to 5, and how often it was tried of late.

    ``last`` is how many experiments ago it was tried last (0: the newest), or None.
    """

    name: str
    score: int
    tried: int
    last: int | None


def areas_of(hypothesis: str) -> list[str]:
    """The areas that a hypothesis' words belong to; Features when none do."""
    found = [name for name, pattern in _PATTERNS.items() if pattern.search(hypothesis)]
    return found or ["Features"]


def design_space(history: Iterable[Experiment]) -> list[Area]:
    """Every area, scored by how often and how recently it was tried.

    Each of the last 100 experiments adds 0.5 ** (age / 10) to the weight of its areas, age being the number
    of experiments since. A weight below 0.25 scores 1, below 0.75 2, below 1.5 3, below 3 4, else 5; so an
    area tried once, just now, has 3, and is back at 1 when 21 experiments went elsewhere. The bounds are our
    own choice.
    """
    recent = deque(history, maxlen=WINDOW)
    ages: dict[str, list[int]] = {name: [] for name in _AREAS}
    for age, experiment in enumerate(reversed(recent)):
        for name in areas_of(experiment.hypothesis):
            ages[name].append(age)
    return [_area(name, tried) for name, tried in ages.items()]


def underserved(areas: Sequence[Area], limit: int = 3) -> list[str]:
    """The names of the least tried areas, those with the lowest score, the longest untried first."""
    lowest = min((area.score for area in areas), default=0)
    candidates = [area for area in areas if area.score == lowest]
    candidates.sort(key=lambda area: -(WINDOW if area.last is None else area.last))
    return [area.name for area in candidates[:limit]]


def _area(name: str, ages: Sequence[int]) -> Area:
    weight = sum(0.5 ** (age / HALF_LIFE) for age in ages)
    score = 1 + sum(weight >= bound for bound in BOUNDS)
    return Area(name, score, len(ages), min(ages, default=None))
