"""Reading the event stream of an agent CLI: one JSON object a line, what is unknown passed over."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Event = dict[str, Any]


def events(text: str) -> Iterator[Event]:
    """The JSON objects among the lines of ``text``; a torn line, a warning or a banner is left out."""
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found


class OpenTools:
    """Which tool calls have begun and not ended, by what ``begun_and_ended`` says of each event."""

    def __init__(self, begun_and_ended: Callable[[Event], tuple[set[str], set[str]]]) -> None:
        self.begun_and_ended = begun_and_ended
        self.open: set[str] = set()

    def take(self, event: Event) -> None:
        """Take in one event."""
        begun, ended = self.begun_and_ended(event)
        self.open = (self.open | begun) - ended


class StallWatch:
    """Tells a call in which nothing happens any more from one in which a tool takes its time.

    Called again and again while the child writes to ``path``; true once no event has come for ``limit_s``
    seconds and no tool is running: then it is the model's service that is silent.
    """

    def __init__(
        self,
        path: Path,
        tools: OpenTools,
        limit_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path, self.tools, self.limit_s, self.clock = path, tools, limit_s, clock
        self.position = 0
        self.last = clock()

    def __call__(self) -> bool:
        """Whether the call has stalled."""
        fresh = self._fresh_lines()
        for event in events(fresh):
            self.tools.take(event)
        if fresh or self.tools.open:
            self.last = self.clock()
        return self.clock() - self.last > self.limit_s

    def _fresh_lines(self) -> str:
        """Whole lines that have come since the last look."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.position)
                data = file.read()
        except OSError:
            return ""
        whole = data[: data.rfind(b"\n") + 1]
        self.position += len(whole)
        return whole.decode("utf-8", "replace")
