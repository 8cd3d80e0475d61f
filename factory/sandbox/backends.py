"""The protections there are: bubblewrap, an agent CLI's own, or none; chosen by trying."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from factory.errors import BadInput, EnvironmentLacking
from factory.process import allowed_env, quick
from factory.sandbox.bubblewrap import command_line
from factory.sandbox.request import Access, SandboxRequest
from factory.scratch import scratch_folder

Kind = Literal["bwrap", "cli", "off", "none"]

WANTED = ("auto", "bwrap", "cli", "off")
TRIAL_TIMEOUT_S = 20.0
INSTALL_HINT = "Install the package bubblewrap, or pass `--sandbox off` to let agents do all that you may do."
FORBIDDEN_HINT = (
    "This machine (a container, or AppArmor) forbids user namespaces to bubblewrap: allow them, or pass "
    "`--sandbox off` to let agents do all that you may do."
)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The protection in force.

    ``kind``: "bwrap"; "cli", the agent CLI's own, asked for by name; "off", none because the person said so;
    "none", none because nothing works here, ``why`` not. ``program`` is the path of bwrap. ``hidden`` are
    folders that are emptied should they lie among the system's, such as a project under /opt; the person's
    home and the factory home always are.
    """

    kind: Kind
    program: str = ""
    why: str = ""
    hidden: tuple[Path, ...] = ()

    @property
    def active(self) -> bool:
        """Whether ``wrap`` keeps a process in."""
        return self.kind == "bwrap"

    def wrap(self, argv: Sequence[str], request: SandboxRequest) -> list[str]:
        """The command line that runs ``argv`` as ``request`` allows; ``argv`` itself without a sandbox.

        Paths are the same inside and outside. The caller sets HOME and TMPDIR to those of the request.
        """
        return command_line(self.program, argv, request, self.hidden) if self.active else list(argv)

    def require(self, access: Access, *, own: bool = False) -> None:
        """Raise EnvironmentLacking where an agent with ``access`` must not be started.

        ``own``: whether the agent's CLI has a protection of its own that works here.
        """
        if access == "read" or own:
            return
        if self.kind == "cli":
            raise EnvironmentLacking(
                "`--sandbox cli` is for an agent CLI that has a sandbox of its own, and this one has none.",
                "Pass `--sandbox auto`, or `--sandbox off` to let it do all that you may do.",
            )
        if self.kind == "none":
            raise EnvironmentLacking(
                f"An agent that writes is not started without a sandbox, and there is none here: {self.why}.",
                self.mend,
            )

    @property
    def mend(self) -> str:
        """What a person can do about it where nothing works; else an empty string."""
        if self.kind != "none":
            return ""
        return FORBIDDEN_HINT if "when tried" in self.why else INSTALL_HINT

    def describe(self) -> str:
        """What protects the person's files, in a phrase."""
        return {
            "bwrap": "bubblewrap: an agent sees its workspace, a private home and the system, nothing else",
            "cli": "the agent CLI's own, as asked for; the program adds none",
            "off": "switched off: agents can do all that you may do",
            "none": f"none works here: {self.why}",
        }[self.kind]


OFF = Sandbox("off")


def choose(wanted: str = "auto") -> Sandbox:
    """The protection for ``wanted``: "auto", "bwrap", "cli" or "off".

    "auto" is bubblewrap if it works when tried, once in a process, else "none". Raises EnvironmentLacking
    where "bwrap" is wanted and does not work, BadInput for another word.
    """
    if wanted not in WANTED:
        raise BadInput(f"There is no sandbox {wanted!r}.", f"Choose one of {', '.join(WANTED)}.")
    if wanted == "off":
        return OFF
    if wanted == "cli":
        return Sandbox("cli")
    found = _bubblewrap(shutil.which("bwrap") or "")
    if wanted == "bwrap" and not found.active:
        raise EnvironmentLacking(f"The sandbox cannot be used: {found.why}.", found.mend)
    return found


@cache
def _bubblewrap(program: str) -> Sandbox:
    """Bubblewrap if it works: it may be there and forbidden."""
    if not sys.platform.startswith("linux"):
        return Sandbox("none", why="bubblewrap is for Linux alone")
    if not program:
        return Sandbox("none", why="bubblewrap is not installed")
    with scratch_folder("sandbox") as folder:
        why = _trial(program, folder.resolve())
    return Sandbox("none", program, why) if why else Sandbox("bwrap", program)


def _trial(program: str, folder: Path) -> str:
    """Run a small command in a full sandbox; why it failed, or an empty string."""
    request = SandboxRequest(folder / "workspace", "write", folder / "home", folder / "tmp")
    for place in (request.workspace, request.home, request.tmp):
        place.mkdir()
    argv = command_line(program, ["sh", "-c", "echo in >workspace-was-written"], request, ())
    try:
        done = quick(argv, cwd=folder, env=allowed_env(), timeout=TRIAL_TIMEOUT_S)
    except EnvironmentLacking as error:
        return error.message
    if done.ok and (request.workspace / "workspace-was-written").exists():
        return ""
    said = done.stderr.strip().splitlines()
    return f"bubblewrap fails when tried: {said[-1] if said else f'exit code {done.returncode}'}".rstrip(".")
