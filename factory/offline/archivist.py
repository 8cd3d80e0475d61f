"""The Archivist: a short note that states the facts it was given, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from factory.offline.answers import done
from factory.offline.facts import mapping_of, text_of
from factory.runners.base import AgentResult, Invocation

HIDDEN = {"subject", "diff", "prompt", "research"}
#: Entries shown of a list, and characters of a text.
SHOWN = 20
WIDTH = 300


def note(invocation: Invocation) -> AgentResult:
    """A Markdown note on a cycle or an experiment."""
    facts = invocation.facts
    lines = [f"# {_title(facts)}", "", "Written by rule from recorded facts.", ""]
    lines += [line for key, value in facts.items() if key not in HIDDEN for line in _entry(key, value, 0)]
    return done("\n".join(lines) + "\n")


def _title(facts: Mapping[str, Any]) -> str:
    number = facts.get("experiment", facts.get("id"))
    name = text_of(facts, "hypothesis") or text_of(mapping_of(facts, "item"), "title")
    subject = (text_of(facts, "subject") or "note").capitalize()
    return f"{subject}{f' {number}' if isinstance(number, int) else ''}{f': {name}' if name else ''}"


def _entry(key: str, value: Any, depth: int) -> Iterator[str]:
    """One fact as a list item; two levels of nesting, deeper ones are counted."""
    label = f"{'  ' * depth}- {key.replace('_', ' ')}:"
    children = _children(value)
    if value is None or value in ("", [], {}):
        return
    if not children:
        yield f"{label} {' '.join(str(value).split())[:WIDTH]}"
    elif depth == 2:
        yield f"{label} {len(children)} entries"
    else:
        yield label
        for name, child in children[:SHOWN]:
            yield from _entry(name, child, depth + 1)
        if len(children) > SHOWN:
            yield f"{'  ' * (depth + 1)}- and {len(children) - SHOWN} more"


def _children(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [(str(k), v) for k, v in value.items()]
    if isinstance(value, list):
        return [(str(n), v) for n, v in enumerate(value, start=1)]
    return []
