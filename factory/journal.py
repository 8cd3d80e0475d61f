"""A cycle's journal: the only source of its progress. One JSON object a line, on disk before the next action.

Standard library only, for ``status`` reads it in every project.
"""

from __future__ import annotations

import datetime
import json
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any

from factory.errors import BadInput, Refused
from factory.fsio import (
    FORMAT_VERSION,
    durable_append,
    end_of_last_line,
    ensure_private_dir,
    environment_error,
    write_lock,
)

_Kind = type | UnionType

_NUMBER = int | float
_ANSWERED: Mapping[str, _Kind] = {
    **{"key": str, "role": str, "name": str, "duration_s": _NUMBER, "cost_usd": _NUMBER | None},
    **dict.fromkeys(("tokens", "tokens_in", "tokens_cached", "tokens_out"), int | None),
}
_RECORD = ("hypothesis", "verdict", "reason", "category", "notes", "cycle", "branch", "baseline", "commit")
_STEP: Mapping[str, _Kind] = {"scope": str, "step": str}
_SAYS: Mapping[str, Mapping[str, _Kind]] = {
    "cycle.opened": {"mode": str, "options": dict, "target": str, "start": str},
    "cycle.closed": dict.fromkeys(("ended", "account", "research", "integration"), dict | None),
    "cycle.parked": {"why": str},
    "step.started": _STEP,
    "step.completed": {**_STEP, "result": dict, "ended": dict | None, "elapsed_s": _NUMBER},
    "step.skipped": {**_STEP, "why": str},
    "scope.redirected": {**_STEP, "redo": list, "corrections": list},
    "agent.started": {"key": str, "role": str, "name": str, "invocations": int, "workspace": str},
    "agent.completed": _ANSWERED,
    "agent.failed": _ANSWERED,
    "message.taken": {"text": str},
    "experiment.begun": {"scope": str},
    "experiment.recorded": {"commit": str},
    "experiment.finalized": {"id": int, "delta": _NUMBER | None, **dict.fromkeys(_RECORD, str)},
    "phase.outcome": {"phase": int, "state": str},
    "contract.superseded": {"by": str, "commit": str},
    "tamper.found": {"violations": list},
    "playbooks.before": {"versions": dict},
    "integration": dict.fromkeys(("status", "branch", "target", "head", "message", "start", "kept"), str),
}
"""What an event of each type says that its readers rely on; what may be None may be lacking."""


