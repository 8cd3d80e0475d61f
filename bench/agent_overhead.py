"""How many bytes reach a model besides our prompt: ``python bench/agent_overhead.py [FOLDER]``.

FOLDER holds the agent CLIs (default: those on PATH). Each is called as a person would call it headless, and
as the runners call it, against a scripted model on loopback, in a scratch home and an empty repository; what
counts is its first request. Prints a table in Markdown.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from factory.agents.roles import ROLES  # noqa: E402 - found only after the line above
from factory.runners.base import Access, Invocation, Runner  # noqa: E402
from factory.runners.claude import ClaudeRunner  # noqa: E402
from factory.runners.codex import CodexRunner  # noqa: E402
from tests.support.model_server import ModelServer, Request, Text  # noqa: E402

PROMPT = "Do it."
UNKNOWN = "some-model"


@dataclass(frozen=True)
class Line:
    """One line of the table; sizes in bytes."""

    call: str
    total: int
    tools: int
    names: Sequence[str]


def measured(call: str, request: Request) -> Line:
    """What a first request consists of."""
    definitions = [*(request.body.get("tools") or [])]
    if request.protocol == "responses":
        definitions += [tool for item in request.body["input"] for tool in item.get("tools", [])]
    return Line(call, request.size, len(json.dumps(definitions)), request.tools)


def plain(name: str, argv: Sequence[str], work: Path) -> Line:
    """The CLI as it comes."""
    with tempfile.TemporaryDirectory() as scratch, ModelServer(lambda _: [Text("Done.")]) as server:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": scratch,
            "ANTHROPIC_API_KEY": "fake",
            "ANTHROPIC_BASE_URL": server.url,
            "CODEX_API_KEY": "fake",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }
        address = f'model_providers.x={{name="x", base_url="{server.url}/v1", wire_api="responses"}}'
        more = ["-c", "model_provider=x", "-c", address, "-"] if name == "codex" else []
        subprocess.run(
            [*argv, *more], cwd=work, env=env, input=PROMPT.encode(), capture_output=True, check=True
        )
        return measured(f"`{' '.join(argv)}`, as it comes", server.requests[0])


def ours(runner: Runner, access: Access, role: str, work: Path, model: str = "") -> Line:
    """The CLI as its runner calls it."""
    schema = ROLES[role].schema
    with tempfile.TemporaryDirectory() as scratch, ModelServer(lambda _: [Text("Done.")]) as server:
        os.environ["ANTHROPIC_BASE_URL"], os.environ["OPENAI_BASE_URL"] = server.url, f"{server.url}/v1"
        out = Path(scratch) / "out"
        runner.run(Invocation(role, PROMPT, work, access, out, timeout_s=60, schema=schema, model=model))
        known = ", a model it does not know" if model else ""
        return measured(f"{runner.name} runner, {role}{known}", server.requests[0])


def lines(work: Path) -> list[Line]:
    """All calls."""
    return [
        plain("claude", ("claude", "-p"), work),
        ours(ClaudeRunner(), "read", "researcher", work),
        ours(ClaudeRunner(), "read", "ceo", work),
        ours(ClaudeRunner(), "write", "builder", work),
        plain("codex", ("codex", "exec"), work),
        ours(CodexRunner(), "read", "researcher", work),
        ours(CodexRunner(), "read", "ceo", work),
        ours(CodexRunner(), "write", "builder", work),
        plain("codex", ("codex", "exec", "-m", UNKNOWN), work),
        ours(CodexRunner(), "write", "builder", work, UNKNOWN),
    ]


def main(arguments: Sequence[str]) -> int:
    """Measure, and print the table."""
    if arguments:
        os.environ["PATH"] = f"{Path(arguments[0]).resolve()}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch) / "work"
        work.mkdir()
        subprocess.run(["git", "init", "--quiet"], cwd=work, check=True)
        private = {"HOME": scratch, "FACTORY_HOME": f"{scratch}/.factory"}
        os.environ.update(private | {"ANTHROPIC_API_KEY": "fake", "OPENAI_API_KEY": "fake"})
        table = lines(work)
    versions = [
        subprocess.check_output([name, "--version"], text=True).strip() for name in ("claude", "codex")
    ]
    print(f"{'; '.join(versions)}; a prompt of {len(PROMPT)} bytes.\n")
    print("| call | first request, bytes | of these tools | tools |\n| --- | ---: | ---: | ---: |")
    for line in table:
        print(f"| {line.call} | {line.total:,} | {line.tools:,} | {len(line.names)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
