"""A person at a terminal: a real pseudo-terminal, a program in it, text to wait for, keys to send."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]")

CTRL_C = "\x03"
CTRL_D = "\x04"


class Terminal:
    """A program whose standard streams are one pseudo-terminal, which controls it: Ctrl-C and Ctrl-D work.

    It is wide by default, for a test's paths are long, and lines are broken where the terminal ends.
    ``text`` is everything it has written so far, without the terminal's escape sequences and carriage
    returns. Used as a context manager: the program is gone afterwards.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str],
        columns: int = 200,
        lines: int = 40,
        timeout: float = 60.0,
    ) -> None:
        self._timeout = timeout
        self._raw = b""
        self._seen = 0
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        names = {"COLUMNS", "LINES"}
        self._process = subprocess.Popen(
            # setsid alone gives no controlling terminal; a session leader that opens one gets it.
            [sys.executable, "-c", _IN_TERMINAL, os.ttyname(slave), *map(str, argv)],
            cwd=cwd,
            env={"TERM": "xterm", **{k: v for k, v in env.items() if k not in names}},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    @property
    def raw(self) -> bytes:
        """What has been written so far, as it was sent."""
        return self._raw

    @property
    def text(self) -> str:
        """What has been written so far."""
        return _ESCAPES.sub("", self._raw.decode("utf-8", "replace")).replace("\r", "")

    def expect(self, wanted: str, timeout: float | None = None) -> str:
        """Wait until ``wanted`` is written, after what was expected before; what came up to its end.

        Fails the test, with all output, when it does not come.
        """
        deadline = time.monotonic() + (timeout or self._timeout)
        while True:
            text = self.text
            at = text.find(wanted, self._seen)
            if at >= 0:
                start, self._seen = self._seen, at + len(wanted)
                return text[start : self._seen]
            if not self._read(deadline):
                raise AssertionError(f"{wanted!r} did not come after:\n{text[self._seen :]}\n--- all\n{text}")

    def send(self, keys: str) -> None:
        """Type keys."""
        os.write(self._master, keys.encode())

    def line(self, text: str) -> None:
        """Type a line and Enter."""
        self.send(text + "\n")

    def end(self, timeout: float | None = None) -> int:
        """Wait for the program to end, and return its exit code."""
        deadline = time.monotonic() + (timeout or self._timeout)
        while self._read(deadline):
            pass
        try:
            return self._process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running:\n{self.text}") from None

    def _read(self, deadline: float) -> bool:
        """Read what there is; False when the time is up or nothing can come any more."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the program is gone (Linux says so with an error)
            return False
        self._raw += data
        return bool(data)

    def __enter__(self) -> Terminal:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the program and its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._master)


_IN_TERMINAL = """\
import os, sys
os.close(os.open(sys.argv[1], os.O_RDWR))
os.execvp(sys.argv[2], sys.argv[2:])
"""
