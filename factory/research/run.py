"""Running the research target once, in a fresh checkout, with a seed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from factory.config import ProjectConfig
from factory.evals.commands import CommandRun
from factory.evals.progress import Progress
from factory.evals.run import run_once
from factory.paths import HomePaths
from factory.research.result import last_object, metric_of, read_result
from factory.sandbox import Sandbox

SEED = "FACTORY_SEED"
"""The variable that tells a run its seed."""

MOST_RESULT_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run went: the metric, or why there is none; what it left and what it printed."""

    value: float | None
    error: str
    exit_code: int
    duration_s: float
    result: str
    log: str


def run_target(
    checkout: Path,
    command: str,
    seed: int,
    *,
    config: ProjectConfig,
    project_root: Path,
    home: HomePaths,
    sandbox: Sandbox,
    progress: Progress,
) -> Ran:
    """Run ``command`` in ``checkout`` and read the metric that it leaves.

    A result that lay there before is removed first: what a run has not made is not its result.
    """
    settings = config.research
    place = checkout / settings.result if settings.result else None
    if place is not None:
        _clear(place, checkout)
    done = run_once(
        checkout,
        command,
        config=config,
        timeout=settings.timeout,
        variables={SEED: str(seed)},
        project_root=project_root,
        home=home,
        sandbox=sandbox,
        progress=progress,
    )
    text = _left(place, checkout) if place is not None else last_object(done.stdout)
    value, error = _read(done, text, settings.metric, settings.result)
    log = done.stdout + (f"\n[stderr]\n{done.stderr}" if done.stderr.strip() else "")
    return Ran(value, error, done.exit_code, done.duration_s, text, log)


def _clear(place: Path, checkout: Path) -> None:
    """Remove what lies where the result is to be, a folder or a link too; nothing outside of the checkout."""
    if not place.parent.resolve().is_relative_to(checkout.resolve()):
        return
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    elif place.parent.is_dir():
        place.unlink(missing_ok=True)


def _left(place: Path, checkout: Path) -> str:
    """What the run wrote; a link out of the checkout is not followed."""
    real = place.resolve()
    if not real.is_file() or not real.is_relative_to(checkout.resolve()):
        return ""
    with real.open("rb") as stream:
        return stream.read(MOST_RESULT_BYTES).decode("utf-8", "replace")


def _read(done: CommandRun, text: str, metric: str, file: str) -> tuple[float | None, str]:
    if done.timed_out:
        return None, "its time was up"
    if done.exit_code != 0:
        said = done.output[-300:].strip()
        return None, f"it exited with {done.exit_code}" + (f": {said}" if said else ", and said nothing")
    if not text.strip():
        return None, f"it left no {file}" if file else "it printed no JSON object"
    try:
        return metric_of(read_result(text), metric), ""
    except ValueError as error:
        return None, str(error)
