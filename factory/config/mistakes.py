"""What is wrong with a settings file, all of it at once, in words for the person who wrote it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from factory.config.lines import KeyPath
from factory.errors import BadInput

LONGEST_SHOWN = 60
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake. ``where`` is ``file:line`` or what else gave it; ``meant`` the nearest valid name."""

    where: str
    key: str
    got: str
    expected: str
    meant: str = ""

    def __str__(self) -> str:
        """The mistake as one line."""
        guess = f'; did you mean "{self.meant}"?' if self.meant else ""
        key = "" if self.is_option else f"{self.key}: "
        return f"{self.where}: {key}got {self.got}, expected {self.expected}{guess}"

    @property
    def is_option(self) -> bool:
        """Whether it was made on the command line, where a setting's key is of no use."""
        return self.where.startswith("--")


class BadSettings(BadInput):
    """Settings with mistakes, every one of them in ``mistakes``."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        """One line a mistake."""
        hint = "`factory config` in a folder without these lists every setting with its default."
        if all(mistake.is_option for mistake in mistakes):
            hint = "`factory ceo --help` lists the options."
        super().__init__("\n".join(map(str, mistakes)), hint)
        self.mistakes = tuple(mistakes)


def nearest(word: str, names: Iterable[str]) -> str:
    """The name that ``word`` is most likely a slip of, or an empty string."""
    found = difflib.get_close_matches(word.lower(), list(names), n=1, cutoff=0.6)
    return found[0] if found else ""


def key_text(path: KeyPath) -> str:
    """A path as people write it: ``eval.dimension[0].name``."""
    out = ""
    for part in path:
        if isinstance(part, int):
            out += f"[{part}]"
        else:
            out += ("." if out else "") + (part if _BARE.fullmatch(part) else shown(part))
    return out


def shown(value: Any) -> str:
    """A value of a TOML file as a person would know it again, cut to a line."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list | tuple):
        return _cut(f"[{', '.join(map(shown, value[:10]))}]")
    try:
        return _cut(str(value))
    except ValueError:  # an integer of more digits than Python is willing to print
        return "a number of thousands of digits"


def _quoted(text: str) -> str:
    escaped = text[: LONGEST_SHOWN + 1].replace("\\", "\\\\").replace('"', '\\"')
    printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in escaped)
    return f'"{_cut(printable)}"'


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
