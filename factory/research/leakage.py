"""The leakage scan: whether something of the fixed files stands where it was learned by heart.

Fingerprints are made of what the fixed files hold and the rest of the project does not; a text is then looked
through for them. What is common (short words, round numbers, ordinary code) is no fingerprint, so that
ordinary changes raise no alarm; docs/research.md has the measured rate.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import csv
import json
import re
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any, Literal

from factory.models import Leak

How = Literal["exact", "normalised", "encoded", "numeric", "records", "names"]

PROSE_OR_CODE = frozenset(
    {
        *(
            "py",
            "pyi",
            "js",
            "mjs",
            "ts",
            "tsx",
            "jsx",
            "c",
            "h",
            "cc",
            "cpp",
            "hpp",
            "rs",
            "go",
            "rb",
            "java",
        ),
        *("sh", "md", "rst", "toml", "cfg", "ini", "html", "css"),
    }
)
"""Files of these suffixes are text that people write: only longer pieces of it are telling."""

TOO_BIG = 4_000_000
"""Characters of a fixed file that are looked at."""
LONGEST_NUMBER = 40
"""What has as many digits is a text, and no number to compute with."""

_TOKEN = re.compile(r"[a-z_]+|\d+(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])(?<!\w[-+])[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?(?![\w.])")
_ENCODED = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
_CHUNKED = re.compile(r"[\"']\s*(?:\\?\n)?\s*[\"']")
NEAR = 1e-3
"""Relative difference up to which a number of a sequence counts as the same."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on likeness counts.

    ``value``: characters of a single text that is a fingerprint by itself; ``data`` and ``text``: tokens of a
    piece of a data file, and of a file of code or prose; ``sequence``: numbers in a row; ``numbers``: telling
    numbers anywhere in one text; ``records``: answers beside what they answer.
    """

    value: int
    data: int
    text: int
    sequence: int
    numbers: int
    records: int
    only_exact: bool = False


THRESHOLDS: Mapping[str, Thresholds] = {
    "low": Thresholds(32, 12, 48, 0, 0, 0, only_exact=True),
    "normal": Thresholds(20, 8, 32, 5, 4, 3),
    "high": Thresholds(14, 6, 20, 4, 3, 2),
}


@dataclass
class Fingerprints:
    """What is telling of the fixed files, each with the file it is of."""

    limits: Thresholds
    values: dict[str, str] = field(default_factory=dict)
    values_by_start: dict[str, list[str]] = field(default_factory=dict)
    pieces: dict[int, dict[int, str]] = field(default_factory=dict)
    numbers: dict[float, str] = field(default_factory=dict)
    sequences: dict[str, list[float]] = field(default_factory=dict)
    starts: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    cells: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many fingerprints there are."""
        pieces = sum(map(len, self.pieces.values()))
        return len(self.values) + pieces + len(self.numbers) + len(self.cells) + len(self.names)

    def scan(self, text: str, where: str, *, names: bool = False) -> list[Leak]:
        """What of the fixed files ``text`` holds; with ``names`` also whether it names one of them."""
        found = list(self._plain(text, where))
        if not self.limits.only_exact:
            for decoded in decoded_parts(text):
                found += [leak.model_copy(update={"how": "encoded"}) for leak in self._plain(decoded, where)]
        if names:
            found += self._named(text, where)
        unique = {(leak.how, leak.source): leak for leak in reversed(found)}
        return list(reversed(unique.values()))

    def cleaned(self, text: str) -> tuple[str, int]:
        """The text without the lines that hold something of the fixed files, and how many went."""
        kept, gone = [], 0
        for line in text.splitlines():
            leaks = bool(self.scan(line, "") or list(self._records(line, "", least=1)))
            kept += [] if leaks else [line]
            gone += leaks
        if gone and (left := self.scan("\n".join(kept), "")):
            return f"(left out: it quotes {left[0].source})\n", gone + len(kept)
        return "\n".join(
            [*kept, *([f"({gone} lines left out: they quote fixed files)"] if gone else [])]
        ), gone

    def _plain(self, text: str, where: str) -> Iterator[Leak]:
        yield from self._values(text, where)
        yield from self._pieces(text, where)
        if not self.limits.only_exact:
            yield from self._sequences(text, where)
            yield from self._telling_numbers(text, where)
            yield from self._records(text, where, least=self.limits.records)

    def _values(self, text: str, where: str) -> Iterator[Leak]:
        for value in _present(self.values_by_start, text, self.limits.value):
            yield _leak("exact", where, self.values[value], value)

    def _pieces(self, text: str, where: str) -> Iterator[Leak]:
        tokens = tokens_of(text)
        for size, known in self.pieces.items():
            for at, piece in _windows(tokens, size):
                if piece in known:
                    yield _leak("normalised", where, known[piece], " ".join(tokens[at : at + size]))

    def _sequences(self, text: str, where: str) -> Iterator[Leak]:
        """Numbers in a row that are, nearly, a row of a fixed file's; the same row of small steps is none."""
        here, size = numbers_of(text), self.limits.sequence
        for at in range(len(here) - size + 1):
            row = here[at : at + size]
            if not _is_telling_row(row):
                continue
            for source, sequence in self.sequences.items():
                if any(_near(row, sequence[start : start + size]) for start in self._begins(source, row[0])):
                    yield _leak("numeric", where, source, ", ".join(f"{n:g}" for n in row))
                    break

    def _begins(self, source: str, first: float) -> Iterator[int]:
        """Where rows of a fixed file begin with nearly that number."""
        starts, slack = self.starts[source], abs(first) * NEAR
        for value, index in starts[bisect_left(starts, (first - slack, -1)) :]:
            if value > first + slack:
                return
            yield index

    def _telling_numbers(self, text: str, where: str) -> Iterator[Leak]:
        found = {n: self.numbers[n] for n in numbers_of(text) if n in self.numbers}
        for source, count in Counter(found.values()).items():
            if count >= self.limits.numbers:
                some = [f"{n:g}" for n, of in found.items() if of == source]
                yield _leak("numeric", where, source, ", ".join(some[:6]))

    def _records(self, text: str, where: str, *, least: int) -> Iterator[Leak]:
        """Lines in which two cells of one record of a fixed file stand together, a telling one among them."""
        met: dict[str, set[int]] = {}
        shown: dict[str, str] = {}
        for line in text.splitlines():
            counts: Counter[tuple[str, int]] = Counter()
            cells = set(cells_in(line))
            for cell in cells:
                counts.update(self.cells.get(cell, ()))
            telling = {record for cell in cells if is_telling(cell) for record in self.cells.get(cell, ())}
            for (source, record), count in counts.items():
                if count >= 2 and (source, record) in telling:
                    met.setdefault(source, set()).add(record)
                    shown.setdefault(source, line.strip())
        for source, records in met.items():
            if least and len(records) >= least:
                yield _leak("records", where, source, shown[source])

    def _named(self, text: str, where: str) -> Iterator[Leak]:
        for name, source in self.names.items():
            if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text):
                yield _leak("names", where, source, name)


