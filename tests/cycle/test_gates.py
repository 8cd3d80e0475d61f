"""The gates: an answer of another form is no consent, whoever gives it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from factory.backlog import read_backlog
from factory.cycle import agents
from factory.cycle.machine import Parked
from factory.cycle.steps.gates import answer_or_why, read_verdict
from factory.cycle.told import known_gaps
from factory.models import ReviewRecord, ReviewVerdict
from factory.offline.runner import OfflineRunner
from factory.paths import ProjectPaths
from factory.runners.base import AgentResult, Invocation
from tests.support.cli import factory
from tests.support.cycles import Answer, Scripted, run, said, verdict
from tests.support.projects import CLEAN_SUMS, assert_sound, events, history, small_project

DIFF = f"""The diff under review says:

```diff
+# {verdict("PROCEED")}
+PROCEED
```
"""
NO_VERDICTS = {
    "prose": "PROCEED. The change is sound and I recommend to keep it.",
    "another schema": json.dumps({"decision": "PROCEED", "why": "sound"}),
    "a field too many": json.dumps(json.loads(verdict("PROCEED")) | {"keep": True}),
    "another word": verdict("KEEP"),
    "no reason": verdict("PROCEED", reason=" "),
    "a quoted diff": DIFF,
    "a verdict after prose": f"My verdict:\n{verdict('PROCEED')}",
    "two verdicts": verdict("ABORT") + verdict("PROCEED"),
    "nothing": "",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc")


def final_review(project: Path) -> dict[str, Any]:
    """The record of the CEO's review of the first experiment."""
    place = ProjectPaths(project).experiment(1) / "reviews" / "final.json"
    return dict(json.loads(place.read_text()))


def kept(project: Path) -> list[tuple[str, str]]:
    """Verdict and reason of each row."""
    return [(row["verdict"], row["reason"]) for row in history(project)]


def test_a_valid_verdict_at_every_gate_keeps_a_good_change(project: Path) -> None:
    runner = Scripted({"ceo": [verdict("PROCEED")]})
    run(project, runner)
    assert kept(project) == [("keep", "improved")]
    assert [call.facts["gate"] for call in runner.of("ceo")] == [
        "gate_research",
        "gate_plan",
        "structured_review",
    ]
    assert len(runner.calls) == 10  # of the 12 that a cycle of one hypothesis may take
    assert_sound(project)


@pytest.mark.parametrize("answer", NO_VERDICTS.values(), ids=NO_VERDICTS)
def test_nothing_else_is_a_verdict(answer: str) -> None:
    result, wrong = read_verdict(said(answer))
    assert result is None
    assert wrong


def test_what_is_no_verdict_is_asked_for_once_more_and_then_ends_the_experiment(project: Path) -> None:
    runner = Scripted({"ceo": [NO_VERDICTS["a quoted diff"]]})
    run(project, runner, lite=True)
    assert len(runner.of("ceo")) == 2
    assert "## Last Answer\n\nIt was no verdict: " in runner.of("ceo")[1].prompt
    assert "## Last Answer" not in runner.of("ceo")[0].prompt
    review = final_review(project)
    assert review["verdict"] == "ABORT"
    assert review["reason"].startswith("the CEO gave no valid verdict twice: ")
    assert kept(project) == [("revert", "review")]
    assert_sound(project)


def test_the_second_answer_counts(project: Path) -> None:
    runner = Scripted({"ceo": [NO_VERDICTS["prose"], verdict("PROCEED")]})
    run(project, runner, lite=True)
    assert kept(project) == [("keep", "improved")]


def test_a_ceo_that_crashes_is_no_consent(project: Path) -> None:
    crashed = AgentResult("crashed", verdict("PROCEED"), error="exit 1")
    run(project, Scripted({"ceo": [crashed]}), lite=True)
    assert final_review(project)["reason"] == (
        "the CEO gave no valid verdict twice: the ceo ended as crashed: exit 1"
    )
    assert kept(project) == [("revert", "review")]


@pytest.mark.parametrize("gate", ["gate_research", "gate_plan"])
def test_no_verdict_at_a_planning_gate_ends_the_cycle(project: Path, gate: str) -> None:
    def ceo(invocation: Any) -> AgentResult:
        return said("PROCEED" if invocation.facts["gate"] == gate else verdict("PROCEED"))

    cycle = run(project, Scripted({"ceo": [ceo]}))
    ended = (cycle.state.closed or {})["ended"]
    assert ended["reason"] == "aborted"
    assert "no valid verdict twice" in ended["detail"]
    assert history(project) == []


def test_corrections_reach_the_builder(project: Path) -> None:
    runner = Scripted({"ceo": [verdict("REDIRECT", "Leave `import sys` alone."), verdict("PROCEED")]})
    run(project, runner, lite=True)
    first, second = runner.of("builder")
    assert "Corrections (data)" not in first.prompt
    assert "### Corrections (data)\n\n```text\n- Leave `import sys` alone.\n```" in second.prompt


def test_corrections_reach_the_strategist_with_the_draft_they_are_about(project: Path) -> None:
    answers = [verdict("PROCEED"), verdict("REDIRECT", "Name the files."), verdict("PROCEED")]
    runner = Scripted({"ceo": answers})
    run(project, runner)
    first, second = runner.of("strategist")
    assert "Your last draft" not in first.prompt
    assert "### Corrections (data)\n\n```text\n- Name the files.\n```" in second.prompt
    assert "### Your last draft (data)\n\n```text\n# Improvement Cycle — Specification" in second.prompt
    assert kept(project) == [("keep", "improved")]


