"""Sandboxes for tests: private places, and a loud skip where bubblewrap does not work."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.process import allowed_env
from factory.sandbox import Access, Sandbox, SandboxRequest, choose


def working_sandbox() -> Sandbox:
    """Bubblewrap, or a skip that says why not."""
    found = choose("auto")
    if not found.active:
        pytest.skip(f"NO SANDBOX HERE, so nothing is known about it: {found.why}")
    return found


def request_in(folder: Path, access: Access = "write", **more: object) -> SandboxRequest:
    """A request with a workspace, a home and a tmp made in ``folder``."""
    places = {name: folder / name for name in ("workspace", "home", "tmp")}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    return SandboxRequest(**places, access=access, **more)  # type: ignore[arg-type]


def env_of(request: SandboxRequest, **more: str) -> dict[str, str]:
    """The environment of a process inside."""
    return allowed_env({"HOME": str(request.home), "TMPDIR": str(request.tmp)} | more)
