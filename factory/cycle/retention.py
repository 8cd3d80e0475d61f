"""Retention: what grows with use and is no evidence, and how much of it stays when `factory gc` has been.

Log, journals, records of experiments and runs, archive notes and approvals are evidence, and stay for good.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from factory.cycle.experiment import META
from factory.cycle.inflight import cycle_in_flight, journals
from factory.cycle.lab import Lab
from factory.errors import FactoryError
from factory.evals.making import READY
from factory.fsio import read_json
from factory.models import Experiment
from factory.paths import HomePaths, ProjectPaths
from factory.registry import Registry

CYCLES_WITH_TEXTS = 50
"""Newest cycles whose agents' prompts and outputs, and whose research runs' logs and results, stay."""

MEASUREMENTS = 500
"""Newest cached measurements of a project that stay."""

UNUSED_DAYS = 90
"""Days after which go, unless used: environments, downloads, and what unknown projects have left."""

SHARED_CACHES = ("pip", "interpreters")
"""What lies in the cache beside the projects' measurements."""


def beyond_retention(lab: Lab) -> Iterator[Path]:
    """The files and folders, here and in the factory home, that are kept no longer."""
    old = _old_cycles(lab)
    yield from _agents_texts(lab, old)
    yield from _runs_texts(lab, old)
    yield from _newest_first(lab.home.cache.joinpath(lab.paths.key).glob("*.json"))[MEASUREMENTS:]
    yield from _unused_environments(lab.home)
    yield from _of_forgotten_projects(lab)
    for name in SHARED_CACHES:
        yield from _unused_files(lab.home.cache / name)


def _old_cycles(lab: Lab) -> set[str]:
    """All but the newest cycles and the one in flight; none where that cannot be told."""
    try:
        flying = cycle_in_flight(lab.paths)
    except FactoryError:
        return set()
    old = {path.stem for path in list(journals(lab.paths))[CYCLES_WITH_TEXTS:]}
    return old - {flying.id} if flying else old


def _agents_texts(lab: Lab, old: set[str]) -> Iterator[Path]:
    yield from (place for cycle in sorted(old) if (place := lab.paths.cycle_dir(cycle) / "agents").is_dir())
    for place in sorted(lab.paths.experiments.glob("*/agents")):
        try:
            experiment = read_json(place.parent / META, Experiment)
        except FactoryError:
            continue  # `verify` tells of it
        if experiment.cycle in old:
            yield place


def _runs_texts(lab: Lab, old: set[str]) -> Iterator[Path]:
    for run in lab.runs.with_texts() if old else ():
        yield from lab.runs.texts(run.number) if run.cycle in old else ()


def _of_forgotten_projects(lab: Lab) -> Iterator[Path]:
    """Workspaces and cached measurements of projects that are not known any more; not soon, for a project may
    lie on a disk that is away just now.
    """
    known = {ProjectPaths(project.path).key for project in Registry(lab.home).known()} | {lab.paths.key}
    for parent in (lab.home.workspaces, lab.home.cache):
        for place in sorted(parent.iterdir()) if parent.is_dir() else []:
            if place.name not in (*known, *SHARED_CACHES) and _is_unused(place):
                yield place


def _newest_first(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)


def _unused_environments(home: HomePaths) -> Iterator[Path]:
    """Environments whose last use is long ago, with their locks and logs."""
    if not home.environments.is_dir():
        return
    for folder in sorted(path for path in home.environments.iterdir() if path.is_dir()):
        record = folder / READY
        if _is_unused(record if record.exists() else folder):
            beside = (folder.with_name(f"{folder.name}.lock"), home.logs / f"environment-{folder.name}.log")
            yield from (folder, *(path for path in beside if path.exists()))


def _unused_files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (path for name in sorted(names) if _is_unused(path := Path(place, name)))


def _is_unused(path: Path) -> bool:
    return path.lstat().st_mtime < time.time() - UNUSED_DAYS * 24 * 3600
