"""Whole cycles with the offline runner, through the real command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from factory.cycle.machine import EachPhase, Steps
from factory.cycle.modes import IMPROVE
from factory.fsio import CycleLock
from factory.journal import read_events
from factory.paths import ProjectPaths
from tests.support.cli import command, end_group, environment, factory
from tests.support.projects import (
    POLICY,
    TESTED_POLICY,
    assert_sound,
    events,
    history,
    journal_files,
    refs,
    small_project,
    snapshot,
)
from tests.support.repos import commit, git

REEXPORT = '''\
"""Sums, and who first asked for them."""

import json
import os

NAME = "sums"
'''

READING_TEST = """\
import calc.names


def test_the_module_still_offers_json():
    name = "js" + "on"
    assert getattr(calc.names, name).dumps([]) == "[]"
"""

ONLY_WITH_GITHUB = ("open_issues", "pull_request", "report_issue")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc")


def protocol(steps: Steps, scope: str = "") -> Iterator[tuple[str, str]]:
    """The steps of a cycle with one phase and without GitHub, each with its scope."""
    for step in steps:
        if isinstance(step, EachPhase):
            yield from protocol(step.steps, "phase-1")
        elif step.name not in ONLY_WITH_GITHUB:
            yield scope, step.name


def run_cycle(project: Path, *options: str) -> str:
    return factory("ceo", project, "--runner", "offline", *options).expect(0).out


class TestOneCycle:
    def test_a_kept_experiment_reaches_the_target_and_leaves_nothing_behind(self, project: Path) -> None:
        start = git(project, "rev-parse", "HEAD")
        out = run_cycle(project)
        rows = history(project)
        assert [(row["id"], row["verdict"], row["reason"]) for row in rows] == [(1, "keep", "improved")]
        row = rows[0]
        assert (row["baseline"], row["commit"]) == (start, git(project, "rev-parse", "main"))
        assert (row["runner"], row["kind"], row["category"]) == ("offline", "code", "FIX")
        assert row["cycle"] == journal_files(project)[0].stem
        assert row["delta"] == pytest.approx(row["score_after"] - row["score_before"])
        assert row["tokens"] == 0
        assert refs(project) == ["refs/factory/kept/001", "refs/factory/log", "refs/heads/main"]
        assert git(project, "status", "--porcelain") == ""
        assert f"integrated: main is now at {row['commit'][:12]}" in out
        assert factory("gc", project).expect(0).out == "nothing to remove\n"
        assert_sound(project)

    def test_every_column_of_the_log(self, project: Path) -> None:
        run_cycle(project)
        header, *lines = (project / ".factory/results.tsv").read_text().splitlines()
        assert header.split("\t") == [
            *("id", "timestamp", "hypothesis", "change_summary", "issue_number", "pr_number"),
            *("score_before", "score_after", "delta", "verdict", "cost_usd", "notes", "research_citations"),
            *("reason", "category", "kind", "cycle", "branch", "baseline", "commit"),
            *("tokens", "duration_s", "runner", "harness"),
        ]
        assert [len(line.split("\t")) for line in lines] == [24]

    def test_the_journal_tells_the_protocol_in_its_order(self, project: Path) -> None:
        run_cycle(project)
        done = [(e.data["scope"], e.data["step"]) for e in events(project) if e.type == "step.completed"]
        assert done == list(protocol(IMPROVE))
        types = [e.type for e in events(project)]
        assert (types[0], types[-1]) == ("cycle.opened", "cycle.closed")
        assert types.count("experiment.begun") == types.count("experiment.finalized") == 1
        # An agent's call is journalled before its process starts, and its answer before anyone reads it.
        asked = [e.data["role"] for e in events(project) if e.type == "agent.started"]
        assert asked == [e.data["role"] for e in events(project) if e.type == "agent.completed"]
        assert asked == [
            *("researcher", "ceo", "strategist", "ceo"),
            *("builder", "reviewer", "evaluator", "ceo", "archivist", "archivist"),
        ]

    def test_a_phase_that_breaks_a_test_is_reverted_and_the_other_kept(self, tmp_path: Path) -> None:
        # What a test reads through a module looks unused there: the automatic fix breaks the test. Only where
        # ruff is asked for is such an import not taken for a re-export.
        files = {
            "calc/names.py": REEXPORT,
            "tests/test_names.py": READING_TEST,
            "calc/sums.py": CLEAN_LOGS,
            "ruff.toml": "line-length = 100\n",
        }
        project = small_project(tmp_path / "calc", files, policy=TESTED_POLICY + OBSERVABILITY)
        run_cycle(project, "--max-new", "5")
        rows = {row["hypothesis"]: (row["verdict"], row["reason"]) for row in history(project)}
        assert rows == {
            "Fix unused imports (F401)": ("revert", "new_failures"),
            "Log swallowed exceptions in calc": ("keep", "improved"),
        }
        ids = {row["verdict"]: row["id"] for row in history(project)}
        assert refs(project) == [
            f"refs/factory/kept/{ids['keep']:03d}",
            "refs/factory/log",
            f"refs/factory/rejected/{ids['revert']:03d}",
            "refs/heads/main",
        ]
        assert "import json" in (project / "calc/names.py").read_text()
        assert_sound(project)

    def test_each_experiment_and_the_cycle_leave_a_note(self, project: Path) -> None:
        run_cycle(project)
        archive = project / ".factory/archive"
        cycle = journal_files(project)[0].stem
        found = sorted(str(path.relative_to(archive)) for path in archive.rglob("*.md"))
        assert found == [f"decisions/{cycle}.md", "experiments/001.md"]
        note = (archive / "experiments/001.md").read_text()
        assert note.startswith("# Experiment 1: Fix unused imports (F401)\n\n- Verdict: keep (improved)\n")

    def test_a_backlog_item_that_was_served_is_taken_off(self, project: Path) -> None:
        factory("backlog-add", project, "Fix unused imports (F401)").expect(0)
        factory("backlog-add", project, "Something for a person").expect(0)
        run_cycle(project)
        assert [row["verdict"] for row in history(project)] == ["keep"]
        left = factory("backlog-list", project, "--json").expect(0).json
        assert [entry["text"] for entry in left] == ["Something for a person"]

    def test_lite_takes_one_item_and_says_what_it_left_out(self, project: Path) -> None:
        run_cycle(project, "--lite")
        assert [row["verdict"] for row in history(project)] == ["keep"]
        asked = [e.data["role"] for e in events(project) if e.type == "agent.started"]
        assert asked == ["researcher", "strategist", "builder", "evaluator", "ceo", "archivist"]
        skipped = [(e.data["step"], e.data["why"]) for e in events(project) if e.type == "step.skipped"]
        assert skipped == [
            ("open_issues", "issues are switched off"),
            ("review", "left out in lite mode"),
            ("pull_request", "pull requests are switched off"),
            ("report_issue", "issues are switched off"),
        ]
        assert_sound(project)

    def test_a_second_cycle_finds_nothing_left_and_says_so(self, project: Path) -> None:
        run_cycle(project)
        out = run_cycle(project)
        assert "0 kept, 0 reverted, 0 errors" in out
        assert "ended early: no_plan" in out
        found = journal_files(project)[-1].with_suffix("") / "research.md"
        assert out.endswith(f"next: read what was found, and left alone: {found}\n")
        assert found.is_file()
        assert len(history(project)) == 1
        assert refs(project, "refs/heads") == ["refs/heads/main"]
        assert_sound(project)

    def test_a_project_without_a_setup_gets_one_as_the_first_commit(self, tmp_path: Path) -> None:
        project = small_project(tmp_path / "calc")
        git(project, "rm", "--quiet", "factory.toml")
        git(project, "commit", "--quiet", "--message", "Without a setup")
        venv = project / ".venv/bin"
        venv.mkdir(parents=True)
        (project / ".git/info/exclude").write_text(".venv\n")
        (venv / "python").symlink_to(Path(sys.executable).resolve())
        out = run_cycle(project, "--mode", "discover")
        assert "\nfactory.toml: found and committed\nintegrated: main is now at" in out
        assert out.endswith(f"\nnext: look at factory.toml, then factory ceo {project}\n")
        assert "\nfactory.toml: there already\nnext: look" in run_cycle(project, "--mode", "discover")
        assert git(project, "log", "--format=%s") == "Set up factory\nWithout a setup\nStart"
        assert (project / "factory.toml").exists()
        assert refs(project, "refs/heads") == ["refs/heads/main"]


CLEAN_LOGS = '''\
"""Sums."""

import logging

logger = logging.getLogger(__name__)


def add(a: int, b: int) -> int:
    """Both together."""
    return a + b


def double(a: int) -> int:
    """Twice; nothing where there is no file of that number."""
    try:
        return a + len(open(str(a)).read())
    except OSError:
        pass
    return 0
'''

OBSERVABILITY = """
[[eval.dimension]]
name = "observability"
tier = "growth"
"""


class TestThePersonsCheckout:
    def test_it_is_not_written_to_until_the_fast_forward(self, project: Path) -> None:
        (project / "mine.txt").write_text("not committed\n")
        git(project, "checkout", "--quiet", "-b", "my-work")
        before = snapshot(project)
        run_cycle(project)
        assert snapshot(project) == before
        assert git(project, "status", "--porcelain") == "?? mine.txt"
        assert git(project, "log", "--format=%s", "my-work") == "Start"
        assert git(project, "log", "--format=%s", "main") == "Fix unused imports (F401)\nStart"

    def test_own_changes_in_the_way_leave_the_integration_pending(self, project: Path) -> None:
        mine = (project / "calc/sums.py").read_text() + "\nMINE = 1\n"
        (project / "calc/sums.py").write_text(mine)
        before = snapshot(project)
        out = run_cycle(project)
        assert "integration is pending: " in out
        assert f"when that is out of the way: factory integrate {project}" in out
        assert snapshot(project) == before
        assert history(project)[0]["verdict"] == "keep"
        status = factory("status", project, "--json").expect(0).json
        assert status["integration"] == "pending"
        assert factory("integrate", project).expect(1).out.startswith("pending: factory/cycle-")
        assert factory("gc", project).expect(0).out == "nothing to remove\n"
        assert "ok   cycle: kept work waits on factory/cycle-" in factory("doctor", project).expect(0).out
        told = factory("status", project).expect(0).out
        assert f"\nintegration: pending: {status['integration_message']}\n" in told
        assert told.endswith(
            f"\nkept work waits on {status['waiting'][0]}\nnext: factory integrate {project}\n"
        )
        git(project, "stash", "--quiet")
        assert factory("integrate", project).expect(0).out.startswith("merged: factory/cycle-")
        assert git(project, "log", "--format=%s") == "Fix unused imports (F401)\nStart"
        assert refs(project, "refs/heads") == ["refs/heads/main"]
        assert_sound(project)

    def test_autostash_does_not_move_their_changes(self, project: Path) -> None:
        git(project, "config", "merge.autoStash", "true")
        (project / "calc/sums.py").write_text("X = 1\n")
        assert "integration is pending" in run_cycle(project)
        assert (project / "calc/sums.py").read_text() == "X = 1\n"


class TestTheTargetMovesMeanwhile:
    """A commit on main between the cycle's opening and its close, by a plan that is stopped half-way."""

    @pytest.fixture
    def stopped(self, project: Path) -> Path:
        stop_after(project, "phase-1", "build")
        return project

    def test_kept_work_is_replayed_on_it_and_measured_again(self, stopped: Path) -> None:
        theirs = commit(stopped, {"notes.md": "A colleague was here.\n"}, "Their note")
        assert "integrated: main is now at" in run_cycle(stopped)
        assert git(stopped, "log", "--format=%s") == "Fix unused imports (F401)\nTheir note\nStart"
        assert git(stopped, "rev-parse", "main~1") == theirs
        assert (stopped / "notes.md").read_text() == "A colleague was here.\n"
        assert git(stopped, "status", "--porcelain") == ""
        assert_sound(stopped)

    def test_a_conflict_leaves_it_pending_and_kept(self, stopped: Path) -> None:
        commit(stopped, {"calc/sums.py": "import os, sys, json\nX = 1\n"}, "All new")
        out = run_cycle(stopped)
        assert "integration is pending: the kept changes conflict with what main has become" in out
        assert git(stopped, "log", "--format=%s") == "All new\nStart"
        assert history(stopped)[0]["verdict"] == "keep"
        assert len(refs(stopped, "refs/heads/factory")) == 1
        assert_sound(stopped)

    def test_a_target_that_is_gone_leaves_it_pending(self, stopped: Path) -> None:
        git(stopped, "branch", "--move", "main", "trunk")
        out = run_cycle(stopped)
        assert "integration is pending: there is no branch main any more" in out

    def test_a_target_that_cannot_be_measured_any_more_leaves_it_pending(self, stopped: Path) -> None:
        commit(stopped, {"factory.toml": "[eval\n"}, "Broken setup")
        out = run_cycle(stopped)
        assert "integration is pending: on the new main: factory.toml at" in out

    def test_the_very_same_change_made_by_a_person_is_all_there(self, stopped: Path) -> None:
        made = git(stopped, "show", "factory/exp-001-fix-unused-imports-f401:calc/sums.py")
        commit(stopped, {"calc/sums.py": made + "\n"}, "I did it myself")
        assert "integrated: " in run_cycle(stopped)
        assert git(stopped, "log", "--format=%s") == "I did it myself\nStart"


