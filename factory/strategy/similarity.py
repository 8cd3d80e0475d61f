"""How much alike two hypotheses are."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]{3,}")


def words_of(text: str) -> frozenset[str]:
    """The lower-case words of three letters or more."""
    return frozenset(_WORD.findall(text.lower()))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared words over all words, in [0, 1] (Jaccard 1901); 0 where either has none."""
    if not one or not other:
        return 0.0
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def hypothesis_similarity(a: str, b: str) -> float:
    """How alike two hypotheses are, in [0, 1]: Jaccard on lower-case words of three letters or more."""
    return jaccard(words_of(a), words_of(b))
