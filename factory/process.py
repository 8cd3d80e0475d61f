"""The one subprocess wrapper.

``run`` is for anything that may take long or start processes of its own (agents, test suites, builds): a
supervisor process ends its whole tree when it ends, when its time is up, and when the factory dies. ``quick``
is for short, well-behaved tools such as git, without that cost. Neither ever goes through a shell.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from factory.errors import BadInput, EnvironmentLacking, FactoryError

SUPERVISOR = Path(__file__).with_name("supervisor.py")
GRACE_S = 3.0
MOST_OUTPUT_BYTES = 200_000_000
# Beyond the graces: what the supervisor may take for SIGKILL and its report before it counts as dead itself.
PATIENCE_S = 20.0
# How long a child's end may take, from the first signal on, when its caller is gone.
AFTERMATH_S = 2 * GRACE_S + PATIENCE_S

ALWAYS_ALLOWED = ("PATH", "LANG", "TERM", "TZ", "TMPDIR", "HOME")
ALLOWED_PREFIXES = ("LC_",)
NETWORK_PREFIXES = ("PIP_", "UV_", "npm_config_", "NPM_CONFIG_", "SSL_CERT_")
NETWORK_ALLOWED = (
    *("REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
)


@dataclass(frozen=True, slots=True)
class Completed:
    """How a child ended; its text is read as UTF-8, with bad bytes replaced.

    ``returncode`` is the negative signal number when a signal ended it.
    ``timed_out`` is set when its time was up; ``stdout`` and ``stderr`` then hold what it had written so far.
    ``flooded`` is set when it was ended for writing without end, ``given_up`` when the caller gave it up.
    ``duration_s`` is wall time in seconds.
    """

    returncode: int
    stdout: str
    stderr: str
    duration_s: float
    timed_out: bool = False
    flooded: bool = False
    given_up: bool = False

    @property
    def ok(self) -> bool:
        """Whether it ended by itself, with exit code 0."""
        return self.returncode == 0 and not (self.timed_out or self.flooded or self.given_up)


@dataclass(frozen=True, slots=True)
class CompletedBytes:
    """``Completed`` with its output as bytes, for file contents and NUL-separated paths."""

    returncode: int
    stdout: bytes
    stderr: bytes
    duration_s: float
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """Whether it ended by itself, with exit code 0."""
        return self.returncode == 0 and not self.timed_out


def allowed_env(extra: Mapping[str, str] | None = None, *, network: bool = False) -> dict[str, str]:
    """The environment a child may have: an allow-list without secrets, then ``extra``.

    ``network`` adds what package clients need: their own settings, proxies and certificates. A proxy or an
    index address may hold a password, hence only on demand.
    """
    env = {k: v for k, v in os.environ.items() if _allowed(k, network)}
    return env | dict(extra or {})


def _allowed(name: str, network: bool) -> bool:
    if name in ALWAYS_ALLOWED or name.startswith(ALLOWED_PREFIXES):
        return True
    return network and (name in NETWORK_ALLOWED or name.startswith(NETWORK_PREFIXES))


def quick(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    input: bytes | str | None = None,
    timeout: float | None = 60,
    check: bool = False,
) -> Completed:
    """Runs a short, well-behaved tool and returns what it said. ``env`` None means ``allowed_env()``.

    It has its own session, so that it can neither ask on the terminal nor meet the person's Ctrl-C; a timeout
    or interruption kills its process group. Raises EnvironmentLacking when it cannot be started, and, with
    ``check``, when it fails.
    """
    done = quick_bytes(argv, cwd=cwd, env=env, input=input, timeout=timeout)
    result = Completed(
        done.returncode, _text(done.stdout), _text(done.stderr), done.duration_s, done.timed_out
    )
    if check:
        _insist(argv, result)
    return result


def quick_bytes(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    input: bytes | str | None = None,
    timeout: float | None = 60,
) -> CompletedBytes:
    """``quick`` for output that is no text."""
    data = input.encode("utf-8", "replace") if isinstance(input, str) else input
    started = time.monotonic()
    child = _start(
        list(argv),
        argv[0],
        cwd,
        allowed_env() if env is None else env,
        stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    timed_out = False
    try:
        stdout, stderr = child.communicate(data, timeout)
    except subprocess.TimeoutExpired:
        timed_out = True
        stdout, stderr = _ended(child)
    except BaseException:
        _ended(child)
        raise
    return CompletedBytes(child.returncode, stdout, stderr, time.monotonic() - started, timed_out)


def _ended(child: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Ends a short child and returns what it had said.

    SIGTERM comes first, for git then removes its lock files. A stranger that still holds the pipes is not
    waited for.
    """
    partial = (b"", b"")
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal_group(child.pid, number)
        try:
            return child.communicate(timeout=1)
        except subprocess.TimeoutExpired as late:
            partial = (late.stdout or b"", late.stderr or b"")
    child.wait()
    return partial


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    input: str | None = None,
    output: Path | None = None,
    check: bool = False,
    grace: float = GRACE_S,
    most_output: int = MOST_OUTPUT_BYTES,
    give_up: Callable[[], bool] | None = None,
) -> Completed:
    """Runs a child under the supervisor and waits for it. ``env`` None means ``allowed_env()``.

    Its whole tree, daemons included, is gone when this returns or raises, and soon after the factory itself
    has died. At ``timeout`` seconds, or on an interruption, the tree gets SIGINT, SIGTERM and SIGKILL,
    ``grace`` seconds apart. ``output`` is a file that receives stdout as it comes; ``adopt`` finds it again,
    and ``outlived`` whether it is still written to.
    A child that writes more than about ``most_output`` bytes is ended the same way, and ``flooded``; so is
    one for which ``give_up``, asked about once a second, says that there is no use in waiting.
    Raises EnvironmentLacking when the program cannot be started and, with ``check``, when it fails.
    """
    status = _status_file(output)
    if status is not None:
        status.unlink(missing_ok=True)
    with contextlib.ExitStack() as stack:
        stdin = stack.enter_context(_input_file(input))
        stdout = stack.enter_context(_output_file(output))
        stderr = stack.enter_context(tempfile.TemporaryFile())
        life = -1 if output is None else stack.enter_context(_locked(output))
        limits = _Limits(timeout or 0, grace, most_output)
        watched = _Supervised(list(argv), cwd, allowed_env() if env is None else env, limits, status)
        watched.life = life
        watched.give_up = give_up
        started = time.monotonic()
        facts = watched.wait_for_end(stdin, stdout, stderr)
        result = Completed(
            returncode=_returncode(facts),
            stdout=_read_back(stdout),
            stderr=_read_back(stderr),
            duration_s=time.monotonic() - started,
            timed_out=facts["cause"] == "timeout",
            flooded=facts["cause"] == "flood",
            given_up=facts["cause"] == "stopped" and watched.given_up,
        )
    if check:
        _insist(argv, result)
    return result


