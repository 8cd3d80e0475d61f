"""``type_check``: errors of the project's own type checker (mypy), relative to size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from factory.evals.dimensions import PLACES_SHOWN, density_score, place, scored
from factory.evals.dimensions.sources import Source
from factory.evals.reports import Finding
from factory.models import DimensionScore


def score(sources: Sequence[Source], errors: Sequence[Finding], *, blocked: bool) -> DimensionScore:
    """``density_score`` of mypy's errors over the statements of the sources.

    ``blocked``: mypy gave up before it had seen everything (a syntax error), which is 0, for the rest is
    hidden; how many problems there are nobody knows then.
    """
    codes = Counter(e.code or "error" for e in errors)
    size = sum(s.statements for s in sources)
    return scored(
        "type_check",
        0.0 if blocked else density_score(len(errors), size),
        "" if blocked else "density",
        problems=len(errors),
        size=size,
        rules=dict(codes.most_common()),
        places=[_place(e) for e in errors[:PLACES_SHOWN]],
    )


def _place(error: Finding) -> dict[str, Any]:
    return place(error.path, error.line, f"{error.code or 'error'}: {error.message}")
