from __future__ import annotations

from typing import Any

import pytest

from factory.agents.roles import ROLES
from factory.runners.answers import fits


@pytest.mark.parametrize(
    ("value", "schema", "fit"),
    [
        (1, {"type": "integer"}, True),
        (1.5, {"type": "integer"}, False),
        (1, {"type": "number"}, True),
        (True, {"type": "number"}, False),
        (True, {"type": "boolean"}, True),
        (None, {"type": ["number", "null"]}, True),
        ("x", {"type": ["number", "null"]}, False),
        ("x", {"enum": ["x", "y"]}, True),
        ("z", {"enum": ["x", "y"]}, False),
        (["a", 1], {"type": "array", "items": {"type": "string"}}, False),
        (["a"], {"type": "array", "items": {"type": "string"}}, True),
        ({"a": 1}, {"type": "object", "required": ["b"]}, False),
        ({"a": 1}, {"type": "object"}, True),
        ({"a": 1}, {"additionalProperties": False, "properties": {"b": {}}}, False),
        ({"a": {"b": [1]}}, {"properties": {"a": {"properties": {"b": {"items": {"type": "null"}}}}}}, False),
    ],
)
def test_forms(value: Any, schema: dict[str, Any], fit: bool) -> None:
    assert fits(value, schema) is fit


def test_the_schemas_of_the_roles_are_understood() -> None:
    """A word of a schema that is not read here would let answers through."""
    read = {"type", "enum", "properties", "required", "items", "additionalProperties"}

    def words(schema: dict[str, Any]) -> set[str]:
        inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
        return set(schema).union(*map(words, inner)) if inner else set(schema)

    schemas = [role.schema for role in ROLES.values() if role.schema]
    assert schemas
    assert set().union(*map(words, schemas)) <= read
