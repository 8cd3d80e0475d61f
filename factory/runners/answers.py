"""Structured answers: a whole text that is one JSON object of the asked form, or none at all."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
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


def answer_in(text: str, schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer that ``text`` is as a whole, a fence around it aside.

    A JSON object somewhere in prose is none: it may be a quotation.
    """
    stripped = text.strip()
    fenced = _FENCED.match(stripped)
    try:
        found = json.loads(fenced[1] if fenced else stripped)
    except ValueError:
        return None
    return checked(found, schema)


def checked(answer: Any, schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """``answer`` if it is an object of the asked form, else None."""
    return answer if isinstance(answer, dict) and fits(answer, schema) else None


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value is of a JSON schema's form.

    Of the schema, type, enum, properties, required, additionalProperties and items are read.
    """
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "type" in schema and not _of_type(value, schema["type"]):
        return False
    if isinstance(value, dict):
        return _object_fits(value, schema)
    if isinstance(value, list) and "items" in schema:
        return all(fits(item, schema["items"]) for item in value)
    return True


def _of_type(value: Any, wanted: str | list[str]) -> bool:
    names = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(value, bool):  # which Python counts among the integers
        return "boolean" in names
    return any(isinstance(value, _TYPES[name]) for name in names)


def _object_fits(value: dict[str, Any], schema: Mapping[str, Any]) -> bool:
    known = schema.get("properties", {})
    if any(name not in value for name in schema.get("required", ())):
        return False
    if schema.get("additionalProperties") is False and value.keys() - known.keys():
        return False
    return all(fits(item, known[name]) for name, item in value.items() if name in known)
