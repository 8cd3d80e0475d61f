from __future__ import annotations

import pytest

from factory.strategy import FEECCategory, categorize_hypothesis, category_of, keep_rates, rank_hypotheses
from tests.strategy.support import Tried, history

FIX, EXPLOIT, EXPLORE, COMBINE = FEECCategory


def test_the_order() -> None:
    assert [(c.name, int(c)) for c in FEECCategory] == [
        ("FIX", 0),
        ("EXPLOIT", 1),
        ("EXPLORE", 2),
        ("COMBINE", 3),
    ]


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Fixes the parser", FIX),
        ("Stop crashing on empty input", FIX),
        ("Repaired regressions in login", FIX),
        ("Handle ERRORS of the client", FIX),
        ("Bug-free builds", FIX),
        ("Add a prefix to names", EXPLORE),
        ("Debug mode for the server", EXPLORE),
        ("Add pytest fixtures", EXPLORE),
        ("Improving coverage", EXPLOIT),
        ("Build on the cache", EXPLOIT),
        ("Builds on experiment 3", EXPLOIT),
        ("Build only once", EXPLORE),
        ("Optimise queries", EXPLOIT),
        ("Optimization of the loop", EXPLOIT),
        ("Merge the two loaders", COMBINE),
        ("Unified settings", COMBINE),
        ("Uniform names", EXPLORE),
        ("Integration of both", COMBINE),
        ("Improve and merge the loaders", EXPLOIT),
        ("Merge the loaders to fix the crash", FIX),
        ("Try a new layout", EXPLORE),
        ("", EXPLORE),
    ],
)
def test_categorize(text: str, category: FEECCategory) -> None:
    assert categorize_hypothesis(text) is category


def test_a_declared_category_wins_and_nonsense_does_not() -> None:
    assert category_of(Tried(1, hypothesis="Fix it", category="combine ")) is COMBINE
    assert category_of(Tried(1, hypothesis="Fix it", category="URGENT")) is FIX
    assert category_of(Tried(1, hypothesis="Fix it")) is FIX


def test_ranking_is_feec_order_and_stable() -> None:
    ideas = ["Try b", "Merge c", "Improve d", "Try a", "Fix z", "Fix a"]
    assert rank_hypotheses(ideas) == ["Fix z", "Fix a", "Improve d", "Try b", "Try a", "Merge c"]


def test_keep_rates() -> None:
    rates = keep_rates([*history("kF rF rF eF kE"), Tried(9, "", "Fix")])
    assert (rates[FIX].kept, rates[FIX].reverted, rates[FIX].errors, rates[FIX].total) == (1, 2, 1, 4)
    assert rates[FIX].rate == pytest.approx(1 / 3)
    assert rates[EXPLORE].rate == 1.0
    assert rates[COMBINE].rate is None
