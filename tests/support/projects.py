"""Small projects that are quick to measure, and the experiment commands as a person types them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.journal import Event, read_events
from factory.paths import ProjectPaths
from tests.support.cli import Result, factory
from tests.support.repos import git, make_repo, write

POLICY = f"""\
goal = "sums that are right"
target_branch = "main"

[scope]
modifiable = ["calc/**", "tests/**", "notes.md"]
read_only = ["fixed/**"]

[eval]
python = {sys.executable!r}

[[eval.dimension]]
name = "lint"
tier = "hygiene"
"""
"""Lint alone, which takes a tenth of a second."""

TESTED_POLICY = f"""{POLICY}
[[eval.dimension]]
name = "tests"
tier = "hygiene"
"""

SUMS = '''\
"""Sums."""

import os
import sys


def add(a: int, b: int) -> int:
    """Both together."""
    return a + b


def double(a: int) -> int:
    """Twice."""
    return a + a
'''

CLEAN_SUMS = SUMS.replace("import os\nimport sys\n\n\n", "\n")
"""What a good change makes of the module: two lint findings less, and everything still works."""

WORSE_SUMS = SUMS.replace("import os\n", "import json\nimport os\n")
"""One lint finding more."""

BROKEN_SUMS = CLEAN_SUMS.replace("return a + a", "return a * 3")
"""A better lint score, and a test that breaks."""

TESTS = """\
from calc.sums import add, double


def test_add():
    assert add(1, 2) == 3


def test_double():
    assert double(4) == 8
"""

FAILING = """\
from calc.sums import add


def test_never_right():
    assert add(1, 1) == 3
"""

PYPROJECT = """\
[project]
name = "calc"
version = "1"

[tool.pytest.ini_options]
pythonpath = ["."]
"""

FILES: Mapping[str, str] = {
    ".gitignore": "__pycache__/\n.pytest_cache/\n",
    "pyproject.toml": PYPROJECT,
    "calc/__init__.py": '"""Sums."""\n',
    "calc/sums.py": SUMS,
    "tests/test_sums.py": TESTS,
    "notes.md": "Notes.\n",
    "fixed/table.txt": "1\n",
}


def small_project(path: Path, files: Mapping[str, str] | None = None, *, policy: str = POLICY) -> Path:
    """A repository with a package, two passing tests, two lint findings and a committed ``factory.toml``."""
    return make_repo(path, {**FILES, "factory.toml": policy, **(files or {})})


@dataclass(frozen=True)
class Begun:
    """An experiment begun by hand, and the commands that work on it."""

    project: Path
    id: int
    branch: str
    baseline: str
    workspace: Path

    def edit(self, files: Mapping[str, str | None]) -> Begun:
        """Write files in the workspace; None removes one."""
        for name, text in files.items():
            if text is None:
                (self.workspace / name).unlink()
        write(self.workspace, {name: text for name, text in files.items() if text is not None})
        return self

    def run(self, command: str, *options: str) -> Result:
        """``factory COMMAND PROJECT --id N OPTIONS``."""
        return factory(command, self.project, "--id", str(self.id), *options)

    def measure(self) -> Result:
        """``factory eval``, which has to succeed."""
        return self.run("eval").expect(0)

    def review(self, verdict: str = "keep") -> Result:
        """``factory review``, which has to succeed."""
        return self.run("review", "--verdict", verdict, "--reason", "looked at").expect(0)

    def finalize(self) -> dict[str, Any]:
        """``factory finalize``, which has to succeed; the row it wrote."""
        row: dict[str, Any] = self.run("finalize", "--json").expect(0).json
        return row

    def decide(self) -> tuple[str, str]:
        """Measure, review with keep, finalize: verdict and reason."""
        self.measure()
        self.review()
        row = self.finalize()
        return row["verdict"], row["reason"]

    def failed_checks(self) -> list[str]:
        """The names of the precheck's failing checks."""
        report = self.run("precheck", "--json").json
        return [check["name"] for check in report["checks"] if not check["passed"]]

    @property
    def tip(self) -> str:
        """The commit that the experiment's branch stands at."""
        return git(self.project, "rev-parse", f"refs/heads/{self.branch}")


def begin(project: Path, hypothesis: str = "Remove unused imports", *options: str) -> Begun:
    """``factory begin``, which has to succeed."""
    told = factory("begin", project, "--hypothesis", hypothesis, "--json", *options).expect(0).json
    return Begun(project, told["id"], told["branch"], told["baseline"], Path(told["workspace"]))


def refs(project: Path, prefix: str = "refs") -> list[str]:
    """The names of all refs below ``prefix``."""
    return git(project, "for-each-ref", "--format=%(refname)", prefix).split()


def history(project: Path) -> list[dict[str, Any]]:
    """What ``factory history --json --all`` says."""
    rows: list[dict[str, Any]] = factory("history", project, "--json", "--all").expect(0).json
    return rows


def journal_files(project: Path) -> list[Path]:
    """The journals, oldest first."""
    return sorted(ProjectPaths(project).cycles.glob("*.jsonl"))


def events(project: Path) -> list[Event]:
    """The events of the newest journal."""
    return read_events(journal_files(project)[-1])


def assert_sound(project: Path) -> None:
    """``factory verify`` finds nothing."""
    done = factory("verify", project, "--json")
    assert (done.code, done.json["problems"]) == (0, [])


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Modification time (ns) and size of everything in a checkout but ``.git`` and ``.factory``."""
    found = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if parts[0] not in (".git", ".factory"):
            stat = path.lstat()
            found["/".join(parts)] = (stat.st_mtime_ns, stat.st_size if not path.is_dir() else 0)
    return found
