"""Reading the facts of an invocation: JSON values whose absence is not an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.globs import matches


def text_of(facts: Mapping[str, Any], key: str) -> str:
    """A text, empty where there is none."""
    value = facts.get(key)
    return value if isinstance(value, str) else ""


def texts_of(facts: Mapping[str, Any], key: str) -> list[str]:
    """A list of texts; entries that are objects give their ``text`` or ``hypothesis``."""
    value = facts.get(key)
    if not isinstance(value, list):
        return []
    return [text for entry in value if (text := _text(entry))]


def _text(entry: Any) -> str:
    if isinstance(entry, Mapping):
        entry = entry.get("text") or entry.get("hypothesis") or ""
    return entry.strip() if isinstance(entry, str) else ""


def mapping_of(facts: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object, empty where there is none."""
    value = facts.get(key)
    return value if isinstance(value, Mapping) else {}


def mappings_of(facts: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """A list of objects."""
    value = facts.get(key)
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def scores_of(measurement: Mapping[str, Any]) -> dict[str, float]:
    """The dimensions that have a score, by name."""
    return {
        str(d.get("name")): float(d["score"])
        for d in mappings_of(measurement, "dimensions")
        if isinstance(d.get("score"), int | float)
    }


@dataclass(frozen=True, slots=True)
class Scope:
    """The files that may change: what ``modifiable`` covers (all, if empty) and ``read_only`` doesn't."""

    modifiable: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Scope:
        """The scope that a configuration's facts declare."""
        return cls(tuple(texts_of(config, "modifiable")), tuple(texts_of(config, "read_only")))

    def covers(self, path: str) -> bool:
        """Whether the file ``path``, relative to the root, may change."""
        allowed = not self.modifiable or matches(self.modifiable, path)
        return allowed and not (self.read_only and matches(self.read_only, path))


def is_plain_file(root: Path, path: str) -> bool:
    """Whether ``path`` is a regular file inside ``root``, reached through no symbolic link."""
    full = root / path
    return full.is_file() and full.resolve() == root.resolve() / path
