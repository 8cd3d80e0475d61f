from __future__ import annotations

from factory.rows import Row
from factory.strategy import format_tiered_history
from tests.strategy.support import Tried, history


def test_nothing_yet() -> None:
    assert format_tiered_history([]) == "No experiments yet."


def test_three_tiers() -> None:
    tried = [*history("kF rF eX rE kE rC kF rF rX"), Tried(None, "", "Odd\tone")]
    rows = [
        Row.of(
            id=11,
            verdict="keep",
            reason="improved",
            category="FIX",
            hypothesis="Fix it",
            score_before=0.5,
            score_after=0.625,
            change_summary="one line",
            notes="a note",
        ),
        Row.of(id=12, verdict="revert", hypothesis="Try it", score_after=0.6),
    ]
    assert format_tiered_history([*tried, *rows]) == (
        "### Last experiments\n\n"
        "- 012 revert EXPLORE: Try it\n"
        "  - score: ? → 0.6000\n\n"
        "- 011 keep (improved) FIX: Fix it\n"
        "  - score: 0.5000 → 0.6250\n"
        "  - change summary: one line\n"
        "  - notes: a note\n\n"
        "- ? no verdict EXPLORE: Odd one\n\n"
        "### Before these\n\n"
        "- 009 revert EXPLOIT: h9\n"
        "- 008 revert FIX: h8\n"
        "- 007 keep FIX: h7\n"
        "- 006 revert COMBINE: h6\n"
        "- 005 keep EXPLORE: h5\n"
        "- 004 revert EXPLORE: h4\n"
        "- 003 error EXPLOIT: h3\n\n"
        "### 2 older\n\n"
        "- FIX: 1 kept, 1 reverted, 0 errors (keep rate 50%)"
    )


def test_a_missing_hypothesis_is_said() -> None:
    assert (
        format_tiered_history([Tried(1, "keep")])
        == "### Last experiments\n\n- 001 keep EXPLORE: (no hypothesis)"
    )
