"""Observations as a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from factory.models import Measurement
from factory.rows import Row
from factory.study import Study, observe

MEASURED = Measurement(
    commit="c", tree="t", harness="h", environment="e", key="k", timestamp="t", composite=0.5, dimensions=[]
)


def section(title: str, history: Sequence[Row] = (), **facts: Any) -> str:
    """One section of the observations; empty where there is none."""
    text = observe(Study(MEASURED, history, **facts))
    return text.partition(f"## {title}\n\n")[2].partition("\n\n## ")[0].strip()


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
        "- The last 20 experiments: 8 kept, 4 reverted, 8 errors (keep rate 67%).",
        "- Citing research: 8; areas tried: 3 of 10.",
    ]


def test_without_a_history_there_is_nothing_to_tell_of_the_process() -> None:
    assert section("Process") == "- Not stuck."
