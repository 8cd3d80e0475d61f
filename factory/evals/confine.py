"""A measurement's process in a sandbox: the checkout and what it needs to run, nothing else of a person's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from factory.evals.surroundings import Scratch
from factory.sandbox import Sandbox, SandboxRequest, on_path


def confined(
    argv: Sequence[str],
    checkout: Path,
    scratch: Scratch,
    sandbox: Sandbox,
    *,
    readable: Sequence[Path] = (),
    writable: Sequence[Path] = (),
) -> list[str]:
    """The command line that runs ``argv`` in ``checkout`` inside ``sandbox``.

    It may write the checkout and the scratch folders, and read the programs on the PATH. The network stays:
    tests of servers need loopback, and some of them a service. The person's home and checkout are not there,
    but for what is ``readable`` or ``writable`` besides, such as an environment.
    """
    if not sandbox.active:
        return list(argv)
    request = SandboxRequest(
        workspace=checkout,
        access="write",
        home=scratch.home,
        tmp=scratch.tmp,
        readable=(*readable, *on_path()),
        writable=(scratch.root, *writable),
    )
    return sandbox.wrap(argv, request)
