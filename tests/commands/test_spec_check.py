"""A plan that breaks every rule that can be seen in a file alone: each is told at its line, with its mend."""

from __future__ import annotations

from pathlib import Path

from factory.errors import EXIT_NO
from factory.spec import RULES
from tests.spec.examples import IMPROVEMENT, PROJECT, line_of, replaced
from tests.support.cli import factory

# What is spoiled, the rule that tells of it, and the words that its line begins with.
Spoiled = tuple[str, str, str, str]

OF_A_PROJECT: tuple[Spoiled, ...] = (
    ("# Skylark — Specification", "# Skylark", "structure.title", "# Skylark"),
    ("### 2.1 Goals", "### 2.2 Goals", "structure.section-number", "### 2.2 Goals"),
    ("## 4. Core Domain Model", "## 4. Core Domain", "structure.section-missing", "## 4. Core"),
    ("### 5.1 Feature: Place", "### 6.1 Feature: Place", "structure.feature-number", "### 6.1 Feature"),
    ("| §5.1 |", "| §5.9 |", "structure.matrix-reference", "| §5.9 |"),
    ("", "", "completeness.validated", "### 6.1 Feature"),
    ("`pytest tests/test_table.py`", "", "completeness.matrix-row", "| §5.2 |"),
    (" [R3].", ".", "depth.grounding", "- **Why:** Tables"),
    ("Missing hours are shown", "It takes two weeks of work. Missing hours are shown", "depth.estimate",
     "- **How:** Values"),
    ("rounded for reading", "rounded for reading in Q3", "depth.time", "- **How:** Values"),
    ("### Phase 2: Place lookup (§5.1)", "### Phase 4: Place lookup (§5.1)", "structure.phase-number",
     "### Phase 4"),
    ("", "", "structure.phase-reference", "### Phase 4"),
    ("- **Priority:** EXPLORE", "- **Priority:** soon", "strategy.priority", "- **Priority:** soon"),
    ("- **Depends on:** Phase 2", "- **Depends on:** Phase 9", "structure.depends-unknown",
     "- **Depends on:** Phase 9"),
    ("- [ ] Rendering with gaps\n", "", "structure.checklist", "### Phase 3"),
    (" — the service needs a key from the user", "\n- Maps — later", "blocked.needs", "- Severe"),
    ("", "", "blocked.put-off", "- Maps"),
)  # fmt: skip

OF_AN_IMPROVEMENT: tuple[Spoiled, ...] = (
    ("## 3. Design Space", "## 2. Goals and Non-Goals\n\n## 3. Design Space", "structure.section-repeated",
     "## 2. Goals and Non-Goals\n\n## 3"),
    ("## 1. Current State", "## 7. Blocked\n\n## 1. Current State", "structure.section-order", "## 1. Curr"),
    ("- **Category:** FIX", "- **Category:** URGENT\n- **Type:** operational", "strategy.category",
     "- **Category:** URGENT"),
    ("", "", "strategy.operational", "### 4.1"),
    ("tests 0.98→1.0", "better tests", "depth.impact", "- **Expected impact:** better"),
    ("- **How:** One helper in the client module. Handlers call it before they return their default.\n", "",
     "depth.field-missing", "### 4.2"),
    ("", "", "depth.sentences", "### 4.2"),
    ("- **Growth dimension:** observability\n", "- **What:** Twice\n- **Bcklog item:** x\n",
     "structure.field-repeated", "- **What:** Twice"),
    ("", "", "structure.field-unknown", "- **Bcklog"),
    ("", "", "strategy.growth", "## 4. Detailed"),
    ("clock (§4.1, FIX)", "clock (§4.2, FIX)", "strategy.category-conflict", "### Phase 1"),
    ("", "", "completeness.planned", "### 4.1"),
    ("### Phase 2: Log every failed request with its cause (§4.2, EXPLOIT)", "### Phase 2:",
     "structure.item-title", "### Phase 2"),
    ("", "", "completeness.purpose", "### Phase 2"),
    ("- **Depends on:** Phase 1", "- **Depends on:** Phase 2", "structure.depends-cycle", "- **Depends on"),
    ("- **Scope:** one PR\n\n## 6", "- **Scope:** two PRs (3 days)\n\n## 6", "structure.one-pr",
     "- **Scope:** two"),
    ("", "", "depth.schedule", "- **Scope:** two"),
)  # fmt: skip

ORDERED: tuple[Spoiled, ...] = (
    ("(§4.1, FIX)", "(§4.x)", "", ""),
    ("(§4.2, EXPLOIT)", "(§4.1, FIX)", "", ""),
    ("(§4.x)", "(§4.2, EXPLOIT)", "strategy.order", "### Phase 1"),
    ("- **Depends on:** Phase 1", "- **Depends on:** the first", "structure.depends-unreadable",
     "- **Depends on"),
    ("- **Backlog item:** log failures in the network modules\n", "", "", ""),
)  # fmt: skip

BARE = "# Improvement Cycle — Specification\n\n## 4. Detailed Specification\n\n## 5. Implementation Plan\n"
NEEDS_FACTS = {
    "depth.finding-unknown", "depth.experiment-unknown", "strategy.new-approach", "strategy.stuck",
    "strategy.convergence", "strategy.backlog-unknown", "strategy.growth-unmeasured", "strategy.lite",
    "strategy.research-fix-first", "strategy.research-item",
}  # fmt: skip
ELSEWHERE = {
    "structure.depends-forward", "structure.research", "structure.research-unreadable", "completeness.both",
    "strategy.order-computed", "strategy.novelty", "strategy.surface",
}  # fmt: skip
"""Those that don't fit with the others into one plan; tests/spec/test_rules.py has a case for each rule."""


def check(file: Path, text: str, code: int = EXIT_NO) -> tuple[set[tuple[int, str]], str]:
    """Line and rule of everything that the command tells, and its words; the text and JSON agree."""
    file.write_text(text)
    told = factory("spec", "check", file).expect(code).out
    found = factory("spec", "check", file, "--json").expect(code).json["findings"]
    lines = [
        f"{file}:{f['line']}: {'warning: ' * (f['severity'] == 'warning')}{f['rule']}: {f['message']}\n"
        f"    {f['mend']}\n"
        for f in found
    ]
    assert told == "".join(lines)
    assert all(f["mend"] for f in found)
    return {(f["line"], f["rule"]) for f in found}, told


def spoiled(text: str, what: tuple[Spoiled, ...]) -> tuple[str, set[tuple[int, str]]]:
    """The text with everything in it spoiled, and where each rule is to tell of it."""
    for old, new, _, _ in what:
        text = replaced(text, old, new) if old else text
    return text, {(line_of(text, mark), rule) for _, _, rule, mark in what if rule}


def test_every_breach_is_told_at_its_line(tmp_path: Path) -> None:
    seen: set[str] = set()
    for plan, what in ((PROJECT, OF_A_PROJECT), (IMPROVEMENT, OF_AN_IMPROVEMENT), (IMPROVEMENT, ORDERED)):
        text, expected = spoiled(plan, what)
        found, _ = check(tmp_path / "plan.md", text)
        assert expected <= found, f"not told: {expected - found}"
        seen |= {rule for _, rule in found}
    found, _ = check(tmp_path / "plan.md", BARE)
    assert {(3, "structure.features"), (5, "structure.phases")} <= found
    seen |= {rule for _, rule in found}
    assert {rule.id for rule in RULES} - seen - NEEDS_FACTS - ELSEWHERE == set()
