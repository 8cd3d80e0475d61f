"""Observations as a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from factory.models import CommandResult, DimensionScore, Measurement, Tier
from factory.rows import Row
from factory.study import Study, observe

MEASURED = Measurement(
    commit="c", tree="t", harness="h", environment="e", key="k", timestamp="t", composite=0.5, dimensions=[]
)


def section(title: str, history: Sequence[Row] = (), **facts: Any) -> str:
    """One section of the observations; empty where there is none."""
    text = observe(Study(MEASURED, history, **facts))
    return text.partition(f"## {title}\n\n")[2].partition("\n\n## ")[0].strip()


def test_what_fails_already_is_known_before_anyone_plans() -> None:
    failed = CommandResult(name="no-todo", command="false", exit_code=1)
    text = observe(Study(MEASURED.model_copy(update={"constraints": [failed]}), []))
    assert "- constraint no-todo fails already, and nothing can be kept that does not mend it: " in text


def test_what_has_no_score_says_why() -> None:
    dimensions = [
        DimensionScore(name="types", tier=Tier.HYGIENE, error="mypy is not there"),
        DimensionScore(name="observability", tier=Tier.GROWTH),
    ]
    text = observe(Study(MEASURED.model_copy(update={"dimensions": dimensions}), []))
    assert "- types (hygiene): not measured: mypy is not there\n" in text
    assert "- observability (growth): not measured: there is nothing to look at\n" in text


def test_what_is_asked_for_stands_before_the_history() -> None:
    text = observe(Study(MEASURED, [], ["an item"], ["a message"], ["#3 by pat: an issue"]))
    asked = (
        "## Messages\n\n- a message\n\n## Backlog\n\n- an item\n\n## Open issues\n\n- #3 by pat: an issue\n\n"
    )
    assert f"{asked}## History\n\nNo experiments yet.\n" in text


def test_of_many_issues_the_rest_is_counted() -> None:
    lines = section("Open issues", issues=[f"#{n}" for n in range(12)]).splitlines()
    assert lines == [*(f"- #{n}" for n in range(10)), "- and 2 more"]


def test_the_process_is_told_by_its_last_experiments() -> None:
    old = [Row.of(id=n, hypothesis="Add a command", verdict="revert") for n in range(1, 9)]
    last = [Row.of(id=n, hypothesis="Log every failure", verdict="keep") for n in range(9, 17)]
    last += [Row.of(id=n, hypothesis="Cover the parser by tests", verdict="revert") for n in range(17, 21)]
    last += [
        Row.of(id=n, hypothesis="Cache", verdict="error", research_citations="R1|R2") for n in range(21, 29)
    ]
    undo = Row.of(id=29, hypothesis="Undo experiment 9: Log every failure", verdict="keep", kind="undo")
    assert section("Process", [*old, *last, undo]).splitlines()[1:] == [
        "- The last 20 experiments: 7 kept, 5 reverted, 8 errors (keep rate 58%).",
        "- Citing research: 8; areas tried: 4 of 10.",
    ]


def test_without_a_history_there_is_nothing_to_tell_of_the_process() -> None:
    assert section("Process") == "- Not stuck."
