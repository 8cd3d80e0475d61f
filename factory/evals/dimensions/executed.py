"""Which lines the tests ran, read from coverage's JSON report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.evals.dimensions.sources import Source


@dataclass(frozen=True, slots=True)
class Lines:
    """Of one file: the lines that ran and the executable ones that did not."""

    executed: frozenset[int]
    missing: frozenset[int]


def by_file(report: Mapping[str, Any], root: Path) -> dict[str, Lines]:
    """Coverage's ``files`` by path relative to ``root``; entries of an unknown form are passed over."""
    files = report.get("files")
    entries = files.items() if isinstance(files, dict) else ()
    return {_relative(str(name), root): _lines(entry) for name, entry in entries if isinstance(entry, dict)}


def _relative(name: str, root: Path) -> str:
    path = Path(name)
    inside = path.is_absolute() and path.is_relative_to(root)
    return (path.relative_to(root) if inside else path).as_posix()


def _lines(entry: Mapping[str, Any]) -> Lines:
    return Lines(_numbers(entry.get("executed_lines")), _numbers(entry.get("missing_lines")))


def _numbers(value: object) -> frozenset[int]:
    return frozenset(n for n in value if isinstance(n, int)) if isinstance(value, list) else frozenset()


def of(lines: Mapping[str, Lines], source: Source) -> Lines:
    """The lines of a source; one that coverage never saw ran nothing."""
    return lines.get(source.path, Lines(frozenset(), frozenset()))
