"""Structured answers: one JSON object that matches the role's schema, or no answer at all.

Prose is never searched for an answer: a verdict inside a sentence or a quoted diff is text that somebody
wrote, not what the agent decided. A fence around the whole answer is only its wrapping.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

_FENCED = re.compile(r"\A```(?:json)?[ \t]*\n(.*)\n```\Z", re.DOTALL)
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}


def read_answer(answer: Any, text: str, schema: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
    """The object that an agent answered, or None with the faults of what came instead.

    ``answer`` is what its runner took for the structured answer; without one, the whole ``text`` has to be
    it.
    """
    found = answer if answer is not None else _object(text)
    if found is None:
        return None, ["the answer is not a JSON object and nothing else" if text.strip() else "it is empty"]
    wrong = list(faults(found, schema))
    return (None, wrong) if wrong else (found, [])


def strict(schema: Any) -> Any:
    """``schema`` with every property required, at any depth: the only form that some services accept."""
    if not isinstance(schema, Mapping):
        return schema
    made = {name: strict(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), Mapping):
        made["properties"] = {name: strict(value) for name, value in schema["properties"].items()}
        made["required"] = list(schema["properties"])
    return made


def answer_in(text: str, schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer that ``text`` is as a whole, or None."""
    return read_answer(None, text, schema)[0]


def checked(answer: Any, schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """``answer`` if it is an object of the asked form, else None."""
    return answer if isinstance(answer, dict) and not any(faults(answer, schema)) else None


def _object(text: str) -> Any:
    stripped = text.strip()
    wrapped = _FENCED.match(stripped)
    try:
        found = json.loads(wrapped[1] if wrapped else stripped)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def faults(value: Any, schema: Mapping[str, Any], place: str = "the answer") -> Iterator[str]:
    """Where ``value`` departs from ``schema``.

    Understands what the roles' schemas use: type, enum, items, properties, required and additionalProperties.
    """
    names = schema.get("type", [])
    allowed = [names] if isinstance(names, str) else names
    if allowed and not any(_is(value, name) for name in allowed):
        yield f"{place} is not of type {' or '.join(allowed)}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{place} is none of {', '.join(map(str, schema['enum']))}"
    elif isinstance(value, list) and "items" in schema:
        for number, entry in enumerate(value, start=1):
            yield from faults(entry, schema["items"], f"{place}, entry {number}")
    elif isinstance(value, dict):
        yield from _object_faults(value, schema, place)


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):  # which Python counts among the integers
        return name == "boolean"
    if isinstance(value, float) and not isfinite(value):
        return False
    return isinstance(value, _TYPES[name])


def _object_faults(value: Mapping[str, Any], schema: Mapping[str, Any], place: str) -> Iterator[str]:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{place} has no `{name}`"
    for name, entry in value.items():
        if name in known:
            yield from faults(entry, known[name], f"`{name}`")
        elif schema.get("additionalProperties") is False:
            yield f"{place} has `{name}`, which the form does not know"
