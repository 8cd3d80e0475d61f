"""Lines of ``results.tsv``, read one physical line at a time, tolerantly, with the standard library alone.

Reading rules, all of them:

- The first line is the header; columns are found by name, in any order. Unknown columns are kept.
- Each physical line is parsed alone by the ``excel-tab`` dialect, so that a stray quote or a wrong field
  count damages that one line: it is handed out as a ``DamagedLine`` and reading goes on.
- A row has as many fields as the header, or lacks whole *generations* of columns at the end. The log's layout
  has grown twice (12, 13, 24 columns); a row written before a generation existed ends before it. See
  ``accepted_widths``.
- Bytes that are no UTF-8 are shown as replacement characters; the file itself is never changed by reading.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.errors import BadInput, FactoryError
from factory.words import counted

DECLINED = "the builder declined"
"""How the notes of an experiment begin whose Builder said that it is not its work."""

BY_PERSON = "person"
"""The runner of an experiment by hand."""

COLUMNS: tuple[str, ...] = (
    *("id", "timestamp", "hypothesis", "change_summary", "issue_number", "pr_number"),
    *("score_before", "score_after", "delta", "verdict", "cost_usd", "notes", "research_citations"),
    *("reason", "category", "kind", "cycle", "branch", "baseline", "commit", "tokens", "duration_s"),
    *("runner", "harness"),
)
GENERATIONS: tuple[int, ...] = (12, 13, len(COLUMNS))
"""How many of the columns each generation of the layout has, oldest first."""

REQUIRED: frozenset[str] = frozenset({"id", "hypothesis", "verdict"})
"""What a first line must name to be taken for a header."""

NUMBERS: frozenset[str] = frozenset(
    {
        "id",
        "issue_number",
        "pr_number",
        "score_before",
        "score_after",
        "delta",
        "cost_usd",
        "tokens",
        "duration_s",
    }
)
"""Columns that hold a number, or a text where somebody wrote one (a SHA as ``pr_number``)."""

VERDICTS: frozenset[str] = frozenset({"keep", "revert", "error"})

_ID_DIGITS = 15
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_FIELD = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^"\t][^\t]*|))(\t|\Z)')
_BOM = b"\xef\xbb\xbf"


def clean(text: str) -> str:
    """``text`` on one line: tabs, line breaks, control characters and lone surrogates become spaces."""
    return _UNPRINTABLE.sub(" ", text)


def number(text: str) -> float | None:
    """The finite number that ``text`` is, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def whole(text: str) -> int | None:
    """The non-negative whole number that ``text`` is (``001`` is 1), or None."""
    digits = text.strip()
    if digits.isdecimal() and digits.isascii() and len(digits) <= _ID_DIGITS:
        return int(digits)
    return None


def accepted_widths(header: Sequence[str]) -> frozenset[int]:
    """How many fields a row under ``header`` may have.

    The header's own width; and, where the header ends in exactly the columns that one or more whole
    generations added, the width without them. No other shortfall is accepted: a row that lost a field in the
    middle is damage.
    """
    full = len(header)
    widths = {full}
    for older in GENERATIONS:
        for newer in GENERATIONS:
            tail = COLUMNS[older:newer]
            if tail and full > len(tail) and tuple(header[-len(tail) :]) == tail:
                widths.add(full - len(tail))
    return frozenset(widths)


class Layout:
    """What a file's header says: its columns in order, where each one is, and the accepted row widths."""

    __slots__ = ("columns", "index", "lacking", "tabs", "widths")

    def __init__(self, columns: Sequence[str]) -> None:
        """The layout with these columns; their names must differ."""
        self.columns = tuple(columns)
        self.index: dict[str, int] = {name: at for at, name in enumerate(self.columns)}
        self.widths = accepted_widths(self.columns)
        self.tabs = frozenset(width - 1 for width in self.widths)
        self.lacking = frozenset(COLUMNS) - frozenset(self.columns)

    @property
    def usable(self) -> bool:
        """Whether this is a header at all."""
        return self.index.keys() >= REQUIRED


@dataclass(frozen=True, slots=True)
class DamagedLine:
    """A physical line that is no row: its number from 1, what is wrong, its id where that can be told."""

    line: int
    problem: str
    id: int | None = None


class Row:
    """One experiment as the log has it, read-only; values are taken from the line when asked for.

    Scores lie in [0, 1] when a sane tool wrote them, ``cost_usd`` is in US dollars; a missing or unreadable
    number is None. ``verdict`` is lower case, and empty when it is none of keep, revert and error.
    """

    __slots__ = ("_layout", "_line", "_text", "_values")

    def __init__(self, line: int, text: str, layout: Layout, values: list[str] | None = None) -> None:
        """The row that stands in ``text``, a line that fits ``layout``; ``values`` where it is quoted."""
        self._line = line
        self._text = text
        self._layout = layout
        self._values = values

    @classmethod
    def of(cls, line: int = 0, **columns: Any) -> Row:
        """A row made of values rather than read; columns not given are empty."""
        layout = Layout((*COLUMNS, *(name for name in columns if name not in COLUMNS)))
        text = format_line(columns, layout.columns)
        return cls(line, text, layout, split_line(text))

    def __repr__(self) -> str:
        """What identifies it."""
        return (
            f"Row(line={self.line}, id={self.id}, verdict={self.verdict!r}, hypothesis={self.hypothesis!r})"
        )

    def __eq__(self, other: object) -> bool:
        """Same line number, same columns, same texts."""
        return isinstance(other, Row) and (self.line, self.fields) == (other.line, other.fields)

    def __hash__(self) -> int:
        """By line number and id."""
        return hash((self._line, self.id))

    def text(self, column: str) -> str:
        """The column's text as it stands; empty where the row or the file lacks it."""
        values = self._values
        if values is None:
            values = self._values = self._text.split("\t")
        at = self._layout.index.get(column)
        return values[at] if at is not None and at < len(values) else ""

    @property
    def line(self) -> int:
        """The number of its physical line in the file, from 1 (the header's)."""
        return self._line

    @property
    def id(self) -> int | None:
        """The experiment's number, or None where there is no readable one."""
        return whole(self.text("id"))

    @property
    def hypothesis(self) -> str:
        """What the experiment set out to show."""
        return self.text("hypothesis")

    @property
    def verdict(self) -> str:
        """keep, revert, error, or empty."""
        verdict = self.text("verdict")
        if verdict not in VERDICTS:
            verdict = verdict.strip().lower()
        return verdict if verdict in VERDICTS else ""

    @property
    def reason(self) -> str:
        """The reason code."""
        return self.text("reason")

    @property
    def category(self) -> str:
        """The declared FEEC category, or empty."""
        return self.text("category")

    @property
    def timestamp(self) -> str:
        """When it ended, as written (naive or with a zone)."""
        return self.text("timestamp")

    @property
    def score_before(self) -> float | None:
        """The composite at the baseline."""
        return number(self.text("score_before"))

    @property
    def score_after(self) -> float | None:
        """The composite of the change."""
        return number(self.text("score_after"))

    @property
    def delta(self) -> float | None:
        """After minus before: as written, else computed where both are known."""
        written = number(self.text("delta"))
        if written is not None:
            return written
        before, after = self.score_before, self.score_after
        return None if before is None or after is None else after - before

    @property
    def cost_usd(self) -> float | None:
        """What the agents cost, in US dollars."""
        return number(self.text("cost_usd"))

    @property
    def harness(self) -> str:
        """The identity of the harness that measured it; scores of different ones are not comparable."""
        return self.text("harness")

    @property
    def commit(self) -> str:
        """The measured commit."""
        return self.text("commit")

    @property
    def branch(self) -> str:
        """The experiment's branch."""
        return self.text("branch")

    @property
    def cycle(self) -> str:
        """The cycle it belonged to."""
        return self.text("cycle")

    @property
    def notes(self) -> str:
        """Free text."""
        return self.text("notes")

    @property
    def change_summary(self) -> str:
        """What was changed."""
        return self.text("change_summary")

    @property
    def declined(self) -> str:
        """What the Builder said when it declined, on one line; empty where it did not."""
        notes = " ".join(self.notes.split())
        return notes if self.verdict == "error" and notes.startswith(DECLINED) else ""

    @property
    def by_hand(self) -> bool:
        """Whether a person planned and made it, with the single commands."""
        return self.text("runner") == BY_PERSON

    @property
    def kind(self) -> str:
        """code, operational, or what else the writer named."""
        return self.text("kind")

    @property
    def lacking(self) -> frozenset[str]:
        """The known columns that the file does not have."""
        return self._layout.lacking

    @property
    def fields(self) -> dict[str, str]:
        """Every column of the file with its text, unknown ones too; empty where the row ends before it."""
        return {name: self.text(name) for name in self._layout.columns}


def stream(path: Path) -> Iterator[Row | DamagedLine]:
    """The file's rows and damaged lines, in file order; nothing where there is no file.

    Raises BadInput when the file cannot be read at all (a folder, no permission); never for what is in it.
    """
    try:
        source = path.open("rb")
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as problem:
        raise _unreadable(path, problem) from None
    with source:
        try:
            yield from _parse(source)
        except OSError as problem:
            raise _unreadable(path, problem) from None


