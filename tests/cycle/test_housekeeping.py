"""What `verify` and `gc` make of odd records, and of a cycle that works meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.ace.library import Library
from factory.cycle import gc
from factory.cycle.lab import Lab, open_lab
from factory.paths import HomePaths
from factory.rows import COLUMNS
from tests.support.cli import factory
from tests.support.projects import begin, refs, small_project
from tests.support.repos import git, write


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc")


def test_a_row_of_a_cycle_without_an_id_is_told_of(project: Path) -> None:
    known = {"id": "x", "hypothesis": "h", "verdict": "keep", "cycle": "c"}
    row = dict.fromkeys(COLUMNS, "") | known | {"commit": git(project, "rev-parse", "HEAD")}
    write(project, {".factory/results.tsv": "\t".join(COLUMNS) + "\n" + "\t".join(row.values()) + "\n"})
    assert "results.tsv:2: has no id" in factory("verify", project).expect(1).out


def test_gc_leaves_alone_what_is_begun_while_it_looks(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = gc._open_experiments
    workspaces: list[Path] = []

    def begun_meanwhile(lab: Lab) -> set[int]:
        needed = real(lab)
        workspaces.append(begin(project).workspace)
        return needed

    monkeypatch.setattr(gc, "_open_experiments", begun_meanwhile)
    assert gc.collect(open_lab(project, lambda _: None)) == []
    assert workspaces[0].is_dir()
    assert len(refs(project, "refs/heads/factory")) == 1


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf"])
def test_an_interval_that_nobody_can_wait_is_a_usage_error(project: Path, seconds: str) -> None:
    done = factory("run", project, "--loop", "--interval", seconds, "--dry-run").expect(2)
    assert "is not a number, 0 or more" in done.err


def test_gc_keeps_the_newest_twenty_versions_of_a_playbook(project: Path, factory_home: Path) -> None:
    library = Library(HomePaths(factory_home).playbooks)
    playbook, record = library.playbook("builder"), library.record("builder")
    for _ in range(gc.PLAYBOOK_VERSIONS + 2):
        library.add_version(playbook, record, "evolved")
    library.add_version(library.playbook("ceo"), library.record("ceo"), "evolved")
    assert len(factory("gc", project, "--dry-run", "--json").expect(0).json["removed"]) == 2
    factory("gc", project).expect(0)
    assert [version.number for version in library.versions("builder")] == list(range(3, 23))
    assert len(library.versions("ceo")) == 1
    assert library.add_version(playbook, record, "evolved").number == 23