def foreground(argv: Sequence[str], *, cwd: Path) -> int:
    """Runs a program that takes the person's terminal over, such as an editor, and returns its exit code.

    It has the terminal and the environment that the person gave us, and meets Ctrl-C alone. The exit code is
    the negative signal number when a signal ended it. Raises EnvironmentLacking when it cannot be started.
    """
    # Not SIG_IGN, which the child would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.run(list(argv), cwd=cwd, check=False).returncode
    except OSError as error:
        raise _not_started(argv[0], error) from error
    finally:
        signal.signal(signal.SIGINT, before)


def adopt(output: Path) -> Completed | None:
    """The result of an earlier ``run(output=…)`` whose caller did not live to see it.

    None if it never finished: only a child that ended by itself counts. Its stderr is not kept.
    """
    status = _status_file(output)
    try:
        facts = json.loads(status.read_bytes()) if status else {}
        text = _text(output.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(facts, dict) or facts.get("cause") != "exited":
        return None
    return Completed(_returncode(facts), text, "", float(facts.get("duration_s", 0.0)))


def outlived(folder: Path) -> Callable[[], bool]:
    """Whether a ``run`` whose ``output`` lies in ``folder`` goes on, although its caller is gone.

    For asking again and again: within ``AFTERMATH_S`` seconds of the caller's death it should be over.
    """
    outputs = [path for path in folder.glob("*") if path.is_file()]
    return lambda: any(map(_is_locked, outputs))


def stop_all() -> None:
    """Ends the children of every thread; their ``run`` calls return soon after.

    For the main thread when it is interrupted while other threads wait for children.
    """
    with _live_lock:
        everything = list(_live)
    for watched in everything:
        watched.let_go()


_live: set[_Supervised] = set()
_live_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Limits:
    """Seconds until the end (0: none), seconds between signals, bytes of output."""

    timeout: float
    grace: float
    most_output: int


class _Supervised:
    """One child under its supervisor."""

    def __init__(
        self, argv: list[str], cwd: Path, env: Mapping[str, str], limits: _Limits, status: Path | None
    ) -> None:
        self.argv, self.cwd, self.env = argv, cwd, env
        self.limits, self.status = limits, status
        self.life = -1
        self.give_up: Callable[[], bool] | None = None
        self.given_up = False
        self._control: int | None = None
        self._asked_at: float | None = None
        self._child = 0
        self._rest = b""  # the beginning of a report line

    def wait_for_end(self, stdin: IO[bytes], stdout: IO[bytes], stderr: IO[bytes]) -> dict[str, Any]:
        """Starts it and returns the supervisor's last report."""
        control_read, self._control = os.pipe()
        report_read, report_write = os.pipe()
        try:
            supervisor = self._start(control_read, report_write, stdin, stdout, stderr)
        except BaseException:
            self.let_go()
            os.close(report_read)
            raise
        finally:
            os.close(control_read)
            os.close(report_write)
        with _live_lock:
            _live.add(self)
        try:
            return self._follow(report_read)
        finally:
            self._clean_up(supervisor, report_read)

    def let_go(self) -> None:
        """Tells the supervisor to end the tree; harmless when repeated."""
        with _live_lock:
            control, self._control = self._control, None
        if control is not None:
            self._asked_at = time.monotonic()
            os.close(control)

    def _start(
        self, control: int, report: int, stdin: IO[bytes], stdout: IO[bytes], stderr: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        limits = (self.limits.timeout, self.limits.grace, self.limits.most_output)
        numbers = map(str, (control, report, self.life, *limits))
        command = [sys.executable, "-I", "-S", str(SUPERVISOR), *numbers, str(self.status or ""), *self.argv]
        return _start(
            command,
            self.argv[0],
            self.cwd,
            self.env,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=[number for number in (control, report, self.life) if number >= 0],
        )

    def _follow(self, report: int) -> dict[str, Any]:
        """Reads reports until the last; an interruption ends the tree before it goes on its way."""
        try:
            return self._last_of(self._reports(report))
        except BaseException:
            self.let_go()
            with contextlib.suppress(FactoryError):
                self._last_of(self._reports(report))
            raise

    def _last_of(self, reports: Iterator[dict[str, Any]]) -> dict[str, Any]:
        for facts in reports:
            if facts["event"] == "not started":
                raise _not_started(self.argv[0], OSError(facts["errno"], os.strerror(facts["errno"])))
            if facts["event"] == "ended":
                return facts
            self._child = facts["pid"]
        raise EnvironmentLacking(
            f"The process that watches over {self.argv[0]} was killed, so its result is unknown.",
            "This happens when memory runs out. Run the same command again.",
        )

    def _reports(self, pipe: int) -> Iterator[dict[str, Any]]:
        """The supervisor's JSON lines, until it closes the pipe."""
        while not self._overdue():
            if not select.select([pipe], [], [], 1.0)[0]:
                self._consider()
                continue
            chunk = os.read(pipe, 65536)
            if not chunk:
                return
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            yield from map(json.loads, lines)

    def _consider(self) -> None:
        """Ends the tree if the caller gives it up."""
        if self.give_up is not None and not self.given_up and self.give_up():
            self.given_up = True
            self.let_go()

    def _overdue(self) -> bool:
        """Whether the supervisor should have reported long ago."""
        return (
            self._asked_at is not None
            and time.monotonic() - self._asked_at > 2 * self.limits.grace + PATIENCE_S
        )

    def _clean_up(self, supervisor: subprocess.Popen[bytes], report: int) -> None:
        with _live_lock:
            _live.discard(self)
        self.let_go()
        os.close(report)
        try:
            supervisor.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            _signal_group(supervisor.pid, signal.SIGKILL)
            supervisor.wait()
        if supervisor.returncode != 0 and self._child:
            _signal_group(self._child, signal.SIGKILL)  # the supervisor did not live to do it


def _start(
    command: list[str], program: str, cwd: Path, env: Mapping[str, str], **streams: Any
) -> subprocess.Popen[bytes]:
    if not cwd.is_dir():
        raise EnvironmentLacking(f"{program} cannot be started in {cwd}: there is no such directory.")
    try:
        return subprocess.Popen(command, cwd=cwd, env=dict(env), start_new_session=True, **streams)
    except OSError as error:
        raise _not_started(program, error) from error
    except ValueError as error:
        raise BadInput(f"{program} cannot be started: an argument holds a NUL character.") from error


def _not_started(program: str, error: OSError) -> EnvironmentLacking:
    if error.errno == errno.ENOENT:
        return EnvironmentLacking(f"{program} was not found.", f"Install {program}, or put it on the PATH.")
    return EnvironmentLacking(f"{program} could not be started: {error.strerror}.")


def _insist(argv: Sequence[str], result: Completed) -> None:
    if result.ok:
        return
    how = f"failed with exit code {result.returncode}"
    if result.timed_out or result.flooded:
        how = "took too long" if result.timed_out else "wrote without end"
    if result.given_up:
        how = "was given up"
    said = (result.stderr.strip() or result.stdout.strip()).splitlines()
    raise EnvironmentLacking(f"{' '.join(argv[:2])} {how}" + (f": {said[-1]}" if said else "."))


def _returncode(facts: Mapping[str, Any]) -> int:
    """The child's exit code; one that survived SIGKILL counts as killed."""
    code = facts.get("returncode")
    return code if isinstance(code, int) else -signal.SIGKILL


def _status_file(output: Path | None) -> Path | None:
    return None if output is None else output.absolute().with_name(output.name + ".exit")


@contextlib.contextmanager
def _input_file(text: str | None) -> Iterator[IO[bytes]]:
    """Standard input as a file: it cannot block, whatever the child reads or leaves unread."""
    if text is None:
        with Path(os.devnull).open("rb") as null:
            yield null
        return
    with tempfile.TemporaryFile() as file:
        file.write(text.encode("utf-8", "replace"))
        file.seek(0)
        yield file


def _output_file(path: Path | None) -> IO[bytes]:
    return tempfile.TemporaryFile() if path is None else path.open("w+b")


@contextlib.contextmanager
def _locked(output: Path) -> Iterator[int]:
    """A descriptor whose lock lasts as long as this process, or the supervisor that gets it, holds it.

    It is not the one that the child writes to, which would hold the lock on, or take it off.
    """
    descriptor = os.open(output, os.O_RDWR | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield descriptor
    finally:
        os.close(descriptor)


def _is_locked(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return isinstance(error, BlockingIOError)
    return False


def _read_back(file: IO[bytes]) -> str:
    file.seek(0)
    return _text(file.read())


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
