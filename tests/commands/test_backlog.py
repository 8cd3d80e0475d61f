"""The three backlog commands on a real repository."""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path

import pytest

from factory.commands import backlog
from factory.errors import BadInput


@pytest.fixture
def project(tmp_path: Path) -> str:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-qm", "Start", "--allow-empty"], check=True)
    return str(tmp_path)


def add(path: str, text: str) -> int:
    return backlog.run_add(argparse.Namespace(path=path, text=text))


def test_add_list_remove(project: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert backlog.run_list(argparse.Namespace(path=project, json=False)) == 0
    assert add(project, "Cache the  index") == 0
    assert add(project, "cache the index") == 0
    assert add(project, "Retry") == 0
    assert backlog.run_list(argparse.Namespace(path=project, json=False)) == 0
    assert backlog.run_remove(argparse.Namespace(path=project, item="1")) == 0
    assert capsys.readouterr() == (
        "The backlog is empty.\n"
        "Added: Cache the index\n"
        "Already there: cache the index\n"
        "Added: Retry\n"
        "  1. Cache the index\n"
        "  2. Retry\n"
        "Removed: Cache the index\n",
        "",
    )
    assert (Path(project) / ".factory/strategy/backlog.md").read_text() == "- [ ] Retry\n"
    status = subprocess.run(["git", "-C", project, "status", "--short"], capture_output=True, check=True)
    assert status.stdout == b""


def test_as_json(project: str, capsys: pytest.CaptureFixture[str]) -> None:
    add(project, "One")
    capsys.readouterr()
    backlog.run_list(argparse.Namespace(path=project, json=True))
    assert json.loads(capsys.readouterr().out) == [{"number": 1, "text": "One"}]


def test_what_is_not_there_cannot_be_removed(project: str) -> None:
    with pytest.raises(BadInput, match="There is no backlog item '3'"):
        backlog.run_remove(argparse.Namespace(path=project, item="3"))


def test_a_folder_without_git_is_not_written_to(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not in a git repository"):
        add(str(tmp_path), "One")
    assert list(tmp_path.iterdir()) == []
