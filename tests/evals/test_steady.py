"""Which tests the share of passing tests is about: those of the baseline, and new ones that fail."""

from __future__ import annotations

import pytest

from factory.evals.dimensions import tests
from factory.evals.steady import held_to
from factory.models import Measurement, Outcome

P, F, S, X = Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED, Outcome.XFAILED


def measured(outcomes: dict[str, Outcome]) -> Measurement:
    return Measurement(
        commit="", tree="", harness="", environment="", key="", timestamp="",
        tests=outcomes, dimensions=[tests.score(outcomes)],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("after", "score"),
    [
        ({"a": P, "b": F}, 0.5),
        ({"a": P, "b": P}, 1.0),
        ({"a": P}, 0.5),
        ({"a": P, "b": S}, 0.5),
        ({"a": P, "b": X}, 0.5),
        ({"a": P, "b": F, "c": P, "d": P}, 0.5),
        ({"a": P, "b": P, "c": F}, pytest.approx(2 / 3)),
        ({"a": F, "b": F}, 0.0),
    ],
)
def test_what_failed_and_is_gone_fails_still_and_new_tests_are_no_share(
    after: dict[str, Outcome], score: float
) -> None:
    held = held_to([measured({"a": P, "b": F})], [measured(after)])[0]
    assert held.dimensions[0].score == score


def test_first_tests_help() -> None:
    first = measured({"a": P})
    assert held_to([measured({})], [first]) == [first]
