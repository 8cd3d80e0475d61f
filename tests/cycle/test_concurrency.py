"""Many processes on one project: ids stay unique, and the log adds up."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from factory.cycle import experiment as lab_work
from factory.cycle import integrate
from factory.cycle.hub import hub_of
from factory.cycle.lab import open_lab
from factory.fsio import CycleLock, hold
from factory.git import Merge, Repo, fast_forward
from factory.journal import read_events
from factory.models import ExperimentRecord, Integration, Verdict
from factory.paths import ProjectPaths
from factory.store import ExperimentStore
from tests.support.cli import factory
from tests.support.finalized import finalize_as_errors
from tests.support.matrix import sampled
from tests.support.projects import (
    CLEAN_SUMS,
    assert_sound,
    begin,
    events,
    history,
    journal_files,
    refs,
    small_project,
)
from tests.support.repos import commit, git

TIMES = 5


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc")


def test_experiments_begun_and_given_up_by_many_at_once(project: Path) -> None:
    def work(worker: int) -> list[int]:
        ids = []
        for turn in range(2):
            begun = begin(project, f"Idea {worker} {turn} of its own", "--new-approach", "it is")
            begun.edit({"notes.md": f"{worker} {turn}\n"}).review("revert")
            begun.finalize()
            ids.append(begun.id)
        return ids

    with ThreadPoolExecutor(4) as workers:
        ids = [number for mine in workers.map(work, range(4)) for number in mine]
    assert sorted(ids) == list(range(1, 9))
    assert sorted(row["id"] for row in history(project)) == sorted(ids)
    assert len(refs(project, "refs/factory/rejected")) == 8
    assert_sound(project)


@pytest.mark.parametrize(
    ("processes", "times"), [(4, 3), pytest.param(32, 50, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_experiments_of_many_processes_add_up(project: Path, processes: int, times: int) -> None:
    """Each begins experiments and finalizes them as errors: all that is written, without the measuring."""
    children = [
        forked(partial(finalize_as_errors, project, [f"Idea {worker} {turn}" for turn in range(times)]))
        for worker in range(processes)
    ]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * processes
    rows = history(project)
    assert sorted(row["id"] for row in rows) == list(range(1, processes * times + 1))
    assert len({row["hypothesis"] for row in rows}) == processes * times
    assert len(journal_files(project)) == processes * times
    assert refs(project, "refs/heads") == ["refs/heads/main"]
    assert_sound(project)
    assert factory("gc", project).expect(0).out == "nothing to remove\n"


def forked(work: Callable[[], None]) -> int:
    """Do the work in a process of its own; its number. The process' status is 0 if nothing went wrong."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def append_rows(project: Path, count: int) -> None:
    store = ExperimentStore(ProjectPaths(project), project / ".git")
    for number in range(1, count + 1):
        store.append(
            ExperimentRecord(
                id=number,
                timestamp="2026-01-01T00:00:00Z",
                hypothesis=f"turn {number}",
                verdict=Verdict.ERROR,
            )
        )


def test_readers_see_whole_lines_while_others_write(project: Path) -> None:
    child = forked(lambda: append_rows(project, 6 * TIMES))
    seen = [len(history(project)) for _ in range(10)]
    assert os.waitpid(child, 0)[1] == 0
    assert seen == sorted(seen)
    assert len(history(project)) == 6 * TIMES


def test_two_integrations_at_once_merge_once(project: Path) -> None:
    begin(project).edit({"calc/sums.py": CLEAN_SUMS}).decide()
    with ThreadPoolExecutor(2) as workers:
        done = list(workers.map(lambda _: factory("integrate", project), range(2)))
    assert 0 in [result.code for result in done]
    assert git(project, "log", "--format=%s") == "Remove unused imports\nStart"
    assert git(project, "status", "--porcelain") == ""
    assert factory("integrate", project).expect(0)
    assert_sound(project)


