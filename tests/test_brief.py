"""The brief says what it should, and never more than 800 tokens of it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from factory.brief import build_brief, compact_json, size_in_bytes
from factory.rows import Row

MAX_TOKENS = 800


def row(number: int, verdict: str = "keep", **values: Any) -> Row:
    return Row.of(id=number, verdict=verdict, **values)


EVALUATION = {
    "composite": 0.6234567,
    "dimensions": [
        {"name": "tests", "score": 1.0},
        {"name": "lint", "score": 0.9},
        {"name": "coverage", "score": 0.31},
        {"name": "type_check", "score": None},
        {"name": "documentation", "score": 0.5},
    ],
}


def test_the_whole_of_a_brief() -> None:
    history = [
        row(1, "keep", reason="improved", hypothesis="Fix the parser", score_before=0.5, score_after=0.6),
        row(2, "error", reason="error", hypothesis="Merge loaders"),
        *(
            row(
                n,
                "revert",
                reason="no_effect",
                hypothesis=f"Add tests {n}",
                score_after=0.6,
                category="EXPLORE",
            )
            for n in (3, 4, 5)
        ),
        row(6, "revert", reason="inconclusive", hypothesis="Improve speed of login", category="EXPLORE"),
    ]
    assert build_brief(
        history,
        evaluation=EVALUATION,
        threshold=0.8,
        backlog=["one", "two"],
        messages=["hurry"],
        damaged_lines=1,
    ) == {
        "experiments": 6,
        "composite": 0.6235,
        "threshold": 0.8,
        "weakest": [
            {"name": "coverage", "score": 0.31},
            {"name": "documentation", "score": 0.5},
            {"name": "lint", "score": 0.9},
        ],
        "last": [
            {"id": 6, "verdict": "revert", "reason": "inconclusive", "hypothesis": "Improve speed of login"},
            {"id": 5, "verdict": "revert", "reason": "no_effect", "hypothesis": "Add tests 5"},
            {"id": 4, "verdict": "revert", "reason": "no_effect", "hypothesis": "Add tests 4"},
            {"id": 3, "verdict": "revert", "reason": "no_effect", "hypothesis": "Add tests 3"},
            {"id": 2, "verdict": "error", "reason": "error", "hypothesis": "Merge loaders"},
        ],
        "stuck": {"why": "the last 3 experiments were reverts in EXPLORE", "avoid": ["EXPLORE"]},
        "plateau": True,
        "categories": {"FIX": [1, 0, 0], "EXPLOIT": [0, 0, 0], "EXPLORE": [0, 4, 0], "COMBINE": [0, 0, 1]},
        "underserved": ["Instrumentation", "Type safety", "Documentation"],
        "backlog": ["one", "two"],
        "backlog_total": 2,
        "anti_patterns": ["Add tests 5"],
        "messages": ["hurry"],
        "damaged_lines": 1,
    }


def test_what_is_not_to_be_repeated_is_what_the_plan_gate_says() -> None:
    history = [
        row(1, "keep", hypothesis="Cache every answer"),
        row(2, "revert", reason="regressed", hypothesis="Rename the parser"),
        row(3, "keep", hypothesis="Undo experiment 1: Cache every answer", kind="undo"),
        row(4, "revert", reason="guard", hypothesis="Undo experiment 9: Log it", kind="undo"),
        row(5, "revert", reason="inconclusive", hypothesis="Speed up"),
    ]
    assert build_brief(history)["anti_patterns"] == ["Rename the parser", "Cache every answer"]


def test_nothing_known_has_the_same_keys() -> None:
    empty = build_brief([])
    assert list(empty) == list(build_brief([row(1)], evaluation=EVALUATION))
    assert (empty["composite"], empty["stuck"], empty["plateau"], empty["last"]) == (None, None, False, [])


def test_a_void_or_senseless_measurement_counts_for_nothing() -> None:
    assert build_brief([], evaluation={**EVALUATION, "void": "other files"})["composite"] is None
    for evaluation in (
        {"composite": "high", "dimensions": 3},
        {"composite": True, "dimensions": [1, {"score": "x"}]},
    ):
        brief = build_brief([], evaluation=evaluation)
        assert (brief["composite"], brief["weakest"]) == (None, [])


def test_long_texts_are_cut_to_the_aim() -> None:
    history = [row(n, "revert", hypothesis=f"Rewrite {'x' * n} " + "word " * 300) for n in range(30)]
    brief = build_brief(
        history, evaluation=EVALUATION, backlog=["item " * 500] * 50, messages=["m " * 900] * 9
    )
    assert size_in_bytes(brief) <= 2000
    assert brief["backlog_total"] == 50
    assert brief["messages"][0].endswith("m...")


def test_a_short_brief_keeps_whole_texts() -> None:
    text = "Move every path of the state folder into one module, so that it is named once"
    assert build_brief([row(1, hypothesis=text)], backlog=[text])["backlog"] == [text]
    assert build_brief([row(1, hypothesis=text)])["last"][0]["hypothesis"] == text


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=20), inner, max_size=6),
    max_leaves=20,
)
wide = st.text(alphabet=st.sampled_from('😀"\\é\x00a '), max_size=900)
dimension = st.fixed_dictionaries({"name": wide | anything, "score": st.floats() | anything})
evaluations = st.none() | st.fixed_dictionaries(
    {"composite": anything, "dimensions": st.lists(dimension, max_size=9) | anything}
)
experiments = st.lists(
    st.builds(
        lambda number, verdict, reason, hypothesis, score: row(
            number, verdict, reason=reason, hypothesis=hypothesis, score_after=score, harness=reason
        ),
        st.integers(min_value=0, max_value=10**15 - 1),
        st.sampled_from(["keep", "revert", "error", "what"]),
        wide,
        wide | st.text(max_size=200),
        st.none() | st.floats(),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(experiments, evaluations, st.lists(wide, max_size=9), st.lists(wide, max_size=9))
def test_never_above_800_tokens(
    history: list[Row], evaluation: dict[str, Any] | None, backlog: list[str], messages: list[str]
) -> None:
    brief = build_brief(history, evaluation=evaluation, backlog=backlog, messages=messages)
    assert len(compact_json(brief).encode()) <= MAX_TOKENS * 4
    assert json.loads(compact_json(brief)) == brief


def test_the_worst_case_is_below_the_limit() -> None:
    bad = "😀" * 500
    history = [
        row(10**14 + n, "revert", reason=bad, hypothesis=f"{bad} {chr(97 + n) * 4}") for n in range(10)
    ]
    evaluation = {"composite": -0.12345, "dimensions": [{"name": bad, "score": 0.12345}] * 9}
    brief = build_brief(history, evaluation=evaluation, backlog=[bad] * 9, messages=[bad] * 9)
    assert size_in_bytes(brief) <= MAX_TOKENS * 4
