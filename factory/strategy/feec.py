"""FEEC: fix what is broken, exploit what works, explore what is new, combine what was near."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum

from factory.strategy.experiment import Experiment


class FEECCategory(IntEnum):
    """The four categories, in the order in which they are taken up."""

    FIX = 0
    EXPLOIT = 1
    EXPLORE = 2
    COMBINE = 3


# Stems, matched at the start of a word of lower-case text (twice as fast as ignoring case), in the order in
# which they decide. A fixture is not a fix, nor is something uniform unified.
_STEMS = {
    FEECCategory.FIX: r"fix(?!tur)|error|bug|crash|fail|regress|broken|repair",
    FEECCategory.EXPLOIT: r"improv|increas|extend|enhanc|build(?:s|ing)?\s+on\b|optimi[sz]|boost",
    FEECCategory.COMBINE: r"combin|merg|integrat|unif(?:y|i[ec])|consolidat",
}
_SEARCHES = [(category, re.compile(rf"\b(?:{stems})").search) for category, stems in _STEMS.items()]


def categorize_hypothesis(text: str) -> FEECCategory:
    """The category that the words of ``text`` speak for: FIX, else EXPLOIT, else COMBINE, else EXPLORE."""
    lowered = text.lower()
    for category, search in _SEARCHES:
        if search(lowered):
            return category
    return FEECCategory.EXPLORE


def category_of(experiment: Experiment) -> FEECCategory:
    """The declared category, which wins; else the one computed from the hypothesis."""
    declared = experiment.category
    if declared:
        known = FEECCategory.__members__.get(declared.strip().upper())
        if known is not None:
            return known
    return categorize_hypothesis(experiment.hypothesis)


def rank_hypotheses(hypotheses: Iterable[str]) -> list[str]:
    """The hypotheses in FEEC order by their text; those of one category stay in the order given."""
    return sorted(hypotheses, key=categorize_hypothesis)
