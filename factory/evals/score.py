"""From dimensions to one composite number. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from factory.models import DimensionScore, Tier

WITHOUT_PROJECT_DIMENSIONS: Mapping[str, float] = {"hygiene": 0.5, "growth": 0.5}
WITH_PROJECT_DIMENSIONS: Mapping[str, float] = {"hygiene": 0.3, "growth": 0.2, "project": 0.5}
COMPOSITE_DIGITS = 9


def composite(
    dimensions: Sequence[DimensionScore], weights: Mapping[str, float] | None = None
) -> float | None:
    """The weighted mean of the dimensions that have a score, in [0, 1]; None when none has.

    Each tier is the mean of its dimensions by their weights, and the tiers are averaged by ``weights``
    (tier name → weight; None or empty: the defaults above), normalised over the tiers that have something
    measured. Rounded to nine digits, so that the order of summation cannot move it.
    """
    scored = [d for d in dimensions if d.score is not None and d.weight > 0]
    shares = tier_shares(scored, weights)
    total = math.fsum(share * _tier_mean(scored, tier) for tier, share in shares.items())
    return round(min(max(total, 0.0), 1.0), COMPOSITE_DIGITS) if shares else None


def tier_shares(
    dimensions: Sequence[DimensionScore], weights: Mapping[str, float] | None = None
) -> dict[Tier, float]:
    """What each tier that is present counts for, summing to 1; empty when nothing has a weight."""
    present = [tier for tier in Tier if any(d.tier == tier for d in dimensions)]
    chosen = weights or (WITH_PROJECT_DIMENSIONS if Tier.PROJECT in present else WITHOUT_PROJECT_DIMENSIONS)
    raw = {tier: max(chosen.get(tier.value, 0.0), 0.0) for tier in present}
    total = math.fsum(raw.values())
    return {tier: value / total for tier, value in raw.items() if value > 0} if total > 0 else {}


def _tier_mean(scored: Sequence[DimensionScore], tier: Tier) -> float:
    members = [d for d in scored if d.tier == tier]
    # Relative to the largest, so that weights at the ends of what a float can hold do not vanish or overflow.
    largest = max(d.weight for d in members)
    weights = [d.weight / largest for d in members]
    scores = [weight * (d.score or 0.0) for weight, d in zip(weights, members, strict=True)]
    return math.fsum(scores) / math.fsum(weights)