@pytest.mark.parametrize("moved", [False, True], ids=["ahead", "target moved"])
def test_the_slower_of_two_integrations_does_not_take_back_what_is_merged(
    project: Path, monkeypatch: pytest.MonkeyPatch, moved: bool
) -> None:
    begin(project).edit({"calc/sums.py": CLEAN_SUMS}).decide()
    if moved:
        commit(project, {"notes.md": "Meanwhile.\n"}, "Something else")

    def overtaken(repo: Repo, branch: str, head: str) -> Merge:
        factory("integrate", project).expect(0)
        monkeypatch.setattr(integrate, "fast_forward", fast_forward)
        # Replayed a second later, the same work is another commit.
        other = git(project, "commit-tree", f"{head}^{{tree}}", "-p", f"{head}^", "-m", "The same")
        return fast_forward(repo, branch, other)

    monkeypatch.setattr(integrate, "fast_forward", overtaken)
    lab = open_lab(project, lambda _: None)
    (done,) = integrate.integrate_pending(lab, hub_of(lab, lab.policy("HEAD"), no_github=True))
    assert done.status is Integration.MERGED
    told = [event.data["status"] for event in events(project) if event.type == "integration"]
    assert told == ["merged"]
    assert integrate.pending_branches(lab) == set()
    assert "pending" not in factory("status", project).expect(0).out
    assert_sound(project)


def test_an_experiment_by_hand_beside_a_running_cycle(project: Path) -> None:
    with ThreadPoolExecutor(2) as workers:
        cycle = workers.submit(factory, "ceo", project, "--runner", "offline")
        mine = begin(project, "Say more in the notes", "--verify", "grep -q more notes.md")
        assert mine.edit({"notes.md": "Said more.\n"}).decide() == ("keep", "held_delivered")
        cycle.result().expect(0)
    assert sorted(row["id"] for row in history(project)) == [1, 2]
    assert factory("integrate", project).expect(0).out.startswith("merged: ")
    assert (project / "notes.md").read_text() == "Said more.\n"
    assert all(read_events(path) for path in journal_files(project))
    assert_sound(project)


WORKING: dict[str, list[str]] = {
    "finalize": [],
    "eval": [],
    "review": ["--verdict", "keep", "--reason", "looked at"],
    "precheck": [],
    "abandon": [],
}


@pytest.mark.parametrize("command", sampled(WORKING, ["finalize"]))
def test_one_command_at_a_time_works_on_an_experiment(project: Path, command: str) -> None:
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    with hold(ProjectPaths(project).experiment(begun.id) / lab_work.META, "It"):
        told = begun.run(command, *WORKING[command]).expect(3).err
    assert "Experiment 1 is worked on by another command just now." in told
    assert len(journal_files(project)) == 1
    assert begun.decide() == ("keep", "improved")


@pytest.mark.matrix
@pytest.mark.parametrize("command", [name for name in WORKING if name != "finalize"])
def test_what_is_decided_is_only_finalized(project: Path, command: str) -> None:
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    begun.measure()
    begun.review()
    begun.finalize()
    journal = journal_files(project)[0]
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))  # cut off before its end
    told = begun.run(command, *WORKING[command]).expect(3).err
    assert "Experiment 1 is decided, but not all of that was written." in told
    assert f"Type: factory finalize {project} --id 1" in told
    begun.finalize()
    assert_sound(project)


READING = ("history", "status", "brief", "backlog-list")


def test_from_a_linked_worktree_the_same_cycle_is_seen_to_run(project: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(project, "worktree", "add", "--quiet", "-b", "side", str(linked))
    with CycleLock(project / ".git").acquire({"cycle": "c1", "mode": "improve"}):
        told = factory("ceo", linked, "--runner", "offline").expect(3).err
        assert "Cycle c1 (improve) is running on this project since " in told
        for command in READING:
            factory(command, linked).expect(0)
    assert not (linked / ".factory").exists()


@pytest.mark.matrix
def test_everything_can_be_read_while_a_cycle_runs(project: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(project, "worktree", "add", "--quiet", "-b", "side", str(linked))
    with ThreadPoolExecutor(1) as workers:
        cycle = workers.submit(factory, "ceo", linked, "--runner", "offline")
        while not cycle.done():
            for command in READING:
                factory(command, project).expect(0)
        cycle.result().expect(0)
    assert [row["verdict"] for row in history(project)] == ["keep"]
    assert git(project, "log", "-1", "--format=%s") == "Fix unused imports (F401)"
    assert_sound(project)
