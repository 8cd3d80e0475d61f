"""``factory history``: the experiments and what became of them."""

from __future__ import annotations

import argparse
import contextlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from factory import output
from factory.commands.history_one import details_of, one_of, show_one
from factory.commands.state import state_of
from factory.errors import EXIT_OK
from factory.oddities import Oddities
from factory.paths import ProjectPaths
from factory.rows import COLUMNS, NUMBERS, DamagedLine, Row, number, stream, whole
from factory.strategy.undone import undone_by
from factory.words import signed

LAST = 20
"""So many are shown unless all are asked for."""

_COLUMNS = ("id", "verdict", "reason", "delta", "score", "hypothesis")
_DAMAGED_SHOWN = 10
UNDO_CELL = b"\tundo\t"
"""What a log with an undo in it holds: the cell of its kind."""

_CHUNK = 500


def run(args: argparse.Namespace) -> int:
    """Show the last 20 experiments, all or one; what is damaged or odd in the log goes to stderr."""
    paths = state_of(args.path)
    if args.id is not None:
        return _one(paths, args.id, as_json=args.json)
    log = _Log(paths.results)
    undone = _undone(log.path)
    shown: Iterable[Row] = log.rows() if args.all else deque(log.rows(), LAST)
    if args.json:
        _emit(shown, undone)
    else:
        _table(shown, undone)
    log.report(None if args.all else LAST)
    return EXIT_OK


def _one(paths: ProjectPaths, number: int, *, as_json: bool) -> int:
    """One experiment with all that is on record for it."""
    row = one_of(paths, number)
    found = details_of(paths, number, row)
    if as_json:
        output.emit_json((_object(row) if row is not None else {"id": number}) | found)
    else:
        show_one(number, row, found)
    return EXIT_OK


class _Log:
    """A log that is gone through once, noting on the way what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self.damaged: list[DamagedLine] = []
        self.damaged_count = 0
        self.oddities = Oddities()

    def rows(self) -> Iterator[Row]:
        """The rows, in file order."""
        for entry in stream(self.path):
            if isinstance(entry, Row):
                self.count += 1
                self.oddities.see(entry)
                yield entry
            else:
                self.damaged_count += 1
                if self.damaged_count <= _DAMAGED_SHOWN:
                    self.damaged.append(entry)

    def report(self, limit: int | None) -> None:
        """Say on stderr what was left out, damaged or odd."""
        if limit is not None and self.count > limit:
            output.note(f"The last {limit} of {self.count} experiments; --all shows every one.")
        for entry in self.damaged:
            output.note(f"{self.path.name}:{entry.line}: damaged, skipped: {entry.problem}")
        more = self.damaged_count - len(self.damaged)
        if more:
            output.note(f"{self.path.name}: {more} more damaged lines, skipped")
        for sentence in self.oddities.sentences():
            output.note(f"{self.path.name}: {sentence}")


def _undone(path: Path) -> dict[int, int]:
    """Id of each experiment that was taken back → id of the undo. A log without an undo costs one look."""
    with contextlib.suppress(OSError), path.open("rb") as lines:
        if any(UNDO_CELL in line for line in lines):
            return undone_by(entry for entry in stream(path) if isinstance(entry, Row))
    return {}


def _table(rows: Iterable[Row], undone: Mapping[int, int]) -> None:
    cells = list(_with_harness_changes(rows, undone))
    if cells:
        output.table(_COLUMNS, cells)
    else:
        output.say("No experiments yet.")


def _with_harness_changes(rows: Iterable[Row], undone: Mapping[int, int]) -> Iterator[tuple[str, ...]]:
    """The rows' cells, and a line of its own where scores are not comparable with those above."""
    before: str | None = None
    for row in rows:
        if row.score_after is not None or row.score_before is not None:
            if before is not None and row.harness != before:
                yield ("", "", "", "", "", "(harness changed: compare no scores across)")
            before = row.harness
        yield _cells(row, undone)


def _cells(row: Row, undone: Mapping[int, int]) -> tuple[str, ...]:
    identity = str(row.id) if row.id is not None else row.text("id")
    delta = "" if row.delta is None else signed(row.delta)
    verdict = row.verdict or row.text("verdict")
    by = _undone_by(row, undone)
    hypothesis = row.hypothesis if by is None else f"{row.hypothesis} (undone by {by})"
    if row.kind == "research":
        hypothesis += f" ({_metric(row)})"
    if row.declined:
        hypothesis += f" ({row.declined})"
    return (identity, verdict, row.reason, delta, _scores(row), hypothesis)


def _metric(row: Row) -> str:
    """That the numbers of research mode are the metric's; what moved down and was kept, is to go down."""
    less_is_better = row.verdict == "keep" and (row.delta or 0.0) < 0
    return "the metric: less is better" if less_is_better else "the metric"


def _undone_by(row: Row, undone: Mapping[int, int]) -> int | None:
    """The id of the undo that took a row's experiment back; None where it stands, or was never kept."""
    return undone.get(row.id) if row.id is not None and row.verdict == "keep" else None


def _scores(row: Row) -> str:
    if row.score_before is None and row.score_after is None:
        return ""
    return "→".join("?" if score is None else f"{score:.4f}" for score in (row.score_before, row.score_after))


def _emit(rows: Iterable[Row], undone: Mapping[int, int]) -> None:
    """A JSON list, an object a line, written piece by piece: a whole log need not fit into memory."""
    output.say("[")
    chunk: list[str] = []
    for row in rows:
        if len(chunk) == _CHUNK:
            output.say(",\n".join(chunk) + ",")
            chunk = []
        by = _undone_by(row, undone)
        chunk.append(json.dumps(_object(row) | ({} if by is None else {"undone_by": by})))
    if chunk:
        output.say(",\n".join(chunk))
    output.say("]")


def _object(row: Row) -> dict[str, Any]:
    """The row under the names of the columns; numbers as numbers, what is missing as None."""
    fields = row.fields
    found = {name: _value(name, fields.pop(name, "")) for name in COLUMNS}
    found["verdict"] = row.verdict or found["verdict"]
    return found | {name: text or None for name, text in fields.items()}


def _value(name: str, text: str) -> Any:
    if not text:
        return None
    if name not in NUMBERS:
        return text
    count = whole(text)
    value = number(text) if count is None else count
    return text if value is None else value
