"""``coverage``: the share of the sources' lines that tests run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from factory.evals.dimensions import PLACES_SHOWN, place, scored
from factory.evals.dimensions.sources import Function, Source, body_lines, is_stub, syntax_errors
from factory.evals.reports import FileCoverage
from factory.models import DimensionScore

UNSEEN = FileCoverage(frozenset(), frozenset())


def score(sources: Sequence[Source], lines: Mapping[str, FileCoverage]) -> DimensionScore:
    """Executed lines among the executable ones, inside functions.

    Importing a module runs its imports, constants and definitions, which says nothing about tests; leaving
    them out also keeps the tidying of imports from looking like a loss. Where no source has a function, all
    lines count. ``line_rate`` in the details is the plain rate over all lines. A file that coverage never
    saw is not executed.
    """
    if not sources:
        return scored("coverage", None)
    whole = {s.path: _all_lines(s, lines.get(s.path, UNSEEN)) for s in sources}
    inner = {s.path: _function_lines(s) & (whole[s.path].executed | whole[s.path].missing) for s in sources}
    chosen = inner if any(inner.values()) else {p: v.executed | v.missing for p, v in whole.items()}
    missed = {path: chosen[path] - whole[path].executed for path in chosen}
    return scored(
        "coverage",
        1.0 - _ratio(_count(missed), _count(chosen)),
        "share",
        problems=_count(missed),
        line_rate=round(_line_rate(list(whole.values())), 6),
        executable=_count(chosen),
        places=_places(missed),
        syntax_errors=syntax_errors(sources),
    )


def _all_lines(source: Source, seen: FileCoverage) -> FileCoverage:
    """Coverage's lines; those of the syntax tree, all missing, where coverage never saw the file."""
    if seen.executed or seen.missing:
        return seen
    return FileCoverage(frozenset(), frozenset(_statement_lines(source)))


def _statement_lines(source: Source) -> Iterator[int]:
    if source.tree is None:
        yield from range(1, source.statements + 1)
        return
    yield from (node.lineno for node in ast.walk(source.tree) if isinstance(node, ast.stmt))


def _function_lines(source: Source) -> set[int]:
    if source.tree is None:
        return set(range(1, source.statements + 1))
    functions = [node for node in ast.walk(source.tree) if isinstance(node, Function) and not is_stub(node)]
    return {line for node in functions for line in body_lines(node)}


def _count(lines: Mapping[str, set[int] | frozenset[int]]) -> int:
    return sum(len(numbers) for numbers in lines.values())


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _line_rate(files: Sequence[FileCoverage]) -> float:
    executed = sum(len(f.executed) for f in files)
    return _ratio(executed, executed + sum(len(f.missing) for f in files))


def _places(missed: Mapping[str, set[int] | frozenset[int]]) -> list[dict[str, object]]:
    worst = sorted(missed.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        place(f, min(n), f"{len(n)} line{'s' if len(n) > 1 else ''} not run")
        for f, n in worst[:PLACES_SHOWN]
        if n
    ]
