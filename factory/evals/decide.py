"""Deciding about a change from what was measured before and after. Pure functions of values."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from factory.evals import noise
from factory.evals.score import composite
from factory.evals.steady import flipping
from factory.models import (
    DimensionScore,
    Measurement,
    PrecheckReport,
    Reason,
    Tier,
    Verdict,
)

Direction = Literal["improved", "held", "regressed", "inconclusive"]

MIN_GAIN = 0.0005
TOLERANCE = 0.002
_LOST: Mapping[str, object] = {"score": 0.0, "details": {}}


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the score moved.

    ``gain`` is after minus before on the composite (the mean over pairs), None when unknown.
    ``before`` and ``after`` are the composites that were compared: over the dimensions that both sides have.
    ``hygiene_losses`` names each hygiene dimension that lost more than the tolerance, with its two scores.
    """

    direction: Direction
    gain: float | None
    before: float | None
    after: float | None
    rationale: str
    hygiene_losses: list[str] = field(default_factory=list)


class Decision(NamedTuple):
    """A verdict, its reason code, and the sentence that explains it."""

    verdict: Verdict
    reason: Reason
    rationale: str


class Pair(NamedTuple):
    """The comparable dimensions of one baseline sample and one candidate sample, in the same order."""

    before: list[DimensionScore]
    after: list[DimensionScore]


def compare(
    before: Sequence[Measurement],
    after: Sequence[Measurement],
    *,
    weights: Mapping[str, float] | None = None,
    min_gain: float = MIN_GAIN,
    tolerance: float = TOLERANCE,
    tolerances: Mapping[str, float] | None = None,
) -> Comparison:
    """Compare measurements of a baseline with those of a candidate, pair by pair.

    Without a noisy dimension the first pair decides: improved above ``min_gain``, regressed below
    ``-tolerance``, held between. With one, improved and regressed must be significant (paired, one-sided,
    95 %); held then means that a loss above the tolerance can be excluded at the same level; all else is
    inconclusive. A hygiene dimension that loses more than its own tolerance (``tolerances`` by name, else
    ``tolerance``) makes it regressed, whatever the composite does. A loss of exactly ``tolerance`` passes, a
    gain of exactly ``min_gain`` is none; "exactly" allows for 1e-9 of rounding. The candidate's samples are
    held to the baseline (``steady.held_to``) before. Raises ValueError on an empty or uneven list of samples.
    """
    objection = _incomparable(before, after)
    if objection:
        return Comparison("inconclusive", None, None, None, objection)
    pairs = _paired(before, after)
    noisy = any(d.noisy and d.weight > 0 for pair in pairs for d in (*pair.before, *pair.after))
    known = _composites(pairs, weights)
    if not known:
        return Comparison("inconclusive", None, None, None, "no dimension was measured on both sides")
    differences = [a - b for b, a in known]
    losses = _hygiene_losses(pairs, tolerances or {}, tolerance)
    direction = "regressed" if losses else _direction(differences, noisy, min_gain, tolerance)
    first, second = (statistics.fmean(side) for side in zip(*known, strict=True))
    gain = statistics.fmean(differences)
    return Comparison(
        direction,
        gain,
        first,
        second,
        _explain(direction, first, second, losses, len(pairs))
        + (_why_inconclusive(differences, pairs, after, tolerance) if direction == "inconclusive" else "")
        + _other_environment(before, after),
        losses,
    )


def gains(
    before: Sequence[Measurement], after: Sequence[Measurement], weights: Mapping[str, float] | None = None
) -> list[float]:
    """By how much the composite moved, pair by pair, as ``compare`` sees it; empty where it cannot tell."""
    if not before or _incomparable(before, after):
        return []
    return [a - b for b, a in _composites(_paired(before, after), weights)]


def _paired(before: Sequence[Measurement], after: Sequence[Measurement]) -> list[Pair]:
    names = _shared_dimensions(before, after)
    return [_pair(names, b, a) for b, a in zip(before, after, strict=True)]


