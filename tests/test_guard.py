"""The guards as functions: what the command line has no way to ask."""

from __future__ import annotations

from pathlib import Path

from factory.config import default_project
from factory.git import Repo
from factory.guard import run_guards
from tests.support.repos import commit, git, make_repo


def test_without_a_measurement_every_deleted_test_file_is_told(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "r", {"tests/test_a.py": "def test_a():\n    pass\n", "a.py": "A = 1\n"})
    base = git(repo, "rev-parse", "HEAD")
    head = commit(repo, {"tests/test_a.py": None}, "Drop the test")
    report = run_guards(Repo(repo), base, head, default_project())
    assert [finding.guard for finding in report.findings] == ["integrity"]
    measured = run_guards(Repo(repo), base, head, default_project(), passing_tests=())
    assert measured.clean


def test_settings_of_other_languages_tools_belong_to_the_judge(tmp_path: Path) -> None:
    package = '{"scripts": {"test": "jest"}, "devDependencies": {"jest": "29"}}'
    repo = make_repo(tmp_path / "r", {"package.json": package, "tsconfig.json": '{"strict": true}'})
    base = git(repo, "rev-parse", "HEAD")
    looser = {"tsconfig.json": "{}", "package.json": package.replace("jest", "true", 1), "src/a.js": "1\n"}
    head = commit(repo, looser, "Loosen")
    report = run_guards(Repo(repo), base, head, default_project())
    assert [(found.guard, found.file, found.message) for found in report.findings] == [
        ("eval_immutable", "package.json", "changes [scripts.test], the configuration of a measuring tool"),
        ("eval_immutable", "tsconfig.json", "changes the configuration of a measuring tool"),
    ]
