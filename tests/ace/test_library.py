"""Playbooks on disk: a crash at any write loses no line and no version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from factory.ace import library as library_module
from factory.ace.evolve import roll_back
from factory.ace.library import Library
from factory.cycle.evolving import evolve_playbooks
from factory.insights import ProjectHistory, load_all_histories
from factory.paths import HomePaths
from tests.support.example_projects import make_projects


class Cut(BaseException):
    """The process ends here."""


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> list[ProjectHistory]:
    """The twelve example projects."""
    return load_all_histories(make_projects(tmp_path_factory.mktemp("known")))


def cut_at(monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], object]) -> None:
    """Run ``act``, which ends before its write of that number."""
    left = [number]

    def counted(write: Callable[..., Any]) -> Callable[..., Any]:
        def writing(*args: Any, **named: Any) -> Any:
            left[0] -= 1
            if not left[0]:
                raise Cut
            return write(*args, **named)

        return writing

    with monkeypatch.context() as patch:
        for name in ("atomic_write", "write_json"):
            patch.setattr(library_module, name, counted(getattr(library_module, name)))
        with pytest.raises(Cut):
            act()


def state(home: HomePaths) -> list[object]:
    """What is in force, and the versions there have been."""
    library = Library(home.playbooks)
    return [
        (library.playbook(role), [(one.number, one.why, one.changes) for one in library.versions(role)])
        for role in ("strategist", "builder")
    ]


@pytest.mark.parametrize("number", range(1, 9))
def test_an_evolution_that_is_cut_off_is_completed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, histories: list[ProjectHistory], number: int
) -> None:
    whole, cut = HomePaths(tmp_path / "whole"), HomePaths(tmp_path / "cut")
    evolve_playbooks(whole, histories)
    cut_at(monkeypatch, number, lambda: evolve_playbooks(cut, histories))
    evolve_playbooks(cut, histories)
    assert state(cut) == state(whole)
    assert not evolve_playbooks(cut, histories).changed


@pytest.mark.parametrize("number", [2, 3])
def test_a_rollback_that_is_cut_off_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, histories: list[ProjectHistory], number: int
) -> None:
    home = HomePaths(tmp_path)
    library = Library(home.playbooks)
    before = library.playbook("strategist")
    evolve_playbooks(home, histories)
    cut_at(monkeypatch, number, lambda: roll_back(library, "strategist", 1))
    evolve_playbooks(home, histories)
    assert library.playbook("strategist") == before
    assert [one.why for one in library.versions("strategist")][2:] == ["rollback to version 1"]
