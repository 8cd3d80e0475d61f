"""The parts of a plan, as values. Source lines count from 1 and don't take part in comparisons."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

CATEGORIES = ("FIX", "EXPLOIT", "EXPLORE", "COMBINE")
_NUMBERS = r"(\d+\.\d+)(?:\s*[–—-]\s*§?\s*(\d+\.\d+))?"
_REFERENCE = re.compile(rf"§{{0,2}}\s*{_NUMBERS}")
_MARKED = re.compile(rf"§{{1,2}}\s*{_NUMBERS}(?:\s*(?:[,;/&]|\band\b)\s*§{{0,2}}\s*{_NUMBERS})*")
_FINDING = re.compile(r"\[([^\[\]]*)\]")
_EXPERIMENT = re.compile(r"(?:#|\bexperiments?\s+#?)(\d+)\b", re.IGNORECASE)
_NUMBER = r"([-+]?\d+(?:\.\d+)?%?)"
_IMPACT = re.compile(
    rf"([A-Za-z_][\w /-]{{0,60}}?)`?\s*:?\s+(?:from\s+)?{_NUMBER}\s*(?:→|->|=>|\bto\b)\s*{_NUMBER}"
)
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_NOTHING = re.compile(r"(?:none|nothing|nil|n/?a|-|–|—)?\W*", re.IGNORECASE)


class Form(StrEnum):
    """Which of the two forms a plan has."""

    PROJECT = "project"
    IMPROVEMENT = "improvement"


class Kind(StrEnum):
    """What a section is for; OTHER is one that neither form knows."""

    LANGUAGE = "Normative Language"
    PROBLEM = "Problem Statement"
    AIMS = "Goals and Non-Goals"
    GOALS = "Goals"
    NON_GOALS = "Non-Goals"
    OVERVIEW = "System Overview"
    ARCHITECTURE = "Architecture"
    STACK = "Tech Stack"
    DOMAIN = "Core Domain Model"
    ALGORITHMS = "Reference Algorithms"
    MATRIX = "Test and Validation Matrix"
    RESEARCH = "Research Configuration"
    STATE = "Current State"
    SPACE = "Design Space"
    SPECIFICATION = "Detailed Specification"
    PLAN = "Implementation Plan"
    ANTI_PATTERNS = "Anti-patterns"
    BLOCKED = "Blocked (requires user input)"
    ADDITIONS = "Proposed Backlog Additions"
    OTHER = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A list item: its first paragraph on one line, and the Markdown that follows inside the item."""

    text: str
    more: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    """A named value of a feature, a phase or the research configuration.

    ``remark`` is what stood in parentheses after a short value, ``more`` the Markdown below the first
    paragraph.
    """

    name: str
    text: str
    remark: str = ""
    more: str = ""
    line: int = field(default=0, compare=False)

    @property
    def whole(self) -> str:
        """Text and what follows it."""
        return f"{self.text}\n{self.more}" if self.more else self.text

    @property
    def value(self) -> str:
        """A short value without quoting: ```pytest -q``` gives ``pytest -q``."""
        return unquoted(self.text)

    @property
    def values(self) -> tuple[str, ...]:
        """The values of a list: nested items, or the text at its commas and semicolons, without quoting."""
        nested = re.findall(r"^(?:[-+*]|\d+[.)])\s+(.+)$", self.more, re.MULTILINE)
        found = nested or _split_outside_code(self.text)
        return tuple(v for v in (unquoted(part) for part in found) if v and not is_nothing(v))


class _Fielded:
    """What features, phases and the research configuration share: access to fields by name."""

    __slots__ = ()
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """The first field of that name, or None."""
        return next((f for f in self.fields if f.name == name), None)

    def text(self, name: str) -> str:
        """The text of a field with what follows it; empty when it is missing."""
        found = self.field(name)
        return found.whole if found else ""

    def value(self, name: str) -> str:
        """A short value without quoting; empty when it is missing or says that there is none."""
        found = self.field(name)
        return found.value if found and not is_nothing(found.value) else ""

    def all_values(self, name: str) -> tuple[str, ...]:
        """The values of every field of that name."""
        return tuple(v for f in self.fields if f.name == name for v in f.values)


