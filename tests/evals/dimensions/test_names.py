"""The names that a factory.toml may use are those that are measured."""

from __future__ import annotations

from factory.config.schema import BUILT_IN_DIMENSIONS, TIERS
from factory.evals.dimensions import BUILT_IN
from factory.models import Tier


def test_the_settings_know_what_is_measured() -> None:
    assert tuple(BUILT_IN) == BUILT_IN_DIMENSIONS
    assert tuple(Tier) == TIERS
