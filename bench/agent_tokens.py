"""What a cycle costs at a model, standard against lite: ``python bench/agent_tokens.py [FOLDER]``.

FOLDER holds the agent CLIs (default: .agents as .ci/run makes it, else those on PATH). Each CLI carries a
whole cycle of one hypothesis through the example project, twice, against a scripted model on loopback that
plays every role; what counts is what reaches that model. Prints Markdown, and says loudly what it could not
measure.
"""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.agent_overhead import ours  # noqa: E402 - found only after the line above
from factory.agents.roles import ROLES  # noqa: E402
from factory.demo import create_example  # noqa: E402
from factory.runners.base import Runner  # noqa: E402
from factory.runners.claude import ClaudeRunner  # noqa: E402
from factory.runners.codex import CodexRunner  # noqa: E402
from tests.support.model_server import ModelServer  # noqa: E402
from tests.support.role_model import Change, Roles, prompt_of, role_of, trying  # noqa: E402

BYTES_A_TOKEN = 4
MODEL_OF_CODEX = "gpt-scripted"
CLIS = ("claude", "codex")
PROMPT_BYTES = 6
"""Of the prompt with which a CLI's own share is measured."""

SHARE_OF_PROMPTS = 0.5
LESS_IN_ALL = 0.4
MOST_TOKENS = 40_000

CHANGE = trying(
    Change(
        "Log the rates that cannot be read",
        "src/tally/rates.py",
        "        except Exception:\n            pass\n",
        '        except Exception:\n            logger.exception("rates cannot be read from %s", path)\n',
        growth="observability",
    )
)
LOOKS = ("src/tally/rates.py", "src/tally/storage.py", "src/tally/bank.py", "tests/test_files.py")

RESEARCH = "\n\n".join(
    f"R{number}: {text}"
    for number, text in enumerate(
        (
            "`Rates.from_file` drops every exception: a table that cannot be read leaves the household with "
            "EUR alone, and nobody is told (src/tally/rates.py:26). The dimension observability counts it.",
            "`Rates.put` keeps the old rate where the new one is no number, without a word "
            "(src/tally/rates.py:35). The docstring says so; a caller cannot see it.",
            "src/tally/storage.py swallows an error while it cleans up after a failed write; the file that "
            "was being replaced stays as it was (src/tally/storage.py:40).",
            "The module's logger is there in rates, storage and bank, and unused in the first two.",
            "tests/test_files.py reads a table that is missing and expects EUR alone: a log call leaves that "
            "as it is, an exception would break it (tests/test_files.py:31).",
            "Unused imports stand in five modules; one of them is read through by others, so that its "
            "removal breaks a test. Each has to be looked at (src/tally/bank.py:6).",
            "Typing names of an older Python are used throughout; the project says it needs a newer one.",
            "Nothing is recorded of earlier experiments: this is the first cycle.",
        ),
        start=1,
    )
)


@dataclass
class Line:
    """What one role took in one cycle: calls, requests, and bytes of these by where they come from."""

    calls: int = 0
    requests: int = 0
    prompt: int = 0
    total: int = 0
    of_cli: int = 0
    of_prompt: int = 0

    @property
    def of_work(self) -> int:
        """What the conversation adds: what tools said, and what the model did before."""
        return self.total - self.of_cli - self.of_prompt


@dataclass
class Cycle:
    """One cycle, by role."""

    roles: dict[str, Line] = field(default_factory=dict)

    def all(self, name: str) -> int:
        """A column's sum."""
        return sum(int(getattr(line, name)) for line in self.roles.values())


@contextmanager
def served(script: Roles) -> Iterator[dict[str, str]]:
    """A model with the script, and the variables that lead CLIs to it."""
    with ModelServer(script) as server:
        yield {"ANTHROPIC_BASE_URL": server.url, "OPENAI_BASE_URL": f"{server.url}/v1"}


def run_cycle(cli: str, project: Path, *, lite: bool) -> Roles:
    """A whole cycle by the real command line; the script, with what it was asked."""
    script = Roles([CHANGE], looks=LOOKS, research=RESEARCH)
    argv = [sys.executable, "-P", "-m", "factory", "ceo", str(project), "--runner", cli]
    argv += ["--lite"] if lite else []
    argv += ["--model", MODEL_OF_CODEX] if cli == "codex" else []
    with served(script) as address:
        env = {**os.environ, **address, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0 or ": keep (" not in done.stdout:
        raise RuntimeError(f"the {cli} cycle did not keep its change:\n{done.stdout}{done.stderr}")
    return script


def own_share(cli: str, work: Path) -> dict[str, int]:
    """Bytes of a CLI's first request that are not the prompt's, by role."""
    runner: Runner = ClaudeRunner() if cli == "claude" else CodexRunner()
    model = MODEL_OF_CODEX if cli == "codex" else ""
    return {
        role.name: ours(runner, role.access, role.name, work, model).total - PROMPT_BYTES
        for role in ROLES.values()
    }


def counted(script: Roles, share: dict[str, int]) -> Cycle:
    """A cycle's bytes by role and origin."""
    cycle = Cycle()
    for request in script.requests:
        prompt = prompt_of(request)
        # As it stands in the request: JSON escapes line breaks and quotes.
        size = len(json.dumps(prompt, ensure_ascii=False).encode()) - 2
        role = role_of(request)
        line = cycle.roles.setdefault(role, Line())
        line.calls += request.turn == 0
        line.prompt += len(prompt.encode()) if request.turn == 0 else 0
        line.requests += 1
        line.total += request.size
        line.of_cli += share[role]
        line.of_prompt += size
    return cycle


def table(standard: Cycle, lite: Cycle) -> str:
    """Standard against lite, by role."""
    head = (
        "| role | calls | requests | own prompts | at the model | of these CLI | prompt | conversation "
        "| tokens |\n| --- |" + " ---: |" * 8
    )
    rows = [head]
    for role in standard.roles:
        rows.append(_row(role, standard.roles[role], lite.roles.get(role, Line())))
    totals = [Line(**{n: c.all(n) for n in Line.__dataclass_fields__}) for c in (standard, lite)]
    rows.append(_row("**all**", *totals))
    return "\n".join(rows) + "\n"


def _row(name: str, standard: Line, lite: Line) -> str:
    columns = ("calls", "requests", "prompt", "total", "of_cli", "of_prompt", "of_work")
    pairs = [(getattr(standard, column), getattr(lite, column)) for column in columns]
    pairs.append((standard.total // BYTES_A_TOKEN, lite.total // BYTES_A_TOKEN))
    return f"| {name} | " + " | ".join(f"{a:,} → {b:,}" for a, b in pairs) + " |"


def targets(standard: Cycle, lite: Cycle) -> str:
    """Whether the aims are reached."""
    share = lite.all("prompt") / standard.all("prompt")
    less = 1 - lite.all("total") / standard.all("total")
    own = standard.all("prompt") // BYTES_A_TOKEN
    lines = [
        (
            f"Lite's own prompts are {share:.0%} of standard's (aim: at most {SHARE_OF_PROMPTS:.0%})",
            share <= SHARE_OF_PROMPTS,
        ),
        (
            f"lite has {less:.0%} fewer tokens at the model (aim: at least {LESS_IN_ALL:.0%})",
            less >= LESS_IN_ALL,
        ),
        (f"standard's own prompts are {own:,} tokens (aim: at most {MOST_TOKENS:,})", own <= MOST_TOKENS),
    ]
    return "; ".join(f"{text}: {'reached' if met else '**MISSED**'}" for text, met in lines) + ".\n"


def measure(cli: str, folder: Path) -> str:
    """One CLI's part of the page."""
    work = folder / f"{cli}-empty"
    work.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=work, check=True)
    share = own_share(cli, work)
    cycles = []
    for name, lite in (("standard", False), ("lite", True)):
        project = create_example(folder / f"{cli}-{name}" / "tally")
        cycles.append(counted(run_cycle(cli, project, lite=lite), share))
    version = subprocess.check_output([cli, "--version"], text=True).strip()
    return f"## {cli}: {version}\n\n{table(*cycles)}\n{targets(*cycles)}"


def stand_apart(folder: Path) -> None:
    """A scratch home, a fake key, and nothing else of the person's."""
    for name in list(os.environ):
        if name not in {"PATH", "LANG", "TERM", "TMPDIR"} and not name.lower().startswith(("pip_", "uv_")):
            del os.environ[name]
    own = {"HOME": str(folder), "FACTORY_HOME": str(folder / ".factory"), "ANTHROPIC_API_KEY": "fake"}
    os.environ.update(own | {"OPENAI_API_KEY": "fake", "GIT_CONFIG_GLOBAL": os.devnull})


def main(arguments: Sequence[str]) -> int:
    """Measure, and print; 0 also where a CLI is missing, for that is said."""
    agents = Path(arguments[0]) if arguments else ROOT / ".agents" / "node_modules" / ".bin"
    os.environ["PATH"] = f"{agents.resolve()}{os.pathsep}{os.environ['PATH']}"
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    print(f"# A cycle's tokens, {today}\n")
    with tempfile.TemporaryDirectory() as name:
        stand_apart(Path(name))
        for cli in CLIS:
            if shutil.which(cli) is None:
                print(f"## {cli}: NOT MEASURED, FOR IT IS NOT INSTALLED\n")
            else:
                print(measure(cli, Path(name)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
