"""``factory verify --restore``: the log as its mirror and the journals have it, where it was damaged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.cycle.inflight import own_journals
from factory.cycle.lab import Lab
from factory.cycle.mirror import log_lines, mirrored_log
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
    """Put back what is lacking in the log, or stands otherwise in it; None, and no change, where nothing is.

    What the mirror has comes first, as it is; then the other rows of the file, those that have an event in a
    journal as it says; then events that have no row. The file as it was is kept beside it.
    """
    log = lab.paths.results
    with write_lock(lab.repo.common_dir):
        before = log.read_bytes() if log.exists() else b""
        had = log_lines(before)
        lines = list(_lines(had, log_lines(mirrored_log(lab)), _finalized(lab)))
        if len(lines) < 2 or list(filter(bytes.strip, lines)) == list(filter(bytes.strip, had)):
            return None
        aside = log.with_name(f"{log.name}.{utc_now()[:19].replace(':', '')}") if before else None
        if aside is not None:
            atomic_write(aside, before)
        atomic_write(log, b"".join(line + b"\n" for line in lines))
    return Restored(len(set(lines) - set(had)), aside)


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
    before: list[bytes], mirrored: list[bytes], finalized: Mapping[int | None, Mapping[str, Any]]
) -> Iterator[bytes]:
    header = _header(before, mirrored)
    columns = parse_header(header).columns
    yield header
    yield from mirrored[1:]
    there = {entry.id for _, entry in _entries(header, mirrored)}
    for line, entry in _entries(header, before):
        if (entry.id in there and entry.id is not None) or (isinstance(entry, DamagedLine) and mirrored):
            continue
        event = finalized.get(entry.id)
        # Another tool's row may have the id of an experiment, or of another row.
        if event is not None and (isinstance(entry, DamagedLine) or entry.cycle == event["cycle"]):
            there.add(entry.id)
            told = format_line(event, columns).encode()
            yield line if line.rstrip(b"\r") == told else told
        else:
            if isinstance(entry, Row) and entry.cycle:
                there.add(entry.id)
            yield line
    yield from (format_line(e, columns).encode() for number, e in finalized.items() if number not in there)


def _header(before: list[bytes], mirrored: list[bytes]) -> bytes:
    """The first line of the log: its own if it is one, for it may have been widened since it was mirrored."""
    found = [*before[:1], *mirrored[:1]]
    return next((line for line in found if parse_header(line).usable), "\t".join(COLUMNS).encode())


def _entries(header: bytes, lines: list[bytes]) -> list[tuple[bytes, Row | DamagedLine]]:
    """The lines of a log below its first, in order, each with what it says under ``header``."""
    with scratch_folder("log") as folder:
        (folder / "results.tsv").write_bytes(b"\n".join([header, *lines[1:]]) + b"\n")
        return [(lines[entry.line - 1], entry) for entry in stream(folder / "results.tsv")]
