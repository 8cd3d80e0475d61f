"""A configured shell command in a checkout: smoke test, constraint, Verify, project dimension."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from factory.evals.confine import confined
from factory.evals.environment import Environment, shown
from factory.evals.roots import find_roots
from factory.evals.surroundings import Scratch, child_paths, scratch_folders, target_env
from factory.models import CommandResult
from factory.process import run
from factory.sandbox import OFF, Sandbox

OUTPUT_LIMIT = 4000
TIMED_OUT_CODE = 124


@dataclass(frozen=True, slots=True)
class CommandRun:
    """How a command ended. ``exit_code`` is 124 when its time was up, as ``timeout(1)`` has it."""

    command: str
    exit_code: int
    stdout: str
    stderr: str
    duration_s: float
    timed_out: bool = False

    @property
    def output(self) -> str:
        """The last 4,000 characters of what it said, its errors last, with a remark when its time was up."""
        parts = [self.stdout.strip(), self.stderr.strip(), "[its time was up]" if self.timed_out else ""]
        return "\n".join(part for part in parts if part)[-OUTPUT_LIMIT:]

    def result(self, name: str) -> CommandResult:
        """The form that is stored."""
        return CommandResult(
            name=name,
            command=self.command,
            exit_code=self.exit_code,
            output=self.output,
            complete=not self.timed_out,
        )


def run_command(
    command: str,
    *,
    checkout: Path,
    environment: Environment | None,
    timeout: float,
    network: bool = False,
    sandbox: Sandbox = OFF,
    with_ruff: bool = False,
    variables: Mapping[str, str] | None = None,
) -> CommandRun:
    """Run ``command`` by ``sh`` in ``checkout``, for at most ``timeout`` seconds.

    Its Python is the environment's (None: a project that is not Python) and imports the checkout's code
    first; it has a private home and temporary folder and no secrets. ``with_ruff`` adds ours for a project
    that has none; ``variables`` are further ones of its environment. Its whole tree of processes is
    gone when this returns.
    """
    checkout = checkout.resolve()
    with scratch_folders() as scratch:
        extra = child_paths(find_roots(checkout).paths, environment.tools) if environment else {}
        python = environment.python if environment else None
        env = target_env(scratch, python=python, network=network, extra=extra | dict(variables or {}))
        if with_ruff:
            env["PATH"] = os.pathsep.join(filter(None, [env.get("PATH", ""), str(_ruff_alone(scratch))]))
        ours = (Path(sys.prefix), Path(sys.base_prefix)) if with_ruff else ()
        seen = (*ours, *shown(environment))
        argv = confined(["sh", "-c", command], checkout, scratch, sandbox, readable=seen)
        done = run(argv, cwd=checkout, env=env, timeout=timeout)
    exit_code = TIMED_OUT_CODE if done.timed_out else done.returncode
    return CommandRun(command, exit_code, done.stdout, done.stderr, done.duration_s, done.timed_out)


def _ruff_alone(scratch: Scratch) -> Path:
    """A folder that holds a ``ruff`` of ours, and nothing else of our environment."""
    folder = scratch.root / "bin"
    folder.mkdir()
    launcher = folder / "ruff"
    launcher.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -m ruff "$@"\n', encoding="utf-8")
    launcher.chmod(0o700)
    return folder
