"""Lite: what a cycle with a hard ceiling leaves out, for the engine and for the CEO's task alike."""

from __future__ import annotations

from dataclasses import dataclass

LITE_INVOCATIONS = 7
"""The ceiling of a lite cycle, over all roles."""

LITE_WARNING_AT = 2
"""A lite cycle warns when so many invocations are left."""

LITE_ITEMS = 1
"""Items of a lite cycle's improvement plan."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """One thing that lite does with less. ``name`` is how people and prompts call it."""

    name: str
    what: str


REDUCTIONS: tuple[Reduction, ...] = (
    Reduction("Lite Researcher", "archive-only, no web search"),
    Reduction("Skip baseline evaluation", "when a valid `last_eval.json` is there"),
    Reduction("Review pipeline reduction", "no Reviewer; look yourself"),
    Reduction("Archivist consolidation", "one batch at the end"),
    Reduction("Strategist context compression", "`factory brief` in place of the files"),
    Reduction("Single hypothesis per cycle", f"{LITE_ITEMS} item, the first in FEEC order"),
    Reduction(
        f"Invocation budget of {LITE_INVOCATIONS}",
        f"over all roles, with a warning at {LITE_WARNING_AT} remaining",
    ),
)
"""The seven reductions, in the order in which they are told."""

STAYS = "Rules, guard and precheck stay in full force."
