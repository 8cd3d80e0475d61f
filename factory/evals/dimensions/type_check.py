"""``type_check``: errors of the project's own type checker (mypy), relative to size."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from factory.evals.dimensions import PLACES_SHOWN, density_score, place, scored
from factory.evals.dimensions.sources import Source
from factory.models import DimensionScore


def score(sources: Sequence[Source], errors: Sequence[Mapping[str, Any]], *, blocked: bool) -> DimensionScore:
    """``density_score`` of mypy's errors over the statements of the sources.

    ``blocked``: mypy gave up before it had seen everything (a syntax error), which is 0, for the rest is
    hidden.
    """
    codes = Counter(str(e.get("code") or "error") for e in errors)
    size = sum(s.statements for s in sources)
    return scored(
        "type_check",
        0.0 if blocked else density_score(len(errors), size),
        problems=size + len(errors) if blocked else len(errors),
        rules=dict(codes.most_common()),
        places=[_place(e) for e in errors[:PLACES_SHOWN]],
    )


def _place(error: Mapping[str, Any]) -> dict[str, Any]:
    what = f"{error.get('code') or 'error'}: {error.get('message', '')}"
    return place(str(error.get("file", "")), int(error.get("line") or 0), what)


def parse(output: str) -> list[dict[str, Any]]:
    """The errors among mypy's JSON lines; notes and lines of any other kind are passed over."""
    rows = [_row(line) for line in output.splitlines() if line.startswith("{")]
    return [row for row in rows if row.get("severity") == "error"]


def _row(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}