def _unreadable(path: Path, problem: OSError) -> FactoryError:
    from factory.fsio import unreadable  # noqa: PLC0415 - reading commands do without until this happens

    return unreadable(path, problem)


def read(path: Path) -> tuple[list[Row], list[DamagedLine]]:
    """All rows, and all damaged lines."""
    rows: list[Row] = []
    damaged: list[DamagedLine] = []
    for entry in stream(path):
        if isinstance(entry, Row):
            rows.append(entry)
        else:
            damaged.append(entry)
    return rows, damaged


def read_layout(path: Path) -> Layout | None:
    """The layout that the file's header declares, or None where the file is missing or empty.

    Raises BadInput when the first line is no header.
    """
    try:
        with path.open("rb") as source:
            first = source.readline()
            blank = _is_blank(first) and all(_is_blank(line) for line in source)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        raise _unreadable(path, problem) from None
    if blank:
        return None
    layout = parse_header(first)
    if not layout.usable:
        raise BadInput(
            f"{path}:1: {_header_problem(layout)}.", "Mend the first line by hand; nothing was changed."
        )
    return layout


def parse_header(raw: bytes) -> Layout:
    """The layout of a header line; names are trimmed, in lower case where known, and made unique."""
    text = _decode(raw.removeprefix(_BOM))
    names = _unquoted(text) or text.split("\t")
    columns: list[str] = []
    for name in names:
        plain = name.strip()
        known = plain.lower()
        columns.append(_unique(known if known in COLUMNS else plain, columns))
    return Layout(columns)


def format_line(values: Mapping[str, Any], columns: Sequence[str]) -> str:
    """``values`` as one line (without its end) under ``columns``, quoted by the ``excel-tab`` dialect.

    Missing values and None are empty; floats keep every digit; lists are joined by ``|``; tabs, line breaks
    and control characters become spaces. Values of columns that are not asked for are left out.
    """
    sink = io.StringIO()
    csv.writer(sink, "excel-tab", lineterminator="").writerow([_cell(values.get(name)) for name in columns])
    return sink.getvalue()


def split_line(text: str) -> list[str] | None:
    """The fields of one line, or None where its quotes don't add up."""
    return text.split("\t") if '"' not in text else _unquoted(text)


def _parse(source: io.BufferedReader) -> Iterator[Row | DamagedLine]:
    first = source.readline()
    layout = parse_header(first)
    if not layout.usable:
        if not (_is_blank(first) and all(_is_blank(line) for line in source)):
            yield DamagedLine(1, _header_problem(layout) + "; no row can be read")
        return
    tabs = layout.tabs
    for line, raw in enumerate(source, 2):
        text = raw.decode("utf-8", "replace").rstrip("\r\n")
        if '"' not in text and text.count("\t") in tabs:
            if text and not text.isspace():
                yield Row(line, text, layout)
        elif text and not text.isspace():
            yield _careful(line, text, layout)


def _careful(line: int, text: str, layout: Layout) -> Row | DamagedLine:
    values = split_line(text)
    if values is None:
        return DamagedLine(line, "a quote is opened and not closed as it should be", _guess_id(text, layout))
    if len(values) in layout.widths:
        return Row(line, text, layout, values)
    expected = " or ".join(str(width) for width in sorted(layout.widths))
    problem = f"{counted(len(values), 'field')} instead of {expected}"
    return DamagedLine(line, problem, _guess_id(text, layout))


def _guess_id(text: str, layout: Layout) -> int | None:
    fields = text.split("\t")
    at = layout.index["id"]
    return whole(fields[at].strip('" ')) if at < len(fields) else None


def _unquoted(text: str) -> list[str] | None:
    # Not csv.reader: its limit of 128 KiB a field is global to the process, a lone CR stops it.
    values: list[str] = []
    at = 0
    while True:
        found = _FIELD.match(text, at)
        if found is None:
            return None
        quoted, plain, end = found.groups()
        values.append(plain if quoted is None else quoted.replace('""', '"'))
        if not end:
            return values
        at = found.end()


def _header_problem(layout: Layout) -> str:
    missing = ", ".join(sorted(REQUIRED - layout.index.keys()))
    return f"the first line is no header of an experiment log (it lacks {missing})"


def _unique(name: str, taken: Sequence[str]) -> str:
    candidate, count = name or "column", 1
    while candidate in taken:
        count += 1
        candidate = f"{name or 'column'}_{count}"
    return candidate


def _is_blank(raw: bytes) -> bool:
    return not raw.removeprefix(_BOM).strip()


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").rstrip("\r\n")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    if isinstance(value, (list, tuple)):
        return "|".join(clean(str(part)).replace("|", "/") for part in value)
    return clean(str(value))
