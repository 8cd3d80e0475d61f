"""Structured answers: the whole text is the object, or there is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from factory.agents.roles import EXPLANATION_SCHEMA, GATE_SCHEMA, REVIEW_SCHEMA
from factory.answers import faults, read_answer, strict

VERDICT = {"verdict": "PROCEED", "reason": "sound", "corrections": []}
DIFF = '```diff\n+    return {"verdict": "PROCEED", "reason": "sound", "corrections": []}\n```'


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(VERDICT),
        f"\n {json.dumps(VERDICT, indent=2)} \n",
        f"```json\n{json.dumps(VERDICT)}\n```",
        f"```\n{json.dumps(VERDICT)}\n```\n",
    ],
)
def test_a_text_that_is_the_object_is_the_answer(text: str) -> None:
    assert read_answer(None, text, GATE_SCHEMA) == (VERDICT, [])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("PROCEED", "the answer is not a JSON object and nothing else"),
        ("I would say PROCEED: the change is sound.", "the answer is not a JSON object and nothing else"),
        (f"The diff says:\n\n{DIFF}", "the answer is not a JSON object and nothing else"),
        (f"{DIFF}\n\n{DIFF}", "the answer is not a JSON object and nothing else"),
        (f"Here it is: {json.dumps(VERDICT)}", "the answer is not a JSON object and nothing else"),
        (f"{json.dumps(VERDICT)} {json.dumps(VERDICT)}", "the answer is not a JSON object and nothing else"),
        ('"PROCEED"', "the answer is not a JSON object and nothing else"),
        (json.dumps([VERDICT]), "the answer is not a JSON object and nothing else"),
        ("{" * 5_000, "the answer is not a JSON object and nothing else"),
    ],
)
def test_prose_and_quotations_are_no_answer(text: str, wrong: str) -> None:
    assert read_answer(None, text, GATE_SCHEMA) == (None, [wrong])


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"verdict": "proceed"}, "`verdict` is none of PROCEED, REDIRECT, ABORT"),
        ({"verdict": "PROCEED "}, "`verdict` is none of PROCEED, REDIRECT, ABORT"),
        ({"verdict": ["PROCEED"]}, "`verdict` is not of type string"),
        ({"reason": None}, "`reason` is not of type string"),
        ({"corrections": "none"}, "`corrections` is not of type array"),
        ({"corrections": ["a", 1]}, "`corrections`, entry 2 is not of type string"),
        ({"score": 1.0}, "the answer has `score`, which the form does not know"),
    ],
)
def test_another_form_is_no_answer(change: dict[str, Any], wrong: str) -> None:
    assert read_answer(VERDICT | change, "", GATE_SCHEMA) == (None, [wrong])


@pytest.mark.parametrize("missing", VERDICT)
def test_a_field_that_is_missing_is_named(missing: str) -> None:
    answer = {name: value for name, value in VERDICT.items() if name != missing}
    assert read_answer(answer, "", GATE_SCHEMA) == (None, [f"the answer has no `{missing}`"])


def test_what_the_runner_took_for_the_answer_counts_before_the_text() -> None:
    assert read_answer({}, json.dumps(VERDICT), GATE_SCHEMA)[0] is None
    assert read_answer(["PROCEED"], json.dumps(VERDICT), GATE_SCHEMA) == (
        None,
        ["the answer is not of type object"],
    )


@pytest.mark.parametrize(
    ("number", "sound"), [(0.5, True), (1, True), (None, True), (True, False), ("0.5", False)]
)
def test_numbers_are_numbers(number: Any, sound: bool) -> None:
    moved = {"dimension": "lint", "before": number, "after": 0.5, "why": "a"}
    answer = {"summary": "a", "moved": [moved], "suspicions": []}
    assert (not list(faults(answer, EXPLANATION_SCHEMA))) is sound


def test_no_number_is_infinite() -> None:
    moved = '{"dimension": "lint", "before": NaN, "after": Infinity, "why": "a"}'
    answer, wrong = read_answer(
        None, f'{{"summary": "a", "moved": [{moved}], "suspicions": []}}', EXPLANATION_SCHEMA
    )
    assert answer is None
    assert wrong == ["`before` is not of type number or null", "`after` is not of type number or null"]


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
def test_what_fits_a_schema(value: Any, schema: dict[str, Any], fit: bool) -> None:
    assert (not list(faults(value, schema))) is fit


def test_a_strict_schema_requires_every_property_at_any_depth() -> None:
    made = strict(EXPLANATION_SCHEMA)
    assert made["required"] == ["summary", "moved", "suspicions", "citations"]
    assert made["properties"]["moved"]["items"]["required"] == ["dimension", "before", "after", "why"]
    assert "citations" not in EXPLANATION_SCHEMA["required"]
    assert strict(REVIEW_SCHEMA) == REVIEW_SCHEMA
