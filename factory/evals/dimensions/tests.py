"""``tests``: the share of tests that pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from factory.evals.dimensions import PLACES_SHOWN, scored
from factory.models import DimensionScore, Outcome

_GOOD = frozenset({Outcome.PASSED, Outcome.XFAILED})
_BAD = frozenset({Outcome.FAILED, Outcome.ERROR, Outcome.XPASSED})


def score(outcomes: Mapping[str, Outcome], hint: str = "") -> DimensionScore:
    """Passing tests among the decided ones, those that were not skipped.

    An expected failure that fails is as agreed, one that passes is not. 0 where nothing was decided, so
    that first tests help. ``hint``: what to do about modules that could not be imported, or "".
    """
    passing = sum(1 for outcome in outcomes.values() if outcome in _GOOD)
    failing = sorted(test for test, outcome in outcomes.items() if outcome in _BAD)
    decided = passing + len(failing)
    hints: dict[str, Any] = {"hint": hint} if hint else {}
    return scored(
        "tests",
        passing / decided if decided else 0.0,
        problems=len(failing),
        passed=passing,
        failed=len(failing),
        skipped=len(outcomes) - decided,
        failing=failing[:PLACES_SHOWN],
        **hints,
    )
