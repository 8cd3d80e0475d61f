"""Commands that only read start fast, because they import only what they use."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support import cli, repos
from tests.support.projects import begin, small_project

HEAVY = ("pydantic", "structlog", "rich", "markdown_it", "rapidfuzz")


def imported(*args: str, cwd: Path) -> set[str]:
    """The packages that a command, run to its end, imports."""
    python, *rest = cli.command(*args)
    done = subprocess.run(
        [python, "-X", "importtime", *rest],
        cwd=cwd,
        env=cli.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names = [line.rsplit("|", 1)[1] for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {name.strip().split(".")[0] for name in names}


@pytest.mark.parametrize(
    "args",
    [
        *[("--help",), ("history", "--json"), ("brief",), ("status", "--json"), ("backlog-list", "--json")],
        *[("backlog-add", ".", "another idea"), ("backlog-remove", ".", "an idea")],
    ],
    ids=lambda args: args[0],
)
def test_a_small_command_imports_nothing_heavy(tmp_path: Path, args: tuple[str, ...]) -> None:
    repo = repos.python_project(tmp_path / "p")
    repos.write(repo, {".factory/strategy/backlog.md": "- an idea\n"})
    assert imported(*args, cwd=repo) & set(HEAVY) == set()


def test_nor_does_status_where_an_experiment_by_hand_is_not_decided(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    begin(project)
    assert imported("status", "--json", cwd=project) & set(HEAVY) == set()