def fingerprints(fixed: Mapping[str, str], known: Mapping[str, str], sensitivity: str) -> Fingerprints:
    """What is telling of the ``fixed`` files, for all that the ``known`` ones do not hold as well.

    Both map paths to texts; ``sensitivity`` is one of ``THRESHOLDS``.
    """
    limits = THRESHOLDS[sensitivity]
    made = Fingerprints(limits)
    common = _Common.of(known.values(), limits)
    for path, text in fixed.items():
        _add_file(made, common, path, text[:TOO_BIG])
    _drop_known_values(made, known.values())
    made.cells = {cell: of for cell, of in made.cells.items() if len(of) <= 2}
    _add_names(made, fixed, known)
    return made


@dataclass(frozen=True)
class _Common:
    """What stands in the rest of the project, and so tells nothing."""

    pieces: Mapping[int, frozenset[int]]
    numbers: frozenset[float]
    cells: frozenset[str]

    @classmethod
    def of(cls, texts: Iterable[str], limits: Thresholds) -> _Common:
        texts = list(texts)
        tokens = [tokens_of(text) for text in texts]
        pieces = {
            size: frozenset(piece for row in tokens for _, piece in _windows(row, size))
            for size in (limits.data, limits.text)
        }
        numbers = frozenset(number for text in texts for number in numbers_of(text))
        cells = frozenset(cell for text in texts for cell in cells_in(text))
        return cls(pieces, numbers, cells)


def _add_file(made: Fingerprints, common: _Common, path: str, text: str) -> None:
    limits = made.limits
    is_data = not is_prose_or_code(path)
    size = limits.data if is_data else limits.text
    known = made.pieces.setdefault(size, {})
    for _, piece in _windows(tokens_of(text), size):
        if piece not in common.pieces[size]:
            known.setdefault(piece, path)
    if not is_data:
        return
    records = records_of(path, text)
    for value in {str(leaf).strip() for record in records for leaf in record}:
        if _is_telling_value(value, limits.value):
            made.values.setdefault(value, path)
    if limits.only_exact:
        return
    sequence = numbers_of(text)
    made.sequences[path] = sequence
    made.starts[path] = sorted((number, index) for index, number in enumerate(sequence))
    for number in sequence:
        if _is_telling_number(number) and number not in common.numbers:
            made.numbers.setdefault(number, path)
    for index, record in enumerate(records):
        for leaf in set(map(_cell, record)):
            if len(leaf) >= 2 and leaf not in common.cells:
                made.cells.setdefault(leaf, set()).add((path, index))


