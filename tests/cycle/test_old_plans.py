"""Plans of other shapes where the current plan belongs: shown and ignored, never in the way, never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.errors import EXIT_OK
from factory.paths import ProjectPaths
from tests.support import cycles
from tests.support.cli import factory
from tests.support.cycles import Scripted
from tests.support.matrix import sampled
from tests.support.projects import history, journal_files, small_project

OLD = "# Plan of last spring\n\n1. Make it faster\n2. Make it nicer\n"


def leave(project: Path, name: str, data: bytes) -> Path:
    """Lay a file where plans belong."""
    place = ProjectPaths(project).strategy / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place


@pytest.mark.parametrize("name", ["current.md", "idea.md"])
def test_an_old_plan_is_shown_kept_and_ignored(tmp_path: Path, name: str) -> None:
    project = small_project(tmp_path / "calc")
    place = leave(project, name, OLD.encode())
    done = factory("ceo", project, "--runner", "offline").expect(EXIT_OK)
    copy = ProjectPaths(project).cycle_dir(journal_files(project)[0].stem) / name
    assert (
        f"warning: {place} has neither form of a plan and is ignored; a copy is kept as {copy}. To start "
        f"from it, name it: factory ceo {copy}\n"
        "  | # Plan of last spring\n  | \n  | 1. Make it faster\n  | 2. Make it nicer\n"
    ) in done.err
    assert copy.read_text() == OLD
    assert [row["verdict"] for row in history(project)] == ["keep"]
    again = factory("ceo", project, "--runner", "offline").expect(EXIT_OK)
    assert "neither form" not in again.err


@pytest.mark.parametrize(
    "data", sampled([b"", b"\xff\xfe\x00 # Plan", b"- a\n" * 5000, b"---\ntitle: x\n---\n[]"], [b""])
)
def test_whatever_lies_there_is_no_hindrance(tmp_path: Path, data: bytes) -> None:
    project = small_project(tmp_path / "calc")
    leave(project, "current.md", data)
    done = factory("ceo", project, "--runner", "offline").expect(EXIT_OK)
    assert "has neither form of a plan and is ignored" in done.err
    assert [row["verdict"] for row in history(project)] == ["keep"]


def test_a_cycle_that_was_cut_off_goes_on_past_an_old_plan(tmp_path: Path) -> None:
    """The plan of the cycle is its own file: what was laid where people look for it meanwhile is not read."""
    project = small_project(tmp_path / "calc")

    def cut_off(_: object) -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cycles.run(project, Scripted({"builder": [cut_off]}))  # type: ignore[list-item]
    leave(project, "current.md", OLD.encode())
    cycles.run(project, Scripted())
    assert len(journal_files(project)) == 1
    assert [row["verdict"] for row in history(project)] == ["keep"]
    shown = factory("spec", "show", project).expect(EXIT_OK)
    assert "# Plan of last spring" in shown.out
    assert "neither the project nor the improvement form" in shown.err


def test_a_plan_in_a_form_is_no_old_plan(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    factory("ceo", project, "--runner", "offline").expect(EXIT_OK)
    assert ProjectPaths(project).plan.exists()
    assert "neither form" not in factory("ceo", project, "--runner", "offline").expect(EXIT_OK).err
