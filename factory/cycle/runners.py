"""The table of runners: the agent CLIs' adapters, joined by the deterministic engineer."""

from __future__ import annotations

from collections.abc import Callable

from factory.errors import BadInput, EnvironmentLacking
from factory.offline.runner import OfflineRunner
from factory.runners.base import Runner

RUNNERS: dict[str, Callable[[], Runner]] = {"offline": OfflineRunner}


def runner_named(name: str) -> Runner:
    """The runner of that name. Raises BadInput for an unknown one, EnvironmentLacking for an unusable one."""
    if name not in RUNNERS:
        raise BadInput(f"There is no runner {name!r}.", f"The runners are: {', '.join(RUNNERS)}.")
    runner = RUNNERS[name]()
    lacking = runner.missing()
    if lacking:
        raise EnvironmentLacking(
            f"The {name} runner cannot be used: {lacking}.", "`--runner offline` needs no agent CLI."
        )
    return runner


def resolve_runner(wanted: str) -> str:
    """The runner's name: ``auto`` is the first in the table that can be used here."""
    if wanted != "auto":
        return wanted
    return next(name for name, make in RUNNERS.items() if not make().missing())
