from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from factory.demo import create_example
from factory.offline.past import stuck_categories
from factory.spec import PlanContext, PlanLimits, Spec, check, parse
from tests.offline.support import MEASUREMENT, SCOPE, ask, item, write

JUDGEMENT = "needs judgement: a person, or a runner with a model"
F401 = "Fix unused imports (F401)"
F541 = "Fix f-strings without placeholders (F541)"
LOG = "Log swallowed exceptions in tally"
UP = "Modernise syntax for Python 3.9 (UP)"
ORDER = "Improve import order (I001)"
SPARING = "Fix unused imports that no other file uses (F401)"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    return create_example(tmp_path / "tally")


def plan(root: Path, **facts: Any) -> Spec:
    given = {"measurement": MEASUREMENT, "config": SCOPE, "limits": {"min_growth": 1, "max_new": 2}} | facts
    research = ask("researcher", root, **given).text
    result = ask("strategist", root, research=research, **given)
    assert result.status == "done", result.text
    spec = parse(result.text)
    assert check(spec, limits=limits_of(given), context=context_of(given, research)) == []
    return spec


def limits_of(facts: dict[str, Any]) -> PlanLimits:
    return PlanLimits(**facts["limits"], lite=bool(facts.get("lite")), focus=bool(facts.get("focus")))


def context_of(facts: dict[str, Any], research: str) -> PlanContext:
    history = facts.get("history", [])
    return PlanContext(
        findings=set(re.findall(r"\bR\d+\b", research)),
        dimensions={d["name"] for d in MEASUREMENT["dimensions"]},
        experiments={entry["id"] for entry in history},
        backlog=[entry if isinstance(entry, str) else entry["text"] for entry in facts.get("backlog", [])],
        anti_patterns={
            e["id"]: e["hypothesis"] for e in history if e["verdict"] == "revert" and e["reason"] != "budget"
        },
        stuck_categories=stuck_categories(facts),
    )


def titles(spec: Spec) -> list[str]:
    return [planned.title for planned in spec.items()]


def texts(entries: Any) -> list[str]:
    return [getattr(entry, "text", entry) for entry in entries]


def row(
    number: int, hypothesis: str, verdict: str = "revert", reason: str = "new_failures", category: str = "FIX"
) -> dict[str, Any]:
    return {
        "id": number,
        "hypothesis": hypothesis,
        "verdict": verdict,
        "reason": reason,
        "category": category,
    }


def test_the_first_plan_of_the_example(example: Path) -> None:
    spec = plan(example)
    first, second = spec.items()
    assert (first.title, first.category, first.checklist) == (F401, "FIX", ["Run: `ruff F401`"])
    assert (first.citations, first.verify) == (["R3"], "ruff check --select F401 .")
    assert (second.title, second.category, second.checklist) == (
        LOG,
        "EXPLOIT",
        ["Run: `log-swallowed src/tally`"],
    )
    assert (second.growth_dimension, second.citations, second.verify) == ("observability", ["R5"], "")
    assert texts(spec.backlog_additions) == [F541, UP, ORDER]


def test_its_items_are_what_the_builder_understands(example: Path) -> None:
    for planned in plan(example, limits={"min_growth": 1, "max_new": 9}).items():
        result = ask("builder", example, item=planned.model_dump(mode="json"), scope=SCOPE)
        assert result.status == "done", planned.title


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"min_growth": 1, "max_new": 9}, [F401, F541, LOG, UP, ORDER]),
        ({"min_growth": 1, "max_new": 3}, [F401, F541, LOG]),
        ({"min_growth": 0, "max_new": 2}, [F401, F541]),
        ({"min_growth": 1, "max_new": 1}, [LOG]),
        ({"min_growth": 2, "max_new": 9}, [F401]),
    ],
)
def test_limits(example: Path, limits: dict[str, int], expected: list[str]) -> None:
    assert titles(plan(example, limits=limits)) == expected


def test_what_serves_the_backlog_is_not_new(example: Path) -> None:
    spec = plan(example, backlog=["sort imports", {"text": "Modernise syntax for Python 3.9 (UP)"}])
    assert titles(spec) == [F401, LOG, UP, ORDER]
    assert [planned.backlog_item for planned in spec.items()] == ["", "", UP, "sort imports"]
    assert texts(spec.backlog_additions) == [F541]


def test_a_backlog_that_needs_judgement_is_blocked_on_the_person(example: Path) -> None:
    spec = plan(example, backlog=["Add rate limiting — soon"])
    assert titles(spec) == [F401]
    (blocked,) = spec.blocked
    assert (blocked.item, blocked.needed) == (
        "Add rate limiting, soon",
        JUDGEMENT,
    )


@pytest.mark.parametrize(("facts", "expected"), [({"lite": True}, F401), ({"focus": "sort imports"}, ORDER)])
def test_lite_and_focus_take_one_item(example: Path, facts: dict[str, Any], expected: str) -> None:
    assert titles(plan(example, **facts)) == [expected]


