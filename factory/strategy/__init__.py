"""What to try next, and what not to try again: pure functions over a hypothesis' text and the history.

A history is any iterable, oldest experiment first, of things with ``id``, ``hypothesis``, ``verdict``,
``reason``, ``category`` and ``score_after``: rows of the log as well as experiment records. It is gone
through once.
"""

from factory.strategy.antipatterns import AntiPattern, find_anti_patterns, is_evidence_against, not_to_repeat
from factory.strategy.designspace import Area, design_space, underserved
from factory.strategy.experiment import Experiment
from factory.strategy.feec import FEECCategory, categorize_hypothesis, category_of, rank_hypotheses
from factory.strategy.history import format_tiered_history
from factory.strategy.rates import Tally, keep_rates
from factory.strategy.similarity import hypothesis_similarity
from factory.strategy.stuck import Stuck, detect_plateau, detect_stuck

__all__ = [
    "AntiPattern",
    "Area",
    "Experiment",
    "FEECCategory",
    "Stuck",
    "Tally",
    "categorize_hypothesis",
    "category_of",
    "design_space",
    "detect_plateau",
    "detect_stuck",
    "find_anti_patterns",
    "format_tiered_history",
    "hypothesis_similarity",
    "is_evidence_against",
    "keep_rates",
    "not_to_repeat",
    "rank_hypotheses",
    "underserved",
]
