"""What `gc` keeps no longer, and what it keeps for good."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from factory.cycle import retention
from factory.cycle.gc import collect
from factory.cycle.lab import Lab, open_lab
from factory.cycle.retention import beyond_retention
from factory.models import ResearchRun
from factory.registry import Registry
from tests.support.cycles import Scripted, run
from tests.support.projects import assert_sound, small_project

LONG_AGO = time.time() - (retention.UNUSED_DAYS + 1) * 24 * 3600


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return open_lab(small_project(tmp_path / "calc"), lambda _: None)


def age(*places: Path) -> None:
    for place in places:
        os.utime(place, (LONG_AGO, LONG_AGO))


def made(place: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch()
    return place


def a_run(cycle: str) -> ResearchRun:
    return ResearchRun(
        kind="run", purpose=f"{cycle}/baseline/1", cycle=cycle, commit="c", tree="t", harness="h",
        command="x", seed=1, metric="m", value=1.0, exit_code=0, duration_s=0.1, timestamp="2026-01-01",
    )  # fmt: skip


def test_texts_of_old_cycles_go_and_their_records_stay(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CYCLES_WITH_TEXTS", 1)
    root = lab.paths.root
    first, second = (run(root, Scripted(), mode="improve") for _ in range(2))
    runs = [lab.runs.add(a_run(cycle.id), "{}", "log") for cycle in (first, second)]
    assert sorted(lab.paths.experiments.glob("*/agents")) == [lab.paths.experiment(1) / "agents"]
    expected = [lab.paths.cycle_dir(first.id) / "agents", lab.paths.experiment(1) / "agents"]
    expected += lab.runs.texts(runs[0].number)
    assert collect(lab) == [str(place) for place in expected]
    assert not any(place.exists() for place in expected)
    assert [one.number for one in open_lab(root, lambda _: None).runs.all()] == [1, 2]
    assert len(lab.runs.texts(runs[1].number)) == 2
    assert (lab.paths.cycle_dir(second.id) / "agents").is_dir()
    assert_sound(root)
    assert collect(lab) == []


def test_where_a_journal_is_damaged_nothing_of_a_cycle_goes(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CYCLES_WITH_TEXTS", 0)
    made(lab.paths.cycle_dir("c1") / "agents" / "x")
    made(lab.paths.journal("c1")).write_text("{}\n")
    assert list(beyond_retention(lab)) == []


def test_of_cached_measurements_the_newest_stay(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MEASUREMENTS", 1)
    old, _ = (made(lab.home.cache / lab.paths.key / f"{name}.json") for name in ("a", "b"))
    age(old)
    assert list(beyond_retention(lab)) == [old]


def test_environments_and_downloads_that_nobody_has_used_for_long_go(lab: Lab) -> None:
    home = lab.home
    for name in ("old", "new"):
        made(home.environments / name / "factory-environment.json")
    lock, log = made(home.environments / "old.lock"), made(home.logs / "environment-old.log")
    download, _ = made(home.cache / "pip" / "http" / "a"), made(home.cache / "pip" / "http" / "b")
    half = home.environments / "half"
    half.mkdir()
    age(home.environments / "old" / "factory-environment.json", download, half)
    assert list(beyond_retention(lab)) == [half, home.environments / "old", lock, log, download]


def test_what_belongs_to_projects_that_are_not_known_goes_not_at_once(lab: Lab, tmp_path: Path) -> None:
    other = small_project(tmp_path / "other")
    Registry(lab.home).register(other)
    key = open_lab(other, lambda _: None).paths.key
    places = [lab.home.workspaces / key, lab.home.workspaces / "gone-1", lab.home.workspaces / "away-1"]
    for place in (*places, lab.home.cache / "gone-1", lab.home.cache / "pip"):
        place.mkdir(parents=True)
    age(*places[:2], lab.home.cache / "gone-1", lab.home.cache / "pip")
    assert list(beyond_retention(lab)) == [lab.home.workspaces / "gone-1", lab.home.cache / "gone-1"]
    shutil.rmtree(other)
    assert places[0] in list(beyond_retention(lab))
