"""A Builder that means harm: in a sandbox every attempt fails or is undone; without one it is told."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from factory.config.model import CommandSpec
from factory.cycle.tamper import Area, TamperFinding, differences, violations, watch, watched_places
from factory.git import Repo, checkout_at, snapshot
from factory.paths import HomePaths, ProjectPaths
from factory.runners.base import AgentResult, Invocation
from factory.runners.command import CommandRunner
from factory.sandbox import OFF, Sandbox
from tests.support.repos import git, make_repo, write
from tests.support.sandboxes import working_sandbox

AGENT = Path(__file__).with_name("hostile_agent.py")
HARMLESS = {"plant a hook", "leave a daemon"}
"""They work inside the workspace, and are undone: nothing runs the hook, and the daemon is ended."""


@dataclass(frozen=True)
class Scene:
    """A person's machine: a checkout with a remote and a state folder, a home with secrets, an SSH agent."""

    root: Path
    home: Path

    @property
    def checkout(self) -> Path:
        return self.root / "project"

    @property
    def remote(self) -> Path:
        return self.root / "remote.git"

    @property
    def workspace(self) -> Path:
        return self.home / ".factory" / "workspaces" / "1"

    @property
    def output(self) -> Path:
        return self.checkout / ".factory" / "experiments" / "001" / "agents" / "builder-1"

    @property
    def approvals(self) -> Path:
        return self.home / ".factory" / "approvals" / ProjectPaths(self.checkout).key

    def prompt(self) -> str:
        return json.dumps(
            {
                "checkout": str(self.checkout),
                "remote": str(self.remote),
                "home": str(self.home),
                "approvals": str(self.approvals),
                "ssh_agent": str(self.root / "ssh.sock"),
                "beat": str(self.workspace / "beat"),
            }
        )

    def build(self, sandbox: Sandbox) -> tuple[AgentResult, list[TamperFinding]]:
        """Have the hostile Builder work, watched."""
        command = CommandSpec(
            (sys.executable, "-I", "-c", AGENT.read_text()), {}, "stdout", "", "", "", "", {}
        )
        invocation = Invocation(
            "builder", self.prompt(), self.workspace, "write", self.output, timeout_s=60
        )  # fmt: skip
        repo = Repo(self.checkout)
        places = watched_places(
            ProjectPaths(self.checkout), repo.common_dir, HomePaths(self.home / ".factory"), self.workspace,
            [self.output],
        )  # fmt: skip
        before = watch(places, repo)
        result = CommandRunner("hostile", command, sandbox).run(invocation)
        return result, differences(before, watch(places, repo))


@pytest.fixture
def scene(tmp_path: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    scene = Scene(tmp_path, private_home)
    make_repo(scene.checkout, {"calc.py": "def add(a, b):\n    return a + b\n"})
    git(tmp_path, "clone", "--quiet", "--bare", str(scene.checkout), str(scene.remote))
    git(scene.checkout, "remote", "add", "origin", str(scene.remote))
    write(scene.checkout / ".factory", {"results.tsv": "id\n"})
    write(
        private_home, {".ssh/id_ed25519": "hidden-in-the-home\n", ".gitconfig": "[user]\n", ".bashrc": "\n"}
    )
    write(scene.approvals, {"one.json": "{}\n"})
    checkout_at(Repo(scene.checkout), "HEAD", scene.workspace)
    monkeypatch.setenv("SOME_TOKEN", "hidden-in-the-environment")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "ssh.sock"))
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(str(tmp_path / "ssh.sock"))
        agent.listen()
        yield scene


def contents(folder: Path, *but: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(p): p.read_bytes() for p in files if not any(p.is_relative_to(b) for b in but)}


def outcomes(result: AgentResult) -> dict[str, str]:
    lines = (line.rpartition(": ") for line in result.text.splitlines())
    return {name: how for name, _, how in lines if how in {"worked", "failed"}}


def test_in_a_sandbox_every_attempt_fails_or_is_undone(scene: Scene) -> None:
    ours = (scene.workspace, scene.output, scene.home / ".factory" / "agents")
    before = {**contents(scene.checkout, *ours), **contents(scene.home, *ours), **contents(scene.remote)}
    result, found = scene.build(working_sandbox())
    assert result.status == "done", result.error
    worked = {name for name, how in outcomes(result).items() if how == "worked"}
    assert len(outcomes(result)) == 17
    assert worked == HARMLESS
    assert "hidden-in" not in result.text
    after = {**contents(scene.checkout, *ours), **contents(scene.home, *ours), **contents(scene.remote)}
    assert after == before
    assert {finding.area for finding in found} == {Area.WORKSPACE}
    assert {Path(finding.path).name for finding in found} == {"config", "pre-commit"}
    assert violations(found, sandboxed=True) == []


def test_its_daemon_is_gone_and_its_hook_is_not_run(scene: Scene) -> None:
    scene.build(working_sandbox())
    beats = (scene.workspace / "beat").read_text()
    time.sleep(0.3)
    assert beats
    assert (scene.workspace / "beat").read_text() == beats
    repo = Repo(scene.checkout)
    commit = snapshot(repo, scene.workspace, repo.resolve("HEAD"), "What it made")
    assert commit is not None
    assert not (scene.workspace.parent / "hook-ran").exists()
    assert "work.py" in repo.files(commit)


def test_without_a_sandbox_it_is_not_started(scene: Scene) -> None:
    result, found = scene.build(Sandbox("none", why="bubblewrap is not installed"))
    assert (result.status, result.invocations) == ("missing", 0)
    assert found == []
    assert not (scene.workspace / "work.py").exists()


def test_switched_off_what_it_did_outside_is_told(scene: Scene) -> None:
    """The environment and daemons are held back all the same; the rest works, and ends the experiment."""
    result, found = scene.build(OFF)
    assert {name for name, how in outcomes(result).items() if how == "failed"} >= {
        "read its own environment",
        "push",
    }
    told = {finding.message for finding in violations(found, sandboxed=False)}
    for path, how, where in [
        (scene.checkout / "new.py", "appeared", "in the person's checkout"),
        (scene.checkout / "calc.py", "appeared", "in the person's checkout"),
        (scene.checkout / "linked.py", "appeared", "in the person's checkout"),
        (scene.checkout / ".git/config", "changed", "in the person's checkout"),
        ("refs/heads/evil", "appeared", "in the person's checkout"),
        (scene.checkout / ".factory/results.tsv", "changed", "in the factory's own records"),
        (scene.approvals / "mine.json", "appeared", "in the factory's own records"),
        (scene.home / ".bashrc", "changed", "among the person's own settings"),
        (scene.home / ".gitconfig", "changed", "among the person's own settings"),
    ]:
        assert f"{path} {how} while the Builder worked, {where}" in told
    assert {finding.area for finding in found} == set(Area)
    beats = (scene.workspace / "beat").read_text()
    time.sleep(0.3)
    assert (scene.workspace / "beat").read_text() == beats
