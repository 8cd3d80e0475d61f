"""The offline Failure Analyst: it counts what the run says, and claims nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from factory.offline.runner import OfflineRunner
from factory.runners.base import AgentResult, Invocation


def asked(cases: list[dict[str, Any]]) -> AgentResult:
    facts = {"cases": cases, "scope": {"modifiable": ["src/**"]}}
    return OfflineRunner().run(Invocation("failure_analyst", "", Path(), "read", Path(), facts=facts))


def test_cases_are_grouped_by_their_own_label() -> None:
    cases = [{"id": f"c{n}", "failure": "late" if n < 3 else "wrong", "passed": False} for n in range(5)]
    text = asked([*cases, {"id": "ok", "passed": True}]).text
    assert text.splitlines()[0] == "### late (3 of 6)"
    assert "- Examples: c0, c1, c2" in text
    assert "### wrong (2 of 6)" in text
    assert "- Cause: not judged: this groups by rule what the run says of its cases" in text
    assert text.endswith("Unexplained: 0 of 6\n")


def test_without_labels_the_worst_quarter_is_told() -> None:
    text = asked([{"id": f"c{n}", "score": n} for n in range(8)]).text
    assert "### the worst quarter by its score (2 of 8)" in text
    assert "Examples: c0, c1" in text
    assert "Unexplained: 6 of 8" in text


def test_without_cases_it_is_refused() -> None:
    result = asked([])
    assert (result.status, result.text) == (
        "refused",
        "the run lists no cases, and why its metric is what it is needs judgement",
    )
