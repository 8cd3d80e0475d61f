"""A JavaScript project goes through improve with its own tools, by the real command line."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import command_agent
from tests.support.cli import factory
from tests.support.javascript import BREAK, FIX, PACKAGE, SUMS, TESTS
from tests.support.model_server import ModelServer
from tests.support.projects import assert_sound, history
from tests.support.repos import git, make_repo
from tests.support.role_model import Roles

OLDEST_NODE = (20, 12)
"""From there on `node --test` can write JUnit's XML."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The example; skipped, with the reason, where there is no node that is new enough."""
    node = shutil.which("node")
    said = (
        subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout if node else ""
    )
    found = re.match(r"v(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < OLDEST_NODE:
        pytest.skip(
            f"node {'.'.join(map(str, OLDEST_NODE))} or newer is not installed: {said.strip() or 'none'}"
        )
    files = {"package.json": PACKAGE, "src/sums.js": SUMS, "test/sums.test.js": TESTS}
    return make_repo(tmp_path / "sums", files)


def test_discover_finds_its_tests_and_knows_each_by_name(project: Path) -> None:
    told = factory("discover", project).expect(0)
    assert "language: JavaScript\ntests: 0.6667 and 0.6667\n" in told.out
    policy = (project / "factory.toml").read_text()
    assert 'command = "node --test --test-reporter=junit"' in policy
    assert 'parser = "junit"' in policy
    git(project, "add", "factory.toml")
    git(project, "commit", "--quiet", "--message", "Set up factory")
    measured = factory("eval", project, "--json").expect(0).json
    assert measured["tests"] == {
        "test::adds": "passed",
        "test::median of small numbers": "passed",
        "test::median of large numbers": "failed",
    }
    proved = factory("doctor", project, "--prove", "--json").expect(0).json
    assert [(proof["name"], proof["state"]) for proof in proved] == [("tests", "alive")]


def test_improve_keeps_what_mends_a_test_and_reverts_what_breaks_one(
    project: Path, factory_home: Path
) -> None:
    with ModelServer(Roles([FIX, BREAK])) as server:
        command_agent.configure(factory_home, server.url)
        done = factory("ceo", project, "--runner", command_agent.NAME, "--sandbox", "off").expect(0)
    rows = history(project)
    assert [(row["hypothesis"], row["verdict"], row["reason"]) for row in rows] == [
        (FIX.title, "keep", "improved"),
        (BREAK.title, "revert", "new_failures"),
    ], done.err
    assert (rows[0]["score_before"], rows[0]["score_after"]) == (pytest.approx(2 / 3), 1.0)
    assert "new_failures: test::adds" in rows[1]["notes"]
    assert FIX.new in (project / "src/sums.js").read_text()
    assert_sound(project)
