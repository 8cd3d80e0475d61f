"""Which cycle is in flight: light enough for ``factory status``."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.cycle.state import CycleState, replay
from factory.errors import BadInput, Refused
from factory.journal import read_events
from factory.paths import ProjectPaths
from factory.project import written_here

BY_HAND = "hand"
"""The mode of the journal of an experiment that was begun by hand; no cycle is in flight because of it."""

DAMAGED = ".damaged"
"""What a damaged journal is named by once its cycle is abandoned."""

ENDS = ("cycle.closed", "cycle.abandoned")


@dataclass(frozen=True)
class OpenCycle:
    """A cycle that has a journal, and where it stands; it has ended where ``state.closed`` is set."""

    id: str
    state: CycleState


def journals(paths: ProjectPaths) -> Iterator[Path]:
    """The journals of the project, newest first."""
    yield from sorted(paths.cycles.glob("*.jsonl"), reverse=True)


def own_journals(paths: ProjectPaths) -> list[Path]:
    """The journals that were written here, newest first: one that came with git decides nothing."""
    return written_here(paths.root, list(journals(paths)))


def cycle_in_flight(paths: ProjectPaths) -> OpenCycle | None:
    """The cycle that was opened and neither closed nor abandoned, or None.

    Raises BadInput when its journal is damaged, naming the line, and Refused when a newer version wrote it.
    """
    for path in _unended(paths):
        state = replay(read_events(path))
        if state.opened and state.closed is None:
            return OpenCycle(path.stem, state)
    return None


def damaged_in_flight(paths: ProjectPaths) -> Path | None:
    """The journal that keeps ``cycle_in_flight`` or ``last_cycle`` from answering, or None.

    It is damaged, or of a newer version.
    """
    for path in [*_unended(paths), *_newest(paths)]:
        try:
            read_events(path)
        except (BadInput, Refused):
            return path
    return None


def _unended(paths: ProjectPaths) -> Iterator[Path]:
    """The journals that don't show by their last line that they have ended."""
    for path in own_journals(paths):
        first, last = _first_and_last(path)
        if first.get("data", {}).get("mode") != BY_HAND and last.get("type") not in ENDS:
            yield path


def last_cycle(paths: ProjectPaths) -> OpenCycle | None:
    """The newest cycle that was not begun by hand, ended or not; None where there is none.

    Raises as ``cycle_in_flight`` does.
    """
    return next((OpenCycle(path.stem, replay(read_events(path))) for path in _newest(paths)), None)


def _newest(paths: ProjectPaths) -> list[Path]:
    """The journal of the newest cycle that was not begun by hand; none where there is none."""
    by_cycles = (p for p in own_journals(paths) if first_event(p).get("data", {}).get("mode") != BY_HAND)
    return list(itertools.islice(by_cycles, 1))


def open_by_hand(paths: ProjectPaths) -> list[int]:
    """The experiments that were begun by hand and are neither decided nor given up, oldest first."""
    ends = [_first_and_last(path) for path in own_journals(paths)]
    waiting = [
        last.get("experiment")
        for first, last in ends
        if first.get("data", {}).get("mode") == BY_HAND and last.get("type") not in ENDS
    ]
    return sorted(number for number in waiting if isinstance(number, int))


def last_drafting(paths: ProjectPaths) -> OpenCycle | None:
    """The newest design that has left its draft for a person to approve later; None where there is none."""
    for path in own_journals(paths):
        if first_event(path).get("data", {}).get("mode") == "design":
            try:
                state = replay(read_events(path))
            except (BadInput, Refused):
                continue  # `verify` tells of it
            ended = (state.closed or {}).get("ended") or {}
            if ended.get("reason") == "plan_only":
                return OpenCycle(path.stem, state)
    return None


def chained_from(paths: ProjectPaths, found: OpenCycle) -> str:
    """The mode of the cycle that has gone on to this one, over several of this one's mode; empty for none."""
    mode = found.state.opened["mode"]
    for path in own_journals(paths):
        first, last = _first_and_last(path)
        before = str(first.get("data", {}).get("mode", ""))
        if path.stem < found.id and before not in (mode, BY_HAND):
            return before if last.get("data", {}).get("next") == mode else ""
    return ""


def first_event(path: Path) -> dict[str, Any]:
    """The first event of a journal, as far as it can be read."""
    return _first_and_last(path)[0]


def _first_and_last(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first and the last line, as far as they can be read; a long journal is not read whole for them."""
    with path.open("rb") as file:
        first = file.readline()
        file.seek(max(0, path.stat().st_size - 65536))
        tail = file.read().rstrip(b"\n").rsplit(b"\n", 1)[-1]
    return _parsed(first), _parsed(tail)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("data"), dict) else {}
