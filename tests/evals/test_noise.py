"""The paired t-test: against a worked example, against simulation, and at its edges."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.evals.noise import T_95, critical_t, differs, significantly_above, significantly_below


def test_critical_values_fall_towards_the_normal_one() -> None:
    assert list(T_95) == sorted(T_95, reverse=True)
    assert critical_t(4) == 2.132
    assert critical_t(1000) == critical_t(30) == 1.697


def test_one_pair_has_no_critical_value_and_proves_nothing() -> None:
    with pytest.raises(ValueError, match="at least two pairs"):
        critical_t(0)
    assert not significantly_above([0.9], 0.0)
    assert not significantly_above([], 0.0)


def test_a_worked_example() -> None:
    # mean 0.02, s = 0.0158114, standard error 0.00707107: t = 2.828 on 4 degrees of freedom, above 2.132
    differences = [0.0, 0.01, 0.02, 0.03, 0.04]
    assert significantly_above(differences, 0.0)
    # t = (0.02 - 0.005) / 0.00707107 = 2.121, just below
    assert not significantly_above(differences, 0.005)
    assert significantly_below([-d for d in differences], 0.0)


def test_differences_without_spread_are_compared_as_they_are() -> None:
    assert significantly_above([0.01] * 5, 0.009)
    assert not significantly_above([0.01] * 5, 0.01)


def test_a_worthless_change_passes_in_about_five_of_a_hundred_trials() -> None:
    rng = random.Random(20240)
    trials = 4000
    passed = sum(significantly_above([rng.gauss(0, 0.01) for _ in range(5)], 0.0) for _ in range(trials))
    assert 0.04 < passed / trials < 0.06


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=12), st.floats(-0.5, 0.5))
def test_nothing_is_both_above_and_below(differences: list[float], bound: float) -> None:
    assert not (significantly_above(differences, bound) and significantly_below(differences, bound))


def test_two_samples_differ_by_more_than_rounding_or_by_being_absent() -> None:
    assert differs(0.5, 0.50001)
    assert not differs(0.1 + 0.2, 0.3)
    assert differs(None, 0.0)
    assert not differs(None, None)
