"""The real command line, as a process of its own."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
UNSYNCED = Path(__file__).parent / "unsynced"
FORKING = Path(__file__).with_name("forking.py")


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, read as one JSON document."""
        return json.loads(self.out)

    @property
    def json_lines(self) -> list[Any]:
        """Standard output, read as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    def expect(self, code: int) -> Result:
        """This result, if the exit code is ``code``; fails the test with all output otherwise."""
        assert self.code == code, (
            f"exit {self.code}, expected {code}\n--- out\n{self.out}\n--- err\n{self.err}"
        )
        return self


def command(*args: str | Path) -> list[str]:
    """The argument list of ``factory args``; -P keeps the working folder off the import path."""
    return [sys.executable, "-P", "-m", "factory", *map(str, args)]


def environment(extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """This process's environment, with changes (None removes a variable) and ``factory`` importable."""
    paths = [UNSYNCED] if _installed() else [UNSYNCED, ROOT]
    env = {"COLUMNS": "120", **os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    for name, value in (extra or {}).items():
        env.pop(name, None)
        if value is not None:
            env[name] = value
    return env


def factory(
    *args: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    input: str | None = None,
    timeout: float = 120.0,
) -> Result:
    """Run ``factory args`` to its end, in a process forked by this worker's server, and return how it ended.

    ``env`` changes variables of the environment. Without ``input``, standard input is empty and no terminal.
    After ``timeout`` seconds the process and its group are killed and the test fails with what was written.
    """
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", FORKING, _server().address, *map(str, args)],
        cwd=cwd,
        env=environment(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        out, err = process.communicate(input or "", timeout=timeout)
    except subprocess.TimeoutExpired:
        end_group(process)
        out, err = process.communicate()
        words = " ".join(map(str, args))
        raise AssertionError(
            f"factory {words}: still running after {timeout} s\n--- out\n{out}\n--- err\n{err}"
        ) from None
    except BaseException:
        end_group(process)
        raise
    return Result(process.returncode, out, err)


@dataclass(frozen=True, slots=True)
class Server:
    """What forks commands for one worker of pytest: it ends when its standard input does."""

    address: str
    process: subprocess.Popen[bytes]
    folder: tempfile.TemporaryDirectory[str]


@functools.cache
def _server() -> Server:
    # Not where the test that starts it keeps its own: that may be gone with it, or too long for a socket.
    folder = tempfile.TemporaryDirectory(prefix="factory-forking-", dir="/tmp")
    address = f"{folder.name}/socket"
    process = subprocess.Popen(
        [sys.executable, "-P", FORKING, "--serve", address],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None and process.stdout.readline(), "the server of forked commands fell"
    return Server(address, process, folder)


def end_group(process: subprocess.Popen[str]) -> None:
    """Kill a process that was started in a session of its own, and the rest of its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _installed() -> bool:
    try:
        importlib.metadata.version("factory-experiments")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
