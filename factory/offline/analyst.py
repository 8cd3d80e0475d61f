"""The Failure Analyst, by rule: failures grouped by what the run says of them; causes are not judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from factory.offline.answers import done, refused
from factory.offline.facts import mapping_of, mappings_of, text_of, texts_of
from factory.runners.base import AgentResult, Invocation

LABELS = ("failure", "failure_mode", "reason", "error", "category", "kind", "status", "group")
"""The names under which a case says what is wrong with it, the most telling first."""

NAMES = ("id", "name", "case", "instance", "key")
EXAMPLES = 3
WORST_SHARE = 0.25
UNJUDGED = "not judged: this groups by rule what the run says of its cases"


def analyse(invocation: Invocation) -> AgentResult:
    """Group the cases by their own label, else take the worst quarter; refused where there are none."""
    cases = mappings_of(invocation.facts, "cases")
    if not cases:
        return refused("the run lists no cases, and why its metric is what it is needs judgement")
    failing = [case for case in cases if case.get("passed") is not True]
    surfaces = ", ".join(f"`{p}`" for p in texts_of(mapping_of(invocation.facts, "scope"), "modifiable"))
    groups = _by_label(failing)
    if not groups:
        # They come worst first.
        groups = {"the worst quarter by its score": failing[: max(1, round(len(failing) * WORST_SHARE))]}
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    told = [_section(name, found, len(cases), surfaces) for name, found in ordered]
    rest = len(failing) - sum(len(found) for _, found in ordered)
    return done("\n".join([*told, f"Unexplained: {rest} of {len(cases)}", ""]))


def _by_label(cases: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for case in cases:
        label = next((text for name in LABELS if (text := text_of(case, name).strip())), "")
        if label:
            groups.setdefault(label[:80], []).append(case)
    return groups


def _section(name: str, found: Sequence[Mapping[str, Any]], total: int, surfaces: str) -> str:
    examples = ", ".join(_name(case) for case in found[:EXAMPLES])
    return "\n".join(
        [
            f"### {name} ({len(found)} of {total})",
            "",
            f"- Examples: {examples}",
            f"- Cause: {UNJUDGED}",
            "- Would be wrong if: cases outside this group fail alike",
            f"- Mutable surface: {surfaces or 'not known'}",
            "",
        ]
    )


def _name(case: Mapping[str, Any]) -> str:
    return next((str(case[name]) for name in NAMES if case.get(name) is not None), "a case without a name")
