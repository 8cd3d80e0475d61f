"""The ratchet: gains beyond luck are kept, and luck is not."""

from __future__ import annotations

import random

import pytest

from factory.research.ratchet import Moved, compare_runs, fallen, number, on_held_out, reached


def moved(before: list[float], after: list[float], *, sign: int = 1, min_gain: float = 0.0) -> Moved:
    return compare_runs(before, after, metric="m", sign=sign, min_gain=min_gain)


@pytest.mark.parametrize(
    ("before", "after", "sign", "direction"),
    [
        ([1.0], [1.1], 1, "improved"),
        ([1.0], [1.1], -1, "regressed"),
        ([1.0], [1.0], 1, "held"),
        ([5.0, 4.0, 6.0], [4.0, 3.0, 5.0], -1, "improved"),
        ([5.0, 4.0, 6.0], [5.0, 4.0, 6.0], -1, "held"),
        ([5.0, 4.0, 6.0], [6.0, 5.0, 7.0], -1, "regressed"),
        ([5.0, 4.0, 6.0], [3.0, 4.5, 6.0], -1, "inconclusive"),
    ],
)
def test_directions(before: list[float], after: list[float], sign: int, direction: str) -> None:
    assert moved(before, after, sign=sign).direction == direction


def test_a_gain_has_to_be_above_the_least_one() -> None:
    assert moved([1.0], [1.5], min_gain=0.5).direction == "held"
    assert moved([1.0], [1.51], min_gain=0.5).direction == "improved"
    assert moved([1.0, 2.0], [1.4, 2.4], min_gain=0.5).direction == "inconclusive"


def test_the_gain_is_for_the_better_whatever_the_objective() -> None:
    found = moved([4.0, 6.0], [3.0, 5.0], sign=-1)
    assert found.gain == 1.0
    assert found.rationale == "m 5 → 4 over 2 pairs: improved"


def test_uneven_sides_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="as many runs"):
        moved([1.0], [])


def test_how_often_luck_is_kept_and_a_real_gain_is_found() -> None:
    """The rates of docs/research.md: five pairs, noise of standard deviation 1."""
    draw = random.Random(20)

    def share(gain: float, pairs: int, rounds: int = 4000) -> float:
        kept = 0
        for _ in range(rounds):
            before = [draw.gauss(0, 1) for _ in range(pairs)]
            after = [draw.gauss(gain, 1) for _ in range(pairs)]
            kept += moved(before, after).direction == "improved"
        return kept / rounds

    assert share(0.0, 1) == pytest.approx(0.5, abs=0.03), "what single runs would keep"
    assert share(0.0, 5) == pytest.approx(0.05, abs=0.015)
    assert share(3.0, 5) > 0.95


def test_the_target_is_reached_on_its_side() -> None:
    assert reached([0.9, 1.1], 1.0, 1)
    assert not reached([0.9, 1.0], 1.0, 1)
    assert reached([0.9, 1.0], 1.0, -1)
    assert not reached([1.0], None, 1)


def test_below_the_best_on_record() -> None:
    assert fallen([0.5], [0.8, 0.9], 1)
    assert not fallen([0.85], [0.8, 0.9], 1)
    assert fallen([5.0], [3.0, 4.0], -1)


def test_what_held_out_runs_say() -> None:
    train = moved([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
    assert on_held_out(train, moved([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])) == "holds"
    assert on_held_out(train, moved([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])) == "overfitted"
    assert on_held_out(train, moved([1.0, 2.0, 3.0], [0.5, 2.1, 2.9])) == "overfitted"
    assert on_held_out(train, moved([1.0, 2.0, 3.0], [1.1, 2.0, 4.0])) == "unproven"


def test_numbers_for_people() -> None:
    assert [number(1.0), number(1234567.0), number(None)] == ["1", "1.23457e+06", "not measured"]
