"""How much a count of outcomes says: small samples are not evidence."""

from __future__ import annotations

from math import comb, sqrt

Z_95 = 1.959964
"""The standard normal quantile of a two-sided interval of 95%."""


def wilson_lower(hits: int, total: int, z: float = Z_95) -> float:
    """The lower end of the score interval for a rate of ``hits`` in ``total``, in [0, 1]; 0 for no trials.

    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    if not total:
        return 0.0
    rate, square = hits / total, z * z
    centre = rate + square / (2 * total)
    spread = z * sqrt((rate * (1 - rate) + square / (4 * total)) / total)
    return max(0.0, (centre - spread) / (1 + square / total))


def fisher_less(hits: int, total: int, other_hits: int, other_total: int) -> float:
    """How likely ``hits`` or fewer of ``total`` are, if both groups have the same rate, in [0, 1].

    One-sided exact test of Fisher, "The Design of Experiments" (1935): the hypergeometric tail.
    """
    everything, successes = total + other_total, hits + other_hits
    ways = comb(everything, total)
    lowest = max(0, total - (everything - successes))
    tail = sum(comb(successes, k) * comb(everything - successes, total - k) for k in range(lowest, hits + 1))
    return tail / ways
