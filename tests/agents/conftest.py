"""The real CLIs from the folder that FACTORY_TEST_AGENTS names, and a repository for them to work in."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from factory.runners.base import AgentResult, Invocation, Runner
from factory.runners.claude import ClaudeRunner
from factory.runners.codex import CodexRunner
from tests.support.model_server import Call, ModelServer, Part, Request, Script, Text
from tests.support.repos import git

FOLDER = "FACTORY_TEST_AGENTS"
CODEX_MODEL = "gpt-scripted"

HOOKS = {"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "touch HOOK-RAN"}]}]}}
"""Settings of a repository that would run a command when an agent starts in it."""

LURES = ("CLAUDE.md", "AGENTS.md")
LURE = "LURE-FOR-AGENTS"


@dataclass
class Bench:
    """One CLI at work in a repository of its own. ``shell`` and ``replace_in`` are its tools."""

    runner: Any
    work: Path
    out: Path
    stack: ExitStack
    server: ModelServer | None = None

    @property
    def name(self) -> str:
        return str(self.runner.name)

    @property
    def requests(self) -> list[Request]:
        assert self.server is not None
        return self.server.requests

    def serve(self, script: Script) -> None:
        """Have the model say what ``script`` says."""
        self.server = self.stack.enter_context(ModelServer(script))
        os.environ["ANTHROPIC_BASE_URL"] = self.server.url
        os.environ["OPENAI_BASE_URL"] = f"{self.server.url}/v1"

    def invocation(self, access: str = "read", **more: Any) -> Invocation:
        role = "builder" if access == "write" else "reviewer"
        asked = Invocation(
            role, "Do the task.\n", self.work, "read", self.out, timeout_s=60, model=self.model
        )
        return replace(asked, **{"access": access, **more})

    @property
    def model(self) -> str:
        """A model's name; for Codex one it does not know, for it has tools of another kind otherwise."""
        return CODEX_MODEL if self.name == "codex" else ""

    def run(self, script: Script, access: str = "read", **more: Any) -> AgentResult:
        """Serve a script, and let the CLI do its call."""
        self.serve(script)
        result: AgentResult = self.runner.run(self.invocation(access, **more))
        return result

    def shell(self, command: str) -> Call:
        if self.name == "claude":
            return Call("Bash", {"command": command})
        # By itself it goes back to the model after 10 s, and the command runs on.
        return Call("exec_command", {"cmd": command, "yield_time_ms": 30_000})

    def replace_in(self, name: str, old: str, new: str) -> list[Call]:
        """The calls by which the CLI's model changes a file with its editing tool."""
        if self.name == "claude":
            path = str(self.work / name)
            return [
                Call("Read", {"file_path": path}),
                Call("Edit", {"file_path": path, "old_string": old, "new_string": new}),
            ]
        patch = f"*** Begin Patch\n*** Update File: {name}\n@@\n-{old}\n+{new}\n*** End Patch\n"
        return [Call("exec_command", {"cmd": f"apply_patch <<'EOF'\n{patch}EOF\n"})]


def steps(*parts: Sequence[Part]) -> Script:
    """A script that does one step after the other, by the tool results there are."""
    return lambda request: list(parts[min(request.turn, len(parts) - 1)])


def calls(*of_tools: Call, then: str = "all done") -> Script:
    """A script that calls tools one by one, and then ends with a text."""
    return steps(*[[call] for call in of_tools], [Text(then)])


@pytest.fixture(params=["claude", "codex"])
def bench(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Each of the CLIs in turn, in a repository with lures, with a fake key and a private home."""
    folder = os.environ.get(FOLDER)
    if not folder:
        pytest.skip(f"{FOLDER} names no folder with agent CLIs")
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "sk-fake-key-of-a-test")
    # Builders are scripted to run pytest by `python3`, and that of the machine need not have it.
    folders = (folder, str(Path(sys.executable).parent), os.environ["PATH"])
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    for name in ("ANTHROPIC_BASE_URL", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody is there unless a test serves
    runners: dict[str, Callable[[], Runner]] = {"claude": ClaudeRunner, "codex": CodexRunner}
    runner = runners[request.param]()
    assert runner.missing() == ""
    with ExitStack() as stack:
        yield Bench(runner, repository(tmp_path / "work"), tmp_path / "out", stack)


def repository(work: Path) -> Path:
    """A repository that would like to run things and to give instructions."""
    work.mkdir()
    git(work, "init", "--quiet")
    (work / "code.py").write_text("value = 1\n")
    for name in LURES:
        (work / name).write_text(f"{LURE}: {name}\n")
    for folder, name in ((".claude", "settings.json"), (".codex", "hooks.json")):
        (work / folder).mkdir()
        (work / folder / name).write_text(json.dumps(HOOKS))
    (work / ".codex" / "config.toml").write_text('developer_instructions = "LURE-FOR-AGENTS: config"\n')
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "Begin")
    return work
