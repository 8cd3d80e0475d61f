"""JSON in what programs print, and paths into it."""

from __future__ import annotations

from typing import Any

import pytest

from factory.runners.jsonpath import documents, number_at, text_at


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', [{"a": 1}]),
        ('{\n  "a": 1\n}\n', [{"a": 1}]),
        ('{"a": 1}\n{"b": 2}\n', [{"a": 1}, {"b": 2}]),
        ('starting\n{"a": 1}\nnot {json}\n{"b": 2}', [{"a": 1}, {"b": 2}]),
        ('Loaded credentials.\n{\n  "a": 1\n}\nbye', [{"a": 1}]),
        ('{"a": 1}\n{"cut off', [{"a": 1}]),
        ("prose", []),
        ("{", []),
        ("", []),
    ],
)
def test_documents(text: str, expected: list[Any]) -> None:
    assert documents(text) == expected


EVENTS = [
    {"type": "step", "part": {"tokens": {"input": 10, "cache": {"read": 5}}}},
    {"type": "text", "part": {"text": "first"}},
    {"type": "step", "part": {"tokens": {"input": 20, "cache": {"read": 7}}}},
    {"type": "text", "part": {"text": "last"}},
    {"models": {"a": {"n": 1}, "b": {"n": 2}}, "list": [{"n": 4}, {"n": 8}], "on": True, "none": None},
]


def test_of_texts_the_last_counts() -> None:
    assert text_at(EVENTS, "part.text") == "last"
    assert text_at(EVENTS, "part.nothing") == ""
    assert text_at(EVENTS, "") == ""
    assert text_at(EVENTS, "none") == ""
    assert text_at(EVENTS, "models.a") == '{"n": 1}'


def test_numbers_are_summed_and_unknown_is_not_zero() -> None:
    assert number_at(EVENTS, "part.tokens.input") == 30
    assert number_at(EVENTS, "part.tokens.input + part.tokens.cache.read") == 42
    assert number_at(EVENTS, "models.*.n") == 3
    assert number_at(EVENTS, "list.*.n") == 12
    assert number_at(EVENTS, "list.-1.n") == 8
    assert number_at(EVENTS, "list.7.n") is None
    assert number_at(EVENTS, "part.text") is None
    assert number_at(EVENTS, "on") is None
    assert number_at(EVENTS, "") is None
