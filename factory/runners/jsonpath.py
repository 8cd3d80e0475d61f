"""JSON in what a program prints, and paths into it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any


def documents(text: str) -> list[Any]:
    """The JSON documents in a text: the whole of it, those that are a line each, or one after words."""
    try:
        return [json.loads(text)]
    except ValueError:
        found = [document for line in text.splitlines() if (document := _object(line)) is not None]
    return found or _embedded(text)


def _object(line: str) -> Any:
    if not line.lstrip().startswith("{"):
        return None
    try:
        return json.loads(line)
    except ValueError:
        return None


def _embedded(text: str) -> list[Any]:
    """A document over several lines with something said before it."""
    start = re.search(r"^\{", text, re.MULTILINE)
    if start is None:
        return []
    try:
        return [json.JSONDecoder().raw_decode(text, start.start())[0]]
    except ValueError:
        return []


def hits(found: Sequence[Any], path: str) -> list[Any]:
    """The values at ``path`` (``a.b.0.c``, ``*`` for any key or index) in each document, in order."""
    values = list(found)
    for part in path.split("."):
        values = [inner for value in values for inner in _step(value, part)]
    return values


def _step(value: Any, part: str) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values() if part == "*" else [value[part]] if part in value else []
    elif isinstance(value, list):
        if part == "*":
            yield from value
        elif part.lstrip("-").isdecimal() and -len(value) <= int(part) < len(value):
            yield value[int(part)]


def text_at(found: Sequence[Any], path: str) -> str:
    """The last value at ``path`` as text, "" where there is none."""
    values = [value for value in hits(found, path) if value is not None] if path else []
    if not values:
        return ""
    return values[-1] if isinstance(values[-1], str) else json.dumps(values[-1], ensure_ascii=False)


def number_at(found: Sequence[Any], paths: str) -> float | None:
    """The sum of all numbers at ``paths`` (joined by ``+``); None where there is none: unknown is not 0."""
    values = [value for path in paths.split("+") if path.strip() for value in hits(found, path.strip())]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return sum(numbers) if numbers else None
