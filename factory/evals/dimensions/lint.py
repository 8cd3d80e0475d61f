"""``lint``: findings of ruff, relative to size."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from factory.evals.dimensions import PLACES_SHOWN, density_score, place, scored, unmeasured
from factory.evals.dimensions.sources import Source, syntax_errors
from factory.models import DimensionScore

# For a project without a ruff configuration of its own: mistakes (E, F, W, B), syntax that newer Pythons have
# a plainer form for (UP), needless detours (C4, PIE). What is a matter of taste is left out, for nobody there
# has asked for it: the length of lines, the order of imports, `dict()`, a `pass` beside a docstring.
DEFAULT_RULES = "E,W,F,B,UP,C4,PIE"
DEFAULT_IGNORED = "E501,C408,PIE790"


def score(sources: Sequence[Source], findings: Sequence[Mapping[str, Any]]) -> DimensionScore:
    """``density_score`` of the findings in the sources; a file that does not parse counts each of its lines.

    ``findings`` is ruff's JSON with paths made relative. Details: ``rules`` counts findings by code,
    ``fixable`` those with a safe fix, ``places`` shows the first of the commonest rules.
    """
    broken = {s.path for s in sources if s.tree is None}
    paths = {s.path for s in sources} - broken
    found = [f for f in findings if f.get("filename") in paths and f.get("code")]
    rules = Counter(str(f["code"]) for f in found)
    problems = len(found) + sum(s.statements for s in sources if s.tree is None)
    size = sum(s.statements for s in sources)
    if not sources:
        return scored("lint", None)
    return scored(
        "lint",
        density_score(problems, size),
        "density",
        problems=problems,
        size=size,
        findings=len(found),
        rules=dict(rules.most_common()),
        fixable=dict(Counter(str(f["code"]) for f in found if _safely_fixable(f)).most_common()),
        places=[_place(f) for f in sorted(found, key=lambda f: -rules[str(f["code"])])[:PLACES_SHOWN]],
        syntax_errors=syntax_errors(sources),
    )


def _safely_fixable(finding: Mapping[str, Any]) -> bool:
    fix = finding.get("fix")
    return isinstance(fix, dict) and fix.get("applicability") == "safe"


def _place(finding: Mapping[str, Any]) -> dict[str, Any]:
    row = (finding.get("location") or {}).get("row", 0)
    return place(str(finding["filename"]), int(row), f"{finding['code']} {finding.get('message', '')}")


def parse(output: str, root: str) -> list[dict[str, Any]] | None:
    """Ruff's JSON with paths relative to ``root``; None when it is not a list of findings."""
    try:
        findings = json.loads(output)
    except ValueError:
        return None
    if not isinstance(findings, list) or not all(isinstance(f, dict) for f in findings):
        return None
    prefix = root.rstrip("/") + "/"
    return [f | {"filename": str(f.get("filename", "")).removeprefix(prefix)} for f in findings]


def failed(reason: str) -> DimensionScore:
    """Lint where ruff could not do its work."""
    return unmeasured("lint", reason)
