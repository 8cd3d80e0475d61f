"""``documentation``: the share of public symbols that have a docstring."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from factory.evals.dimensions import PLACES_SHOWN, place, scored
from factory.evals.dimensions.sources import Source, public_symbols, syntax_errors
from factory.models import DimensionScore


def score(sources: Sequence[Source]) -> DimensionScore:
    """Documented public functions, classes and methods among all; nothing to look at where there are none."""
    symbols = [symbol for s in sources for symbol in public_symbols(s)]
    bare = [s for s in symbols if not (ast.get_docstring(s.node) or "").strip()]
    share = (len(symbols) - len(bare)) / len(symbols) if symbols else None
    return scored(
        "documentation",
        share,
        "share",
        problems=len(bare),
        public=len(symbols),
        places=[place(s.path, s.line, f"{s.name} has no docstring") for s in bare[:PLACES_SHOWN]],
        syntax_errors=syntax_errors(sources),
    )
