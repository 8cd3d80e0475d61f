"""Many processes on one project: ids stay unique, and the log adds up."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from factory.journal import read_events
from factory.models import ExperimentRecord, Verdict
from factory.paths import ProjectPaths
from factory.store import ExperimentStore
from tests.support.cli import factory
from tests.support.projects import (
    CLEAN_SUMS,
    assert_sound,
    begin,
    history,
    journal_files,
    refs,
    small_project,
)
from tests.support.repos import git

PROCESSES = 8
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


def test_rows_and_events_appended_by_many_processes(project: Path) -> None:
    """What `finalize` writes, without the measuring: 40 rows from 8 processes."""
    children = []
    for worker in range(PROCESSES):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                append_rows(project, worker)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * PROCESSES
    rows = history(project)
    assert sorted(row["id"] for row in rows) == list(range(1, PROCESSES * TIMES + 1))
    assert len({row["hypothesis"] for row in rows}) == PROCESSES * TIMES


def append_rows(project: Path, worker: int) -> None:
    store = ExperimentStore(ProjectPaths(project), project / ".git")
    for turn in range(TIMES):
        number = int(store.reserve().path.name)
        store.append(
            ExperimentRecord(
                id=number,
                timestamp="2026-01-01T00:00:00Z",
                hypothesis=f"worker {worker}, turn {turn}",
                verdict=Verdict.ERROR,
            )
        )


def test_readers_see_whole_lines_while_others_write(project: Path) -> None:
    child = os.fork()
    if child == 0:
        try:
            for worker in range(6):
                append_rows(project, worker)
        finally:
            os._exit(0)
    seen = [len(history(project)) for _ in range(10)]
    os.waitpid(child, 0)
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
