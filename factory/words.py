"""Numbers and texts as they stand in a sentence."""

from __future__ import annotations

import shlex
from pathlib import Path

IN_SHORT = 240
"""Characters of an experiment's notes that are told in a line of a terminal."""


def in_short(text: str, limit: int = IN_SHORT) -> str:
    """``text`` on one line of at most ``limit`` characters: the first of its parts between semicolons."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    return (line[:limit].rpartition("; ")[0] or line[: limit - 1]) + "…"


def signed(value: float) -> str:
    """A difference of scores: its sign and four decimals, and never a nothing with a minus."""
    return f"{round(value, 4) + 0.0:+.4f}"


def quoted(path: Path | str) -> str:
    """A path as it is typed in a command."""
    return shlex.quote(str(path))


def counted(number: int, noun: str) -> str:
    """``1 test``, ``2 tests``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
