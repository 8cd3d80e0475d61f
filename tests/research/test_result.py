"""What is read from a run's result."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.research.result import cases_of, failures_text, last_object, metric_of, read_result, worst_first


@pytest.mark.parametrize(
    ("result", "name", "value"),
    [({"m": 1}, "m", 1.0), ({"a": {"b": 2.5}}, "a.b", 2.5), ({"a.b": 3, "a": {"b": 4}}, "a.b", 3.0)],
)
def test_the_metric_is_found(result: Any, name: str, value: float) -> None:
    assert metric_of(result, name) == value


@pytest.mark.parametrize(
    ("result", "why"),
    [
        ({"n": 1}, "the metric 'm' is missing (the result has: n)"),
        ({"m": "1"}, "the metric 'm' is \"1\", not a finite number (the result has: m)"),
        ({"m": True}, "the metric 'm' is true, not a finite number (the result has: m)"),
        ({"m": float("nan")}, "the metric 'm' is NaN, not a finite number (the result has: m)"),
        ([1], "the metric 'm' is missing (the result has: list)"),
        ({"m": 10**400}, f"the metric 'm' is 1{'0' * 59}, not a finite number (the result has: m)"),
    ],
)
def test_what_is_no_metric(result: Any, why: str) -> None:
    with pytest.raises(ValueError) as raised:
        metric_of(result, "m")
    assert str(raised.value) == why


@given(st.text())
def test_any_text_is_json_or_a_sentence(text: str) -> None:
    try:
        read_result(text)
    except ValueError as error:
        assert str(error).startswith("the result is no JSON: ")


def test_printed_results() -> None:
    assert last_object('one\n{"m": 1}\n{"m": 2}\nend\n') == '{"m": 2}'
    assert last_object("nothing") == ""


def test_the_worst_cases_come_first_and_are_cut() -> None:
    cases = [{"id": "a", "gap": 1}, {"id": "b", "gap": 5}, {"id": "c", "gap": 9, "passed": True}]
    assert [c["id"] for c in worst_first(cases, 1)] == ["b", "a", "c"]
    assert [c["id"] for c in worst_first([{"id": "x", "score": 2}, {"id": "y", "score": 1}], 1)] == ["y", "x"]
    text = failures_text({"m": 1, "cases": cases}, "log line\n", sign=1, shown=1)
    assert text.splitlines() == [
        'result: {"m": 1}',
        "cases, the worst first (1 of 3):",
        '{"id": "b", "gap": 5}',
        "end of its log:",
        "log line",
    ]


def test_what_lists_no_cases() -> None:
    assert cases_of({"cases": [1, 2]}) == cases_of([]) == cases_of({"m": 1}) == []
