"""Whether the experiments still lead anywhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from factory.strategy.experiment import Experiment, is_decided, score_of, text_of
from factory.strategy.feec import FEECCategory, category_of

CATEGORY_STREAK = 3
"""That many reverts in a row in one category are enough."""

WINDOW = 10
"""Over so many experiments the revert rate is taken."""

REVERT_RATE = 0.6
"""A revert rate above this is too high."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """Whether the experiments are stuck, why (a sentence), and what the next one must not be.

    It is true as a condition when stuck. ``categories_to_avoid`` are those of the reverts that show it.
    """

    stuck: bool
    why: str = ""
    categories_to_avoid: tuple[FEECCategory, ...] = ()

    def __bool__(self) -> bool:
        """Whether stuck."""
        return self.stuck


def detect_stuck(history: Iterable[Experiment], threshold: int = 5) -> Stuck:
    """Whether there were three reverts in a row in one category, ``threshold`` in a row, or above 60% of ten.

    Only keeps and reverts count: an error neither continues a row nor ends it. The rate needs ten of them.
    """
    recent = deque((e for e in history if is_decided(e)), maxlen=max(threshold, WINDOW))
    streak = _streak(recent)
    reverts = sum(e.verdict == "revert" for e in list(recent)[-WINDOW:])
    last = streak[:CATEGORY_STREAK]
    if len(last) == CATEGORY_STREAK and len(set(last)) == 1:
        return Stuck(
            True, f"the last {CATEGORY_STREAK} experiments were reverts in {last[0].name}", (last[0],)
        )
    if len(streak) >= threshold:
        return Stuck(True, f"the last {len(streak)} experiments were reverts", _common(streak))
    if len(recent) >= WINDOW and reverts > REVERT_RATE * WINDOW:
        reverted = [category_of(e) for e in reversed(list(recent)[-WINDOW:]) if e.verdict == "revert"]
        return Stuck(True, f"{reverts} of the last {WINDOW} experiments were reverts", _common(reverted))
    return Stuck(False)


class Plateau:
    """How many scored experiments there were since the last new best, kept up to date one by one.

    The best is the composite of what was kept, starting from the first baseline; a reverted experiment's
    score never becomes it. Scores of different harnesses are not compared: a new harness starts afresh.
    """

    def __init__(self) -> None:
        """Before the first experiment."""
        self.since_best = 0
        self._best: float | None = None
        self._harness = ""

    def see(self, experiment: Experiment) -> None:
        """Take in the next experiment; one without a score changes nothing."""
        score = experiment.score_after
        if score is None:
            return
        harness = text_of(experiment, "harness")
        if self._best is None or harness != self._harness:
            self._harness, self.since_best = harness, 0
            self._best = score_of(experiment, "score_before")
        if self._best is None:
            self._best = score
        elif experiment.verdict == "keep" and (score > self._best or _is_research(experiment)):
            self._best, self.since_best = score, 0
        else:
            self.since_best += 1


def _is_research(experiment: Experiment) -> bool:
    """Whether its score is a metric, of which less may be better: there only what is better was kept."""
    return text_of(experiment, "kind") == "research"


def detect_plateau(history: Iterable[Experiment], threshold: int = 3) -> bool:
    """Whether the last ``threshold`` scored experiments brought no new best (see ``Plateau``)."""
    plateau = Plateau()
    for experiment in history:
        plateau.see(experiment)
    return plateau.since_best >= threshold


def _streak(recent: Sequence[Experiment] | deque[Experiment]) -> list[FEECCategory]:
    """The categories of the reverts since the last keep, newest first."""
    categories = []
    for experiment in reversed(recent):
        if experiment.verdict != "revert":
            break
        categories.append(category_of(experiment))
    return categories


def _common(categories: Sequence[FEECCategory]) -> tuple[FEECCategory, ...]:
    """The category most often met, or none where all four are equally tried: something has to remain."""
    counts = {category: categories.count(category) for category in FEECCategory}
    most = max(counts.values())
    common = tuple(category for category, count in counts.items() if count == most)
    return common if len(common) < len(FEECCategory) else ()
