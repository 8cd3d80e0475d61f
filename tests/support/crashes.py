"""Crashes: what a killed program leaves, gone on from by the same command, has to come to the same end.

``states_of`` copies everything that a run writes to just before and just after each event of a journal: what
an action has done with no word of it, and with it. ``killed`` kills the real program at a time.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from factory.cycle.gc import collect
from factory.cycle.inflight import ENDS
from factory.cycle.lab import open_lab
from factory.cycle.verify import verify
from factory.journal import Event, Journal, read_events
from factory.paths import factory_home
from factory.rows import read
from tests.support.cli import command, environment
from tests.support.projects import journal_files, refs
from tests.support.repos import git

COMPARED = ("id", "hypothesis", "verdict", "reason")
DIES_WITHIN_S = 30.0
"""What the watchdogs of a killed program may take to end everything that it had started."""


@dataclass(frozen=True)
class Places:
    """All that a run writes to, so that it can be copied away and put back."""

    project: Path
    home: Path
    temporary: Path

    def save(self, where: Path) -> None:
        """Copy everything to ``where``, but for what is installed: it is large, and stays as it is."""
        for place in self.all:
            shutil.copytree(place, where / place.name, symlinks=True, ignore=_installed)

    def restore(self, where: Path) -> None:
        """Put back what was saved, and nothing else."""
        for place in self.all:
            for entry in place.iterdir():
                if entry.name in _installed("", [entry.name]):
                    continue
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
            shutil.copytree(where / place.name, place, symlinks=True, dirs_exist_ok=True)

    @property
    def all(self) -> tuple[Path, ...]:
        """Every one of them."""
        return (self.project, self.home, self.temporary)


def _installed(_folder: str, names: Sequence[str]) -> set[str]:
    """What of these names is an installation."""
    return {"environments", "tools"}.intersection(names)


def states_of(
    places: Places, run: Callable[[Path], object], where: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Path]:
    """Run ``run`` to its end; a copy of everything before and after each event but the first of all."""
    copies: list[Path] = []
    append = Journal.append

    def save() -> None:
        copies.append(where / f"{len(copies):04d}")
        places.save(copies[-1])

    def append_between_copies(self: Journal, *args: Any, **data: Any) -> Event:
        if journal_files(places.project):
            save()
        event = append(self, *args, **data)
        save()
        return event

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "append", append_between_copies)
        run(places.project)
    return copies


def after(copy: Path, project: Path) -> str:
    """The last event in a copy, for a person who wonders where it went wrong."""
    last = read_events(journal_files(copy / project.name)[-1])[-1]
    return f"{copy.name}, after {last.type} {last.data}"


def outcome(project: Path) -> dict[str, Any]:
    """What has to be the same: rows, ref names without the cycle's id, trees."""
    names = [name for name in refs(project) if name != "refs/stash"]
    rows, damaged = read(project / ".factory" / "results.tsv")
    assert damaged == []
    return {
        "rows": [{name: row.fields[name] for name in COMPARED} for row in rows],
        "refs": names,
        "trees": {name: files_at(project, name) for name in names if name != "refs/factory/log"},
        "checkout": git(project, "status", "--porcelain", "--untracked-files=all"),
    }


def files_at(project: Path, revision: str) -> str:
    """The files of a commit with their hashes; of a policy that was found by trying, without the seconds."""
    listed = git(project, "ls-tree", "-r", revision)
    if "factory.toml" not in listed:
        return listed
    policy = re.sub(
        r"[\d.]+ s$|took [\d.]+$", "", git(project, "show", f"{revision}:factory.toml"), flags=re.M
    )
    return "\n".join([line for line in listed.splitlines() if "factory.toml" not in line] + [policy])


def cycles(project: Path) -> int:
    """How many cycles have come to their end; one that was cut off before it had begun anything is none."""
    found = (event for path in journal_files(project) for event in read_events(path))
    return sum(event.type == "cycle.closed" for event in found)


def assert_nothing_twice(project: Path) -> None:
    """No experiment, row, agent's answer, phase or end of a cycle is on record twice."""
    found = [event for path in journal_files(project) for event in read_events(path)]
    finalized = [event.experiment for event in found if event.type == "experiment.finalized"]
    assert len(finalized) == len(set(finalized))
    ids = [row.id for row in read(project / ".factory" / "results.tsv")[0]]
    assert len(ids) == len(set(ids))
    answered = [(event.cycle, event.data["key"]) for event in found if event.type == "agent.completed"]
    assert len(answered) == len(set(answered))
    for path in journal_files(project):
        begun, *ends = [e.type for e in found if e.cycle == path.stem and e.type in ("cycle.opened", *ENDS)]
        assert (begun, len(ends)) == ("cycle.opened", 1)
    ended = [(e.cycle, e.data["phase"], e.experiment) for e in found if e.type == "phase.outcome"]
    assert len(ended) == len(set(ended))


def assert_nothing_left(project: Path, temporary: Path) -> None:
    """`gc` finds nothing to remove, there is nothing that it overlooks, and `verify` is content."""
    lab = open_lab(project, lambda _: None)
    assert collect(lab) == []
    assert sorted(lab.workspaces.iterdir() if lab.workspaces.is_dir() else []) == []
    assert sorted(factory_home().agents.iterdir() if factory_home().agents.is_dir() else []) == []
    assert [path.name for path in temporary.iterdir()] == []
    assert list(project.rglob("*.tmp")) + list(factory_home().root.rglob("*.tmp")) == []
    assert sorted(project.glob(".git/**/*.lock")) == sorted(project.glob(".git/factory/*.lock"))
    assert git(project, "worktree", "list", "--porcelain").count("worktree ") == 1
    assert verify(lab).problems == []


# ---- the real program, killed


def start(*args: str | Path) -> subprocess.Popen[str]:
    """``factory ARGS`` as a process of its own, its output thrown away."""
    return subprocess.Popen(
        command(*args),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def killed(args: Sequence[str | Path], seconds: float, marks: Sequence[Path]) -> bool:
    """Start ``factory ARGS``, kill that one process after ``seconds``; whether it was still running then.

    Returns once nothing that it has started is left; fails the test where something stays.
    """
    process = start(*args)
    try:
        process.wait(seconds)
        ran = False
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        ran = True
    assert_processes_end(marks)
    return ran


def assert_processes_end(marks: Sequence[Path]) -> None:
    """Every process that works in one of these folders, or names one, is gone within seconds."""
    deadline = time.monotonic() + DIES_WITHIN_S
    while left := list(_processes_of(marks)):
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.02)


def wait_for(words: str, marks: Sequence[Path]) -> None:
    """Returns once a process of these folders has ``words`` in its command line, within half a minute."""
    deadline = time.monotonic() + DIES_WITHIN_S
    while not any(words in told for told in _processes_of(marks)):
        assert time.monotonic() < deadline, f"nothing runs {words}"
        time.sleep(0.02)


def _processes_of(marks: Sequence[Path]) -> Iterator[str]:
    """The command lines of other processes that have one of the folders in theirs, or work in it."""
    wanted = [os.fsencode(mark) for mark in marks]
    for place in Path("/proc").iterdir():
        if not place.name.isdecimal() or int(place.name) == os.getpid():
            continue
        try:
            told = (place / "cmdline").read_bytes() + b"\0" + os.fsencode((place / "cwd").readlink())
        except OSError:
            continue  # it has ended, or is a zombie
        if any(mark in told for mark in wanted):
            yield told.replace(b"\0", b" ").decode("utf-8", "replace")
