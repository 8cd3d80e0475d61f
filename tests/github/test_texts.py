"""Texts for GitHub: their form, and that nobody's words in them do anything."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.github import IssueReference, issue_reference, issue_references, same_account
from factory.github.annotations import annotation
from factory.github.texts import (
    LONGEST,
    ExperimentReview,
    PullText,
    Scores,
    experiment_review,
    number,
    phase_issue,
    quiet,
)
from factory.models import GuardFinding, GuardReport, PlanItem

ITEM = PlanItem(phase=2, title="Mend it", category="FIX", what="That.", depends_on=[1], checklist=["do"])


def told(hypothesis: str = "Mend it", **scores: float | None) -> ExperimentReview:
    values = Scores(scores.get("before"), scores.get("after"), scores.get("threshold"))
    return ExperimentReview(3, hypothesis, "c" * 40, True, "improved: more", values)


@pytest.mark.parametrize(
    ("value", "signed", "shown"),
    [
        (None, False, "not measured"),
        (0.0, False, "0.0000"),
        (0.5, True, "+0.5000"),
        (-0.00011, True, "-0.0001"),
    ],
)
def test_a_number_has_four_decimals_and_nothing_is_not_zero(
    value: float | None, signed: bool, shown: str
) -> None:
    assert number(value, signed=signed) == shown


def test_a_difference_needs_both_sides() -> None:
    assert "| After | not measured |\n| Delta | not measured |" in experiment_review(told(before=0.5))
    assert "| Delta | -0.2500 |" in experiment_review(told(before=0.5, after=0.25))


def test_guards_that_object_are_told_with_the_file() -> None:
    found = GuardFinding(guard="scope", file="a|b.py", message="adds a|b.py")
    report = GuardReport(baseline="a", head="b", findings=[found])
    body = experiment_review(ExperimentReview(1, "h", "c", False, "guard", Scores(None, None), guard=report))
    assert "| scope | ❌ a\\|b.py: adds a\\|b.py |" in body
    assert "| integrity | ✅ pass |" in body


def test_a_text_too_long_keeps_its_head_its_end_and_its_mark() -> None:
    body = experiment_review(told("x" * LONGEST * 2))
    assert len(body) < 65_536
    assert body.startswith("## ✅ Factory Review: KEEP")
    assert body.endswith(f"Posted by Factory CEO\n\n<!-- factory-review: {'c' * 40} -->\n")


CLOSING = re.compile(
    r"(?i)\b(close[sd]?|fix(e[sd])?|resolve[sd]?):?\s*(#|[\w.-]+/[\w.-]+#|https?://\S+/issues/)\d"
)


@pytest.mark.parametrize(
    "words",
    [
        "Closes #4",
        "fixed: #4",
        "This resolves acme/calc#4.",
        "Fix https://github.com/acme/calc/issues/4",
        "@pat",
        "Closes \\#4 and closes **#4**",
        "fixes:#4",
        "&#64;pat &commat;pat",
    ],
)
def test_words_of_others_close_nothing_and_call_nobody(words: str) -> None:
    body = PullText(ITEM.model_copy(update={"what": words}), told(words), key="k").body()
    assert CLOSING.search(unescape(body).replace("\\", "").replace("*", "")) is None
    assert "@pat" not in unescape(body)
    assert quiet(words).replace("\u200b", "") == words


def test_no_secret_and_no_folder_of_this_machine_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "hunter2-hunter2")
    words = f"{Path.home()}/.factory/x failed with hunter2-hunter2 and ghp_{'a' * 36}"
    assert quiet(words) == "~/.factory/x failed with [redacted] and [redacted]"


def test_our_own_references_close() -> None:
    text = PullText(ITEM, told(), key="k", closes=["#4", "other/repo#5"], part_of=["#6"], after="#7")
    assert text.body().startswith(
        "Closes #4\nCloses other/repo#5\nPart of #6\n\nStands on #7: merge that one first.\n\n"
    )


@given(st.text())
def test_no_words_make_a_mark(words: str) -> None:
    assert "<!--" not in quiet(words)


def test_a_phases_issue_has_its_own_information() -> None:
    title, body = phase_issue(ITEM, "plan/2")
    assert title == "Mend it"
    assert body == (
        "Phase 2 of a plan.\n\n- **What:** That.\n- **Category:** FIX\n- [ ] do\n\n"
        "**Depends on:** Phase 1\n\n"
        "<!-- factory-phase: plan/2 -->\n"
    )


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("42", [IssueReference("", 42)]),
        ("#42, acme/calc#7", [IssueReference("", 42), IssueReference("acme/calc", 7)]),
        ("https://github.com/acme/calc/issues/9", [IssueReference("acme/calc", 9)]),
        ("staff_acme/calc#7", [IssueReference("staff_acme/calc", 7)]),
        ("https://elsewhere.example/acme/calc/issues/9", []),
        ("042", []),
        ("0", []),
        ("fix 42, then 43", []),
        ("1,", []),
    ],
)
def test_what_names_issues(words: str, found: list[IssueReference]) -> None:
    assert issue_references(words) == found
    assert (issue_reference(words) is not None) == (len(found) == 1)


def test_an_app_is_one_account_with_and_without_its_mark() -> None:
    assert same_account("github-actions", "github-actions[bot]")
    assert not same_account("pat", "mallory")


@pytest.mark.parametrize(
    ("finding", "line"),
    [
        (GuardFinding(guard="baseline", message="100% off\n::error::x"),
         "::error title=factory guard%3A baseline::100%25 off%0A::error::x"),
        (GuardFinding(guard="scope", file="a,b:c.py", line=3, message="m", mend="do"),
         "::error file=a%2Cb%3Ac.py,line=3,title=factory guard%3A scope::m%0Ado"),
    ],
)  # fmt: skip
def test_an_annotation_is_one_line_whatever_is_in_it(finding: GuardFinding, line: str) -> None:
    assert annotation(finding) == line
