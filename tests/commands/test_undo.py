"""`factory undo` through the real command line: what it takes back, what stops it, and what the log says."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.support.cli import command, end_group, environment, factory
from tests.support.matrix import sampled
from tests.support.projects import (
    CLEAN_SUMS,
    SUMS,
    TESTED_POLICY,
    TESTS,
    assert_sound,
    begin,
    events,
    history,
    journal_files,
    refs,
    small_project,
)
from tests.support.repos import commit, git

MORE_TESTS = f"""{TESTS}

def test_add_zero():
    assert add(1, 0) == 1
"""
WRONG_SUMS = CLEAN_SUMS.replace("return a + a", "return a * 3")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc", policy=TESTED_POLICY)


def keep(project: Path, files: dict[str, str], *, hypothesis: str = "Remove unused imports") -> int:
    """A kept and integrated experiment; its id."""
    begun = begin(project, hypothesis).edit(files)
    assert begun.decide()[0] == "keep"
    factory("integrate", project).expect(0)
    return begun.id


def test_a_keep_is_taken_back_as_an_experiment_of_its_own(project: Path) -> None:
    number = keep(project, {"calc/sums.py": CLEAN_SUMS})
    head = git(project, "rev-parse", "HEAD")
    done = factory("undo", str(number), project, "--reason", "others import os from here").expect(0)
    tip = git(project, "rev-parse", "HEAD")
    assert done.out == (
        "experiment 2: keep (asked_for), delta -0.4348  Undo experiment 1: Remove unused imports\n"
        "a person took experiment 1 back; composite 1.0000 → 0.5652; hygiene lost: lint 1.0000 → 0.1304\n"
        f"integrated: main is now at {tip[:12]}\n"
        f"next: factory history {project}\n"
    )
    assert (project / "calc/sums.py").read_text() == SUMS
    assert git(project, "rev-parse", "HEAD~1") == head
    assert git(project, "log", "-1", "--format=%B") == (
        "Undo experiment 1: Remove unused imports\n\nFactory-Experiment: 2\n"
    )
    first, second = history(project)
    assert (first["verdict"], first["undone_by"]) == ("keep", 2)
    assert (second["kind"], second["verdict"], second["reason"]) == ("undo", "keep", "asked_for")
    assert (second["baseline"], second["commit"]) == (head, tip)
    assert "undone_by" not in second
    assert "(undone by 2)" in " ".join(factory("history", project).out.split())
    assert refs(project, "refs/heads") == ["refs/heads/main"]
    assert git(project, "status", "--porcelain") == ""
    assert_sound(project)


def test_an_undo_can_itself_be_undone_and_then_the_first_stands_again(project: Path) -> None:
    keep(project, {"calc/sums.py": CLEAN_SUMS})
    factory("undo", "1", project).expect(0)
    again = factory("undo", "1", project).expect(3)
    assert "Experiment 1 is undone already, by experiment 2." in again.err
    factory("undo", "2", project).expect(0)
    assert (project / "calc/sums.py").read_text() == CLEAN_SUMS
    assert [row.get("undone_by") for row in history(project)] == [None, 3, None]
    assert_sound(project)


def test_an_undo_that_breaks_a_test_is_not_kept(project: Path) -> None:
    commit(project, {"calc/sums.py": SUMS.replace("return a + a", "return a * 3")}, "Break it")
    keep(project, {"calc/sums.py": SUMS}, hypothesis="Fix the double of a number")
    head = git(project, "rev-parse", "HEAD")
    done = factory("undo", "1", project).expect(1)
    assert "experiment 2: revert (new_failures)" in done.out
    assert "tests/test_sums.py::test_double" in done.out
    assert "It was not taken back: the target branch is as it was." in done.out
    assert git(project, "rev-parse", "HEAD") == head
    assert refs(project, "refs/factory/rejected") == ["refs/factory/rejected/002"]
    assert [row.get("undone_by") for row in history(project)] == [None, None]
    assert_sound(project)


def test_tests_that_came_with_it_go_with_it_and_older_ones_must_pass(project: Path) -> None:
    keep(project, {"calc/sums.py": CLEAN_SUMS, "tests/test_sums.py": MORE_TESTS})
    factory("undo", "1", project).expect(0)
    assert (project / "tests/test_sums.py").read_text() == TESTS


def test_later_work_on_other_lines_stays(project: Path) -> None:
    keep(project, {"calc/sums.py": CLEAN_SUMS})
    commit(project, {"notes.md": "Later.\n"}, "Later")
    factory("undo", "1", project).expect(0)
    assert (project / "notes.md").read_text() == "Later.\n"
    assert (project / "calc/sums.py").read_text() == SUMS


def test_a_conflict_is_one_sentence_and_changes_nothing(project: Path) -> None:
    keep(project, {"calc/sums.py": CLEAN_SUMS})
    commit(
        project, {"calc/sums.py": CLEAN_SUMS.replace("\n\n\ndef add", "\n\nimport re\n\n\ndef add")}, "More"
    )
    before = (refs(project), len(journal_files(project)), git(project, "rev-parse", "HEAD"))
    done = factory("undo", "1", project).expect(3)
    said = "Later changes on main stand on experiment 1, so taking it back conflicts; nothing was changed."
    assert done.err.startswith(f"factory: {said}\n")
    assert (refs(project), len(journal_files(project)), git(project, "rev-parse", "HEAD")) == before
    assert len(history(project)) == 1


def test_what_cannot_be_taken_back_is_said(project: Path) -> None:
    assert "There is no experiment 7 here" in factory("undo", "7", project).expect(2).err
    begun = begin(project).edit({"calc/sums.py": WRONG_SUMS})
    assert begun.decide()[0] == "revert"
    assert "was not kept (revert: new_failures)" in factory("undo", "1", project).expect(2).err
    kept = begin(project, "Drop what nobody imports").edit({"calc/sums.py": CLEAN_SUMS})
    kept.decide()
    waiting = factory("undo", "2", project).expect(3)
    assert f"Experiment 2 is not on main yet: it waits on {kept.branch}." in waiting.err


def test_what_has_founded_the_judge_is_not_taken_back(project: Path) -> None:
    keep(project, {"calc/sums.py": CLEAN_SUMS})
    record = project / ".factory/experiments/001/experiment.json"
    record.write_text(record.read_text().replace('"kind": "code"', '"kind": "scaffold"'))
    refused = factory("undo", "1", project).expect(3)
    assert refused.err.startswith("factory: Experiment 1 is the scaffold, which the harness came with")
    assert len(history(project)) == len(journal_files(project)) == 1


def test_an_agent_takes_nothing_back(project: Path) -> None:
    keep(project, {"calc/sums.py": CLEAN_SUMS})
    refused = factory("undo", "1", project, env={"FACTORY_ROLE": "builder"}).expect(3)
    assert "Only a person can take an experiment back" in refused.err
    assert len(history(project)) == 1


def test_own_changes_in_the_way_leave_it_pending(project: Path) -> None:
    keep(project, {"calc/sums.py": CLEAN_SUMS})
    (project / "calc/sums.py").write_text("mine\n")
    done = factory("undo", "1", project).expect(1)
    assert "integration is pending" in done.out
    assert (project / "calc/sums.py").read_text() == "mine\n"
    git(project, "checkout", "--", "calc/sums.py")
    factory("integrate", project).expect(0)
    assert (project / "calc/sums.py").read_text() == SUMS


def test_what_was_taken_back_is_not_tried_again(project: Path) -> None:
    keep(project, {"calc/sums.py": CLEAN_SUMS})
    factory("undo", "1", project).expect(0)
    refused = factory("begin", project, "--hypothesis", "Remove the unused imports").expect(3)
    assert "resembles experiment 1, which a person has taken back" in refused.err


@pytest.mark.parametrize("lines", sampled([1, 2, 3, 4], [2]))
def test_killed_after_any_event_the_same_command_ends_it(project: Path, lines: int) -> None:
    keep(project, {"calc/sums.py": CLEAN_SUMS})
    process = subprocess.Popen(
        command("undo", "1", project),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        while _lines(project) < lines and process.poll() is None:
            time.sleep(0.001)
    finally:
        end_group(process)
        process.wait()
    if not any(event.type == "cycle.closed" for event in events(project)):
        factory("undo", "1", project).expect(0)
    assert [(row["id"], row["verdict"], row.get("undone_by")) for row in history(project)] == [
        (1, "keep", 2),
        (2, "keep", None),
    ]
    assert (project / "calc/sums.py").read_text() == SUMS
    assert refs(project, "refs/heads") == ["refs/heads/main"]
    assert_sound(project)


def _lines(project: Path) -> int:
    """The lines of the undo's journal, which is the second."""
    found = journal_files(project)[1:]
    return found[0].read_bytes().count(b"\n") if found else 0
