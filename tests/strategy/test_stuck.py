from __future__ import annotations

from types import SimpleNamespace

import pytest

from factory.strategy import FEECCategory, Stuck, detect_plateau, detect_stuck
from tests.strategy.support import Scored, Tried, history

FIX, EXPLOIT, EXPLORE, COMBINE = FEECCategory


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Stuck(False)),
        ("rF rF", Stuck(False)),
        ("kE rF rF rF", Stuck(True, "the last 3 experiments were reverts in FIX", (FIX,))),
        ("rF rF rF kE", Stuck(False)),
        ("rF kE rF rF", Stuck(False)),
        ("rF eF rF eE rF", Stuck(True, "the last 3 experiments were reverts in FIX", (FIX,))),
        ("rF rE rF rE", Stuck(False)),
        ("rF rE rF rE rF", Stuck(True, "the last 5 experiments were reverts", (FIX,))),
        ("rF rE rX rF rE rX", Stuck(True, "the last 6 experiments were reverts", (FIX, EXPLOIT, EXPLORE))),
        ("kE rF rF kE rF rE kX rE rF kE", Stuck(False)),
        ("kE rF rF kE rF rE rX kE rE rF", Stuck(True, "7 of the last 10 experiments were reverts", (FIX,))),
        (
            "kE kE kE rF rF kE rF rE rX kE rE rX",
            Stuck(True, "7 of the last 10 experiments were reverts", (FIX,)),
        ),
    ],
)
def test_stuck(text: str, expected: Stuck) -> None:
    assert detect_stuck(history(text)) == expected
    assert bool(detect_stuck(iter(history(text)))) is expected.stuck


def test_the_streak_that_counts_can_be_set() -> None:
    assert not detect_stuck(history("rF rE rF rE rF"), threshold=6)
    assert detect_stuck(history("rF rE rF rE"), threshold=4).why == "the last 4 experiments were reverts"


def test_a_category_is_computed_where_none_is_declared() -> None:
    tried = [Tried(n, "revert", f"Improve part {n}") for n in range(3)]
    assert detect_stuck(tried).categories_to_avoid == (EXPLOIT,)


def test_something_remains_to_be_tried() -> None:
    assert detect_stuck(history("rF rE rX rC rF rE rX rC")).categories_to_avoid == ()


def scored(*scores: float | None, verdict: str = "keep") -> list[Tried]:
    return [Tried(n, verdict, score_after=score) for n, score in enumerate(scores)]


@pytest.mark.parametrize(
    ("scores", "plateau"),
    [
        ((), False),
        ((0.5, 0.6, 0.7, 0.8), False),
        ((0.5, 0.6, 0.6, 0.6), False),
        ((0.5, 0.6, 0.6, 0.6, 0.59), True),
        ((0.5, 0.6, 0.6, None, 0.6, None), False),
        ((0.5, 0.6, 0.6, None, 0.6, None, 0.6), True),
        ((0.5, 0.6, 0.6, 0.6, 0.6, 0.7), False),
    ],
)
def test_plateau(scores: tuple[float | None, ...], plateau: bool) -> None:
    assert detect_plateau(scored(*scores)) is plateau


def test_the_threshold_of_the_plateau_can_be_set() -> None:
    assert detect_plateau(scored(0.5, 0.5, 0.5), threshold=2)
    assert not detect_plateau(scored(0.5, 0.5, 0.5), threshold=3)


def test_a_reverted_score_is_no_new_best() -> None:
    tried = [*scored(0.5), *scored(0.99, 0.6, 0.7, verdict="revert")]
    assert detect_plateau(tried)
    assert not detect_plateau([*tried, *scored(0.55)])


def test_the_first_baseline_is_the_first_best() -> None:
    tried = [Scored(n, "revert", score_before=0.6, score_after=0.6) for n in range(3)]
    assert detect_plateau(tried)
    assert not detect_plateau(tried[:2])


def test_another_harness_starts_afresh() -> None:
    old = [Scored(n, "keep", score_before=0.8, score_after=0.8, harness="h1") for n in range(5)]
    assert detect_plateau(old)
    assert not detect_plateau([*old, Scored(9, "keep", score_before=0.4, score_after=0.4, harness="h2")])


def test_what_research_kept_is_a_new_best_also_where_less_is_better() -> None:
    def metric(verdict: str, score: float) -> SimpleNamespace:
        return SimpleNamespace(
            id=1, hypothesis="h", verdict=verdict, reason="", category="FIX", harness="m",
            score_before=9.0, score_after=score, kind="research",
        )  # fmt: skip

    falling = [metric("keep", 5.0), metric("keep", 4.0), metric("revert", 3.0), metric("keep", 2.0)]
    assert not detect_plateau(falling, 2)
    assert detect_plateau([*falling, metric("revert", 1.0), metric("revert", 8.0)], 2)
