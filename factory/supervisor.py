"""The watchdog between the factory and one child process: no child outlives its purpose.

Run as ``python -I -S supervisor.py CONTROL REPORT LIFE TIMEOUT GRACE MOST STATUS ARGV…`` by
``process.run``; standard library only, for it starts once per child. It is the child's parent, and shares
its standard streams.

* CONTROL is the read end of a pipe that the caller holds open. End of file, be it a request or the death of
  the caller (SIGKILL included), ends the child.
* REPORT is the write end of a pipe: a JSON line when the child has started, another when all is over.
* LIFE is a descriptor with a lock that falls with this process, which keeps it from the child (-1: none).
* TIMEOUT is in seconds (0: none), GRACE the seconds between SIGINT, SIGTERM and SIGKILL.
* MOST is the number of bytes that the child may write to its standard streams, where they are files.
* STATUS is a file that receives the last report too ("" for none), so that a child's end is known even if
  the caller is gone by then.

Whatever way the child ends, everything it has started ends with it. Agents' tools and daemons put themselves
into sessions of their own, where a signal to the process group does not reach them; on Linux this process is
therefore a *child subreaper*: orphaned descendants become its children, so that none is ever out of sight.
Elsewhere descendants are remembered from regular looks at ``ps``, and known by a mark in their environment.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterable, Mapping

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LAST_RESORT_S = 10.0  # how long SIGKILL is repeated before survivors are reported
LEFTOVER_GRACE_S = 0.5  # what a daemon gets that its child has left behind
LOOK_INTERVAL_S = 0.5  # how often the output's size is looked at, and ``ps`` where there is no subreaper


def prctl(option: int, value: int) -> bool:
    """Linux's prctl(2); False where it is missing or fails."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        import ctypes  # noqa: PLC0415 - may be missing from a minimal Python

        libc = ctypes.CDLL(None, use_errno=True)
        return bool(libc.prctl(option, value, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False


def children_of(pid: int) -> set[int]:
    """A process' children, zombies included, as Linux lists them."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - pathlib would triple the start-up time
            with open(f"/proc/{pid}/task/{task}/children", "rb") as file:  # noqa: PTH123
                found.update(map(int, file.read().split()))
    return found


def is_sandbox(pid: int) -> bool:
    """Whether a process is bubblewrap around another.

    It would die of a signal that asks the agent inside to stop, and the agent with it, unheard. It ends by
    itself when what is inside does.
    """
    try:
        with open(f"/proc/{pid}/comm", "rb") as file:  # noqa: PTH123
            return file.read() == b"bwrap\n"
    except OSError:
        return False


def descendants(roots: Iterable[int], children: Callable[[int], set[int]]) -> set[int]:
    """All that descends from ``roots``, by what ``children`` says of each process."""
    found: set[int] = set()
    todo = list(roots)
    while todo:
        fresh = children(todo.pop()) - found
        found |= fresh
        todo.extend(fresh)
    return found


class Sight:
    """One process as ``ps`` shows it (no dataclass, for that import would double the start-up time)."""

    def __init__(self, parent: int, group: int, marked: bool) -> None:
        self.parent, self.group, self.marked = parent, group, marked


def look_at_ps(mark: str) -> dict[int, Sight]:
    """Every live process, by number; ``marked`` are those with that text in their environment."""
    import subprocess  # noqa: PLC0415 - only needed without a subreaper

    how = ["-AEww"] if sys.platform == "darwin" else ["axeww"]  # both: all processes, with environment
    command = ["ps", *how, "-o", "pid=,ppid=,pgid=,stat=,command="]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as ps:
        listing = ps.communicate()[0].decode("utf-8", "replace")
    rows = [line.split(None, 4) for line in listing.splitlines()]
    living = [r for r in rows if len(r) == 5 and r[0] != str(ps.pid) and not r[3].startswith("Z")]
    return {int(r[0]): Sight(int(r[1]), int(r[2]), mark in r[4]) for r in living}


def send(pids: set[int], number: int) -> None:
    """Signals processes that may be gone, or not ours."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


class Tree:
    """The child and everything that descends from it."""

    def __init__(self, subreaper: bool) -> None:
        self.subreaper = subreaper
        self.child = 0
        self.status: int | None = None
        self.mark = "" if subreaper else f"FACTORY_CHILD={os.getpid()}.{time.time_ns()}"
        self.remembered: set[int] = set()
        self.groups: set[int] = set()

    def start(self, argv: list[str]) -> None:
        """Starts the child in a session of its own; raises OSError when it cannot be executed."""
        failure_read, failure_write = os.pipe()
        if self.mark:
            os.environ["FACTORY_CHILD"] = self.mark.partition("=")[2]
        self.child = os.fork()
        if self.child == 0:
            _become(argv, failure_write)
        os.close(failure_write)
        with os.fdopen(failure_read, "rb") as pipe:
            failure = pipe.read()
        if failure:
            os.waitpid(self.child, 0)
            raise OSError(int(failure), os.strerror(int(failure)))
        self.remembered.add(self.child)
        self.groups.add(self.child)

    def reap(self) -> bool:
        """Collects what has ended, the child's status among it; whether any child of ours is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.child:
                self.status = os.waitstatus_to_exitcode(status)

    def alive(self) -> set[int]:
        """The descendants that can be seen now; one that forks without pause may hide from a single look."""
        self.reap()
        if self.subreaper:
            return descendants([os.getpid()], children_of)
        return self._known(look_at_ps(self.mark))

    def gone(self) -> bool:
        """Whether nothing is left. A subreaper knows for sure: it would have a child."""
        if self.subreaper:
            return not self.reap()
        return not self.alive() and not self.reap()

    def _known(self, seen: dict[int, Sight]) -> set[int]:
        """Without a subreaper: our descendants of now and earlier, their groups, and the marked."""
        ours = self.remembered | {pid for pid, sight in seen.items() if sight.marked}
        ours |= descendants(
            [os.getpid(), *ours], lambda parent: {p for p, sight in seen.items() if sight.parent == parent}
        )
        self.groups |= {seen[pid].group for pid in ours if pid in seen}
        self.groups &= {sight.group for sight in seen.values()}
        ours |= {pid for pid, sight in seen.items() if sight.group in self.groups}
        # A number is forgotten once its process is gone, for it may be given to a stranger.
        self.remembered = (ours & seen.keys()) - {os.getpid()}
        return set(self.remembered)

    def end(self, gracefully: list[tuple[int, float]]) -> int:
        """Ends all descendants: each signal with its seconds to act on it, then SIGKILL.

        Returns how many survived even that (stuck in the kernel, or another user's).
        """
        for number, grace in gracefully:
            send({pid for pid in self.alive() if not is_sandbox(pid)}, number)
            if self._gone_within(grace):
                return 0
        deadline = time.monotonic() + LAST_RESORT_S
        while time.monotonic() < deadline:
            self._freeze()
            send(self.alive(), signal.SIGKILL)
            if self._gone_within(0.2):
                return 0
        return len(self.alive())

    def _freeze(self) -> None:
        """Stops every descendant, so that none forks away between being listed and being killed."""
        stopped: set[int] = set()
        for _ in range(100):
            fresh = self.alive() - stopped
            if not fresh:
                return
            send(fresh, signal.SIGSTOP)
            stopped |= fresh

    def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        pause = 0.005
        while not self.gone():
            if time.monotonic() >= deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 2, 0.1)
        return True


def _become(argv: list[str], failure: int) -> None:
    """Turns the forked process into the child; never returns."""
    try:
        os.setsid()
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # should this watchdog itself be killed
        # Python ignores these two; a child expects the system's defaults.
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(failure, str(error.errno).encode())
    finally:
        os._exit(127)


def written() -> int:
    """How many bytes are in the files that stdout and stderr go to."""
    return sum(seen.st_size for seen in map(os.fstat, (1, 2)) if stat.S_ISREG(seen.st_mode))


def watch(tree: Tree, control: int, timeout: float, most: int) -> str:
    """Waits for the first cause to end.

    The child has ended ("exited"), "timeout", "flood", or the caller lets go ("stopped").
    """
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    stop_asked = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop_asked.append(True))
    signal.signal(signal.SIGCHLD, lambda *_: None)
    deadline = time.monotonic() + timeout if timeout else None
    while True:
        tree.reap()
        if tree.status is not None:
            return "exited"
        if stop_asked:
            return "stopped"
        if written() > most:
            return "flood"
        left = LOOK_INTERVAL_S if deadline is None else deadline - time.monotonic()
        if left <= 0:
            return "timeout"
        if not tree.subreaper:
            tree.alive()
        ready, _, _ = select.select([control, wake_read], [], [], min(left, LOOK_INTERVAL_S))
        if wake_read in ready:
            os.read(wake_read, 4096)
        if control in ready and not os.read(control, 1):
            return "stopped"


def report(pipe: int, status_file: str, facts: Mapping[str, object]) -> None:
    """Says how it went, to the status file first: the caller may be gone."""
    line = (json.dumps(facts) + "\n").encode()
    if status_file:
        with contextlib.suppress(OSError):
            with open(f"{status_file}.tmp", "wb") as file:  # noqa: PTH123
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            os.replace(f"{status_file}.tmp", status_file)  # noqa: PTH105
    with contextlib.suppress(OSError):
        os.write(pipe, line)


def main(arguments: list[str]) -> int:
    """Runs one child to its end; returns 0 once it has been reported."""
    control, pipe, life = map(int, arguments[:3])
    timeout, grace, most = float(arguments[3]), float(arguments[4]), int(arguments[5])
    status_file, argv = arguments[6], arguments[7:]
    for own in (control, pipe, life):
        if own >= 0:
            os.set_inheritable(own, False)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    children_file = f"/proc/self/task/{os.getpid()}/children"
    without = os.environ.pop("FACTORY_NO_SUBREAPER", "")  # lets Linux test what other systems do
    tree = Tree(not without and os.path.exists(children_file) and prctl(PR_SET_CHILD_SUBREAPER, 1))  # noqa: PTH110
    started = time.monotonic()
    try:
        tree.start(argv)
    except OSError as error:
        report(pipe, "", {"event": "not started", "errno": error.errno})
        return 0
    report(pipe, "", {"event": "started", "pid": tree.child})
    cause = watch(tree, control, timeout, most)
    duration = time.monotonic() - started
    if cause == "exited":
        survivors = tree.end([(signal.SIGTERM, LEFTOVER_GRACE_S)])
    else:
        survivors = tree.end([(signal.SIGINT, grace), (signal.SIGTERM, grace)])
    facts = {"event": "ended", "cause": cause, "returncode": tree.status, "duration_s": round(duration, 3)}
    report(pipe, status_file, facts | {"survivors": survivors})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
