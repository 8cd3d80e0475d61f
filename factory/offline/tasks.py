"""The mechanical tasks, how a plan names them, and which ones a person's words mean.

A checklist line ``Run: ruff F401,F541`` fixes those rules' safe findings, ``Run: ruff F401
sparing-imported-names`` leaves out files through which other files import what looks unused, ``Run: ruff
format`` formats, and ``Run: log-swallowed src/pkg`` logs the exceptions that modules below a folder swallow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Tool = Literal["ruff", "format", "log"]

SPARING = "sparing-imported-names"

_RUN = re.compile(r"^(?:[-*]\s*)?(?:\[[ xX]\]\s*)?`?Run:\s*`?(?P<command>[^`]+?)`?\s*$")
_CODE = re.compile(r"[A-Z]{1,6}[0-9]{0,4}")
_CODE_IN_TEXT = re.compile(r"\(((?:[A-Z]{1,6}[0-9]{1,4})(?:,\s*[A-Z]{1,6}[0-9]{1,4})*)\)")
_LOG_IN = re.compile(r"\bin (?:the )?`?([\w./-]+)`?")

_WORDS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"\bunused imports?\b", re.I), ("F401",)),
    (re.compile(r"\bf-?strings? without (any )?placeholders?\b", re.I), ("F541",)),
    (re.compile(r"\b(sort|order|tidy)\w* (the )?imports?\b|\bimports? (order|sort)", re.I), ("I",)),
    (re.compile(r"\b(moderni[sz]e|old|modern) (the )?(python )?syntax\b|\bpyupgrade\b", re.I), ("UP",)),
)
_LOG = re.compile(
    r"\blog\w* (the |all |every )?(swallowed|silent|silenced|ignored) (exceptions?|errors?)", re.I
)
_FORMAT = re.compile(r"\b(re)?format(ting)? (the |all )?(code|files?|sources?|with ruff)\b", re.I)


@dataclass(frozen=True, slots=True)
class Task:
    """Something a tool can do: which rules of ruff (``codes``), or below which folder (``package``)."""

    tool: Tool
    codes: tuple[str, ...] = ()
    package: str = ""
    sparing: bool = False

    @property
    def command(self) -> str:
        """The task as a plan's checklist names it."""
        if self.tool == "format":
            return "ruff format"
        if self.tool == "log":
            return f"log-swallowed {self.package or '.'}"
        return f"ruff {','.join(self.codes)}" + (f" {SPARING}" if self.sparing else "")

    @property
    def families(self) -> frozenset[str]:
        """What the rules are grouped by."""
        return frozenset(family(code) for code in self.codes)

    def means(self, other: Task) -> bool:
        """Whether this task, as somebody worded it, is the other one."""
        if self.tool != other.tool or self.sparing != other.sparing:
            return False
        if self.tool == "log":
            return self.package in ("", ".", other.package, other.package.rpartition("/")[2])
        return bool(self.families & other.families) or self.tool == "format"


def family(code: str) -> str:
    """The group that a rule is proposed in: Pyflakes rules each alone, others by their letters."""
    letters = re.match(r"[A-Z]+", code)
    prefix = letters.group() if letters else code
    return code if prefix == "F" else prefix


def from_checklist(lines: Iterable[str]) -> Task | None:
    """The task of the first ``Run:`` line, or None."""
    for line in lines:
        found = _RUN.match(line.strip())
        task = _from_command(found["command"].split()) if found else None
        if task:
            return task
    return None


def _from_command(words: list[str]) -> Task | None:
    if words == ["ruff", "format"]:
        return Task("format")
    if len(words) == 2 and words[0] == "log-swallowed":
        return Task("log", package=words[1].strip("/"))
    if len(words) in (2, 3) and words[0] == "ruff":
        codes = tuple(words[1].split(","))
        sparing = words[2:] == [SPARING]
        if all(_CODE.fullmatch(code) for code in codes) and (sparing or len(words) == 2):
            return Task("ruff", codes, sparing=sparing)
    return None


def from_text(text: str) -> Task | None:
    """The task that a hypothesis or a backlog item asks for, in the words known here, or None."""
    if _LOG.search(text):
        place = _LOG_IN.search(text)
        named = place.group(1).strip("/.") if place else ""
        return Task("log", package="" if named == "top-level" else named)
    for pattern, codes in _WORDS:
        if pattern.search(text):
            return Task("ruff", codes, sparing="no other file" in text.lower())
    if _FORMAT.search(text):
        return Task("format")
    named = _CODE_IN_TEXT.search(text)
    if named and re.match(r"\s*fix", text, re.I):
        return Task("ruff", tuple(re.split(r",\s*", named.group(1))))
    return None
