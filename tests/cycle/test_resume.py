"""Points at which a cycle may be cut off, one by one: what it then comes to is what it would have come to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from factory.backlog import add_backlog, read_backlog
from factory.cli import main
from factory.cycle import agents
from factory.cycle import experiment as lab_work
from factory.cycle.context import Cycle
from factory.cycle.machine import Parked
from factory.git import Repo
from factory.journal import Event, Journal
from factory.offline.runner import OfflineRunner
from factory.paths import ProjectPaths
from factory.runners.base import AgentResult, Invocation, Status
from tests.support.cli import factory
from tests.support.cycles import Answer, Scripted, run, said, verdict
from tests.support.projects import (
    CLEAN_SUMS,
    SUMS,
    assert_sound,
    begin,
    events,
    history,
    refs,
    small_project,
)
from tests.support.repos import commit, git, write


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc")


class Killed(BaseException):
    """What no code of the program sees, like SIGKILL."""


def killed(*_: object) -> AgentResult:
    """A call that is in flight when the program dies."""
    raise Killed


def completes(step: str) -> Callable[[Event], bool]:
    return lambda event: event.type == "step.completed" and event.data["step"] == step


def verdicts(project: Path) -> list[tuple[str, str]]:
    return [(row["verdict"], row["reason"]) for row in history(project)]


def dies_before(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Let the program die when a step has done its work, and its journal does not say so yet."""
    real = Cycle.record

    def record(self: Cycle, kind: str, experiment: int | None = None, **data: Any) -> Event:
        if (kind, data.get("step")) == ("step.completed", step):
            monkeypatch.setattr(Cycle, "record", real)
            raise Killed
        return real(self, kind, experiment, **data)

    monkeypatch.setattr(Cycle, "record", record)


