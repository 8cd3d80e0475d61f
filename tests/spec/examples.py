"""The two example plans, and small ways of spoiling them."""

from __future__ import annotations

from pathlib import Path

DATA = Path(__file__).parent / "data"
IMPROVEMENT = (DATA / "improvement.md").read_text(encoding="utf-8")
PROJECT = (DATA / "project.md").read_text(encoding="utf-8")
BOTH = (IMPROVEMENT, PROJECT)


def replaced(text: str, old: str, new: str) -> str:
    """The text with the first ``old`` replaced; fails where there is none."""
    assert old in text, f"the example has no {old!r}"
    return text.replace(old, new, 1)


def line_of(text: str, mark: str) -> int:
    """The line, from 1, of the first ``mark``."""
    assert mark in text, f"the text has no {mark!r}"
    return text.count("\n", 0, text.index(mark)) + 1


def without_line(text: str, mark: str) -> str:
    """The text without the first line that begins with ``mark``."""
    lines = text.split("\n")
    lines.pop(next(at for at, line in enumerate(lines) if line.startswith(mark)))
    return "\n".join(lines)
