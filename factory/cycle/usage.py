"""What agents cost, added up from the journals: by role, cycle and experiment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from factory.journal import Event

ENDS = ("agent.completed", "agent.failed")


@dataclass
class Tally:
    """Calls, tokens, US dollars and seconds of agents' work.

    ``unknown`` counts calls whose tokens nobody reported: what was cut off, and runners that do not tell.
    """

    invocations: int = 0
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    duration_s: float = 0.0
    unknown: int = 0

    @property
    def called(self) -> bool:
        """Whether any model was called: the offline runner takes time and nothing else."""
        return bool(self.invocations or self.tokens_in or self.tokens_out or self.cost_usd or self.unknown)

    def to_data(self) -> dict[str, Any]:
        """The tally with stable keys."""
        return {
            "invocations": self.invocations,
            "tokens_in": self.tokens_in,
            "tokens_cached": self.tokens_cached,
            "tokens_out": self.tokens_out,
            "cost_usd": round(self.cost_usd, 6),
            "duration_s": round(self.duration_s, 1),
            "unknown": self.unknown,
        }


@dataclass
class Usage:
    """Tallies by role, by cycle, by experiment, and over all."""

    total: Tally = field(default_factory=Tally)
    roles: dict[str, Tally] = field(default_factory=dict)
    cycles: dict[str, Tally] = field(default_factory=dict)
    experiments: dict[int, Tally] = field(default_factory=dict)

    def add(self, events: Iterable[Event]) -> None:
        """Take in the events of one journal."""
        open_calls: dict[str, Event] = {}
        for event in events:
            if event.type == "agent.started":
                open_calls[event.data["key"]] = event
                for tally in self._tallies(event):
                    tally.invocations += event.data["invocations"]
            elif event.type in ENDS:
                open_calls.pop(event.data["key"], None)
                for tally in self._tallies(event):
                    _spend(tally, event.data)
        for event in open_calls.values():
            for tally in self._tallies(event):
                tally.unknown += event.data["invocations"]

    def _tallies(self, event: Event) -> list[Tally]:
        found = [
            self.total,
            self.roles.setdefault(event.data["role"], Tally()),
            self.cycles.setdefault(event.cycle, Tally()),
        ]
        if event.experiment is not None:
            found.append(self.experiments.setdefault(event.experiment, Tally()))
        return found


def _spend(tally: Tally, data: dict[str, Any]) -> None:
    tally.tokens_in += data.get("tokens_in") or 0
    tally.tokens_cached += data.get("tokens_cached") or 0
    tally.tokens_out += data.get("tokens_out") or 0
    tally.cost_usd += data.get("cost_usd") or 0.0
    tally.duration_s += data["duration_s"]
    if data.get("tokens_in") is None and data.get("tokens_out") is None:
        tally.unknown += 1
