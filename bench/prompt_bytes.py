"""What the program's own prompts weigh: ``python bench/prompt_bytes.py``.

Runs a standard and a lite cycle of one hypothesis with the offline runner on the example project, and adds up
the prompts that they stored, by role. Prints a table in Markdown; a token is taken as four bytes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from factory.agents.roles import ROLES  # noqa: E402 - found only after the line above
from factory.demo import create_example  # noqa: E402
from factory.paths import ProjectPaths  # noqa: E402

BYTES_PER_TOKEN = 4
STANDARD_TOKENS = 40_000
LITE_SHARE = 0.5

ONE_HYPOTHESIS = ("--max-new", "1", "--min-growth", "0")
"""Options with which a standard cycle of the example plans one item, as lite does."""


@dataclass
class Weight:
    """Prompts of one cycle: how many, and their bytes, by role."""

    calls: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)

    @property
    def tokens(self) -> int:
        """All of them, in tokens."""
        return tokens(self.bytes.total())


def tokens(size: int) -> int:
    """Bytes as tokens, rounded up."""
    return -(-size // BYTES_PER_TOKEN)


def weigh(project: Path) -> Weight:
    """The stored prompts of a project."""
    weight = Weight()
    for path in sorted(ProjectPaths(project).state.rglob("*.prompt.md")):
        role = path.name.rpartition("-")[0]
        weight.calls[role] += 1
        weight.bytes[role] += path.stat().st_size
    return weight


def run_cycle(project: Path, options: Sequence[str], env: Mapping[str, str]) -> Weight:
    """One offline cycle on a fresh copy of the example. Raises CalledProcessError where it fails."""
    create_example(project)
    argv = [sys.executable, "-P", "-m", "factory", "run", str(project), "--runner", "offline", *options]
    subprocess.run(argv, env=dict(env), check=True, capture_output=True)
    return weigh(project)


def rows(standard: Weight, lite: Weight) -> list[Sequence[str]]:
    """The table's lines: a role each, then the sum."""
    roles = [role for role in ROLES if standard.calls[role] or lite.calls[role]]
    lines = [
        row(role, (standard.calls[role], standard.bytes[role]), (lite.calls[role], lite.bytes[role]))
        for role in roles
    ]
    sums = [(weight.calls.total(), weight.bytes.total()) for weight in (standard, lite)]
    return [*lines, row("**all**", *sums)]


def row(name: str, standard: tuple[int, int], lite: tuple[int, int]) -> Sequence[str]:
    """One line: calls, bytes and tokens on both sides, and the share that lite is of standard."""
    cells = [
        cell for calls, size in (standard, lite) for cell in (str(calls), f"{size:,}", f"{tokens(size):,}")
    ]
    return (name, *cells, f"{lite[1] / standard[1]:.0%}" if standard[1] else "")


HEADER = ("role", "calls", "bytes", "tokens", "lite: calls", "bytes", "tokens", "share")


def measure(folder: Path, env: Mapping[str, str]) -> tuple[Weight, Weight]:
    """A standard and a lite cycle below ``folder``."""
    return run_cycle(folder / "standard", ONE_HYPOTHESIS, env), run_cycle(folder / "lite", ("--lite",), env)


def met(standard: Weight, lite: Weight) -> dict[str, bool]:
    """The targets, and whether they are met."""
    share, spent = lite.bytes.total() / standard.bytes.total(), standard.tokens
    return {
        f"standard at most {STANDARD_TOKENS:,} tokens: {spent:,}": spent <= STANDARD_TOKENS,
        f"lite at most {LITE_SHARE:.0%} of standard: {share:.1%}": share <= LITE_SHARE,
    }


def section(standard: Weight, lite: Weight) -> str:
    """The table and the targets, in Markdown."""
    table = [HEADER, ["---"] * len(HEADER), *rows(standard, lite)]
    lines = ["| " + " | ".join(line) + " |" for line in table]
    targets = [f"- {name} ({'met' if is_met else 'NOT MET'})" for name, is_met in met(standard, lite).items()]
    return "\n".join([*lines, "", *targets]) + "\n"


def main() -> int:
    """Measure and print; the exit code is 1 where a target is not met."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = {**os.environ, "FACTORY_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
        standard, lite = measure(folder, env)
    print(section(standard, lite), end="")
    return 0 if all(met(standard, lite).values()) else 1


if __name__ == "__main__":
    sys.exit(main())
