"""Histories in a few letters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tried:
    """The least that strategy asks of an experiment."""

    id: int | None
    verdict: str = "keep"
    hypothesis: str = ""
    category: str = ""
    reason: str = ""
    score_after: float | None = None


@dataclass(frozen=True)
class Scored(Tried):
    """One that knows its baseline and its harness too."""

    score_before: float | None = None
    harness: str = ""


VERDICTS = {"k": "keep", "r": "revert", "e": "error"}
CATEGORIES = {"F": "FIX", "X": "EXPLOIT", "E": "EXPLORE", "C": "COMBINE"}


def history(text: str) -> list[Tried]:
    """``rF kX`` is a reverted FIX, then a kept EXPLOIT."""
    return [
        Tried(number, VERDICTS[word[0]], f"h{number}", CATEGORIES[word[1]])
        for number, word in enumerate(text.split(), 1)
    ]
