"""Intervals and tests, against values from the literature and by their definition."""

from __future__ import annotations

from math import comb, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.ace.stats import fisher_less, wilson_lower


@pytest.mark.parametrize(
    ("hits", "total", "expected"),
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
    [(81, 263, 0.2553), (15, 148, 0.0624), (0, 20, 0.0), (1, 29, 0.0061), (4, 4, 0.5101), (3, 3, 0.4385)],
)
def test_the_lower_end_of_wilsons_interval(hits: int, total: int, expected: float) -> None:
    assert round(wilson_lower(hits, total), 4) == expected


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_bound_lies_below_the_rate_and_rises_with_the_sample(hits: int, misses: int) -> None:
    total = hits + misses
    bound = wilson_lower(hits, total)
    assert 0.0 <= bound <= (hits / total if total else 0.0)
    assert wilson_lower(2 * hits, 2 * total) >= bound


def test_fishers_test_on_the_lady_tasting_tea() -> None:
    assert isclose(fisher_less(1, 4, 3, 4), 17 / 70)  # 1 - P(3 or 4 of 4) = 1 - (16 + 1) / 70, by symmetry


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
def test_fishers_tail_adds_up(a: int, b: int, c: int, d: int) -> None:
    """By counting the tables with the same margins."""
    total, others, hits = a + b, c + d, a + c
    tables = {
        k: comb(total, k) * comb(others, hits - k) for k in range(min(total, hits) + 1) if hits - k <= others
    }
    expected = sum(ways for k, ways in tables.items() if k <= a) / sum(tables.values())
    assert isclose(fisher_less(a, total, c, others), expected)
