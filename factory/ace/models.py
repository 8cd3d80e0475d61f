"""Playbooks as values: what a role has learned, read from Markdown and written to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, ValidationError, field_validator

from factory.models import Model

Section = Literal["do", "dont"]

HEADINGS: dict[Section, str] = {"do": "### DO", "dont": "### DON'T"}

PREFIXES: dict[str, str] = {
    "ceo": "ceo",
    "researcher": "res",
    "strategist": "strat",
    "builder": "build",
    "reviewer": "rev",
    "evaluator": "eval",
    "archivist": "arch",
    "failure_analyst": "fail",
}
"""What the ids of a role's items begin with, so that an id says whose it is."""

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]*-[0-9]{1,9}")
_ITEM = re.compile(
    rf"\s*[-*]\s+\[({_ID.pattern})\]\s+helpful=([0-9]{{1,9}})\s+harmful=([0-9]{{1,9}})\s+::\s*(.*)"
)
_HEADING = re.compile(r"#{1,6}\s+(DO|DON['’]?T)\s*:?\s*", re.IGNORECASE)
_TITLE = re.compile(r"#{1,2}\s+Playbook(?:\s*:\s*\w*)?\s*", re.IGNORECASE)


class PlaybookItem(Model):
    """One piece of advice, with how often it stood in an experiment that was kept or that failed by itself.

    ``id`` is stable and unique in its playbook (``strat-00001``). ``text`` is one line, reason included.
    """

    id: str = Field(pattern=rf"^{_ID.pattern}$")
    helpful: int = Field(default=0, ge=0)
    harmful: int = Field(default=0, ge=0)
    text: str = Field(min_length=1)

    @field_validator("text", mode="before")
    @classmethod
    def _one_line(cls, text: object) -> object:
        """Line breaks and runs of spaces become one space: an item is one line of its file."""
        return " ".join(text.split()) if isinstance(text, str) else text

    def to_line(self) -> str:
        """Its line in a playbook."""
        return f"- [{self.id}] helpful={self.helpful} harmful={self.harmful} :: {self.text}"


class DamagedLine(Model):
    """A line of a playbook that is neither an item nor a heading: kept as it is, and reported.

    ``line`` counts from 1 in the text that was read; ``section`` is where it stood, None before the first
    heading.
    """

    line: int
    text: str
    problem: str
    section: Section | None = None


class Playbook(Model):
    """What one role has learned: what to do, what not to do, and the lines that could not be read."""

    role: str
    do: list[PlaybookItem] = Field(default_factory=list)
    dont: list[PlaybookItem] = Field(default_factory=list)
    damaged: list[DamagedLine] = Field(default_factory=list)

    @property
    def items(self) -> list[PlaybookItem]:
        """All items, those to do first."""
        return [*self.do, *self.dont]

    def item(self, id: str) -> PlaybookItem | None:
        """The item of that id, or None."""
        return next((item for item in self.items if item.id == id), None)

    def section(self, name: Section) -> list[PlaybookItem]:
        """The items of one section."""
        return self.do if name == "do" else self.dont

    @classmethod
    def from_markdown(cls, text: str, role: str = "") -> Playbook:
        """The playbook that ``text`` is. Never fails: what is not understood is in ``damaged``.

        Accepts `*` for `-`, headings of any depth, CRLF, and a typographic apostrophe.
        """
        reader = _Reader(role)
        for number, line in enumerate(text.split("\n"), start=1):
            reader.read(number, line.rstrip())
        return cls(role=role, **reader.sections, damaged=reader.damaged)

    def items_markdown(self) -> str:
        """The sections that have items, without title and damaged lines: what a prompt shows."""
        parts = [
            "\n".join([HEADINGS[name], "", *(item.to_line() for item in self.section(name))])
            for name in HEADINGS
            if self.section(name)
        ]
        return "\n\n".join(parts)

    def to_markdown(self) -> str:
        """The playbook as text. Reading it gives the same items and damaged lines, section by section."""
        loose = [line.text for line in self.damaged if line.section is None]
        head = [f"# Playbook: {self.role}", "", *loose, *([""] if loose else [])]
        return "\n".join([*head, *self._section_lines("do"), "", *self._section_lines("dont")]) + "\n"

    def _section_lines(self, name: Section) -> Iterator[str]:
        yield HEADINGS[name]
        yield ""
        yield from (item.to_line() for item in self.section(name))
        yield from (line.text for line in self.damaged if line.section == name)


class _Reader:
    """Takes a playbook's lines one after the other."""

    def __init__(self, role: str) -> None:
        self._role = role
        self._section: Section | None = None
        self._lines: dict[str, int] = {}
        self.sections: dict[Section, list[PlaybookItem]] = {"do": [], "dont": []}
        self.damaged: list[DamagedLine] = []

    def read(self, number: int, line: str) -> None:
        """Sorts one line in."""
        heading = _HEADING.fullmatch(line)
        if not line.strip() or _TITLE.fullmatch(line):
            return
        if heading:
            self._section = "do" if heading[1].upper() == "DO" else "dont"
            return
        problem = self._take(number, line)
        if problem:
            self.damaged.append(DamagedLine(line=number, text=line, problem=problem, section=self._section))

    def _take(self, number: int, line: str) -> str:
        """Adds the item that the line is; returns what is wrong with it, "" where nothing is."""
        match = _ITEM.fullmatch(line)
        if not match:
            return "not of the form `- [id] helpful=N harmful=N :: text`"
        if self._section is None:
            return "an item before `### DO` or `### DON'T`"
        if match[1] in self._lines:
            return f"the id {match[1]} is taken by line {self._lines[match[1]]}"
        try:
            item = PlaybookItem(id=match[1], helpful=int(match[2]), harmful=int(match[3]), text=match[4])
        except ValidationError:
            return "the item has no text"
        self._lines[item.id] = number
        self.sections[self._section].append(item)
        return ""


def id_prefix(role: str) -> str:
    """What the ids of a role's items begin with."""
    return PREFIXES.get(role) or re.sub(r"[^a-z0-9]", "", role.lower())[:5].lstrip("0123456789") or "item"
