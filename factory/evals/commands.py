"""Commands of the project: smoke test, constraints, dimensions of its own, and what shows that a thing is delivered."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from factory.evals.environment import Environment
from factory.evals.roots import find_roots
from factory.evals.surroundings import child_paths, scratch_folders, target_env
from factory.models import CommandResult
from factory.process import Completed, run

SHOWN_CHARACTERS = 4000
TIMED_OUT = 124
"""The exit code that stands for a timeout, as with coreutils' ``timeout``."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a whole measurement has to be done. ``seconds`` from its making."""

    seconds: float
    started: float = field(default_factory=time.monotonic)

    def left(self, limit: float | None = None) -> float:
        """Seconds that are left, at most ``limit``; never below a tenth, so that a child can be started and ended."""
        left = max(self.seconds - (time.monotonic() - self.started), 0.1)
        return left if limit is None else min(left, limit)


def run_command(command: str, checkout: Path, environment: Environment | None, *, timeout: float) -> Completed:
    """Run a shell command at the root of a checkout, the target's interpreter first on the PATH.

    Its environment holds no secrets and its home is private and empty. ``environment`` is None where there is no
    Python in the project.
    """
    with scratch_folders() as scratch:
        python = environment.python if environment else None
        paths = child_paths(find_roots(checkout).paths, environment.tools) if environment else {}
        env = target_env(scratch, python=python, extra=paths)
        return run(["sh", "-c", command], cwd=checkout, env=env, timeout=timeout)


def check(
    name: str, command: str, checkout: Path, environment: Environment | None, *, timeout: float
) -> CommandResult:
    """Run a command for its exit code; one that takes too long counts as failed, with exit code 124."""
    done = run_command(command, checkout, environment, timeout=timeout)
    code = TIMED_OUT if done.timed_out else done.returncode
    output = (done.stdout + done.stderr).strip()[-SHOWN_CHARACTERS:]
    return CommandResult(name=name, command=command, exit_code=code, output=output)
