"""The steps of the action, run here as the scripts that they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.cli import ROOT, environment
from tests.support.github_server import SLUG, github
from tests.support.hosted import hosted_project, needs_gh
from tests.support.projects import CLEAN_SUMS
from tests.support.repos import commit, git

ACTION = (ROOT / "action.yml").read_text(encoding="utf-8")
SCRIPTS = sorted(path.name for path in (ROOT / "ci").iterdir())


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """What ``ci/install`` would put there: a ``factory`` that is this checkout's."""
    place = tmp_path / "factory-program"
    place.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m factory "$@"\n')
    place.chmod(0o755)
    return place


def step(name: str, program: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """One step, in the environment that a runner gives it."""
    return subprocess.run(
        [str(ROOT / "ci" / name)],
        env=environment({"FACTORY": str(program), "GITHUB_ACTIONS": "true", **env}),
        capture_output=True,
        text=True,
        check=False,
    )


def pull(project: Path, bare: Path, files: Mapping[str, str | None]) -> str:
    """A pull request's branch at the remote; its commit."""
    git(project, "switch", "--quiet", "--create", "topic")
    sha = commit(project, files, "A change")
    git(project, "push", "--quiet", "origin", "topic:refs/pull/1/head", "topic")
    git(project, "switch", "--quiet", "main")
    git(project, "branch", "--quiet", "-D", "topic")
    commit(project, {"notes.md": "Main went on.\n"}, "Meanwhile")
    git(project, "push", "--quiet", "origin", "main")
    return sha


def shallow(bare: Path, place: Path) -> Path:
    """A checkout as ``actions/checkout`` makes it by default: one commit deep."""
    git(place, "clone", "--quiet", "--depth", "1", bare.as_uri(), "checkout")
    return place / "checkout"


class TestGuard:
    def test_a_violation_is_annotated_and_fails_the_step(self, tmp_path: Path, program: Path) -> None:
        project, bare = hosted_project(tmp_path)
        head = pull(project, bare, {"calc/sums.py": CLEAN_SUMS, "setup,1.sh": "echo\n"})
        checkout = shallow(bare, tmp_path)
        done = step("guard", program, {"PROJECT": str(checkout), "BASE": "origin/main", "HEAD": head})
        assert done.returncode == 1, done.stderr
        assert done.stdout.splitlines()[-1] == (
            "::error file=setup%2C1.sh,title=factory guard%3A scope::"
            "adds setup,1.sh: outside [scope] modifiable%0A"
            "Take this file out of the change, or have a person widen [scope] modifiable."
        )

    def test_a_clean_change_passes_though_the_base_went_on(self, tmp_path: Path, program: Path) -> None:
        project, bare = hosted_project(tmp_path)
        head = pull(project, bare, {"calc/sums.py": CLEAN_SUMS})
        checkout = shallow(bare, tmp_path)
        done = step("guard", program, {"PROJECT": str(checkout), "BASE": "origin/main", "HEAD": head})
        assert (done.returncode, done.stdout[:7]) == (0, "clean: "), done.stderr

    def test_branches_are_found_by_their_names(self, tmp_path: Path, program: Path) -> None:
        project, bare = hosted_project(tmp_path)
        pull(project, bare, {"calc/sums.py": CLEAN_SUMS})
        checkout = shallow(bare, tmp_path)
        git(checkout, "checkout", "--quiet", "--detach")
        git(checkout, "branch", "--quiet", "-D", "main")
        done = step("guard", program, {"PROJECT": str(checkout), "BASE": "main", "HEAD": "topic"})
        assert (done.returncode, done.stdout[:7]) == (0, "clean: "), done.stderr

    def test_a_branchs_name_is_no_option_of_git(self, tmp_path: Path, program: Path) -> None:
        project, bare = hosted_project(tmp_path)
        name = f"--upload-pack=touch {tmp_path}/ran;"
        git(project, "push", "--quiet", str(bare), "main")
        git(project, "remote", "set-url", "origin", str(bare))
        git(project, "fetch", "--quiet", "origin", "main")
        done = step("guard", program, {"PROJECT": str(project), "BASE": "main", "HEAD": name})
        assert done.returncode != 0 and not (tmp_path / "ran").exists()

    def test_histories_that_share_nothing(self, tmp_path: Path, program: Path) -> None:
        project, _ = hosted_project(tmp_path)
        tree = git(project, "rev-parse", "HEAD^{tree}")
        other = git(project, "commit-tree", tree, "-m", "other")
        done = step("guard", program, {"PROJECT": str(project), "BASE": "main", "HEAD": other})
        assert done.returncode == 2
        assert done.stdout.startswith("::error title=factory guard::")


def test_installing_runs_nothing_of_the_checkout(tmp_path: Path) -> None:
    (tmp_path / "venv.py").write_text("open('ran', 'w')\n")
    nowhere = {"RUNNER_TEMP": "/dev/null/x", "GITHUB_ACTION_PATH": "/dev/null/x"}
    done = subprocess.run(
        [str(ROOT / "ci" / "install")],
        cwd=tmp_path,
        env=environment(nowhere),
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0 and not (tmp_path / "ran").exists()
    assert "python -m" not in (ROOT / "ci" / "install").read_text().replace('"', "").replace(
        "python3", "python"
    )


@needs_gh
class TestReview:
    def test_a_review_is_posted_for_an_allowed_person(self, tmp_path: Path, program: Path) -> None:
        project, bare = hosted_project(tmp_path)
        pull(project, bare, {"calc/sums.py": CLEAN_SUMS})
        with github(bare) as hub:
            number = hub.add_pull("topic", "A change")
            env = hub.environment() | {"PROJECT": str(project), "PR": str(number), "REVIEW_RUNNER": "offline"}
            refused = step("review", program, env | {"ASKED_BY": "mallory"})
            assert (refused.returncode, hub.reviews) == (3, {})
            done = step("review", program, env | {"ASKED_BY": "pat"})
            assert done.returncode == 0, done.stderr
            assert hub.reviews[number][0]["body"].startswith("## ✅ Factory Review: KEEP\n")

    def test_a_policy_in_the_pull_request_allows_nobody(self, tmp_path: Path, program: Path) -> None:
        project, bare = hosted_project(tmp_path)
        policy = (project / "factory.toml").read_text().replace('"pat"', '"mallory"')
        pull(project, bare, {"factory.toml": policy})
        with github(bare) as hub:
            number = hub.add_pull("topic", "Let me in", author="mallory")
            env = hub.environment() | {"PROJECT": str(project), "PR": str(number), "REVIEW_RUNNER": "offline"}
            assert step("review", program, env | {"ASKED_BY": "mallory"}).returncode == 3

    def test_a_failure_is_told_with_the_run(self, tmp_path: Path, program: Path) -> None:
        _, bare = hosted_project(tmp_path)
        with github(bare) as hub:
            number = hub.add_pull("main", "A change")
            run = {
                "PR": str(number), "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": SLUG,
                "GITHUB_RUN_ID": "77",
            }  # fmt: skip
            done = step("review-failed", program, hub.environment() | run)
            assert done.returncode == 0, done.stderr
            told = f"❌ CEO review failed: https://github.com/{SLUG}/actions/runs/77"
            assert [note["body"] for note in hub.comments[number]] == [told]


def test_the_action_runs_these_scripts_and_no_others() -> None:
    assert sorted(re.findall(r"\$GITHUB_ACTION_PATH/ci/([\w-]+)", ACTION)) == SCRIPTS
    assert all(os.access(ROOT / "ci" / name, os.X_OK) for name in SCRIPTS)


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_gets_the_variables_that_it_reads(name: str) -> None:
    script = (ROOT / "ci" / name).read_text(encoding="utf-8")
    read = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", script)) - {"FACTORY"}
    given = next(part for part in ACTION.split("    - ")[1:] if f'/ci/{name}"' in part)
    offered = {*re.findall(r"^        ([A-Z_]+): ", given, re.MULTILINE)}
    by_the_runner = {v for v in read if v.startswith(("GITHUB_", "RUNNER_"))}
    assert read - by_the_runner <= offered
    assert not re.search(r"run:.*\$\{\{", ACTION), "what others typed must not become a script's text"
