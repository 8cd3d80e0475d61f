"""Throwaway folders, and what killed processes have left of them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from factory.scratch import left_over, left_over_temporary, remove, scratch_folder


@pytest.fixture(scope="module")
def dead() -> int:
    """The number of a process that has ended."""
    said = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    return int(said.stdout)


def test_it_goes_with_its_block_also_when_that_fails_and_is_no_leftover_meanwhile(tmp_path: Path) -> None:
    def look_and_fail() -> None:
        with scratch_folder("checkout", tmp_path / "places") as place:
            (place / "locked").mkdir()
            (place / "locked" / "file").touch()
            (place / "locked").chmod(0o500)
            assert left_over(tmp_path / "places") == []
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look_and_fail()
    assert list((tmp_path / "places").iterdir()) == []


def test_what_names_a_process_that_is_gone_is_left_over(tmp_path: Path, dead: int) -> None:
    mine = os.getpid()
    names = [f"checkout-{dead}-a_b4567x", f"{dead}-0a1b2c3d", f".run.json.{dead}.3.tmp"]
    others = [f"checkout-{mine}-a_b4567x", f".run.json.{mine}.3.tmp", "exp-001", "notes-12.md", "x.tmp"]
    others += [f"data-{dead}-20240101", f"checkout-{dead}-copy", f".data-{dead}-20240101", f"x.{dead}.3.tmp"]
    for name in (*names, *others):
        (tmp_path / name).touch()
    assert sorted(place.name for place in left_over(tmp_path)) == sorted(names)
    assert left_over(tmp_path / "none") == []


def test_of_the_systems_temporary_folder_only_ours_counts(
    tmp_path: Path, dead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch_folder("run") as place:
        made = place.name.replace(str(os.getpid()), str(dead))
    theirs = (made.removeprefix("factory-"), f"factory-demo-{dead}-20240101", f"factory-run-{dead}-backup")
    for name in (made, *theirs):
        (tmp_path / name).mkdir(mode=0o700)
    (tmp_path / made.replace("run", "question")).mkdir(mode=0o755)
    (tmp_path / made.replace("run", "index")).touch()
    (tmp_path / made.replace("run", "log")).symlink_to(tmp_path)
    assert [found.name for found in left_over_temporary()] == [made]


def test_a_file_is_removed_too_and_what_is_gone_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for _ in range(2):
        remove(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []
