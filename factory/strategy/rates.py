"""How often experiments were kept, by category."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from factory.strategy.experiment import Experiment
from factory.strategy.feec import FEECCategory, category_of


@dataclass(slots=True)
class Tally:
    """Counts of verdicts."""

    kept: int = 0
    reverted: int = 0
    errors: int = 0

    @property
    def total(self) -> int:
        """All experiments with a verdict."""
        return self.kept + self.reverted + self.errors

    @property
    def rate(self) -> float | None:
        """Keeps among keeps and reverts, in [0, 1]; None where there are neither."""
        decided = self.kept + self.reverted
        return self.kept / decided if decided else None

    def add(self, verdict: str) -> None:
        """Count one verdict; an empty one is not counted."""
        if verdict == "keep":
            self.kept += 1
        elif verdict == "revert":
            self.reverted += 1
        elif verdict == "error":
            self.errors += 1


def keep_rates(history: Iterable[Experiment]) -> dict[FEECCategory, Tally]:
    """The verdicts counted by category, each category present."""
    tallies = {category: Tally() for category in FEECCategory}
    for experiment in history:
        tallies[category_of(experiment)].add(experiment.verdict)
    return tallies


def wilson_interval(successes: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Where a rate may lie, seen ``successes`` times in ``total``: bounds in [0, 1], at 95 % for z = 1.96.

    The score interval (Wilson 1927), which stays truthful for few observations; (0, 1) where there are none.
    """
    if not total:
        return 0.0, 1.0
    rate, square = successes / total, z * z
    middle = (rate + square / (2 * total)) / (1 + square / total)
    spread = z * math.sqrt(rate * (1 - rate) / total + square / (4 * total * total)) / (1 + square / total)
    low = middle - spread if successes else 0.0
    high = middle + spread if successes < total else 1.0
    return low, high
