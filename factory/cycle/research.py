"""The research of a cycle: its text, and the numbered findings in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from factory.cycle.context import Cycle

# A finding is defined where a heading or list item begins with its number, or a line with number and colon;
# a number elsewhere cites one, and `R9/x.py` is a path.
_FINDING = re.compile(
    r"^[ \t]*(?:(?:[-*+]|#{1,6}|\d+[.)])[ \t]+[*_`\[(]*R(\d+)[\]*_`):.,—–-]*(?=\s|$)|[*_\[]*R(\d+)[*_\]]*:)",
    re.MULTILINE,
)


def research_text(cycle: Cycle) -> str:
    """What the Researcher of this cycle wrote; empty where there is none."""
    place = cycle.lab.paths.cycle_dir(cycle.id) / "research.md"
    return place.read_text(encoding="utf-8") if place.exists() else ""


def defined_findings(text: str) -> list[str]:
    """The numbers of the findings that a research text defines, in order: R1, R2, …"""
    numbers = {int(match[1] or match[2]) for match in _FINDING.finditer(text)}
    return [f"R{number}" for number in sorted(numbers)]


def findings_of(text: str, wanted: Sequence[str]) -> str:
    """The findings with these numbers, word for word; each goes on until another or a section begins."""
    kept: list[str] = []
    current = ""
    for line in text.splitlines():
        begins = _FINDING.match(line)
        if begins:
            current = f"R{begins[1] or begins[2]}"
        elif line.startswith("#"):
            current = ""
        if current in wanted:
            kept.append(line)
    return "\n".join(kept).strip()