def _composites(pairs: Sequence[Pair], weights: Mapping[str, float] | None) -> list[tuple[float, float]]:
    """Both composites of each pair; empty where one is not known."""
    scores = [(composite(pair.before, weights), composite(pair.after, weights)) for pair in pairs]
    known = [(b, a) for b, a in scores if b is not None and a is not None]
    return known if len(known) == len(pairs) else []


def _incomparable(before: Sequence[Measurement], after: Sequence[Measurement]) -> str:
    """Why these two sides cannot be compared; empty when they can."""
    if not before or len(before) != len(after):
        raise ValueError(
            "a comparison needs as many samples of the baseline as of the candidate, and at least one"
        )
    samples = [*before, *after]
    void = next((m.void for m in samples if m.void), "")
    if void:
        return f"a measurement is void: {void}"
    if len({m.harness for m in samples}) > 1:
        return "the two sides were measured with different harnesses"
    return _failed_smoke("at the baseline", before) or _failed_smoke("with the change", after)


def _failed_smoke(side: str, samples: Sequence[Measurement]) -> str:
    failed = next((m.smoke for m in samples if m.smoke and m.smoke_failed), None)
    return f"the smoke test fails {side}, so nothing was measured there: {failed.command}" if failed else ""


def _shared_dimensions(before: Sequence[Measurement], after: Sequence[Measurement]) -> list[str]:
    """The dimensions that both sides can be judged by, in the baseline's order.

    What the baseline has a score for counts, also where the candidate could not be measured any more. What
    only the candidate has, and what has nothing to look at on one side (no score and no error), is left out
    on both.
    """
    names = [d.name for d in before[0].dimensions]
    return [
        n
        for n in names
        if all(_scored(m, n) for m in before) and not any(_nothing_to_see(m, n) for m in after)
    ]


def _scored(measurement: Measurement, name: str) -> bool:
    dimension = measurement.dimension(name)
    return dimension is not None and dimension.score is not None


def _nothing_to_see(measurement: Measurement, name: str) -> bool:
    dimension = measurement.dimension(name)
    return dimension is not None and dimension.score is None and not dimension.error


def _pair(names: Sequence[str], before: Measurement, after: Measurement) -> Pair:
    """Both sides by dimension; what cannot be measured any more is 0, for breaking it is no way out."""
    old = [d for name in names if (d := before.dimension(name)) is not None]
    new = [after.dimension(d.name) if _scored(after, d.name) else d.model_copy(update=_LOST) for d in old]
    return Pair(old, [d for d in new if d is not None])


def _direction(differences: Sequence[float], noisy: bool, min_gain: float, tolerance: float) -> Direction:
    if not noisy:
        gain = differences[0]
        if gain > min_gain + noise.EPSILON:
            return "improved"
        return "regressed" if gain < -tolerance - noise.EPSILON else "held"
    if noise.significantly_above(differences, min_gain):
        return "improved"
    if noise.significantly_below(differences, -tolerance):
        return "regressed"
    return "held" if noise.significantly_above(differences, -tolerance) else "inconclusive"


def _hygiene_losses(pairs: Sequence[Pair], tolerances: Mapping[str, float], default: float) -> list[str]:
    losses = []
    for index, dimension in enumerate(pairs[0].before):
        sides = [(p.before[index], p.after[index]) for p in pairs]
        tolerance = tolerances.get(dimension.name, default)
        if dimension.tier == Tier.HYGIENE and dimension.weight > 0 and _lost(sides, tolerance):
            old, new = (statistics.fmean(d.score or 0.0 for d in side) for side in zip(*sides, strict=True))
            losses.append(f"{dimension.name} {old:.4f} → {new:.4f}")
    return losses


def _lost(sides: Sequence[tuple[DimensionScore, DimensionScore]], tolerance: float) -> bool:
    differences = [_difference(old, new) for old, new in sides]
    if any(d.noisy for side in sides for d in side):
        return noise.significantly_below(differences, -tolerance)
    return differences[0] < -tolerance - noise.EPSILON


def _other_environment(before: Sequence[Measurement], after: Sequence[Measurement]) -> str:
    """A remark for the rationale: a change of the declared dependencies brings an environment of its own."""
    same = {m.environment for m in before} == {m.environment for m in after}
    return "" if same else " (the change brings another environment)"


