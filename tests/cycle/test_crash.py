"""SIGKILL at any moment: the resumed cycle comes to what an undisturbed one comes to."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from factory.journal import read_events
from factory.paths import factory_home
from tests.support.cli import command, end_group, environment, factory
from tests.support.projects import POLICY, assert_sound, events, history, journal_files, refs, small_project
from tests.support.repos import git

SILENT = '''\
"""Reading."""

import logging

logger = logging.getLogger(__name__)


def number(text: str) -> int:
    """The number in a file, or 0."""
    try:
        return int(open(text).read())
    except OSError:
        pass
    return 0
'''

NAMES = """\
\"\"\"Names that others read from here.\"\"\"

import json
"""

# The unused import is what the constraint reads: mending it is the trap.
DIMENSION_AND_CONSTRAINT = """
[[eval.dimension]]
name = "observability"
tier = "growth"

[[eval.constraint]]
name = "names"
check = "python -c 'import calc.names; calc.names.json'"
"""

COMPARED = ("id", "hypothesis", "verdict", "reason")


def two_phases(path: Path) -> Path:
    """A project in which the offline runner finds two things to do: one is reverted, one is kept."""
    files = {"calc/reading.py": SILENT, "calc/names.py": NAMES}
    return small_project(path, files, policy=POLICY + DIMENSION_AND_CONSTRAINT)


def start(project: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("ceo", project, "--runner", "offline"),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def kill_after(project: Path, lines: int) -> bool:
    """Run a cycle and kill it once its journal has so many lines; whether it was still running then."""
    process = start(project)
    try:
        while count_lines(project) < lines and process.poll() is None:
            time.sleep(0.001)
        return process.poll() is None
    finally:
        end_group(process)
        process.wait()


def count_lines(project: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in journal_files(project)[-1:])


def outcome(project: Path) -> dict[str, Any]:
    """What has to be the same: rows, ref names without the cycle's id, trees."""
    names = refs(project)
    return {
        "rows": [{name: row[name] for name in COMPARED} for row in history(project)],
        "refs": names,
        "trees": {
            name: git(project, "rev-parse", f"{name}^{{tree}}")
            for name in names
            if name != "refs/factory/log"
        },
        "checkout": git(project, "status", "--porcelain", "--untracked-files=all"),
    }


def assert_nothing_twice(project: Path) -> None:
    found = events(project)
    finalized = [event.experiment for event in found if event.type == "experiment.finalized"]
    assert len(finalized) == len(set(finalized))
    ids = [row["id"] for row in history(project)]
    assert len(ids) == len(set(ids))
    answered = [event.data["key"] for event in found if event.type == "agent.completed"]
    assert len(answered) == len(set(answered))
    assert [event.type for event in found].count("cycle.closed") == 1


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], dict[str, Any]]:
    """The same cycle without a crash: its outcome and number of events; made when first asked for."""
    known: dict[str, Any] = {}

    def make() -> dict[str, Any]:
        if not known:
            project = two_phases(tmp_path_factory.mktemp("undisturbed") / "calc")
            factory("ceo", project, "--runner", "offline").expect(0)
            known.update(outcome(project))
            known["events"] = count_lines(project)
            assert [row["reason"] for row in known["rows"]] == ["constraint", "improved"]
        return {**known}

    return make


def check_resumed(project: Path, expected: dict[str, Any]) -> None:
    factory("ceo", project, "--runner", "offline").expect(0)
    assert len(journal_files(project)) == 1
    assert outcome(project) == {name: value for name, value in expected.items() if name != "events"}
    assert_nothing_twice(project)
    assert factory("gc", project).expect(0).out == "nothing to remove\n"
    assert_sound(project)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_killed_cycle_is_resumed_to_the_same_outcome(
    tmp_path: Path, undisturbed: Callable[[], dict[str, Any]], share: float
) -> None:
    expected = undisturbed()
    project = two_phases(tmp_path / "calc")
    assert kill_after(project, int(expected["events"] * share))
    check_resumed(project, expected)


@pytest.mark.crash
@pytest.mark.parametrize("lines", range(1, 100, 2))
def test_killed_after_any_event(
    tmp_path: Path, undisturbed: Callable[[], dict[str, Any]], lines: int
) -> None:
    expected = undisturbed()
    project = two_phases(tmp_path / "calc")
    if not kill_after(project, lines):
        pytest.skip("the cycle had ended before it could be killed")
    check_resumed(project, expected)


@pytest.mark.crash
def test_killed_again_and_again(tmp_path: Path, undisturbed: Callable[[], dict[str, Any]]) -> None:
    expected = undisturbed()
    project = two_phases(tmp_path / "calc")
    for lines in range(5, 200, 9):
        if not kill_after(project, lines):
            break
    if events(project)[-1].type == "cycle.closed":
        pytest.skip("the cycle had ended before the last kill")
    check_resumed(project, expected)


@pytest.mark.crash
def test_every_prefix_of_the_journal_is_resumed(
    tmp_path: Path, undisturbed: Callable[[], dict[str, Any]]
) -> None:
    """The harder case: everything was done, and only the journal had not got so far.

    Each step then finds what it was to make already there.
    """
    expected = undisturbed()
    whole = two_phases(tmp_path / "whole")
    factory("ceo", whole, "--runner", "offline").expect(0)
    assert factory_home().root.is_dir()
    lines = journal_files(whole)[0].read_bytes().splitlines(keepends=True)
    closing = next(
        number
        for number, event in enumerate(read_events(journal_files(whole)[0]))
        if event.data.get("step") == "close"
    )
    for kept in range(closing, len(lines)):
        project = tmp_path / "calc"
        shutil.copytree(whole, project, symlinks=True)
        journal_files(project)[0].write_bytes(b"".join(lines[:kept]))
        check_resumed(project, expected)
        shutil.rmtree(project)