def stop_after(project: Path, scope: str, step: str) -> None:
    """Start a cycle and kill it as soon as its journal says that a step is completed."""
    process = subprocess.Popen(
        command("ceo", project, "--runner", "offline"),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 200
        while not reached(project, scope, step):
            assert process.poll() is None, "the cycle ended before it got there"
            assert time.monotonic() < deadline
            time.sleep(0.002)
    finally:
        end_group(process)
        process.wait()


def reached(project: Path, scope: str, step: str) -> bool:
    return any(
        event.type == "step.completed" and (event.data["scope"], event.data["step"]) == (scope, step)
        for path in journal_files(project)
        for event in read_events(path)
    )


class TestOptionsAndLoops:
    def test_a_dry_run_changes_nothing(self, project: Path) -> None:
        before = snapshot(project), refs(project), sorted((project / ".git").iterdir())
        exclude = (project / ".git/info/exclude").read_text()
        done = factory("ceo", project, "--runner", "offline", "--dry-run").expect(0)
        assert "mode: improve\n" in done.out
        assert f"target: main at {git(project, 'rev-parse', 'HEAD')[:12]}\n" in done.out
        assert done.out.endswith("Nothing was changed.\n")
        assert (snapshot(project), refs(project), sorted((project / ".git").iterdir())) == before
        assert (project / ".git/info/exclude").read_text() == exclude
        assert not (project / ".factory").exists()

    def test_a_dry_run_in_json(self, project: Path) -> None:
        words = ("--runner", "offline", "--lite", "--budget-tokens", "5000", "--dry-run")
        told = factory("ceo", project, *words, "--json").expect(0).json
        assert told["mode"] == "improve"
        assert told["budget"] == {"invocations": 7, "tokens": 5000, "cost_usd": None, "redirects": 2}
        assert told["runners"]["builder"] == {"runner": "offline", "model": ""}
        assert "plan (strategist)" in told["steps"]
        assert f"Project: {project}" in told["task"]
        assert "budget: 7 invocations, 5000 tokens, 2 redirects\n" in factory("ceo", project, *words).out
        idea = factory("ceo", "a tool that renames photos by date", "--mode", "build", *words, "--json")
        assert idea.expect(0).json["mode"] == "build"

    def test_run_loops_until_nothing_is_left_to_try(self, project: Path) -> None:
        done = factory("run", project, "--runner", "offline", "--loop", "--max-cycles", "5").expect(0)
        assert done.out.count("\ncycle ") == 2
        assert [row["verdict"] for row in history(project)] == ["keep"]
        assert len(journal_files(project)) == 2

    def test_run_loops_no_longer_than_told(self, project: Path) -> None:
        factory("run", project, "--runner", "offline", "--loop", "--max-cycles", "1").expect(0)
        assert len(journal_files(project)) == 1

    def test_json_is_the_events_as_lines(self, project: Path) -> None:
        done = factory("ceo", project, "--runner", "offline", "--json").expect(0)
        # A note is a remark for people, and no event.
        names = [line["event"] for line in done.json_lines if line["event"] != "note"]
        assert names == [event.type for event in events(project)]
        assert {"experiment.begun", "experiment.recorded", "experiment.finalized"} <= set(names)

    def test_other_options_than_those_of_the_cycle_in_flight_are_a_usage_error(self, project: Path) -> None:
        stop_after(project, "", "plan")
        done = factory("ceo", project, "--lite").expect(2)
        assert "is in flight with other options: it was begun without --lite." in done.err
        assert len(journal_files(project)) == 1
        run_cycle(project, "--mode", "auto", "--runner", "auto")
        assert len(journal_files(project)) == 1
        assert_sound(project)

    def test_abandon_ends_the_cycle_and_keeps_its_evidence(self, project: Path) -> None:
        stop_after(project, "phase-1", "build")
        cycle = journal_files(project)[0].stem
        assert factory("status", project, "--json").expect(0).json["state"] == "interrupted"
        done = factory("abandon", project, "--reason", "not now").expect(0)
        assert done.out.startswith(f"cycle {cycle} is abandoned; ")
        assert events(project)[-1].type == "cycle.abandoned"
        assert events(project)[-1].data == {"why": "not now"}
        assert (
            factory("abandon", project)
            .expect(3)
            .err.startswith("factory: There is no cycle in flight to abandon.")
        )
        tip = git(project, "rev-parse", "refs/heads/factory/exp-001-fix-unused-imports-f401")
        removed = factory("gc", project, "--json").expect(0).json["removed"]
        # A workspace and two branches; and the checkout that the kill has cut off, if it had one just then.
        assert len([name for name in removed if "checkout-" not in name]) == 3
        assert refs(project) == [
            f"refs/factory/abandoned/cycle-{cycle}",
            "refs/factory/abandoned/exp-001-fix-unused-imports-f401",
            "refs/heads/main",
        ]
        assert git(project, "rev-parse", refs(project)[1]) == tip
        assert factory("gc", project).expect(0).out == "nothing to remove\n"
        assert_sound(project)
        run_cycle(project)
        assert [(row["id"], row["verdict"]) for row in history(project)] == [(2, "keep")]

    def test_what_an_abandoned_cycle_had_kept_can_still_be_integrated(self, project: Path) -> None:
        stop_after(project, "phase-1", "finalize")
        done = factory("abandon", project).expect(0)
        assert "its 1 kept experiments wait on factory/cycle-" in done.out
        assert f": factory integrate {project}\n" in done.out
        # A checkout that the kill has cut off may go, what waits may not.
        assert "factory/cycle-" not in factory("gc", project).expect(0).out
        assert factory("integrate", project).expect(0).out.startswith("merged: factory/cycle-")
        assert git(project, "log", "--format=%s") == "Fix unused imports (F401)\nStart"
        assert refs(project, "refs/heads") == ["refs/heads/main"]

    def test_a_damaged_journal_does_not_lock_the_project(self, project: Path) -> None:
        stop_after(project, "phase-1", "build")
        path = journal_files(project)[0]
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join([*lines[:4], "{broken\n", *lines[5:]]))
        done = factory("ceo", project, "--runner", "offline").expect(2)
        assert f"{path}:5: this is no event; the journal is damaged." in done.err
        assert "factory abandon" in done.err
        workspace_kept = factory("gc", project, "--json").expect(0)
        assert workspace_kept.json["removed"] == []
        assert f"{path}:5" in workspace_kept.err
        factory("abandon", project).expect(0)
        assert f"{path.stem}.damaged: a damaged journal" in factory("verify", project).expect(1).out
        run_cycle(project)
        assert history(project)[0]["verdict"] == "keep"


