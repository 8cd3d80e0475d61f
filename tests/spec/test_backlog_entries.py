"""Which entries of the backlog are meant: one that is not delivered must never be taken for one that is."""

from __future__ import annotations

import pytest

from factory.spec.backlog_entries import entries_of, entry_named, entry_quoted, is_mentioned

CALLS = ["Add `foo()` to the client", "Add `foo(bar)` to the server", "Add foo (docs)", "Add foo (tests)"]


@pytest.mark.parametrize("text", CALLS)
def test_each_entry_is_named_by_its_own_text_alone(text: str) -> None:
    assert entry_named(text, CALLS) == [text]


@pytest.mark.parametrize(
    ("text", "backlog", "named"),
    [
        ("add  FOO (docs)", CALLS, ["Add foo (docs)"]),
        ("`Add foo` (docs)", CALLS, ["Add foo (docs)"]),
        (
            "- [ ] Add foo to the server (asked for twice)",
            ["Add foo to the server"],
            ["Add foo to the server"],
        ),
        ("Add foo", ["Add foo (docs)."], ["Add foo (docs)."]),
        ("Add foo", CALLS, []),
        ("Add foo (docs)", ["Add foo (tests)"], []),
        ("Add", CALLS, []),
        ("Support C+", ["Support C", "Support C++"], []),
        ("Support C++", ["Support C", "Support C++"], ["Support C++"]),
        ("()", ["(!)"], []),
        ("", ["Add foo"], []),
        ("Add foo", ["Add foo", "add foo"], ["Add foo", "add foo"]),
    ],
)
def test_tolerance_ends_where_two_entries_could_be_meant(
    text: str, backlog: list[str], named: list[str]
) -> None:
    assert entry_named(text, backlog) == named


def test_what_is_gone_is_not_replaced_by_what_resembles_it() -> None:
    assert entry_quoted("add foo", ["Add foo (docs)", "Add foo"]) == ["Add foo"]
    assert entry_quoted("Add foo", ["Add foo (docs)", "Add `foo`"]) == []


@pytest.mark.parametrize(
    ("item", "meant"),
    [
        ("Show totals; then log errors", ["Show totals; then log errors"]),
        ("Fix it; show totals; then log errors", ["Fix it", "Show totals; then log errors"]),
        ("Fix it; Show totals", ["Fix it", "Show totals"]),
        ("Fix it; something new", ["Fix it"]),
        ("", []),
    ],
)
def test_an_entry_may_hold_a_semicolon(item: str, meant: list[str]) -> None:
    backlog = ["Show totals", "Then log errors", "Show totals; then log errors", "Fix it"]
    assert entries_of(item, backlog) == meant


def test_why_mentions_an_entry_by_all_of_its_words() -> None:
    assert is_mentioned("Add foo (docs)", "The backlog asks to add `foo` since spring.")
    assert not is_mentioned("Add (optional) flags", "It adds nothing, but one may add something.")
    assert not is_mentioned("(?)", "Anything")