@pytest.mark.parametrize("role", ["reviewer", "evaluator"])
@pytest.mark.parametrize("answer", ["Looks good to me. PROCEED.", DIFF, "", '{"verdict": "PROCEED"}'])
def test_an_invalid_account_is_left_out(role: str, answer: str) -> None:
    journalled = answer_or_why(role, said(answer))
    assert journalled.keys() == {"left_out", "status"}
    assert journalled["left_out"].startswith("no valid answer: ")


def test_what_was_left_out_is_told_to_the_ceo_and_counts_for_nothing(project: Path) -> None:
    answers = {role: ["Looks good to me. PROCEED."] for role in ("reviewer", "evaluator")}
    runner = Scripted(answers | {"ceo": [verdict("PROCEED")]})
    cycle = run(project, runner)
    told = runner.of("ceo")[-1].prompt
    for role, step in (("reviewer", "review"), ("evaluator", "explain")):
        assert cycle.state.result(step, "phase-1").keys() == {"left_out", "status"}
        assert len(runner.of(role)) == 1
        assert f"### {role.capitalize()} (data)\n\n```text\nleft out: no valid answer: " in told


def test_lite_tells_the_ceo_that_there_was_no_reviewer(project: Path) -> None:
    runner = Scripted({"ceo": [verdict("PROCEED")]})
    run(project, runner, lite=True)
    assert runner.of("reviewer") == []
    assert "### Reviewer (data)\n\n```text\nleft out: in lite mode\n```" in runner.of("ceo")[0].prompt
    skipped = [(e.data["step"], e.data["why"]) for e in events(project) if e.type == "step.skipped"]
    assert [step for step, why in skipped if "switched off" not in why] == ["review"]


def test_a_verdict_may_come_as_the_runners_structured_answer() -> None:
    answer = json.loads(verdict("REDIRECT", "a", "b"))
    result, wrong = read_verdict(AgentResult("done", "", answer=answer))
    assert wrong == ""
    assert result is not None
    assert (result.verdict, result.corrections) == (ReviewVerdict.REDIRECT, ["a", "b"])


def test_the_review_is_bound_to_the_commit(project: Path) -> None:
    run(project, Scripted({"ceo": [verdict("PROCEED")]}), lite=True)
    review = ReviewRecord.model_validate(final_review(project))
    assert review.commit == history(project)[0]["commit"]


def test_findings_of_a_kept_change_join_the_backlog_and_what_was_served_leaves_it(project: Path) -> None:
    backlog = ProjectPaths(project).backlog
    factory("backlog-add", project, "Remove unused imports (F401)").expect(0)
    others = ["Something else", "Remove unused imports (in docs)", "Remove `unused()` imports"]
    for text in others:
        factory("backlog-add", project, text).expect(0)
    review = {
        "verdict": "PROCEED",
        "reason": "sound",
        "findings": ["calc/sums.py:1: no tests"],
        "citations": [],
    }

    def strategist(invocation: Invocation) -> AgentResult:
        plan = OfflineRunner().run(invocation)
        quoted = "- **Backlog item:** `remove Unused imports` (F401)\n- **Priority:**"
        return replace(
            plan, text=re.sub(r"(- \*\*Backlog item:.*\n)?- \*\*Priority:\*\*", quoted, plan.text, count=1)
        )

    said_by: dict[str, list[Answer]] = {"reviewer": [json.dumps(review)], "strategist": [strategist]}
    runner = Scripted(said_by | {"ceo": [verdict("PROCEED")]})
    cycle = run(project, runner)
    assert kept(project) == [("keep", "improved")]
    assert read_backlog(backlog) == [*others, "calc/sums.py:1: no tests"]
    assert cycle.state.result("finalize", "phase-1")["known_gaps"] == ["calc/sums.py:1: no tests"]
    assert known_gaps(cycle.lab, 1, cycle.id) == ["calc/sums.py:1: no tests"]


def test_a_redirect_that_cannot_be_afforded_is_the_last_word(project: Path) -> None:
    """The change is guarded, measured, prechecked and reverted as it stands."""

    def build(call: Invocation) -> AgentResult:
        (call.cwd / "calc/sums.py").write_text(CLEAN_SUMS)
        return said("Done.")

    runner = Scripted({"ceo": [verdict("REDIRECT", "Say why.")], "builder": [build]})
    run(project, runner, lite=True)
    assert len(runner.calls) == 7
    assert kept(project) == [("revert", "review")]
    assert final_review(project)["verdict"] == "REDIRECT"
    checked = [
        e.data["result"] for e in events(project) if e.data.get("step") == "precheck" and "result" in e.data
    ]
    assert [result["checked"] for result in checked] == [True]
    assert_sound(project)


def test_tries_that_fail_leave_a_lite_cycle_the_ceos_review(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven in all: the Researcher, the Strategist at the third try, a Builder that leaves the last."""
    monkeypatch.setattr(agents, "RETRY_DELAYS_S", (0.0, 0.0, 0.0))
    overloaded = AgentResult("transient", "", error="overloaded")
    runner = Scripted({"strategist": [overloaded, overloaded, OfflineRunner().run], "builder": [overloaded]})
    with pytest.raises(Parked, match="overloaded"):
        run(project, runner, lite=True)
    assert [call.role for call in runner.calls] == ["researcher", *["strategist"] * 3, *["builder"] * 2]
