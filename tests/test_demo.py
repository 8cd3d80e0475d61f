from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from factory.demo import create_example
from factory.errors import BadInput
from factory.paths import ProjectPaths
from factory.rows import read
from tests.offline.support import SCOPE, ask, item
from tests.support.cli import environment, factory
from tests.support.repos import git

TRAP = "tests/test_expense.py::test_amounts_can_still_be_read_where_they_were_before_0_3"


def failures(root: Path) -> list[str]:
    """The node ids that fail, after a check that all tests ran."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rfE"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    failed = [line.split()[1] for line in lines if line.startswith(("FAILED ", "ERROR "))]
    assert f"{33 - len(failed)} passed" in lines[-1], done.stdout
    return failed


def test_the_example_is_a_clean_repository_with_one_commit(tmp_path: Path) -> None:
    root = create_example(tmp_path / "tally")
    assert git(root, "log", "--format=%an <%ae> %s") == (
        "factory demo <demo@factory.invalid> Keep the books of a shared household"
    )
    assert git(root, "branch", "--show-current") == "main"
    assert git(root, "status", "--porcelain", "--ignored") == ""
    assert "src/tally/book.py" in git(root, "ls-files").split()
    assert not (root / "factory.toml").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BadInput, match="is not empty"):
        create_example(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_its_own_tests_pass(tmp_path: Path) -> None:
    assert failures(create_example(tmp_path / "tally")) == []


def test_removing_unused_imports_breaks_the_trap_and_nothing_else(tmp_path: Path) -> None:
    root = create_example(tmp_path / "tally")
    assert ask("builder", root, item=item("Run: ruff F401"), scope=SCOPE).status == "done"
    assert failures(root) == [TRAP]


@pytest.mark.parametrize(
    "command",
    [
        "ruff F401 sparing-imported-names",
        "ruff F541",
        "ruff UP004,UP008,UP015,UP024,UP032,UP035",
        "ruff I001",
        "log-swallowed src/tally",
    ],
)
def test_every_other_task_leaves_the_tests_green(tmp_path: Path, command: str) -> None:
    root = create_example(tmp_path / "tally")
    result = ask("builder", root, item=item(f"Run: `{command}`"), scope=SCOPE)
    assert result.status == "done"
    assert git(root, "status", "--porcelain")
    assert failures(root) == []


def test_the_demo_keeps_and_reverts_for_measured_reasons(tmp_path: Path) -> None:
    variables = {
        "TMPDIR": str(tmp_path),
        "FACTORY_RUNNER": "no such runner",
        "FACTORY_HOME": None,
        "COLUMNS": "80",
    }
    done = subprocess.run(
        [sys.executable, "-P", "-m", "factory.demo"],
        env=environment(variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [scratch] = tmp_path.glob("factory-demo-*")
    project = scratch / "tally"
    rows, damaged = read(ProjectPaths(project).results)
    assert damaged == []
    assert [(row.id, row.verdict, row.reason) for row in rows] == [
        (1, "revert", "new_failures"),
        *((number, "keep", "improved") for number in range(2, 7)),
    ]
    assert all(row.delta and row.delta > 0 for row in rows[1:])
    assert f"new_failures: {TRAP}" in done.stdout
    assert "6 rows: clean" in done.stdout
    assert f"rm -rf {scratch}" in done.stdout
    assert (
        factory("verify", project, env={"FACTORY_HOME": str(scratch / "home")}).expect(0).out
        == "6 rows: clean\n"
    )
    kept = git(project, "log", "--reverse", "--format=%s", "main").splitlines()
    assert kept[2:] == [row.hypothesis for row in rows[1:]]
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "diff", "--stat", "main", "--", "tests") == ""
    assert list((scratch / "home" / "workspaces").rglob("tree")) == []


def test_a_demo_that_cannot_start_says_so(tmp_path: Path) -> None:
    variables = {"TMPDIR": str(tmp_path), "PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "factory.demo"],
        env=environment(variables),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert "git" in done.stderr
