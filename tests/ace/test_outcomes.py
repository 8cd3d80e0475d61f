"""The lines that counters are counted from: read once, damaged ones passed by, newer ones refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from factory.ace.outcomes import Outcome, append_outcome, read_outcomes
from factory.errors import Refused
from factory.models import Verdict


def outcome(experiment: int) -> Outcome:
    return Outcome(
        project="p", cycle="c", experiment=experiment, verdict=Verdict.KEEP, reason="improved",
        timestamp="2026-01-01T00:00:00+00:00", roles={},
    )  # fmt: skip


def test_each_experiment_counts_once_and_damage_is_passed_by(tmp_path: Path) -> None:
    place = tmp_path / "outcomes.jsonl"
    assert read_outcomes(place) == []
    append_outcome(place, outcome(1))
    assert read_outcomes(place) == [outcome(1)]
    with place.open("ab") as file:
        file.write(b"\xff{\n[]\n")
    for number in (1, 2):
        append_outcome(place, outcome(number))
    assert read_outcomes(place) == [outcome(1), outcome(2)]


def test_an_unchanged_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "outcomes.jsonl"
    append_outcome(place, outcome(1))
    first = read_outcomes(place)
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("read again"))
    assert read_outcomes(place) == first


def test_a_line_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "outcomes.jsonl"
    newer = outcome(1).model_dump(mode="json") | {"v": 2, "mood": "good"}
    place.write_text(json.dumps(newer) + "\n")
    with pytest.raises(Refused, match="was written by a newer factory"):
        read_outcomes(place)