def new_cycle_id() -> str:
    """A fresh id that sorts by time, to the microsecond: two begun at once must not change places."""
    return f"{datetime.datetime.now(datetime.UTC):%Y%m%d-%H%M%S-%f}{secrets.token_hex(1)}"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a cycle.

    ``seq`` counts from 1 without gaps, ``ts`` is ISO 8601 in UTC, ``experiment`` is None for what concerns
    the whole cycle, ``v`` is the format version.
    """

    v: int
    seq: int
    ts: str
    cycle: str
    experiment: int | None
    type: str
    data: dict[str, Any] = field(default_factory=dict)


class Journal:
    """Appends to, and replays, the journal of one cycle. ``common_dir`` is where the write lock lies.

    ``listener`` hears of each event that was recorded, whoever recorded it.
    """

    def __init__(self, path: Path, cycle: str, common_dir: Path) -> None:
        self.path = path
        self.cycle = cycle
        self.listener: Callable[[Event], None] = lambda _: None
        self._common_dir = common_dir
        self._read: list[Event] = []
        self._read_bytes = 0

    def append(self, type: str, experiment: int | None = None, /, **data: Any) -> Event:
        """Records an event; when this returns, it is on disk. ``data`` must be JSON.

        A last line that a crash has torn is cut off first: its event was never acted upon. Raises BadInput
        when the line before is damaged, Refused when it is of a newer format.
        """
        with write_lock(self._common_dir):
            ensure_private_dir(self.path.parent)
            now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
            event = Event(FORMAT_VERSION, self._last_seq() + 1, now, self.cycle, experiment, type, data)
            durable_append(self.path, _to_line(event), torn="drop")
        self.listener(event)
        return event

    def events(self) -> list[Event]:
        """All events so far, in order; see ``read_events``. What was read before is not read again."""
        lines = _complete_lines(self.path, self._read_bytes)
        self._read += _events(lines, self.path, len(self._read))
        self._read_bytes += sum(len(line) + 1 for line in lines)
        return list(self._read)

    def _last_seq(self) -> int:
        line = _last_line(self.path)
        if not line:
            return 0
        try:
            return _to_event(json.loads(line), self.path, 0).seq
        except (ValueError, RecursionError, _Damaged):
            pass
        read_events(self.path)  # raises, with the number of the damaged line
        raise BadInput(f"{self.path} is damaged in its last line.")


def read_events(path: Path) -> list[Event]:
    """The events of a journal, in order; none if it does not exist.

    A torn last line (without its newline) counts as not written. Raises BadInput naming the line for any
    other damage (no event, or a gap in the count), Refused for a newer format.
    """
    return _events(_complete_lines(path), path)


def _events(lines: Iterable[bytes], path: Path, before: int = 0) -> list[Event]:
    """The events of lines that come after the first ``before``."""
    events: list[Event] = []
    for number, line in enumerate(lines, start=before + 1):
        try:
            event = _to_event(json.loads(line), path, number)
        except (ValueError, RecursionError, _Damaged) as error:
            raise _damage(path, number, "this is no event") from error
        if event.seq != number:
            raise _damage(path, number, f"event {number} was expected, and this is event {event.seq}")
        events.append(event)
    return events


class _Damaged(Exception):
    """A JSON value that is no event."""


def _to_line(event: Event) -> str:
    fields = {name: getattr(event, name) for name in Event.__slots__}
    return json.dumps(fields, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _to_event(fields: object, path: Path, number: int) -> Event:
    if not isinstance(fields, dict):
        raise _Damaged
    version = fields.get("v")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise Refused(
            f"{path}:{number}: this cycle was begun by a newer factory (format {version}; this one knows "
            f"{FORMAT_VERSION}).",
            "Finish it with that version, or give it up with `factory abandon`, which keeps its evidence.",
        )
    try:
        event = Event(**fields)
    except TypeError as error:
        raise _Damaged from error
    if not _is_sound(event):
        raise _Damaged
    return event


def _is_sound(event: Event) -> bool:
    return (
        type(event.v) is int
        and type(event.seq) is int
        and type(event.ts) is str
        and type(event.cycle) is str
        and (event.experiment is None or type(event.experiment) is int)
        and type(event.type) is str
        and type(event.data) is dict
        and (event.experiment is not None or not event.type.startswith("experiment."))
        and all(isinstance(event.data.get(name), kind) for name, kind in _SAYS.get(event.type, {}).items())
    )


def _damage(path: Path, number: int, what: str) -> BadInput:
    return BadInput(
        f"{path}:{number}: {what}; the journal is damaged.",
        "`factory abandon` ends the cycle and keeps its evidence.",
    )


def _complete_lines(path: Path, start: int = 0) -> list[bytes]:
    """The lines that have their newline, from byte ``start`` on."""
    try:
        with path.open("rb") as file:
            file.seek(start)
            content = file.read()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise environment_error(error, path) or BadInput(
            f"{path} cannot be read: {error.strerror}."
        ) from error
    return content.split(b"\n")[:-1]


def _last_line(path: Path) -> bytes:
    """The last line that has its newline, without it; empty if there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    try:
        end = end_of_last_line(descriptor, os.lseek(descriptor, 0, os.SEEK_END))
        begin = end_of_last_line(descriptor, end - 1) if end else 0
        return os.pread(descriptor, end - begin, begin).rstrip(b"\n")
    finally:
        os.close(descriptor)
