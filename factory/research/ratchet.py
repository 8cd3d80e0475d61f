"""The ratchet: whether a candidate is better than the best so far, beyond the noise of single runs. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Literal, NamedTuple

from factory.evals import noise

Direction = Literal["improved", "held", "regressed", "inconclusive"]


class Moved(NamedTuple):
    """How the metric moved. ``gain`` is the mean paired difference, positive where it is for the better."""

    direction: Direction
    gain: float
    rationale: str


def compare_runs(
    before: Sequence[float], after: Sequence[float], *, metric: str, sign: int, min_gain: float
) -> Moved:
    """Compare runs of the best so far with runs of a candidate, pair by pair (each pair has one seed).

    ``sign`` is 1 where more of the metric is better, -1 where less is. Improved: the mean paired difference
    lies above ``min_gain`` at 95 %, one-sided (``noise.significantly_above``); regressed: below 0 at the same
    level; held: the two sides are equal run by run, or a single pair gains ``min_gain`` at the most; all else
    is inconclusive, for what may be luck is not kept. A single pair is taken at its word: one repeat is for
    a metric without noise. Raises ValueError where the sides are empty or uneven.
    """
    if not before or len(before) != len(after):
        raise ValueError("the ratchet needs as many runs of the best so far as of the candidate")
    differences = [sign * (new - old) for old, new in zip(before, after, strict=True)]
    gain = statistics.fmean(differences)
    direction = _direction(differences, min_gain)
    return Moved(direction, gain, _told(metric, before, after, direction, min_gain))


def _direction(differences: Sequence[float], min_gain: float) -> Direction:
    if len(differences) == 1:
        if differences[0] > min_gain + noise.EPSILON:
            return "improved"
        return "regressed" if differences[0] < -noise.EPSILON else "held"
    if noise.significantly_above(differences, min_gain):
        return "improved"
    if noise.significantly_below(differences, 0.0):
        return "regressed"
    return "held" if all(abs(d) <= noise.EPSILON for d in differences) else "inconclusive"


def _told(
    metric: str, before: Sequence[float], after: Sequence[float], direction: Direction, min_gain: float
) -> str:
    old, new = statistics.fmean(before), statistics.fmean(after)
    pairs = f" over {len(before)} pairs" if len(before) > 1 else ""
    why = {
        "improved": "improved",
        "held": "held" if old == new else f"held: the gain is not above {min_gain:g}",
        "regressed": "regressed",
        "inconclusive": "inconclusive: the difference may be luck",
    }[direction]
    return f"{metric} {number(old)} → {number(new)}{pairs}: {why}"


def number(value: float | None) -> str:
    """A metric's value for people: six significant digits."""
    return "not measured" if value is None else f"{value:.6g}"


def reached(values: Sequence[float], target: float | None, sign: int) -> bool:
    """Whether the mean of these runs is at the target, or beyond it."""
    if target is None or not values:
        return False
    return sign * (statistics.fmean(values) - target) >= -noise.EPSILON


def fallen(now: Sequence[float], best: Sequence[float], sign: int) -> bool:
    """Whether the metric's mean has fallen below the worst of the runs of the best on record."""
    return sign * statistics.fmean(now) < min(sign * value for value in best) - noise.EPSILON


Held = Literal["holds", "overfitted", "unproven"]


def on_held_out(train: Moved, held_out: Moved) -> Held:
    """What held-out runs say of a gain on the known ones.

    ``overfitted``: better on the known runs, and not better at all on the held-out ones; ``unproven``: better
    there too, but not beyond what may be luck.
    """
    if train.gain > 0 and (held_out.direction in ("regressed", "held") or held_out.gain <= noise.EPSILON):
        return "overfitted"
    return "holds" if held_out.direction == "improved" else "unproven"