def _drop_known_values(made: Fingerprints, known: Iterable[str]) -> None:
    """Index the values by how they begin, and leave out those that stand in the rest of the project."""
    size = made.limits.value
    index = _by_start(made.values, size)
    for text in known:
        for value in _present(index, text, size):
            made.values.pop(value, None)
    made.values_by_start = _by_start(made.values, size)


def _by_start(values: Iterable[str], size: int) -> dict[str, list[str]]:
    index: dict[str, list[str]] = {}
    for value in values:
        index.setdefault(value[:size], []).append(value)
    return index


def _present(index: Mapping[str, Sequence[str]], text: str, size: int) -> Iterator[str]:
    """The indexed values that stand in a text, in one pass over it however many they are."""
    for at in range(len(text) - size + 1 if index else 0):
        for value in index.get(text[at : at + size], ()):
            if text.startswith(value, at):
                yield value


def _add_names(made: Fingerprints, fixed: Iterable[str], known: Mapping[str, str]) -> None:
    told = "\n".join(known.values())
    for path in fixed:
        name = PurePosixPath(path).name
        if "." in name.strip(".") and len(name) >= 6 and not is_prose_or_code(path) and name not in told:
            made.names.setdefault(name, path)


def is_prose_or_code(path: str) -> bool:
    """Whether a file is text that people write, in which ordinary pieces tell nothing."""
    return PurePosixPath(path).suffix.lower().lstrip(".") in PROSE_OR_CODE


def tokens_of(text: str) -> list[str]:
    """Words and numbers in lower case: what is left of a text once its form is taken away."""
    return [_plain_number(token) for token in _TOKEN.findall(text.lower())]


def _plain_number(token: str) -> str:
    return (
        token.rstrip("0").rstrip(".") if "." in token and token[0].isdigit() and "e" not in token else token
    )


def _windows(tokens: Sequence[str], size: int) -> Iterator[tuple[int, int]]:
    """Pieces of ``size`` tokens as hashes, with their places; those with little variety are left out."""
    counts = Counter(tokens[: size - 1])
    for at in range(len(tokens) - size + 1):
        counts[tokens[at + size - 1]] += 1
        if len(counts) * 2 >= size and not _is_count(tokens[at : at + size]):
            yield at, hash(tuple(tokens[at : at + size]))
        first = tokens[at]
        counts[first] -= 1
        if not counts[first]:
            del counts[first]


def _is_count(tokens: Sequence[str]) -> bool:
    """Whether these are numbers with one step between them, such as 1 2 3 4: nobody learned that by heart."""
    if not all(token.isdigit() and len(token) < LONGEST_NUMBER for token in tokens):
        return False
    numbers = [int(token) for token in tokens]
    return len({b - a for a, b in pairwise(numbers)}) == 1


def numbers_of(text: str) -> list[float]:
    """The numbers of a text in their order."""
    return [float(found) for found in _NUMBER.findall(text) if len(found) < LONGEST_NUMBER]


def _is_telling_number(number: float) -> bool:
    """Whether a number has five significant digits or more, and is not a power of two or nearly one."""
    whole = int(abs(number)) if abs(number) < 2**62 and number == int(number) else 0
    near_power = whole > 0 and any((whole + d) & (whole + d - 1) == 0 for d in (-1, 0, 1) if whole + d > 0)
    return _digits(number) >= 5 and not near_power


def _digits(number: float) -> int:
    """How many significant digits a number has, zeros at its end left out."""
    return len(f"{abs(number):.12g}".replace(".", "").partition("e")[0].strip("0"))


def _is_telling_row(row: Sequence[float]) -> bool:
    """Whether numbers in a row are more than a count, a list of versions or a table of small ones."""
    steps = {round(b - a, 9) for a, b in pairwise(row)}
    many_digits = sum(_digits(n) >= 3 for n in row)
    return len(set(row)) >= len(row) - 1 and len(steps) > 2 and many_digits * 2 > len(row)


def _near(row: Sequence[float], other: Sequence[float]) -> bool:
    if len(row) != len(other):
        return False
    return all(abs(a - b) <= NEAR * max(abs(a), abs(b)) for a, b in zip(row, other, strict=True))


