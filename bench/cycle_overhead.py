"""What a cycle takes that is neither agent nor measurement: ``python bench/cycle_overhead.py``.

Runs one cycle on the example project, with the offline runner, in this process, and takes from its time what
the runner took and what the tools took that measure; checkouts are overhead. Start-up of the program is not
in it: that is a table of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from factory.cycle import measuring  # noqa: E402 - found only after the line above
from factory.cycle.context import CycleOptions  # noqa: E402
from factory.cycle.lab import open_lab  # noqa: E402
from factory.cycle.launch import run_cycle  # noqa: E402
from factory.demo import create_example  # noqa: E402
from factory.offline.runner import OfflineRunner  # noqa: E402
from factory.runners.base import AgentResult, Invocation  # noqa: E402
from tests.support.cycles import Silent  # noqa: E402

TARGET_S = 1.5
MEASURING = ("measure", "check_once", "test_once")
"""What ``factory.cycle.measuring`` calls to have something measured in a checkout that is there."""


@dataclass
class Watch:
    """Seconds spent in the calls that it times."""

    seconds: float = 0.0

    def timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, with its time added."""

        def run(*args: Any, **more: Any) -> Any:
            start = time.perf_counter()
            try:
                return call(*args, **more)
            finally:
                self.seconds += time.perf_counter() - start

        return run


@dataclass
class TimedRunner(OfflineRunner):
    """The offline runner, on a watch."""

    watch: Watch = field(default_factory=Watch)

    def run(self, invocation: Invocation) -> AgentResult:
        """What the offline runner does, its time added."""
        result: AgentResult = self.watch.timed(super().run)(invocation)
        return result


@dataclass(frozen=True)
class Shares:
    """Where the seconds of one cycle went, and how many experiments it made."""

    wall: float
    agents: float
    measuring: float
    experiments: int

    @property
    def overhead(self) -> float:
        """Seconds an experiment, of what is neither."""
        return (self.wall - self.agents - self.measuring) / self.experiments


def measure(folder: Path) -> Shares:
    """One cycle below ``folder``, which is the home of it all."""
    os.environ.update(HOME=str(folder), FACTORY_HOME=str(folder / "home"), GIT_CONFIG_GLOBAL=os.devnull)
    project = create_example(folder / "tally")
    for name, value in (("user.name", "Bench"), ("user.email", "bench@example.invalid")):
        subprocess.run(["git", "config", name, value], cwd=project, check=True)
    # The setup, which discovers and measures the project, comes once in its life.
    subprocess.run(
        [sys.executable, "-P", "-m", "factory", "discover", str(project)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )
    subprocess.run(["git", "add", "--all"], cwd=project, check=True)
    subprocess.run(["git", "commit", "--quiet", "--message", "Set up factory"], cwd=project, check=True)
    agents, tools = TimedRunner(), Watch()
    for name in MEASURING:
        setattr(measuring, name, tools.timed(getattr(measuring, name)))
    start = time.perf_counter()
    cycle = run_cycle(
        open_lab(project, lambda _: None),
        CycleOptions(mode="improve", runner="offline"),
        Silent(),
        lambda role: agents,
    )
    wall = time.perf_counter() - start
    made = sum(event.type == "experiment.finalized" for event in cycle.journal.events())
    return Shares(wall, agents.watch.seconds, tools.seconds, made)


def section(shares: Shares) -> str:
    """The part of the page."""
    answer = "met" if shares.overhead <= TARGET_S else "NOT MET"
    return (
        "\n## Overhead of a cycle on the example\n\n"
        f"{shares.experiments} experiments in {shares.wall:.1f} s: {shares.agents:.1f} s in the offline "
        f"runner and {shares.measuring:.1f} s in the tools that measure. The rest is {shares.overhead:.2f} s "
        f"an experiment (target: {TARGET_S} s, {answer}). `python bench/cycle_overhead.py` measures this.\n"
    )


def main() -> int:
    """Measure and print; the exit code is 1 when the target is missed."""
    with tempfile.TemporaryDirectory() as name:
        shares = measure(Path(name))
    print(section(shares))
    return 0 if shares.overhead <= TARGET_S else 1


if __name__ == "__main__":
    sys.exit(main())
