"""What can be said about a difference that was measured in pairs. Pure; the standard library is enough."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

EPSILON = 1e-9

# Upper 5 % points of Student's t distribution for 1 to 30 degrees of freedom, as tabulated in the
# NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2 ("Critical Values of the Student's t
# Distribution", 0.95).
T_95 = (
    *(6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812),
    *(1.796, 1.782, 1.771, 1.761, 1.753, 1.746, 1.740, 1.734, 1.729, 1.725),
    *(1.721, 1.717, 1.714, 1.711, 1.708, 1.706, 1.703, 1.701, 1.699, 1.697),
)


def critical_t(degrees: int) -> float:
    """The one-sided 95 % critical value; above 30 degrees of freedom that of 30, a little too strict.

    Raises ValueError below 1: one pair has no spread to judge by.
    """
    if degrees < 1:
        raise ValueError("a t-test needs at least two pairs")
    return T_95[min(degrees, len(T_95)) - 1]


def significantly_above(differences: Sequence[float], bound: float) -> bool:
    """Whether the mean of paired differences lies above ``bound``, by a one-sided paired t-test at 95 %.

    t = (mean - bound) / (s / sqrt(n)) with n - 1 degrees of freedom (Student, "The Probable Error of a Mean",
    Biometrika 6, 1908). Differences without any spread are compared as they are. A single pair that is
    given here as noisy proves nothing: False.
    """
    if len(differences) < 2:
        return False
    margin = statistics.fmean(differences) - bound
    error = statistics.stdev(differences) / math.sqrt(len(differences))
    if error <= EPSILON:
        return margin > EPSILON
    return margin / error > critical_t(len(differences) - 1)


def significantly_below(differences: Sequence[float], bound: float) -> bool:
    """Whether the mean of paired differences lies below ``bound``; the mirror of ``significantly_above``."""
    return significantly_above([-d for d in differences], -bound)


def margin(differences: Sequence[float]) -> float:
    """By how much the mean of paired differences may lie above the truth, at 95 % (one-sided); 0 for one.

    What was kept because it was measured to be large was, as a rule, measured too large: what it is sure to
    be is its mean less this.
    """
    if len(differences) < 2:
        return 0.0
    return critical_t(len(differences) - 1) * statistics.stdev(differences) / math.sqrt(len(differences))


def differs(first: float | None, second: float | None) -> bool:
    """Whether two measurements of one tree disagree, which makes their dimension a noisy one."""
    if first is None or second is None:
        return first is not second
    return abs(first - second) > EPSILON
