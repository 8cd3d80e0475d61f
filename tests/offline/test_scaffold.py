"""The scaffold of a new project, made by the lines of a phase, and the harness that it holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from factory.offline.scaffold import scaffold_steps
from tests.offline.support import ask, item
from tests.spec.examples import PROJECT, replaced

LINES = [
    f"Scaffold: `{step}`"
    for step in ("package pocket", "command pocket", "pyproject pocket", "test pocket", "readme", "harness")
]


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def files(root: Path) -> list[str]:
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def test_a_scaffold_is_a_project_whose_tests_pass(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# pocket\n\nMoney.\n")
    result = ask("builder", tmp_path, item=item(*LINES))
    assert result.status == "done"
    assert files(tmp_path) == [
        ".gitignore",
        "README.md",
        "eval/score.py",
        "pyproject.toml",
        "src/pocket/__init__.py",
        "src/pocket/__main__.py",
        "src/pocket/cli.py",
        "tests/test_scaffold.py",
    ]
    assert (tmp_path / "README.md").read_text().startswith("# pocket\n\nMoney.\n\n## Development\n")
    tests = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "2 passed" in tests.stdout, tests.stdout
    assert run(tmp_path, "-m", "pocket", "--version").stdout == "pocket 0.1.0\n"
    assert run(tmp_path, "-m", "ruff", "check", "--isolated", "src", "tests", "eval").returncode == 0
    assert run(tmp_path, "-m", "ruff", "format", "--isolated", "--check", "src", "tests").returncode == 0


def test_a_library_has_no_command(tmp_path: Path) -> None:
    lines = [line for line in LINES if "command" not in line]
    assert ask("builder", tmp_path, item=item(*lines)).status == "done"
    assert not (tmp_path / "src/pocket/cli.py").exists()
    assert "scripts" not in (tmp_path / "pyproject.toml").read_text()
    assert "1 passed" in run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider").stdout


def test_what_is_there_stays_and_twice_is_once(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("# mine\n")
    assert ask("builder", tmp_path, item=item(*LINES)).status == "done"
    assert (tmp_path / "pyproject.toml").read_text() == "# mine\n"
    again = ask("builder", tmp_path, item=item(*LINES))
    assert (again.status, again.text) == (
        "refused",
        "nothing changed by the scaffold: its files are there already, or outside the scope",
    )


def test_nothing_is_written_into_a_folder_that_is_a_link(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "p", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (root / "src").symlink_to(elsewhere)
    assert ask("builder", root, item=item("Scaffold: package pocket")).status == "done"
    assert files(elsewhere) == []
    assert (root / ".gitignore").exists()


def test_nothing_is_written_outside_the_scope_or_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text("theirs\n")
    root = tmp_path / "p"
    root.mkdir()
    (root / "README.md").symlink_to(outside)
    scope = {"modifiable": ["src/**", "README.md"], "read_only": ["**/cli.py"]}
    assert ask("builder", root, item=item(*LINES), scope=scope).status == "done"
    assert files(root) == ["README.md", "src/pocket/__init__.py", "src/pocket/__main__.py"]
    assert outside.read_text() == "theirs\n"


@pytest.mark.parametrize(
    ("lines", "steps"),
    [
        (["[ ] Scaffold: harness"], [("harness", "")]),
        (["Scaffold: `package a_b` — the code"], [("package", "a_b")]),
        (["`Scaffold: readme`"], [("readme", "")]),
        (["Scaffold: package"], None),
        (["Scaffold: package 3d"], None),
        (["Scaffold: readme x"], None),
        (["Scaffold: cathedral x"], None),
        (["Scaffold: readme", "and think about it"], None),
        ([], None),
    ],
)
def test_the_form_of_the_lines(lines: list[str], steps: list[tuple[str, str]] | None) -> None:
    assert scaffold_steps(lines) == steps


def test_a_phase_with_anything_else_in_it_is_refused_whole(tmp_path: Path) -> None:
    result = ask("builder", tmp_path, item=item(*LINES, "Support for currencies"))
    assert result.status == "refused"
    assert files(tmp_path) == []


def test_the_harness_gives_the_researcher_nothing_to_find(tmp_path: Path) -> None:
    ask("builder", tmp_path, item=item("Scaffold: harness"))
    assert "score.py" not in ask("researcher", tmp_path).text


def test_the_harness_runs_the_matrix_of_the_specification(tmp_path: Path) -> None:
    ask("builder", tmp_path, item=item("Scaffold: harness"))
    spec = replaced(PROJECT, "`pytest tests/test_places.py`", '`python -c "print(1)"`')
    spec = replaced(spec, "`pytest tests/test_table.py`", "`echo a \\| grep b`")
    (tmp_path / "SPEC.md").write_text(spec)
    done = run(tmp_path, "eval/score.py")
    assert json.loads(done.stdout) == {
        "results": [{"name": "§5.1", "passed": True}, {"name": "§5.2", "passed": False}]
    }
    assert done.returncode == 0


def test_without_a_specification_the_harness_runs_the_tests(tmp_path: Path) -> None:
    ask("builder", tmp_path, item=item(*LINES))
    assert json.loads(run(tmp_path, "eval/score.py").stdout) == {
        "results": [{"name": "tests", "passed": True}]
    }
