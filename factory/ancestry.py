"""Whether this process was started by an agent: by what a process cannot take off, its ancestors.

An agent can unset variables, leave its session, and fork daemons. It stays a descendant of the supervisor
that watches its call (``supervisor.py`` is a subreaper), whose command line and environment it cannot change.
Inside a sandbox with process numbers of its own the supervisor is out of sight; there process 1 is
bubblewrap, which was given the private home of the call.

Without ``/proc`` (macOS) the ancestors come from ``ps``, and there a daemon that has left its parent is not
recognised unless a mark is left in its environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from factory.errors import Refused
from factory.process import quick

MARKERS = ("FACTORY_ROLE", "FACTORY_CHILD", "FACTORY_CYCLE", "FACTORY_EXPERIMENT")
"""What an agent's process, or a child of one, has in its environment."""

_SUPERVISOR = "factory/supervisor.py"
_PRIVATE_HOME = re.compile(r"/agents/\d+-[0-9a-f]{8}/home$")
_MOST = 1000


class _Process(NamedTuple):
    """One process: its parent's number, its command line, and the markers in its first environment."""

    parent: int
    argv: tuple[str, ...]
    marked: bool


def refuse_agents(what: str) -> None:
    """Raises Refused inside an agent's process: ``what`` ("contribute") takes a person."""
    why = agent_above()
    if why:
        raise Refused(
            f"Only a person can {what}, and this runs inside an agent's process ({why}).",
            "A person does it in a terminal of their own.",
        )


def agent_above() -> str:
    """How it shows that this process is an agent's, or runs on behalf of one; empty for a person's."""
    marker = next((name for name in MARKERS if os.environ.get(name)), "")
    if marker:
        return f"{marker} is set"
    home = os.environ.get("HOME", "")
    if _PRIVATE_HOME.search(home.rstrip("/")):
        return "its home is an agent's"
    look = _from_proc if Path("/proc/self/stat").exists() else _from_ps()
    pid = os.getpid()
    for _ in range(_MOST):
        found = look(pid)
        if found is None:
            return ""
        sign = _sign(found)
        if sign and pid != os.getpid():
            return f"process {pid} {sign}"
        pid = found.parent
    return ""


def _sign(process: _Process) -> str:
    if any(word.endswith(_SUPERVISOR) for word in process.argv):
        return "is the factory's supervisor"
    if any(_PRIVATE_HOME.search(word) for word in process.argv):
        return "is an agent's sandbox"
    return "was started as an agent's" if process.marked else ""


def _from_proc(pid: int) -> _Process | None:
    place = Path("/proc") / str(pid)
    try:
        # The name of the program, in brackets, may hold anything; the parent comes second after it.
        stat = (place / "stat").read_text(errors="replace").rpartition(")")[2].split()
        argv = (place / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return None
    return _Process(int(stat[1]), tuple(argv), _is_marked(place / "environ"))


def _is_marked(environ: Path) -> bool:
    """Whether a process was started with a marker; another user's is not readable, and no agent of ours."""
    try:
        names = {
            entry.partition(b"=")[0].decode(errors="replace") for entry in environ.read_bytes().split(b"\0")
        }
    except OSError:
        return False
    return not names.isdisjoint(MARKERS)


def _from_ps() -> Callable[[int], _Process | None]:
    """The same from one listing by ``ps``, where there is no ``/proc``."""
    listing = quick(["ps", "-Aww", "-o", "pid=,ppid=,command="], cwd=Path("/")).stdout
    found = {}
    for line in listing.splitlines():
        pid, parent, *command = line.split()
        found[int(pid)] = _Process(int(parent), tuple(command), False)
    return found.get
