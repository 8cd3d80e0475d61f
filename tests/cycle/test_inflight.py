"""Journals that are JSON, and not what a journal says: none of them locks a project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from factory.cycle.inflight import cycle_in_flight, last_cycle, last_drafting
from factory.cycle.lab import Lab, open_lab
from factory.cycle.launch import Abandoned, abandon
from factory.errors import BadInput, Refused
from tests.support.cli import factory
from tests.support.repos import make_repo

OPTIONS = {"mode": "design", "options": {"mode": "design"}, "target": "main", "start": "0" * 40}


def event(seq: int, kind: str, data: Any, v: int = 1) -> str:
    said = {"v": v, "seq": seq, "ts": "", "cycle": "c1", "experiment": None, "type": kind, "data": data}
    return json.dumps(said)


OPENED = event(1, "cycle.opened", OPTIONS)
DAMAGED = {
    "an event that says nothing": [OPENED, event(2, "step.started", {})],
    "a result that is none": [
        OPENED,
        event(2, "step.completed", {"scope": "", "step": "x", "result": "y", "elapsed_s": 0}),
    ],
    "an opening without options": [event(1, "cycle.opened", {"mode": "improve"})],
    "data that is a list": [event(1, "cycle.opened", [OPTIONS])],
    "a line nested too deeply": ["[" * 50_000],
    "a newer format": [event(1, "cycle.opened", OPTIONS, v=2)],
    "an end that is none": [OPENED, event(2, "cycle.closed", {"ended": "x"})],
    "damage in a cycle that has ended": [OPENED, "{broken", event(3, "cycle.closed", {})],
}


def planted(path: Path, lines: list[str]) -> Lab:
    lab = open_lab(make_repo(path, {"notes.md": "Notes.\n"}), lambda _: None)
    lab.paths.cycles.mkdir()
    (lab.paths.cycles / "c1.jsonl").write_text("\n".join(lines) + "\n")
    return lab


@pytest.mark.parametrize("lines", DAMAGED.values(), ids=DAMAGED)
def test_the_damage_is_told_and_the_cycle_can_be_abandoned(tmp_path: Path, lines: list[str]) -> None:
    lab = planted(tmp_path / "p", lines)
    with pytest.raises((BadInput, Refused), match=r"c1\.jsonl:[12]: ") as told:
        last_cycle(lab.paths)
    assert "`factory abandon`" in told.value.hint
    assert last_drafting(lab.paths) is None
    assert abandon(lab, "it is damaged") == Abandoned("c1")
    assert (last_cycle(lab.paths), cycle_in_flight(lab.paths)) == (None, None)
    assert [path.name for path in lab.paths.cycles.iterdir()] == ["c1.damaged"]


def test_usage_leaves_a_damaged_journal_out_and_says_so(tmp_path: Path) -> None:
    lab = planted(tmp_path / "p", DAMAGED["an event that says nothing"])
    done = factory("usage", lab.paths.root, "--json").expect(0)
    assert done.json["cycles"] == {}
    assert "left out: " in done.err and "c1.jsonl:2: this is no event" in done.err
