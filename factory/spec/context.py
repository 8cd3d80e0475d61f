"""What a plan is checked against: the limits in force, and the project's facts as far as they are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """The settings that bind a plan.

    ``min_growth`` growth items at least and ``max_new`` items at most that serve no backlog item; neither
    binds under ``lite``, which takes exactly one item, or ``focus``. A hypothesis resembles a reverted one
    from ``similarity`` in [0, 1] on.
    """

    min_growth: int = 1
    max_new: int = 2
    lite: bool = False
    focus: bool = False
    similarity: float = 0.6


@dataclass(frozen=True, slots=True)
class PlanContext:
    """The facts that a plan may cite or must respect. None means unknown: rules that need it are skipped.

    ``findings`` are ids such as ``R3``; ``dimensions`` the names that are measured; ``experiments`` the ids
    in the log; ``anti_patterns`` the hypotheses of reverted experiments by id; ``mutable_surfaces`` the
    configured patterns; ``stuck_categories`` those that the stuck protocol asks to leave.
    """

    findings: frozenset[str] | set[str] | None = None
    dimensions: frozenset[str] | set[str] | None = None
    experiments: frozenset[int] | set[int] | None = None
    backlog: tuple[str, ...] | list[str] | None = None
    anti_patterns: Mapping[int, str] | None = None
    mutable_surfaces: tuple[str, ...] | list[str] | None = None
    stuck_categories: frozenset[str] | set[str] | None = None
    research_mode: bool = False
