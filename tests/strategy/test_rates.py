"""Bounds of a rate that was seen a few times."""

from __future__ import annotations

import pytest

from factory.strategy.rates import wilson_interval


@pytest.mark.parametrize(
    ("successes", "total", "low", "high"),
    # Computed apart from the code: the roots of (p - rate)^2 = z^2 p (1 - p) / n.
    [
        (0, 0, 0, 1), (0, 5, 0, 0.4345), (5, 5, 0.5655, 1),
        (4, 4, 0.5101, 1), (3, 3, 0.4385, 1), (5, 10, 0.2366, 0.7634),
    ],
)  # fmt: skip
def test_wilson(successes: int, total: int, low: float, high: float) -> None:
    found = wilson_interval(successes, total)
    assert found == pytest.approx((low, high), abs=1e-4)
    assert 0 <= found[0] <= found[1] <= 1


def test_more_observations_narrow_it() -> None:
    few, many = wilson_interval(3, 4), wilson_interval(300, 400)
    assert few[0] < many[0] < 0.75 < many[1] < few[1]
