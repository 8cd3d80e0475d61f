"""Which entries of the backlog a text names: never one that only resembles what is meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from factory.spec.document import one_line
from factory.spec.forms import without_remark, words

Find = Callable[[str, Sequence[str]], list[str]]
_LIST_MARK = re.compile(r"\s*(?:[-*+]\s+)?(?:\[[ xX]\]\s+)?")


def entry_named(text: str, backlog: Sequence[str]) -> list[str]:
    """The entry that a text names, as the backlog has it; empty where there is none, or no telling which.

    The same text goes before one that differs in quoting, case and punctuation, and that before one where
    either has a remark in parentheses at its end that the other lacks. It is several only where a person
    wrote it twice.
    """
    for same in (_same_text, _same_words, _same_but_for_a_remark):
        if found := [entry for entry in backlog if same(_bare(text), _bare(entry))]:
            return found if all(_same_text(_bare(found[0]), _bare(entry)) for entry in found) else []
    return []


def entry_quoted(text: str, backlog: Sequence[str]) -> list[str]:
    """The entry whose text this is, but for case and space; several where a person wrote it twice."""
    return [entry for entry in backlog if _same_text(text, entry)]


def entries_of(item: str, backlog: Sequence[str], find: Find = entry_named) -> list[str]:
    """The entries of a plan item, joined by ``"; "``. An entry may hold that itself: longer ones win."""
    found: list[str] = []
    parts = item.split("; ")
    while parts:
        sizes = range(len(parts), 0, -1)
        size = next((size for size in sizes if find("; ".join(parts[:size]), backlog)), 1)
        found += find("; ".join(parts[:size]), backlog)
        parts = parts[size:]
    return list(dict.fromkeys(found))


def is_mentioned(entry: str, text: str) -> bool:
    """Whether a text has the words of an entry, but for a remark at the entry's end."""
    wanted = words(without_remark(_bare(entry)))
    return bool(wanted) and wanted in words(text)


def _bare(text: str) -> str:
    return _LIST_MARK.sub("", one_line(text), count=1)


def _same_text(one: str, other: str) -> bool:
    # As the backlog itself tells its items apart.
    return _key(one) == _key(other)


def _key(text: str) -> str:
    return "".join(text.split()).casefold()


def _same_words(one: str, other: str) -> bool:
    return bool(words(one)) and words(one) == words(other)


def _same_but_for_a_remark(one: str, other: str) -> bool:
    # Where both have a remark, these tell two entries apart.
    return _same_words(without_remark(one), other) or _same_words(one, without_remark(other))
