"""The composite: weights of tiers and dimensions, and what is left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.evals.score import composite, tier_shares
from factory.models import DimensionScore, Tier


def dim(name: str, tier: Tier, score: float | None, weight: float = 1.0) -> DimensionScore:
    return DimensionScore(name=name, tier=tier, score=score, weight=weight)


def test_hygiene_and_growth_count_half_each_without_project_dimensions() -> None:
    dims = [
        dim("tests", Tier.HYGIENE, 1.0),
        dim("lint", Tier.HYGIENE, 0.5),
        dim("documentation", Tier.GROWTH, 0.25),
    ]
    assert composite(dims) == 0.5 * 0.75 + 0.5 * 0.25


def test_project_dimensions_take_half_when_they_are_there() -> None:
    dims = [dim("t", Tier.HYGIENE, 1.0), dim("g", Tier.GROWTH, 0.0), dim("p", Tier.PROJECT, 0.6)]
    assert composite(dims) == pytest.approx(0.3 * 1.0 + 0.2 * 0.0 + 0.5 * 0.6)


def test_weights_are_normalised_over_the_tiers_that_were_measured() -> None:
    dims = [dim("t", Tier.HYGIENE, 1.0), dim("g", Tier.GROWTH, None), dim("p", Tier.PROJECT, 0.0)]
    shares = tier_shares([dims[0], dims[2]])
    assert shares == pytest.approx({Tier.HYGIENE: 0.375, Tier.PROJECT: 0.625})
    assert composite(dims) == 0.375


def test_configured_weights_replace_the_defaults() -> None:
    dims = [dim("t", Tier.HYGIENE, 1.0), dim("g", Tier.GROWTH, 0.0)]
    assert composite(dims, {"hygiene": 9, "growth": 1}) == 0.9
    assert composite(dims, {"growth": 1}) == 0.0


def test_weights_inside_a_tier_count() -> None:
    dims = [dim("a", Tier.HYGIENE, 1.0, weight=3), dim("b", Tier.HYGIENE, 0.0, weight=1)]
    assert composite(dims) == 0.75


def test_nothing_measured_is_none_and_not_zero() -> None:
    assert composite([]) is None
    assert composite([dim("a", Tier.HYGIENE, None)]) is None
    assert composite([dim("a", Tier.HYGIENE, 1.0, weight=0)]) is None
    assert composite([dim("a", Tier.HYGIENE, 1.0)], {"growth": 1.0}) is None


DIMENSIONS = st.lists(
    st.builds(
        dim,
        st.text("abcdef", min_size=1, max_size=4),
        st.sampled_from(Tier),
        st.none() | st.floats(0, 1),
        st.floats(0, 10),
    ),
    max_size=8,
)


@given(DIMENSIONS)
def test_the_composite_lies_between_the_lowest_and_the_highest_score(dims: list[DimensionScore]) -> None:
    result = composite(dims)
    scores = [d.score for d in dims if d.score is not None and d.weight > 0]
    if result is None:
        assert not scores
    else:
        assert min(scores) - 1e-6 <= result <= max(scores) + 1e-6


@given(DIMENSIONS, st.randoms(use_true_random=False))
def test_the_order_of_dimensions_does_not_matter(dims: list[DimensionScore], random: object) -> None:
    shuffled = list(dims)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert composite(shuffled) == composite(dims)


def test_a_weight_at_the_end_of_what_a_float_holds_is_still_a_weight() -> None:
    assert composite([dim("a", Tier.HYGIENE, 0.5, 5e-324)]) == 0.5
    assert composite([dim("a", Tier.HYGIENE, 0.5, 1.7e308), dim("b", Tier.HYGIENE, 1.0, 1.7e308)]) == 0.75