def _explain(direction: Direction, before: float, after: float, losses: Sequence[str], pairs: int) -> str:
    moved = f"composite {before:.4f} → {after:.4f}"
    if losses:
        return f"{moved}; hygiene lost: {', '.join(losses)}"
    over = f", over {pairs} pairs" if pairs > 1 else ""
    return f"{moved}{over}: {direction}"


def _why_inconclusive(
    differences: Sequence[float], pairs: Sequence[Pair], after: Sequence[Measurement], tolerance: float
) -> str:
    """Why noise leaves it open, what varies, and what would tell; goes on from the direction."""
    if len(pairs) < 2:
        return ": one pair shows no spread; set [eval] pairs to 2 or more"
    mean, reach = statistics.fmean(differences), noise.margin(differences)
    return (
        f": mean difference {mean:+.4f}, 90% interval {mean - reach:+.4f} to {mean + reach:+.4f}, "
        f"so a loss above {tolerance:g} is neither shown nor excluded; what varies: "
        f"{_what_varies(pairs, after)}; more [eval] pairs, or less noise there, would tell"
    )


def _what_varies(pairs: Sequence[Pair], after: Sequence[Measurement]) -> str:
    """The dimensions whose difference is not the same in each pair, and tests that flip on the candidate."""
    varying = [
        old.name
        for index, old in enumerate(pairs[0].before)
        if max(moved := [_difference(p.before[index], p.after[index]) for p in pairs]) - min(moved)
        > noise.EPSILON
    ]
    flips = sorted(flipping(after))
    named = f" ({', '.join(flips[:3])} passed and failed with the change)" if flips else ""
    return ", ".join(varying) + named


def _difference(before: DimensionScore, after: DimensionScore) -> float:
    return (after.score or 0.0) - (before.score or 0.0)


def threshold_holds(comparison: Comparison, threshold: float) -> bool:
    """The score part of the precheck.

    True where nothing regressed, and the candidate is at or above the threshold, or below it as the
    baseline was.
    """
    if (
        comparison.direction in ("regressed", "inconclusive")
        or comparison.after is None
        or comparison.before is None
    ):
        return False
    at_threshold = comparison.after >= threshold - noise.EPSILON
    return at_threshold or comparison.before < threshold - noise.EPSILON


def decide(
    precheck: PrecheckReport, comparison: Comparison, *, delivered: bool | None, is_contract: bool = False
) -> Decision:
    """Keep or revert.

    A failed precheck, a regression and what stays inconclusive are reverted. An improvement is kept; what
    held is kept only if ``delivered``: the plan item's checks failed at the baseline and pass now (None:
    there are none). A phase of an approved specification (``is_contract``) must deliver whatever the score
    does, and may hold without a check of its own: a later phase completes its features, and shows them.
    """
    failed = precheck.deciding_failure
    if failed is not None:
        return Decision(Verdict.REVERT, failed.reason, _what_failed(precheck))
    told = comparison.rationale
    if comparison.direction == "regressed":
        return Decision(Verdict.REVERT, Reason.REGRESSED, told)
    if comparison.direction == "inconclusive":
        return Decision(Verdict.REVERT, Reason.INCONCLUSIVE, told)
    if is_contract and delivered is False:
        return Decision(Verdict.REVERT, Reason.NO_EFFECT, f"{told}; a row of the matrix does not show it")
    if comparison.direction == "improved":
        return Decision(Verdict.KEEP, Reason.IMPROVED, told)
    if delivered:
        return Decision(Verdict.KEEP, Reason.HELD_DELIVERED, f"{told}; what failed before passes now")
    if is_contract:
        return Decision(Verdict.KEEP, Reason.HELD_DELIVERED, f"{told}; a later phase shows its features")
    return Decision(Verdict.REVERT, Reason.NO_EFFECT, f"{told}; nothing shows that it delivers")


def _what_failed(precheck: PrecheckReport) -> str:
    """Every failed check with its detail, the one that decides first."""
    decisive = precheck.deciding_failure
    ordered = sorted(precheck.failures, key=lambda check: check is not decisive)
    return "precheck failed: " + "; ".join(f"{check.name}: {check.detail}" for check in ordered)
