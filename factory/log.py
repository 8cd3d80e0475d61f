"""The program's log: JSON lines in the home's ``logs/factory.log``, without secrets, of limited size.

Nothing is set up at import. Commands that work call ``configure``; the error boundary uses ``record``, which
needs no structlog. A log that cannot be written never stops a command.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from factory.errors import FactoryError
from factory.fsio import ensure_private_dir
from factory.paths import HomePaths, factory_home
from factory.redact import redact_all

LIMIT_BYTES = 5_000_000
KEPT = 3  # older logs: factory.log.1 is the newest of them


def log_file(home: HomePaths | None = None) -> Path:
    """Where the log is."""
    return (home or factory_home()).logs / "factory.log"


def configure(home: HomePaths | None = None, *, debug: bool = False) -> None:
    """Sends structlog's events to the log; those of level debug only with ``debug``."""
    import logging  # noqa: PLC0415 - commands that only read do without

    import structlog  # noqa: PLC0415

    path = log_file(home)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.format_exc_info,
            without_secrets,
            structlog.processors.JSONRenderer(sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.INFO),
        logger_factory=lambda *_: _LineLogger(path),
        cache_logger_on_first_use=False,
    )


def trail(event: str, **data: Any) -> None:
    """Notes one event of a working command; nothing where the log was not set up, as in a test."""
    import structlog  # noqa: PLC0415 - commands that only read do without

    if structlog.is_configured():
        structlog.get_logger().info(event, **data)


def without_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """The structlog processor that takes secrets out of every event."""
    return {name: redact_all(value, name) for name, value in event.items()}


def record(event: str, *, level: str = "error", home: HomePaths | None = None, **data: Any) -> Path | None:
    """Writes one event without structlog; returns the log's path, or None when it could not be written."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    fields = redact_all({"event": event, "level": level, "ts": now, **data})
    path = log_file(home)
    return path if write_line(path, json.dumps(fields)) else None


def write_line(path: Path, line: str) -> bool:
    """Appends a line to a log, which is put aside when full; whether that worked."""
    try:
        ensure_private_dir(path.parent)
        data = (line.replace("\n", " ") + "\n").encode("utf-8", "replace")
        with _shared_among_processes(path):
            if _is_full(path):
                _rotate(path)
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, data)
            finally:
                os.close(descriptor)
    except (OSError, FactoryError):
        return False
    return True


@contextlib.contextmanager
def _shared_among_processes(path: Path) -> Iterator[None]:
    """Keeps two processes from putting the same log aside, one after the other."""
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_full(path: Path) -> bool:
    try:
        return path.stat().st_size >= LIMIT_BYTES
    except FileNotFoundError:
        return False


def _rotate(path: Path) -> None:
    for number in range(KEPT, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        newer = path if number == 1 else path.with_name(f"{path.name}.{number - 1}")
        with contextlib.suppress(FileNotFoundError):
            newer.replace(older)


class _LineLogger:
    """What structlog hands its finished lines to."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def msg(self, line: str) -> None:
        """Appends the line."""
        write_line(self._path, line)

    debug = info = warning = error = critical = exception = fatal = warn = log = msg
