"""How much a count of outcomes says: small samples are not evidence."""

from __future__ import annotations

from math import comb


def fisher_less(hits: int, total: int, other_hits: int, other_total: int) -> float:
    """How likely ``hits`` or fewer of ``total`` are, if both groups have the same rate, in [0, 1].

    One-sided exact test of Fisher, "The Design of Experiments" (1935): the hypergeometric tail.
    """
    everything, successes = total + other_total, hits + other_hits
    ways = comb(everything, total)
    lowest = max(0, total - (everything - successes))
    tail = sum(comb(successes, k) * comb(everything - successes, total - k) for k in range(lowest, hits + 1))
    return tail / ways