def _is_telling_value(value: str, least: int) -> bool:
    """Whether a text is long and varied enough to be recognised by itself."""
    return least <= len(value) <= 2000 and len(set(value)) >= 8 and any(c.isalnum() for c in value)


def cells_in(line: str) -> list[str]:
    """What could be cells of a record in a line of text: quoted texts, words with digits, numbers."""
    quoted = re.findall(r"\"([^\"\n]{1,80})\"|'([^'\n]{1,80})'", line)
    plain = re.findall(r"[\w.+-]*\d[\w.+-]*", line)
    return [_cell(text) for pair in quoted for text in pair if text] + [_cell(text) for text in plain]


def _cell(value: Any) -> str:
    text = str(value).strip().lower()
    try:
        return f"{float(text):.9g}"
    except (ValueError, OverflowError):
        return text


def is_telling(cell: str) -> bool:
    """Whether a cell stands for something: not a single digit, a small or round number, or a short word."""
    digits = re.sub(r"[^0-9]", "", cell).strip("0")
    if re.fullmatch(r"[-+]?[0-9.]+(?:e[-+]?\d+)?", cell):
        return len(digits) >= 3
    return len(cell) >= 4


def records_of(path: str, text: str) -> list[list[Any]]:
    """The records of a data file: objects and pairs of JSON, rows of a table, else lines."""
    suffix = PurePosixPath(path).suffix.lower()
    readers: Mapping[str, Callable[[str], list[list[Any]]]] = {
        ".json": _json_records,
        ".jsonl": _json_lines,
        ".csv": lambda t: list(csv.reader(t.splitlines())),
        ".tsv": lambda t: [line.split("\t") for line in t.splitlines()],
    }
    try:
        found = readers.get(suffix, _line_records)(text)
    except (ValueError, csv.Error, RecursionError):
        found = _line_records(text)
    return [record for record in found if record]


def _line_records(text: str) -> list[list[Any]]:
    return [
        [*re.split(r"[\s,;:=|]+", line.strip()), line.strip()] for line in text.splitlines() if line.strip()
    ]


def _json_records(text: str) -> list[list[Any]]:
    return list(_records_in(json.loads(text)))


def _json_lines(text: str) -> list[list[Any]]:
    return [record for line in text.splitlines() if line.strip() for record in _records_in(json.loads(line))]


def _records_in(value: Any) -> Iterator[list[Any]]:
    """An object of plain values is a record; so is each name with its plain value, or list of them."""
    if isinstance(value, Mapping):
        plain = [leaf for leaf in value.values() if _is_leaf(leaf)]
        if len(plain) >= 2:
            yield plain
        for name, inner in value.items():
            if _is_leaf(inner):
                yield [name, inner]
            elif isinstance(inner, list) and all(map(_is_leaf, inner)):
                yield [name, *inner[:20]]
            else:
                yield from _records_in(inner)
    elif isinstance(value, list):
        if value and all(map(_is_leaf, value)):
            yield value[:20]
        else:
            for inner in value:
                yield from _records_in(inner)


def _is_leaf(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def decoded_parts(text: str) -> Iterator[str]:
    """What long literals of a text say once they are decoded: hexadecimal, base64, and compressed ones."""
    joined = _CHUNKED.sub("", text)
    for literal in {*_ENCODED.findall(text), *_ENCODED.findall(joined)}:
        for data in _bytes_of(literal):
            yield from unpacked(data)


def _bytes_of(literal: str) -> Iterator[bytes]:
    if len(literal) % 2 == 0 and re.fullmatch(r"[0-9a-fA-F]+", literal):
        yield bytes.fromhex(literal)
    padded = literal.rstrip("=")
    padded += "=" * (-len(padded) % 4)
    for decode in (base64.b64decode, base64.urlsafe_b64decode):
        try:
            yield decode(padded)
        except (binascii.Error, ValueError):
            continue


def unpacked(data: bytes) -> Iterator[str]:
    """The text that bytes are, as they stand and once zlib, gzip or bz2 are undone; nothing where none is."""
    unpackers: tuple[Callable[[bytes], bytes], ...] = (
        bytes,
        lambda packed: zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(packed, TOO_BIG),
        lambda packed: bz2.BZ2Decompressor().decompress(packed, TOO_BIG),
    )
    for unpack in unpackers:
        try:
            text = unpack(data).decode("utf-8")
        except (ValueError, zlib.error, OSError, EOFError):
            continue
        if text and sum(c.isprintable() or c.isspace() for c in text) >= 0.9 * len(text):
            yield text


def _leak(how: How, where: str, source: str, excerpt: str) -> Leak:
    return Leak(how=how, where=where, source=source, excerpt=excerpt[:120])
