"""The table of runners: agent CLIs' adapters, templates of any other CLI, and the deterministic engineer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping

from factory.config.model import CommandSpec
from factory.errors import BadInput, EnvironmentLacking
from factory.offline.runner import OfflineRunner
from factory.runners.base import Runner
from factory.runners.claude import ClaudeRunner
from factory.runners.codex import CodexRunner
from factory.runners.command import CommandRunner
from factory.sandbox import Sandbox, choose

Maker = Callable[[Sandbox, bool], Runner]
"""Makes a runner for a sandbox; the second argument says whether its Researcher may look at the web."""


def _claude(sandbox: Sandbox, web: bool) -> Runner:
    if sandbox.active:
        return ClaudeRunner(wrap=sandbox.wrap, web=web)
    # Unasked for on macOS alone: on Linux its own is made of what the program's is made of.
    own = sandbox.kind == "cli" or (sandbox.kind == "none" and sys.platform == "darwin")
    return ClaudeRunner(own_sandbox=own, web=web)


def _codex(sandbox: Sandbox, web: bool) -> Runner:
    if sandbox.active:
        return CodexRunner(wrap=sandbox.wrap, web=web)
    return CodexRunner(own_sandbox=sandbox.kind != "off", web=web)


def _offline(sandbox: Sandbox, web: bool) -> Runner:
    return OfflineRunner()


RUNNERS: dict[str, Maker] = {"claude": _claude, "codex": _codex, "offline": _offline}
"""In the order in which ``auto`` takes the first that can be used."""


def make_runner(
    name: str, sandbox: Sandbox, commands: Mapping[str, CommandSpec], *, web: bool = True
) -> Runner:
    """The runner of that name, ``commands`` being the configured templates.

    Raises BadInput for an unknown name, EnvironmentLacking for a runner that cannot be used here.
    """
    if name in commands:
        runner: Runner = CommandRunner(name, commands[name], sandbox)
    elif name in RUNNERS:
        runner = RUNNERS[name](sandbox, web)
    else:
        known = ", ".join([*RUNNERS, *commands])
        raise BadInput(f"There is no runner {name!r}.", f"The runners are: {known}.")
    lacking = runner.missing()
    if lacking:
        raise EnvironmentLacking(
            f"The {name} runner cannot be used: {lacking}.", "`--runner offline` needs no agent CLI."
        )
    return runner


def resolve_runner(wanted: str, sandbox: Sandbox) -> str:
    """The runner's name: ``auto`` is the first in the table that can be used here."""
    if wanted != "auto":
        return wanted
    return next(name for name, make in RUNNERS.items() if not make(sandbox, False).missing())


def unusable_runners() -> Iterator[tuple[str, str]]:
    """The runners of the table that cannot be used here, each with the reason."""
    for name, make in RUNNERS.items():
        lacking = make(choose("off"), False).missing()
        if lacking:
            yield name, lacking
