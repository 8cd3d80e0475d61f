"""Numbers and texts as they stand in a sentence."""

from __future__ import annotations

from factory.words import counted, in_short, signed


def test_notes_in_short_end_where_a_part_ends() -> None:
    assert in_short("  all\nof it ") == "all of it"
    assert in_short("guard: x is gone; review: no; score: fell", 30) == "guard: x is gone; review: no…"
    assert in_short("x" * 50, 10) == "x" * 9 + "…"


def test_nothing_has_no_minus_and_one_has_no_plural() -> None:
    assert [signed(value) for value in (-0.00001, 0.0, 0.00006, -0.5)] == [
        "+0.0000", "+0.0000", "+0.0001", "-0.5000",
    ]  # fmt: skip
    assert [counted(number, "test") for number in (0, 1, 2)] == ["0 tests", "1 test", "2 tests"]
