from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from factory.agents.roles import ROLES
from tests.offline.support import ask, item

CLEAN: dict[str, Any] = {"v": 1, "baseline": "a", "head": "b", "findings": []}
OBJECTING = CLEAN | {"findings": [{"guard": "scope", "message": "eval/x.py is outside the scope"}]}


def diff(*paths: str) -> str:
    return "".join(f"diff --git a/{p} b/{p}\n--- a/{p}\n+++ b/{p}\n@@ -1 +1 @@\n-x\n+y\n" for p in paths)


@pytest.mark.parametrize(
    ("facts", "verdict", "reason"),
    [
        (
            {"item": item("Run: ruff F401"), "diff": diff("src/a.py"), "guard": CLEAN},
            "PROCEED",
            "by rule: the guard is clean, the diff is not empty, the change is what `ruff F401` touches",
        ),
        (
            {"item": item(title="Add a parser"), "diff": diff("src/a.c"), "guard": CLEAN},
            "PROCEED",
            "by rule: the guard is clean, the diff is not empty, whether it serves its item was not judged",
        ),
        (
            {"item": item("Run: ruff F401"), "diff": diff("src/a.py", "setup.cfg"), "guard": CLEAN},
            "ABORT",
            "by rule: setup.cfg is not what the item names",
        ),
        (
            {
                "item": item("Run: log-swallowed src/a"),
                "diff": diff("src/a/m.py", "src/ab/m.py"),
                "guard": CLEAN,
            },
            "ABORT",
            "by rule: src/ab/m.py is not what the item names",
        ),
        (
            {"item": item("Run: ruff F401"), "diff": diff("src/a.py"), "guard": OBJECTING},
            "ABORT",
            "by rule: eval/x.py is outside the scope",
        ),
        (
            {"item": item("Run: ruff F401"), "diff": " \n", "guard": CLEAN},
            "ABORT",
            "by rule: the diff is empty",
        ),
        ({"diff": diff("src/a.py")}, "ABORT", "by rule: the guard gave no report"),
    ],
)
def test_reviewer(tmp_path: Path, facts: dict[str, Any], verdict: str, reason: str) -> None:
    answer = ask("reviewer", tmp_path, **facts).answer
    assert answer is not None
    assert (answer["verdict"], answer["reason"]) == (verdict, reason)
    assert set(answer) == set((ROLES["reviewer"].schema or {})["required"])


@pytest.mark.parametrize(
    ("facts", "verdict", "reason"),
    [
        (
            {
                "gate": "experiment",
                "checks": [{"name": "guard", "passed": True}, {"name": "measured", "passed": True}],
            },
            "PROCEED",
            "by rule: at the experiment gate, all 2 checks passed",
        ),
        ({"gate": "plan", "checks": []}, "PROCEED", "by rule: at the plan gate, no rule objected"),
        (
            {"gate": "experiment", "checks": [{"name": "guard", "passed": False, "detail": "2 findings"}]},
            "ABORT",
            "by rule: at the experiment gate, guard: 2 findings",
        ),
        (
            {"checks": [{"name": "guard", "passed": "yes"}]},
            "ABORT",
            "by rule: at the this gate, guard: failed",
        ),
        ({}, "ABORT", "by rule: no checks were recorded at the this gate"),
    ],
)
def test_ceo(tmp_path: Path, facts: dict[str, Any], verdict: str, reason: str) -> None:
    answer = ask("ceo", tmp_path, **facts).answer
    assert answer == {"verdict": verdict, "reason": reason.replace("the this", "this"), "corrections": []}


def measured(tests: dict[str, Any], composite: float = 0.5, **scores: float) -> dict[str, Any]:
    dimensions = [
        {"name": n, "score": s, "details": {"problems": round(100 * (1 - s))}} for n, s in scores.items()
    ]
    return {"composite": composite, "dimensions": dimensions, "tests": tests}


def test_evaluator_names_what_moved_and_why(tmp_path: Path) -> None:
    tests = {"t::a": "passed"}
    answer = ask(
        "evaluator",
        tmp_path,
        before=measured(tests, lint=0.5, coverage=0.8),
        after=measured(tests, lint=0.75, coverage=0.8),
    ).answer
    assert answer == {
        "summary": "by rule: lint 0.5000 → 0.7500",
        "moved": [{"dimension": "lint", "before": 0.5, "after": 0.75, "why": "by rule: problems: 50 → 25"}],
        "suspicions": [],
    }
    schema = ROLES["evaluator"].schema or {}
    assert set(answer) == set(schema["required"])
    assert set(answer["moved"][0]) == set(schema["properties"]["moved"]["items"]["required"])


@pytest.mark.parametrize(
    ("before", "after", "suspicions"),
    [
        (
            measured({"t::a": "passed", "t::b": "passed"}, lint=0.5),
            measured({"t::a": "skipped"}, lint=0.6),
            ["the score rises while tests vanish: t::b", "the score rises while tests are skipped: t::a"],
        ),
        (
            measured({"total": 9, "passed": 9}, 0.5),
            measured({"total": 7, "passed": 7}, 0.6),
            ["the score rises while tests vanish: total 9 → 7, passed 9 → 7"],
        ),
        (
            measured({}, 0.5, lint=0.2, coverage=0.3),
            measured({}, 0.6, lint=0.2),
            ["the score rises while dimensions are no longer measured: coverage"],
        ),
        (measured({"t::a": "passed"}, lint=0.5), measured({}, lint=0.4), []),
        (measured({"t::a": "failed"}, lint=0.5), measured({}, lint=0.6), []),
    ],
)
def test_evaluator_suspects_a_score_that_rises_as_checks_go(
    tmp_path: Path, before: dict[str, Any], after: dict[str, Any], suspicions: list[str]
) -> None:
    answer = ask("evaluator", tmp_path, before=before, after=after).answer
    assert answer is not None
    assert answer["suspicions"] == suspicions


def test_archivist_writes_the_facts_and_nothing_that_stands_above_them(tmp_path: Path) -> None:
    result = ask(
        "archivist",
        tmp_path,
        subject="experiment",
        experiment=7,
        goal="",
        item={"title": "Fix unused imports (F401)", "phase": 1, "citations": ["R5", "R6"], "allows": []},
        verdict="revert",
        reason="new_failures",
        delta=0.04699173899999998,
        evaluator={"moved": [{"dimension": "lint", "before": 0.14871794, "after": 1.0, "why": None}]},
        reviewer={"verdict": "PROCEED"},
    )
    assert result.text == (
        "Written by rule from recorded facts.\n\n"
        "- item:\n"
        "  - title: Fix unused imports (F401)\n"
        "  - phase: 1\n"
        "  - citations: R5, R6\n"
        "- evaluator:\n"
        "  - moved:\n"
        "    - 1: dimension: lint; before: 0.1487; after: 1.0000\n"
        "- reviewer:\n"
        "  - verdict: PROCEED\n"
    )