def test_feedback_is_planned_where_a_tool_can_do_it_and_else_blocked(
    example: Path,
) -> None:
    given: dict[str, Any] = {"focus": "unused imports", "feedback": ["also the import order, and rename x"]}
    spec = plan(example, **given)
    assert titles(spec) == [F401, ORDER]
    assert [(b.item, b.needed) for b in spec.blocked] == [("Feedback `rename x`", JUDGEMENT)]
    lite = plan(example, lite=True, feedback=["sort the imports"])
    assert titles(lite) == [ORDER]


def test_after_a_revert_another_way_is_taken_and_named(example: Path) -> None:
    spec = plan(example, history=[row(1, F401)], anti_patterns=[F401])
    first = spec.items()[0]
    assert (first.title, first.checklist) == (SPARING, ["Run: `ruff F401 sparing-imported-names`"])
    assert first.new_approach == (
        "Leaves out the files through which other files import what looks unused: src/tally/expense.py"
    )
    assert texts(spec.anti_patterns) == [f"{F401} (experiment #1, new_failures)"]


def test_what_was_reverted_is_not_proposed_again(example: Path) -> None:
    history = [row(1, F401), row(2, SPARING), row(3, LOG, category="EXPLOIT"), row(4, UP, "keep")]
    spec = plan(example, history=history, limits={"min_growth": 0, "max_new": 9})
    assert titles(spec) == [F541, UP, ORDER]


def test_an_ended_budget_is_no_verdict_on_the_idea(example: Path) -> None:
    spec = plan(example, history=[row(1, F401, reason="budget"), row(2, LOG, "error")], anti_patterns=[F401])
    assert titles(spec) == [F401, LOG]


def test_a_category_that_is_stuck_is_left(example: Path) -> None:
    history = [row(n, f"hypothesis {n}") for n in (1, 2, 3)]
    assert titles(plan(example, history=history)) == [LOG, UP]


def test_what_is_due_after_reverts_is_said_in_words(example: Path) -> None:
    history = [
        row(number, text, category=category)
        for number, (text, category) in enumerate(product("abc", ("FIX", "EXPLOIT", "EXPLORE")), start=1)
    ]
    told = ask("strategist", example, history=history, config=SCOPE, measurement=MEASUREMENT).text
    assert told.startswith("nothing to propose: what was tried last of ")
    assert told.endswith(f" was reverted, so something else is due, and finding that {JUDGEMENT}")


def test_several_plans_in_a_row_come_to_an_end(example: Path) -> None:
    done: list[dict[str, Any]] = []
    for number in range(1, 9):
        facts: dict[str, Any] = {"config": SCOPE, "measurement": MEASUREMENT, "lite": True}
        result = ask("strategist", example, history=done, **facts)
        if result.status == "refused":
            break
        (planned,) = parse(result.text).items()
        verdict = "revert" if planned.title == F401 else "keep"
        if verdict == "keep":
            ask("builder", example, item=planned.model_dump(mode="json"), scope=SCOPE)
        done.append(row(number, planned.title, verdict))
    assert [entry["hypothesis"] for entry in done] == [F401, SPARING, F541, LOG, UP, ORDER]
    assert result.text == (
        f"nothing to propose: nothing mechanical is left that was not tried; the rest {JUDGEMENT}"
    )


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (
            {"focus": "make it faster"},
            f"nothing to propose: the focus {JUDGEMENT}, or finds nothing to mend: make it faster",
        ),
        (
            {"idea": "a chess server"},
            "nothing to propose: the research has no finding (R1, …) to rest on",
        ),
    ],
)
def test_what_it_cannot_do_it_says(example: Path, facts: dict[str, Any], text: str) -> None:
    result = ask("strategist", example, config=SCOPE, **facts)
    assert (result.status, result.text) == ("refused", text)


def test_formatting_is_checked_on_the_files_that_strayed(tmp_path: Path) -> None:
    root = write(tmp_path / "p", **{f"m{n}": "x = 1\n" for n in range(10)}, odd="x=1\n")
    write(root, **{"README.md": "```python\nx=1\n```\n"})
    (planned,) = parse(ask("strategist", root, measurement=MEASUREMENT).text).items()
    assert planned.verify == "ruff format --check --isolated -- odd.py"


def test_without_a_measurement_or_research_the_plan_is_one_all_the_same(tmp_path: Path) -> None:
    root = write(tmp_path / "p", a="import os\n")
    spec = parse(ask("strategist", root).text)
    assert titles(spec) == [F401]
    assert spec.items()[0].citations == []
    # Without a score there is none to write down.
    assert [found.rule for found in check(spec)] == ["depth.impact"]
    assert ask("builder", root, item=item(*spec.items()[0].checklist)).status == "done"
