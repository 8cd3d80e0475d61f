"""The research of a cycle: its text, and the numbered findings in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from factory.cycle.context import Cycle

_FINDING = re.compile(r"\bR(\d+)\b")
_BEGINS = re.compile(r"^(?:#+\s*|[-*]\s*)(?:\*\*)?R(\d+)\b")
_HEADING = re.compile(r"^#")


def research_text(cycle: Cycle) -> str:
    """What the Researcher of this cycle wrote; empty where there is none."""
    place = cycle.lab.paths.cycle_dir(cycle.id) / "research.md"
    return place.read_text(encoding="utf-8") if place.exists() else ""


def numbers_of(text: str) -> list[str]:
    """The numbers of the findings that a text has or mentions: R1, R2, …"""
    return [f"R{number}" for number in sorted({int(n) for n in _FINDING.findall(text)})]


def findings_of(text: str, wanted: Sequence[str]) -> str:
    """The findings with these numbers, word for word; each begins with its number, in a heading or list."""
    kept: list[str] = []
    current = ""
    for line in text.splitlines():
        begins = _BEGINS.match(line)
        if begins:
            current = f"R{begins[1]}"
        elif _HEADING.match(line):
            current = ""
        if current in wanted:
            kept.append(line)
    return "\n".join(kept).strip()
