"""A real agent CLI driven by its template alone, with the very settings that the docs show.

Where FACTORY_TEST_AGENTS names a folder with ``opencode``, which .ci/run installs from npm.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from factory.config import load_user, settings
from factory.config.model import CommandSpec
from factory.runners.base import AgentResult, Invocation
from factory.runners.command import CommandRunner
from factory.sandbox import choose
from tests.support.model_server import Call, Fault, ModelServer, Part, Request, Script, Text
from tests.support.repos import git, make_repo
from tests.support.sources import ROOT

pytestmark = pytest.mark.agents

DOC = ROOT / "docs" / "runners-command.md"
FOLDER = "FACTORY_TEST_AGENTS"
MODEL = "anthropic/claude-sonnet-4-5"
REVIEW = {
    "type": "object",
    "required": ["verdict"],
    "properties": {"verdict": {"enum": ["PROCEED", "ABORT"]}},
}


def documented() -> CommandSpec:
    """The template in the docs."""
    blocks = re.findall(r"```toml\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    text = next(block for block in blocks if "runner.commands.opencode" in block)
    assert load_user(text)
    return settings({}, {}, None, text).config.runner.commands["opencode"]


@pytest.fixture
def opencode(monkeypatch: pytest.MonkeyPatch) -> str:
    folder = REAL_FOLDER
    if not folder or not (Path(folder) / "opencode").exists():
        pytest.skip(f"NO OPENCODE: {FOLDER} names no folder that holds it")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-fake-key")
    assert shutil.which("opencode")
    return folder


REAL_FOLDER = os.environ.get(FOLDER, "")
"""Read before the tests' private environment is laid out."""


class Bench:
    """The CLI and a repository to work in."""

    def __init__(self, folder: Path, server: ModelServer) -> None:
        self.work = make_repo(folder / "work", {"calc.py": "def add(a, b):\n    return a - b\n"})
        self.out, self.server = folder / "out", server

    def run(self, **more: object) -> AgentResult:
        template = documented()
        own = json.loads(template.env["OPENCODE_CONFIG_CONTENT"])
        own["provider"] = {"anthropic": {"options": {"baseURL": f"{self.server.url}/v1"}}}
        offline = {"OPENCODE_CONFIG_CONTENT": json.dumps(own), "OPENCODE_DISABLE_MODELS_FETCH": "1"}
        spec = replace(template, env={**template.env, **offline})
        invocation = Invocation(
            "builder", "Mend add in calc.py.\n", self.work, "write", self.out, timeout_s=90, model=MODEL
        )
        return CommandRunner("opencode", spec, choose("auto")).run(replace(invocation, **more))  # type: ignore[arg-type]


def scripted(*turns: list[Part]) -> Script:
    """One turn after another; the last again and again."""

    def say(request: Request) -> list[Part]:
        return turns[min(request.turn, len(turns) - 1)]

    return say


@pytest.fixture
def bench(tmp_path: Path, opencode: str, request: pytest.FixtureRequest) -> Iterator[Bench]:
    with ModelServer(request.param) as server:
        yield Bench(tmp_path, server)


MEND = scripted(
    [Call("bash", {"command": "sed -i 's/a - b/a + b/' calc.py", "description": "mend"})],
    [Text("add adds now.")],
)


@pytest.mark.parametrize("bench", [MEND], indirect=True)
def test_it_does_a_builders_job(bench: Bench) -> None:
    result = bench.run()
    assert (result.status, result.text) == ("done", "add adds now."), result
    assert (bench.work / "calc.py").read_text() == "def add(a, b):\n    return a + b\n"
    assert git(bench.work, "status", "--short") == " M calc.py"
    assert result.tokens_in is not None
    assert result.tokens_out is not None
    assert result.cost_usd is not None


@pytest.mark.parametrize("bench", [scripted([Text('{"verdict": "ABORT"}')])], indirect=True)
def test_it_answers_in_a_given_form(bench: Bench) -> None:
    result = bench.run(role="reviewer", access="read", schema=REVIEW)
    assert (result.status, result.answer) == ("done", {"verdict": "ABORT"})


@pytest.mark.parametrize("bench", [scripted([Fault(401, "no such key")])], indirect=True)
def test_a_login_that_fails_is_told(bench: Bench) -> None:
    result = bench.run()
    assert result.status == "login"
    assert "no such key" in result.error
