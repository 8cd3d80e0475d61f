"""``factory verify --restore``: the log as its mirror and the journals have it, where it was damaged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.cycle.inflight import own_journals
from factory.cycle.lab import Lab
from factory.cycle.mirror import mirrored_log
from factory.errors import FactoryError
from factory.fsio import atomic_write, utc_now, write_lock
from factory.journal import read_events
from factory.rows import COLUMNS, DamagedLine, Row, format_line, parse_header, stream
from factory.scratch import scratch_folder


@dataclass(frozen=True)
class Restored:
    """How many rows the log has now that it lacked, or had otherwise; where the file as it was lies."""

    lines: int
    aside: Path | None


def restore_log(lab: Lab) -> Restored | None:
    """Put back what is lacking in the log, or stands otherwise in it; None where nothing is.

    What the mirror has comes first, as it is; then the other rows of the file, those that have an event in a
    journal as it says; then events that have no row. The file as it was is kept beside it.
    """
    log = lab.paths.results
    with write_lock(lab.repo.common_dir):
        before = log.read_bytes() if log.exists() else b""
        after = b"".join(line + b"\n" for line in _lines(before, mirrored_log(lab), _finalized(lab)))
        if after == before or after.count(b"\n") < 2:
            return None
        aside = log.with_name(f"{log.name}.{utc_now()[:19].replace(':', '')}") if before else None
        if aside is not None:
            atomic_write(aside, before)
        atomic_write(log, after)
    return Restored(len(set(after.splitlines()) - set(before.splitlines())), aside)


def _finalized(lab: Lab) -> dict[int | None, Mapping[str, Any]]:
    """What the journals say of each finalized experiment, oldest cycle first; not damaged ones."""
    found: dict[int | None, Mapping[str, Any]] = {}
    for path in reversed(own_journals(lab.paths)):
        try:
            events = read_events(path)
        except FactoryError:
            continue  # `verify` tells of it
        found |= {e.experiment: e.data for e in events if e.type == "experiment.finalized"}
    return found


def _lines(
    before: bytes, mirrored: bytes, finalized: Mapping[int | None, Mapping[str, Any]]
) -> Iterator[bytes]:
    header = _header(before, mirrored)
    columns = parse_header(header).columns
    yield header
    kept = mirrored.splitlines()[1:]
    yield from kept
    there = {entry.id for _, entry in _entries(header, mirrored)}
    for line, entry in _entries(header, before):
        is_damaged = isinstance(entry, DamagedLine)
        if (entry.id in there and entry.id is not None) or (is_damaged and mirrored):
            continue
        there.add(entry.id)
        event = finalized.get(entry.id)
        # Another tool's row may have the id of an experiment.
        is_event = event is not None and (isinstance(entry, DamagedLine) or entry.cycle == event["cycle"])
        yield format_line(event, columns).encode() if event is not None and is_event else line
    yield from (format_line(e, columns).encode() for number, e in finalized.items() if number not in there)


def _header(before: bytes, mirrored: bytes) -> bytes:
    """The first line of the log: its own if it is one, for it may have been widened since it was mirrored."""
    found = (text.partition(b"\n")[0].rstrip(b"\r") for text in (before, mirrored))
    return next((line for line in found if parse_header(line).usable), "\t".join(COLUMNS).encode())


def _entries(header: bytes, text: bytes) -> list[tuple[bytes, Row | DamagedLine]]:
    """The lines of a log below its first, in order, each with what it says under ``header``."""
    lines = text.splitlines()[1:]
    with scratch_folder("log") as folder:
        (folder / "results.tsv").write_bytes(b"\n".join([header, *lines]) + b"\n")
        return [(lines[entry.line - 2], entry) for entry in stream(folder / "results.tsv")]