def dies_before_event(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Let the program die when all that an event tells of is done, and the event is not written yet."""
    real = Journal.append

    def append(self: Journal, type: str, experiment: int | None = None, /, **data: Any) -> Event:
        if type == kind:
            monkeypatch.setattr(Journal, "append", real)
            raise Killed
        return real(self, type, experiment, **data)

    monkeypatch.setattr(Journal, "append", append)


def test_an_experiment_whose_event_was_not_written_is_completed_when_it_is_abandoned(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies_before_event(monkeypatch, "experiment.finalized")
    with pytest.raises(Killed):
        run(project, Scripted())
    factory("abandon", project).expect(0)
    assert verdicts(project) == [("keep", "improved")]
    assert_sound(project)
    factory("gc", project).expect(0)
    factory("integrate", project).expect(0)
    assert (project / "calc/sums.py").read_text() == CLEAN_SUMS
    assert_sound(project)


@pytest.mark.parametrize("typed", [(), ("--summary", "Something else")], ids=["bare", "other"])
def test_an_experiment_by_hand_whose_event_was_not_written_is_completed_by_its_row(
    project: Path, monkeypatch: pytest.MonkeyPatch, typed: tuple[str, ...]
) -> None:
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    begun.measure()
    begun.review()
    dies_before_event(monkeypatch, "experiment.finalized")
    with pytest.raises(Killed):
        main(["finalize", str(project), "--id", "1", "--summary", "Two imports less"])
    assert begun.run("finalize", "--json", *typed).expect(0).json["change_summary"] == "Two imports less"
    assert [row["change_summary"] for row in history(project)] == ["Two imports less"]
    assert_sound(project)


class TestTheBacklog:
    ITEM = "Fix unused imports (F401)"

    def backlog(self, project: Path) -> Path:
        path = ProjectPaths(project).backlog
        add_backlog(path, self.ITEM, Repo(project).common_dir)
        add_backlog(path, "Something for a person", Repo(project).common_dir)
        return path

    def test_an_item_that_was_taken_off_just_before_is_not_missed(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = self.backlog(project)
        dies_before(monkeypatch, "finalize")
        with pytest.raises(Killed):
            run(project, Scripted())
        run(project, Scripted())
        assert verdicts(project) == [("keep", "improved")]
        assert read_backlog(path) == ["Something for a person"]

    def test_what_nobody_can_read_is_no_item(self, project: Path) -> None:
        def strategist(invocation: Invocation) -> AgentResult:
            plan = OfflineRunner().run(invocation)
            additions = "## 8. Proposed Backlog Additions\n\n"
            return said(plan.text.split(additions)[0] + additions + "- \x07\n- Split the module\n")

        found = {"findings": ["\x07", "No test reads it"], "citations": []}
        review = json.dumps({"verdict": "PROCEED", "reason": "sound"} | found)
        run(project, Scripted({"strategist": [strategist], "reviewer": [review]}))
        assert verdicts(project) == [("keep", "improved")]
        assert read_backlog(ProjectPaths(project).backlog) == ["No test reads it", "Split the module"]

    def test_an_item_that_a_person_took_off_meanwhile_is_not_missed(self, project: Path) -> None:
        path = self.backlog(project)

        def reviewer(invocation: Invocation) -> AgentResult:
            path.write_text("- Something for a person\n")
            return said("nothing")

        run(project, Scripted({"reviewer": [reviewer]}))
        assert verdicts(project) == [("keep", "improved")]
        assert read_backlog(path) == ["Something for a person"]


class TestTheBudget:
    @pytest.mark.parametrize(
        ("step", "calls"), [("plan", 3), ("gate_plan", 4), ("build", 5), ("structured_review", 8)]
    )
    def test_an_answer_that_is_paid_for_is_used_although_nothing_is_left(
        self, project: Path, monkeypatch: pytest.MonkeyPatch, step: str, calls: int
    ) -> None:
        dies_before(monkeypatch, step)
        runner = Scripted()
        with pytest.raises(Killed):
            run(project, runner, budget_invocations=calls)
        assert len(runner.calls) == calls
        run(project, runner, budget_invocations=calls)
        assert [e.data["ended"] for e in events(project) if completes(step)(e)] == [None]
        assert len(runner.calls) == calls

    def test_a_call_in_flight_that_has_ended_is_adopted_although_nothing_is_left(self, project: Path) -> None:
        @dataclass
        class Adopting(Scripted):
            def adopt(self, invocation: Invocation) -> AgentResult | None:
                return said("R1: imports are unused") if invocation.role == "researcher" else None

        with pytest.raises(Killed):
            run(project, Scripted({"researcher": [killed]}), budget_invocations=1)
        runner = Adopting()
        run(project, runner, budget_invocations=1)
        assert runner.calls == []
        assert [e.data["role"] for e in events(project) if e.type == "agent.completed"] == ["researcher"]
        (result,) = [e.data["result"] for e in events(project) if completes("research")(e)]
        assert "left_out" not in result


@pytest.mark.parametrize("first", ["transient", "quota"])
def test_a_row_says_what_failed_tries_have_cost_too(
    project: Path, monkeypatch: pytest.MonkeyPatch, first: Status
) -> None:
    failed = AgentResult(first, tokens_in=1000, tokens_out=10, cost_usd=5.0, error="not now")

    def builder(invocation: Invocation) -> AgentResult:
        write(invocation.cwd, {"calc/sums.py": CLEAN_SUMS})
        return AgentResult("done", "Done.", tokens_in=100, tokens_out=1, cost_usd=1.0)

    monkeypatch.setattr(agents, "RETRY_DELAYS_S", (0.0,))
    if first == "quota":
        with pytest.raises(Parked):
            run(project, Scripted({"builder": [failed]}))
        run(project, Scripted({"builder": [builder]}))
    else:
        run(project, Scripted({"builder": [failed, builder]}))
    (row,) = history(project)
    told = [e.data for e in events(project) if e.type in ("agent.completed", "agent.failed") and e.experiment]
    assert row["cost_usd"] == 6.0
    assert row["tokens"] == sum(data["tokens"] or 0 for data in told)
    assert_sound(project)


@pytest.mark.parametrize("at", ["the start", "a call", "an answer", "a redirect", "the end"])
def test_a_cycle_goes_on_where_the_project_was_moved_and_its_workspace_is_gone(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    def builder(invocation: Invocation) -> AgentResult:
        write(invocation.cwd, {"calc/sums.py": CLEAN_SUMS})
        return said("Done.")

    def half(invocation: Invocation) -> AgentResult:
        write(invocation.cwd, {"calc/sums.py": "half\n"})
        raise Killed

    go = verdict("PROCEED")
    answers: dict[str, dict[str, list[Answer]]] = {
        "a call": {"builder": [half]},
        "a redirect": {"builder": [builder, half], "ceo": [go, go, verdict("REDIRECT", "More.")]},
    }
    with monkeypatch.context() as dying, pytest.raises(Killed):
        if at == "the start":
            dying.setattr(agents, "snapshot", killed)
        if at == "an answer":
            dying.setattr(lab_work, "record_candidate", killed)
        if at == "the end":
            dies_before(dying, "build")
        run(project, Scripted(answers.get(at, {"builder": [builder]})))
    moved = project.rename(tmp_path / "elsewhere")
    found: list[str] = []

    def whole(invocation: Invocation) -> AgentResult:
        found.append((invocation.cwd / "calc/sums.py").read_text())
        return builder(invocation)

    run(moved, Scripted({"builder": [whole]}))
    assert found == {"a redirect": [CLEAN_SUMS], "the end": []}.get(at, [SUMS])
    assert verdicts(moved) == [("keep", "improved")]
    assert (moved / "calc/sums.py").read_text() == CLEAN_SUMS
    assert_sound(moved)


def test_half_done_work_of_a_second_call_is_not_taken_for_the_firsts(project: Path) -> None:
    idle = said("There was nothing to do.")

    def half(invocation: Invocation) -> AgentResult:
        write(invocation.cwd, {"calc/sums.py": CLEAN_SUMS.replace("return a + a", "return")})
        raise Killed

    def whole(invocation: Invocation) -> AgentResult:
        write(invocation.cwd, {"calc/sums.py": CLEAN_SUMS})
        return said("All imports are used.")

    with pytest.raises(Killed):
        run(project, Scripted({"builder": [idle, half]}))
    finishing = Scripted({"builder": [whole]})
    run(project, finishing)
    assert len(finishing.of("builder")) == 1
    assert verdicts(project) == [("keep", "improved")]
    assert (project / "calc/sums.py").read_text() == CLEAN_SUMS
    assert_sound(project)


def test_a_merge_of_replayed_work_that_was_journalled_is_not_tried_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def archivist(invocation: Invocation) -> AgentResult:
        if invocation.facts["subject"] == "cycle":
            commit(project, {"notes.md": "Meanwhile.\n"}, "Something else")
        return said("A note.")

    dies_before(monkeypatch, "close")
    with pytest.raises(Killed):
        run(project, Scripted({"archivist": [archivist]}))
    done = run(project, Scripted())
    assert verdicts(project) == [("keep", "improved")]
    assert done.state.closed is not None
    assert done.state.closed["integration"]["status"] == "merged"
    assert (project / "notes.md").read_text() == "Meanwhile.\n"
    assert (project / "calc/sums.py").read_text() == CLEAN_SUMS
    assert refs(project, "refs/heads") == ["refs/heads/main"]
    assert git(project, "status", "--porcelain") == ""
