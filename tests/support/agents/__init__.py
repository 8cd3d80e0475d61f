"""Programs that play agent CLIs: real processes that print recorded shapes of events."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLAYER = Path(__file__).with_name("player.py")


@dataclass(frozen=True)
class Seen:
    """How the CLI was called: arguments, standard input, environment, and the files in its home."""

    argv: list[str]
    stdin: str
    env: dict[str, str]
    home: list[str]
    cwd: str

    def option(self, name: str) -> str:
        """The value after ``name``."""
        return self.argv[self.argv.index(name) + 1]


class FakeCli:
    """A program of its own at ``path`` that plays what ``plays`` says."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / name
        self.part = folder / f"{name}.json"
        self.record = folder / f"{name}.seen.json"
        self.path.write_text(f"#!{sys.executable}\n{PLAYER.read_text()}")
        self.path.chmod(0o755)
        self.plays([])

    def plays(
        self,
        events: Sequence[Mapping[str, Any] | str],
        *,
        code: int = 0,
        stderr: str = "",
        hang: float = 0,
        daemon: str = "",
        write: Mapping[str, str] | None = None,
    ) -> None:
        """What it does when called: its events, files to ``write`` in its home, and then its end.

        It hangs for ``hang`` seconds after the events; ``daemon`` is a file for the number of a process that
        it leaves behind.
        """
        lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
        part = {"lines": lines, "code": code, "stderr": stderr, "hang": hang, "daemon": daemon}
        self.part.write_text(json.dumps({**part, "write": dict(write or {})}))

    @property
    def seen(self) -> Seen:
        """The last call."""
        return Seen(**json.loads(self.record.read_text()))
