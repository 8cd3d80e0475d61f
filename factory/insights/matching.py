"""Which texts speak of the same thing: content words in common, and a fuzzy ratio. Fast over many texts.

Two texts match when they have at least ``SHARED`` content words in common (or consist of the same ones), and
the token set ratio of their content words is at least ``ALIKE``. ``matches`` is this definition; ``Corpus``
gives the same answers for one text against a hundred thousand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import compress

from rapidfuzz import fuzz, process

ALIKE = 75.0
"""The token set ratio from which on texts are alike, in [0, 100]."""

SHARED = 3
"""Content words that alike texts have in common, at the least: two common words make no statement."""

_FROM_DIGITS = bytes.maketrans(b"01", b"\0\1")
_CODE = re.compile(r"`[^`]*`|\S*[\d/\\_@]\S*|\b\w+\.\w[\w.]*")
_WORD = re.compile(r"[^\W\d_]{2,}")
_STOP = frozenset((
    "the", "and", "for", "with", "from", "into", "that", "this", "these", "those", "its", "their",
    "they", "them", "are", "was", "were", "been", "being", "has", "have", "had", "not", "but", "when",
    "where", "which", "what", "who", "how", "than", "then", "also", "only", "each", "every", "any",
    "all", "some", "more", "most", "such", "one", "two", "of", "in", "on", "to", "at", "by", "as", "is",
    "it", "an", "be", "or", "so", "if", "no", "do", "does", "did", "can", "could", "should", "would",
    "will", "may", "might", "must", "via", "per", "before", "after", "instead", "rather", "because",
    "while", "about", "over", "under", "between", "both", "other", "own", "same", "very", "just", "up",
    "out", "off",
))  # fmt: skip

Words = frozenset[str]
_NOTHING: Words = frozenset(("",))


def content_words(text: str) -> Words:
    """The words that say what a text is about: lower case, singular; no code, names of files or numbers."""
    words = _WORD.findall(_CODE.sub(" ", text).lower())
    return frozenset(map(_content, words)) - _NOTHING


def matches(one: str, other: str) -> bool:
    """Whether two texts speak of the same thing."""
    return alike(content_words(one), content_words(other))


def alike(one: Words, other: Words) -> bool:
    """Whether two sets of content words do; an empty one is like none."""
    if not one or not other:
        return False
    if one == other:
        return True
    return len(one & other) >= SHARED and fuzz.token_set_ratio(_joined(one), _joined(other)) >= ALIKE


@cache
def _content(word: str) -> str:
    """A word as it counts, in the singular; empty for one that says nothing."""
    if word in _STOP:
        return ""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _joined(words: Words) -> str:
    return " ".join(sorted(words))


class Corpus:
    """Texts to be searched for matches. Texts with the same content words are one entry.

    For each word a bit set (a Python integer) says which entries have it. Adding these up tells at once which
    entries share enough words with a query; only for those the ratio is computed.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self.entries: list[Words] = []
        self.members: list[list[int]] = []
        """For each entry, the positions of its texts among those given."""
        self._joined: list[str] = []
        numbers: dict[Words, int] = {}
        for position, text in enumerate(texts):
            words = content_words(text)
            number = numbers.setdefault(words, len(numbers))
            if number == len(self.entries):
                self.entries.append(words)
                self.members.append([])
                self._joined.append(_joined(words))
            self.members[number].append(position)
        self._numbers = numbers
        self._with_word = _bit_sets(self.entries)

    def find(self, text: str) -> list[int]:
        """The positions of the texts that match, in order."""
        found = self.similar(content_words(text))
        return sorted(position for number in found for position in self.members[number])

    def similar(self, words: Words) -> list[int]:
        """The numbers of the entries alike to a set of content words, in order."""
        if not words:
            return []
        flags = _flags(self._sharing(words))
        candidates = list(compress(range(len(self.entries)), flags))
        hits = process.extract(
            _joined(words),
            list(compress(self._joined, flags)),
            scorer=fuzz.token_set_ratio,
            processor=None,
            limit=None,
            score_cutoff=ALIKE,
        )
        same = self._numbers.get(words)
        found = {candidates[at] for _, _, at in hits} | ({same} if same is not None else set())
        return sorted(found)

    def _sharing(self, words: Words) -> int:
        """The entries with at least ``SHARED`` of the words, as bits."""
        at_least = [0] * SHARED
        for word in words:
            having = self._with_word.get(word, 0)
            if having:
                for count in range(SHARED - 1, 0, -1):
                    at_least[count] |= at_least[count - 1] & having
                at_least[0] |= having
        return at_least[-1]


def _bit_sets(entries: Iterable[Words]) -> dict[str, int]:
    """For each word the entries that have it, as bits."""
    numbers: dict[str, list[int]] = {}
    count = 0
    for number, words in enumerate(entries):
        count = number + 1
        for word in words:
            numbers.setdefault(word, []).append(number)
    return {word: _integer(having, count) for word, having in numbers.items()}


def _integer(positions: Iterable[int], size: int) -> int:
    data = bytearray(size // 8 + 1)
    for position in positions:
        data[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(data, "little")


def _flags(number: int) -> bytes:
    """A byte for each bit, 0 or 1, the lowest first: what ``compress`` selects by."""
    return bin(number)[:1:-1].encode().translate(_FROM_DIGITS)