class TestTwoAtOnce:
    @pytest.fixture
    def held(self, project: Path) -> Iterator[Path]:
        """A project whose cycle lock this test holds, as a running cycle would."""
        with CycleLock(project / ".git").acquire({"mode": "improve"}):
            yield project

    def test_the_second_is_told_who_runs_and_since_when(self, held: Path) -> None:
        done = factory("ceo", held, "--runner", "offline").expect(3)
        assert f"process {os.getpid()} on " in done.err
        assert " since 20" in done.err
        assert done.out == "", "nothing is announced that does not happen"
        assert journal_files(held) == []

    def test_abandon_waits_for_nobody(self, held: Path) -> None:
        assert f"process {os.getpid()} on " in factory("abandon", held).expect(3).err

    def test_reading_commands_work_meanwhile(self, held: Path) -> None:
        for name in ("status", "history", "brief", "backlog-list", "verify"):
            factory(name, held).expect(0)
        assert factory("status", held, "--json").json["running"]["pid"] == os.getpid()


class TestMessages:
    def test_a_message_is_taken_in_once_and_acknowledged(self, project: Path) -> None:
        factory("message", project, "Leave the notes alone.").expect(0)
        run_cycle(project)
        taken = [event for event in events(project) if event.type == "message.taken"]
        assert [event.data for event in taken] == [{"text": "Leave the notes alone.", "step": "preflight"}]
        assert not ProjectPaths(project).messages.exists()
        prompts = (project / ".factory/cycles" / journal_files(project)[0].stem / "agents").glob(
            "*.prompt.md"
        )
        assert any("Leave the notes alone." in path.read_text() for path in prompts)

    def test_a_line_that_is_no_message_is_told_of(self, project: Path) -> None:
        factory("message", project, "One.").expect(0)
        with ProjectPaths(project).messages.open("a") as box:
            box.write("{torn\n")
        done = factory("ceo", project, "--runner", "offline").expect(0)
        assert "is no message and is left out: {torn" in done.err
        assert [e.data["text"] for e in events(project) if e.type == "message.taken"] == ["One."]

    def test_an_empty_message_is_a_usage_error(self, project: Path) -> None:
        assert factory("message", project, "  ").expect(2).err.startswith("factory: The message is empty.")