@dataclass(frozen=True, slots=True)
class Impact:
    """An expected move of one dimension; the numbers as written."""

    dimension: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Feature(_Fielded):
    """An item of the Detailed Specification. ``number`` is such as ``4.2``; empty: the heading has none."""

    number: str
    title: str
    fields: tuple[Field, ...] = ()
    notes: str = ""
    line: int = field(default=0, compare=False)

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"§{self.number}" if self.number else f'"{self.title}"'

    @property
    def category(self) -> str:
        """The declared category in capitals, valid or not; empty when none is declared."""
        return self.value("Category").upper()

    @property
    def operational(self) -> bool:
        """Whether the item says of itself that it is operational."""
        return self.value("Type").lower() == "operational"

    @property
    def command(self) -> str:
        """The command of ``Verify``; empty when there is none."""
        return self.value("Verify")

    @property
    def backlog_items(self) -> tuple[str, ...]:
        """What it says that it serves, as written: a remark may tell two entries of a backlog apart."""
        return tuple(f.text for f in self.fields if f.name == "Backlog item" and not is_nothing(f.text))

    @property
    def impacts(self) -> tuple[Impact, ...]:
        """The moves that ``Expected impact`` names."""
        return tuple(Impact(*m.groups()) for m in _IMPACT.finditer(self.text("Expected impact")))

    @property
    def citations(self) -> tuple[str, ...]:
        """Research findings that ``Why`` cites, such as ``R3``, each once."""
        return findings_cited(self.text("Why"))


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """A step of a phase."""

    text: str
    done: bool = False
    more: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Phase(_Fielded):
    """A phase. ``label`` is the number as written, ``reference`` the parenthesis after the title."""

    label: str
    title: str
    reference: str = ""
    checklist: tuple[ChecklistItem, ...] = ()
    fields: tuple[Field, ...] = ()
    notes: str = ""
    line: int = field(default=0, compare=False)

    @property
    def number(self) -> int:
        """The phase's number; 0 when the label is none."""
        return int(self.label) if re.fullmatch(r"[0-9]{1,6}", self.label) else 0

    @property
    def refs(self) -> tuple[str, ...]:
        """The numbers of the features it serves."""
        return references(self.reference)

    @property
    def words(self) -> tuple[str, ...]:
        """What the reference says besides numbers: a category, or something wrong."""
        rest = _REFERENCE.sub(" ", self.reference).replace("§", " ")
        return tuple(w for part in re.split(r"[,;/&]|\band\b", rest) if (w := part.strip().strip("*`")))

    @property
    def category(self) -> str:
        """The category of its heading, else of its own fields, in capitals; empty when none is declared."""
        named = next((w.upper() for w in self.words), "")
        own = self.value("Category").upper() or self.value("Priority").upper()
        return named or (own if own in CATEGORIES else "")

    @property
    def depends_on(self) -> tuple[int, ...]:
        """The phases it depends on, in the order written."""
        found = self.field("Depends on")
        return tuple(dict.fromkeys(int(n) for n in re.findall(r"[0-9]{1,6}", found.text))) if found else ()

    @property
    def scope(self) -> str:
        """What ``Scope`` says, without its remark."""
        return self.value("Scope")

    @property
    def priority(self) -> str:
        """What ``Priority`` says, without its remark."""
        return self.value("Priority")


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """How one feature is validated. ``command`` is without its quoting."""

    feature: str
    command: str
    expectation: str
    line: int = field(default=0, compare=False)

    @property
    def refs(self) -> tuple[str, ...]:
        """The numbers of the features that the row names."""
        return marked_references(self.feature) or references(self.feature)


@dataclass(frozen=True, slots=True)
class BlockedItem:
    """Something that waits for the person, and what is needed."""

    item: str
    needed: str
    more: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ResearchConfiguration(_Fielded):
    """What a research project moves, by which command, and within which bounds."""

    fields: tuple[Field, ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def mutable_surfaces(self) -> tuple[str, ...]:
        """The patterns of the files that experiments may change."""
        return self.all_values("Mutable surfaces")

    @property
    def fixed_surfaces(self) -> tuple[str, ...]:
        """The patterns of the files that nothing may change."""
        return self.all_values("Fixed surfaces")


@dataclass(frozen=True, slots=True)
class Section:
    """A section; ``title`` and ``level`` (the heading's depth) only count for one that neither form knows."""

    kind: Kind
    number: str = ""
    title: str = ""
    level: int = 2
    prose: str = ""
    line: int = field(default=0, compare=False)


def unquoted(text: str) -> str:
    """The text without the backticks of a code span around it, and without a remark after that span."""
    stripped = text.strip()
    span = re.fullmatch(r"(`+)(.+?)\1(?:\s*\(.*\))?\.?", stripped, re.DOTALL)
    return span.group(2).strip() if span and span.group(1) not in span.group(2) else stripped


def is_nothing(text: str) -> bool:
    """Whether a value says that there is none: empty, ``none``, ``n/a``, a dash, ``(none this cycle)``."""
    stripped = text.strip()
    return bool(_NOTHING.fullmatch(stripped)) or bool(re.match(r"[(_*]+none\b", stripped, re.IGNORECASE))


def references(text: str) -> tuple[str, ...]:
    """The section numbers that a text names, ranges spelled out, each once and in order."""
    found: list[str] = []
    for first, last in _REFERENCE.findall(text):
        found += _range(first, last) if last else [first]
    return tuple(dict.fromkeys(found))


def marked_references(text: str) -> tuple[str, ...]:
    """The section numbers behind a ``§`` and in a list it begins: ``§5.2 on Python 3.11`` names one."""
    return references(" ".join(found.group() for found in _MARKED.finditer(text)))


def findings_cited(text: str) -> tuple[str, ...]:
    """The research findings cited in brackets, such as ``[R3]`` or ``[R1, R2]``, each once."""
    inside = " ".join(_FINDING.findall(text))
    return tuple(dict.fromkeys(f"R{int(n)}" for n in re.findall(r"\bR([0-9]{1,6})\b", inside)))


def experiments_cited(text: str) -> tuple[int, ...]:
    """The experiments that a text names, such as ``#12`` or ``experiment 12``, each once."""
    return tuple(dict.fromkeys(int(n) for n in _EXPERIMENT.findall(text)))


def _range(first: str, last: str) -> list[str]:
    (chapter, start), (other, end) = (map(int, n.split(".")) for n in (first, last))
    if chapter != other or not start <= end <= start + 99:
        return [first, last]
    return [f"{chapter}.{n}" for n in range(start, end + 1)]


def _split_outside_code(text: str) -> list[str]:
    """The text at its commas and semicolons, those in code spans left alone."""
    masked = mask_code(text)
    cuts = [-1, *(m.start() for m in re.finditer(r"[,;]", masked)), len(text)]
    return [text[a + 1 : b] for a, b in pairwise(cuts)]


def mask_code(text: str) -> str:
    """The text with the content of its code spans replaced, every character and line at its old place."""
    return _CODE_SPAN.sub(lambda m: re.sub(r"[^\n]", "\x01", m.group()), text)
