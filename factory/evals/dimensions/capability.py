"""``capability_surface``: how much of the public API the tests exercise."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from factory.evals.dimensions import PLACES_SHOWN, place, scored
from factory.evals.dimensions.sources import Function, Source, Symbol, body_lines, is_stub, public_symbols
from factory.evals.reports import FileCoverage
from factory.models import DimensionScore

HALF_SIZE = 5


def score(sources: Sequence[Source], lines: Mapping[str, FileCoverage]) -> DimensionScore:
    """``n / (N + 5)``: n of the N public symbols are exercised by tests.

    It tends to the plain share for an API of any size, grows with each symbol that comes with a test, ever
    more slowly, and falls with each that comes without. A function is exercised when a line of its body
    ran, a class when a line of any of its methods did. What has no body to run is not counted: stubs, and
    classes without methods.
    """
    executed = {path: seen.executed for path, seen in lines.items()}
    counted = [symbol for s in sources for symbol in public_symbols(s) if _lines_of(symbol)]
    idle = [s for s in counted if not _lines_of(s) & executed.get(s.path, frozenset())]
    exercised = len(counted) - len(idle)
    if not sources:
        return scored("capability_surface", None)
    return scored(
        "capability_surface",
        exercised / (len(counted) + HALF_SIZE),
        problems=len(idle),
        public=len(counted),
        exercised=exercised,
        places=[place(s.path, s.line, f"{s.name} is not exercised") for s in idle[:PLACES_SHOWN]],
    )


def _lines_of(symbol: Symbol) -> set[int]:
    """The lines that show that a symbol was used."""
    if isinstance(symbol.node, ast.ClassDef):
        methods = [n for n in symbol.node.body if isinstance(n, Function) and not is_stub(n)]
        return {line for method in methods for line in body_lines(method)}
    return set() if is_stub(symbol.node) else body_lines(symbol.node)
