"""The table of runners: the agent CLIs' adapters, joined by the deterministic engineer."""

from __future__ import annotations

from collections.abc import Callable

from factory.errors import BadInput, EnvironmentLacking
from factory.offline.runner import OfflineRunner
from factory.runners.base import Access, Runner
from factory.runners.claude import ClaudeRunner
from factory.runners.codex import CodexRunner
from factory.sandbox import OFF, Sandbox, choose


def _claude(sandbox: Sandbox) -> Runner:
    if sandbox.active:
        return ClaudeRunner(wrap=sandbox.wrap)
    return ClaudeRunner(own_sandbox=sandbox.kind != "off")


def _codex(sandbox: Sandbox) -> Runner:
    if sandbox.active:
        return CodexRunner(wrap=sandbox.wrap)
    return CodexRunner(own_sandbox=sandbox.kind != "off")


def _offline(_: Sandbox) -> Runner:
    """It starts no agent, hence needs no protection from one."""
    return OfflineRunner()


#: In the order of preference. Both CLIs have a sandbox of their own, which stands in where bubblewrap does
#: not work; where that does not work either, a Builder's commands fail or it is not started.
RUNNERS: dict[str, Callable[[Sandbox], Runner]] = {"claude": _claude, "codex": _codex, "offline": _offline}


def runner_named(name: str, sandbox: str = "auto", access: Access = "write") -> Runner:
    """The runner of that name, its agents in the ``sandbox`` that is wanted.

    Raises BadInput for an unknown one, EnvironmentLacking for an unusable one or a lacking sandbox.
    """
    if name not in RUNNERS:
        raise BadInput(f"There is no runner {name!r}.", f"The runners are: {', '.join(RUNNERS)}.")
    lacking = RUNNERS[name](OFF).missing()
    if lacking:
        raise EnvironmentLacking(
            f"The {name} runner cannot be used: {lacking}.", "`--runner offline` needs no agent CLI."
        )
    if name == OfflineRunner.name:
        return _offline(OFF)
    protection = choose(sandbox)
    protection.require(access, own=True)
    return RUNNERS[name](protection)


def resolve_runner(wanted: str) -> str:
    """The runner's name: ``auto`` is the first in the table that can be used here."""
    if wanted != "auto":
        return wanted
    return next(name for name, make in RUNNERS.items() if not make(OFF).missing())