def test_a_broken_journal_end_is_repaired_on_resume(project: Path) -> None:
    stop_after(project, "", "plan")
    with journal_files(project)[0].open("a") as journal:
        journal.write('{"v": 1, "seq": ')
    run_cycle(project)
    assert [row["verdict"] for row in history(project)] == ["keep"]
    assert_sound(project)


def test_an_unreachable_budget_ends_the_cycle_properly(tmp_path: Path) -> None:
    policy = POLICY + "\n[limits]\nredirects = 0\n"
    project = small_project(tmp_path / "calc", policy=policy)
    run_cycle(project, "--budget-invocations", "1")
    assert json.loads((project / ".factory/last_eval.json").read_text())["v"] == 1
    assert_sound(project)


def test_being_told_to_end_leaves_the_cycle_resumable(project: Path) -> None:
    process = subprocess.Popen(
        command("ceo", project, "--runner", "offline"),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not journal_files(project) or not reached(project, "", "preflight"):
        time.sleep(0.002)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "resume with" in err
    run_cycle(project)
    assert [row["verdict"] for row in history(project)] == ["keep"]
    assert_sound(project)


def test_a_new_cycle_waits_for_what_an_earlier_one_kept(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    (project / "calc" / "sums.py").write_text("# my own change\n")
    first = factory("ceo", project, "--runner", "offline").expect(0)
    assert "integration is pending" in first.out
    rows = history(project)
    again = factory("ceo", project, "--runner", "offline").expect(3)
    assert "still waits on factory/cycle-" in again.err
    assert history(project) == rows
    git(project, "checkout", "--", "calc/sums.py")
    factory("ceo", project, "--runner", "offline").expect(0)
    assert "nothing is pending" in factory("integrate", project).expect(0).out
