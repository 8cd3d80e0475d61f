"""``factory brief`` reads the files of a project in whatever state they are."""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from factory.commands import brief
from factory.rows import COLUMNS, format_line


@pytest.fixture
def state(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".factory" / "strategy").mkdir(parents=True)
    return tmp_path / ".factory"


def told(state: Path, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], str]:
    assert brief.run(argparse.Namespace(path=str(state.parent))) == 0
    out, err = capsys.readouterr()
    assert out == json.dumps(json.loads(out), separators=(",", ":")) + "\n"
    found: dict[str, Any] = json.loads(out)
    return found, err


def test_an_empty_project_has_a_brief(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, err = told(state, capsys)
    assert (found["experiments"], found["composite"], found["threshold"], err) == (0, None, None, "")


def test_every_file_is_taken_in(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [format_line({"id": n, "verdict": "revert", "hypothesis": "Fix it"}, COLUMNS) for n in (1, 2)]
    (state / "results.tsv").write_text("\n".join(("\t".join(COLUMNS), *rows, "broken", "")))
    (state / "last_eval.json").write_text(
        '{"composite": 0.5, "dimensions": [{"name": "lint", "score": 0.25}]}'
    )
    (state / "strategy" / "backlog.md").write_text("- one\n- [x] done\n")
    (state / "messages.jsonl").write_text('{"text": "hurry"}\nnonsense\n{"text": 3}\n[1]\n')
    (state.parent / "factory.toml").write_text("[eval]\nthreshold = 0.7\n[strategy]\nstuck_threshold = 2\n")
    found, err = told(state, capsys)
    assert err == ""
    assert (found["experiments"], found["damaged_lines"], found["composite"]) == (2, 1, 0.5)
    assert (found["threshold"], found["weakest"]) == (0.7, [{"name": "lint", "score": 0.25}])
    assert (found["backlog"], found["messages"]) == (["one"], ["hurry"])
    assert found["stuck"] == {"why": "the last 2 experiments were reverts", "avoid": ["FIX"]}


@pytest.mark.parametrize("content", [b"\xff{", b"[" * 100_000, b"3", b""])
def test_damaged_files_are_left_out_and_named(
    state: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    for name in ("results.tsv", "last_eval.json", "messages.jsonl", "strategy/backlog.md", "../factory.toml"):
        (state / name).write_bytes(content)
    found, err = told(state, capsys)
    assert (found["experiments"], found["composite"], found["messages"]) == (0, None, [])
    assert ("last_eval.json cannot be read" in err) is (content != b"3")
    assert ("factory.toml has mistakes" in err) is (content != b"")
