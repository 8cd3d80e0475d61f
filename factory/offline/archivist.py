"""The Archivist: a short note that states the facts it was given, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from factory.offline.answers import done
from factory.runners.base import AgentResult, Invocation

#: What a note does not go into, and what stands at its head anyway.
HIDDEN = {"subject", "diff", "prompt", "research", "experiment", "verdict", "reason", "rationale", "delta"}
#: Entries shown of a list, characters of a text, and levels of lists within lists.
SHOWN = 20
WIDTH = 300
DEPTH = 2


def note(invocation: Invocation) -> AgentResult:
    """What goes into the Markdown note on a cycle or an experiment, below its title."""
    lines = ["Written by rule from recorded facts.", ""]
    for key, value in invocation.facts.items():
        if key not in HIDDEN:
            lines += _entry(key.replace("_", " "), value, 0)
    return done("\n".join(lines) + "\n")


def _entry(name: str, value: Any, depth: int) -> Iterator[str]:
    """One fact as a list item, with its parts below it; on one line where it has none, or lies too deep."""
    if value is None or value in ("", [], {}):
        return
    indent, children = "  " * depth, _children(value)
    plain = not isinstance(value, Mapping) and not any(_children(part) for _, part in children)
    if plain or depth == DEPTH:
        yield f"{indent}- {name}: {_flat(value)}"
    else:
        yield f"{indent}- {name}:"
        for child_name, child in children[:SHOWN]:
            yield from _entry(child_name, child, depth + 1)
        if len(children) > SHOWN:
            yield f"{indent}  - and {len(children) - SHOWN} more"


def _flat(value: Any) -> str:
    """A fact on one line: numbers as they are told elsewhere, parts after each other."""
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, Mapping):
        told = "; ".join(f"{name}: {_flat(part)}" for name, part in _children(value) if part is not None)
    elif isinstance(value, list):
        told = ", ".join(map(_flat, value))
    else:
        told = " ".join(str(value).split())
    return told[:WIDTH]


def _children(value: Any) -> list[tuple[str, Any]]:
    """The parts of a fact with their names; those of a list by their numbers."""
    if isinstance(value, Mapping):
        return [(str(key).replace("_", " "), part) for key, part in value.items()]
    if isinstance(value, list):
        return [(str(number), part) for number, part in enumerate(value, start=1)]
    return []
