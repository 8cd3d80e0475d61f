"""The archive: one note for every experiment, and one for each cycle's research and plan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from factory.cycle.lab import Lab
from factory.fsio import atomic_write
from factory.words import signed

NOTES_SHOWN = 8
"""Notes that the Researcher is given."""


def experiment_note(lab: Lab, number: int) -> Path:
    """Where the note on an experiment lies."""
    return lab.paths.archive / "experiments" / f"{number:03d}.md"


def write_experiment_note(lab: Lab, record: Mapping[str, Any], text: str = "") -> Path:
    """Write the note on a finalized experiment: its record, then the Archivist's text, if any."""
    lines = [
        f"# Experiment {record['id']}: {record['hypothesis']}",
        "",
        f"- Verdict: {record['verdict']} ({record['reason']})",
        f"- Delta: {_number(record.get('delta'))}",
        f"- Category: {record['category']}",
        f"- Why: {record['notes']}",
        "",
        text.strip() or "No note by an archivist; the facts above are on record.",
        "",
    ]
    place = experiment_note(lab, record["id"])
    atomic_write(place, "\n".join(lines))
    return place


def complete_archive(lab: Lab, finalized: Mapping[int, Mapping[str, Any]]) -> None:
    """What has no note yet gets one from the program. ``finalized`` are records by their ids."""
    for number, record in finalized.items():
        if not experiment_note(lab, number).exists():
            write_experiment_note(lab, record)


def write_cycle_note(lab: Lab, cycle: str, text: str) -> Path:
    """Write the note on a cycle's research and plan."""
    place = lab.paths.archive / "decisions" / f"{cycle}.md"
    atomic_write(place, f"# Cycle {cycle}\n\n{text.strip()}\n")
    return place


def latest_notes(lab: Lab, count: int = NOTES_SHOWN) -> str:
    """The latest notes of the archive, newest first, as one text."""
    places = [
        *(lab.paths.archive / "experiments").glob("*.md"),
        *(lab.paths.archive / "decisions").glob("*.md"),
    ]
    newest = sorted(places, key=lambda place: (place.stat().st_mtime_ns, place.name), reverse=True)[:count]
    return "\n\n".join(place.read_text(encoding="utf-8", errors="replace").strip() for place in newest)


def _number(value: float | None) -> str:
    return "not measured" if value is None else signed(value)
