"""How a git command is run: in which environment, with which settings, for how long, and what it said."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from factory.git.refusals import TOLD, GitError, tell_what_a_person_mends
from factory.process import quick_bytes

REMOTE_TIMEOUT_S = 4 * 3600.0
"""Seconds that a command may take which talks to another machine: a large history over a slow line."""

_TIMEOUT_S = 600.0

# A hook or a file monitor of the repository must not run because the factory looks at it, and a signature is
# not what was asked for.
_QUIET = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"),
    *("-c", "core.quotePath=false", "-c", "log.showSignature=false"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """How a git command ended, and what it wrote."""

    returncode: int
    output: bytes
    errors: bytes
    too_long_s: float = 0.0
    """The seconds after which it was ended for taking too long; 0 where it came to an end."""

    @property
    def ok(self) -> bool:
        """Whether git did what it was asked to."""
        return self.returncode == 0

    @property
    def stdout(self) -> str:
        """Its output as text. Undecodable bytes of paths and files are kept as surrogates."""
        return as_text(self.output)

    @property
    def stderr(self) -> str:
        """Its errors and warnings as text."""
        return as_text(self.errors)


def as_text(data: bytes) -> str:
    """What git wrote, or a file holds, as text; bytes that are no UTF-8 are kept as surrogates."""
    return data.decode("utf-8", "surrogateescape")


def as_bytes(text: str) -> bytes:
    """The bytes that ``as_text`` made a text of."""
    return text.encode("utf-8", "surrogateescape")


def split_nul(text: str) -> list[str]:
    """The parts of NUL-separated output."""
    return [part for part in text.split("\0") if part]


def run(
    args: Sequence[str],
    cwd: Path,
    *,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    own_config: bool = False,
    timeout: float = _TIMEOUT_S,
) -> Said:
    """Run git in ``cwd`` and wait for its end, ``timeout`` seconds at most.

    ``own_config``: without the configuration of the person and the machine, for what lies where an agent was.
    """
    done = quick_bytes(
        ["git", *_QUIET, *args],
        cwd=cwd,
        env=_environment(env, own_config=own_config),
        input=None if stdin is None else as_bytes(stdin),
        timeout=timeout,
    )
    return Said(done.returncode, done.stdout, done.stderr, timeout if done.timed_out else 0.0)


def run_alone(
    args: Sequence[str],
    cwd: Path,
    what: str,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
) -> str:
    """The output of git without the configuration of the person and the machine. Raises as ``checked``."""
    return checked(run(args, cwd, env=env, stdin=stdin, own_config=True), what).stdout


def checked(said: Said, what: str) -> Said:
    """What a command said, which had to succeed. Raises GitError with ``what`` git could not do."""
    if said.too_long_s:
        raise GitError(f"git could not {what}: it was not done after {said.too_long_s:.0f} s.")
    if not said.ok:
        tell_what_a_person_mends(said.stderr, what)
        lines = (said.stderr or said.stdout).strip().splitlines()
        words = "; ".join(line.strip() for line in lines if not line.startswith(("hint:", "warning:")))
        raise GitError(f"git could not {what}: {words[-TOLD:] or f'exit code {said.returncode}'}")
    return said


def _environment(extra: Mapping[str, str] | None, *, own_config: bool) -> dict[str, str]:
    """The caller's environment without any ``GIT_*``: a hook calling us must not redirect our git.

    ``GIT_CONFIG_*`` stays, since that is how a person or a test names another configuration file.
    """
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k.startswith("GIT_CONFIG_")}
    env |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    if own_config:
        env = {k: v for k, v in env.items() if not k.startswith("GIT_CONFIG_")}
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return env | dict(extra or {})
