"""The built-in dimensions, one a file: a pure function from facts to a score with the worst places."""

from __future__ import annotations

from typing import Any

from factory.config.schema import BUILT_IN_DIMENSIONS
from factory.models import ByProblems, DimensionScore, Tier

PLACES_SHOWN = 20

BUILT_IN = {name: Tier(tier) for name, tier in BUILT_IN_DIMENSIONS.items()}


def scored(name: str, score: float | None, by_problems: ByProblems = "", **details: Any) -> DimensionScore:
    """A built-in dimension that was measured; a score of None means that there is nothing to look at."""
    clipped = None if score is None else round(min(max(score, 0.0), 1.0), 9)
    return DimensionScore(
        name=name, tier=BUILT_IN[name], score=clipped, details=details, by_problems=by_problems
    )


def unmeasured(name: str, error: str) -> DimensionScore:
    """A built-in dimension that could not be measured, and why."""
    return DimensionScore(name=name, tier=BUILT_IN[name], error=error)


def place(file: str, line: int, what: str) -> dict[str, Any]:
    """One place in ``details["places"]``: where it is, and what is the matter there."""
    return {"file": file, "line": line, "what": what}


def density_score(problems: int, statements: int) -> float:
    """How clean code is, from 1 (no problem) towards 0: ``1 / (1 + d / 5)``, d = problems per 100 statements.

    Five problems in 100 statements give 0.5. Relative to size, so that a big project is not judged by its
    bulk; by statements and not by lines, so that reformatting moves nothing. Steep where code is nearly
    clean (one finding in 1,000 statements costs 0.02), and still moving where it is not.
    """
    if problems <= 0:
        return 1.0
    return 1.0 / (1.0 + 100.0 * problems / max(statements, 1) / 5.0)
