"""A measurement's process in a sandbox: the checkout and what it needs to run, nothing else of a person's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from factory.evals.surroundings import SHIM, Scratch
from factory.sandbox import Sandbox, SandboxRequest, needed_by, on_path

if TYPE_CHECKING:
    from factory.evals.environment import Environment

PROBE = SHIM.parent


def confined(
    argv: Sequence[str],
    checkout: Path,
    scratch: Scratch,
    environment: Environment | None,
    sandbox: Sandbox,
    *,
    readable: tuple[Path, ...] = (),
    writable: tuple[Path, ...] = (),
) -> list[str]:
    """The command line that runs ``argv`` in ``checkout`` inside ``sandbox``.

    It may write the checkout and the scratch folders, and read the environment and the programs on the PATH.
    The network stays: tests of servers need loopback, and some of them a service. The person's home and
    checkout are not there, but for an environment that lies in them. ``readable`` and ``writable`` are what
    else it may read and write.
    """
    if not sandbox.active:
        return list(argv)
    request = SandboxRequest(
        workspace=checkout,
        access="write",
        home=scratch.home,
        tmp=scratch.tmp,
        readable=(*readable, *on_path(), *(shown(environment) if environment else ())),
        writable=(scratch.root, *writable),
    )
    return sandbox.wrap(argv, request)


def shown(environment: Environment) -> Iterator[Path]:
    """What a process has to see of an environment to run in it."""
    yield from (PROBE, environment.prefix, *environment.sites)
    yield from needed_by(str(environment.python))
    if environment.tools is not None:
        yield environment.tools
    for site in environment.sites:
        yield from _linked_from(site, environment.project)


def _linked_from(site: Path, project: Path) -> Iterator[Path]:
    """Folders that an installation of packages under development refers to, the project's own left out."""
    for file in sorted(site.glob("*.pth")):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            path = Path(line.strip() or ".")
            if path.is_absolute() and path.is_dir() and not path.is_relative_to(project):
                yield path
