"""``factory gc``: workspaces, checkouts and branches that nothing needs any more."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from factory.cycle.inflight import cycle_in_flight, journals
from factory.cycle.lab import Lab
from factory.errors import FactoryError
from factory.fsio import CycleLock
from factory.journal import read_events
from factory.registry import Registry

_WORKSPACE = re.compile(r"exp-(\d+)$")


def collect(lab: Lab, *, dry_run: bool = False) -> list[str]:
    """Remove what is left over, and return its names. Commits are never lost: branches move to refs.

    Projects that are gone leave the list of known ones. Workspaces of open experiments by hand, and of a
    cycle in flight, stay.
    """
    removed: list[str] = []
    needed = _open_experiments(lab)
    for place in _left_over(lab, needed):
        removed.append(str(place))
        if not dry_run:
            shutil.rmtree(place, ignore_errors=True)
    for ref, aside in _loose_branches(lab, needed):
        removed.append(ref)
        if not dry_run:
            lab.repo.rename_ref(ref, aside)
    gone = Registry(lab.home).prune(dry_run=dry_run)
    return [*removed, *(f"{project.root} from the list of known projects" for project in gone)]


def _open_experiments(lab: Lab) -> set[int]:
    """Experiments that were begun, have no row, and whose cycle was not abandoned."""
    needed: set[int] = set()
    for path in journals(lab.paths):
        try:
            events = read_events(path)
        except FactoryError:
            # A damaged journal is `verify`'s to report; what it might need is not removed.
            events = []
        ended = {e.experiment for e in events if e.type == "experiment.finalized"}
        abandoned = any(e.type == "cycle.abandoned" for e in events)
        begun = {e.experiment for e in events if e.type == "experiment.begun" and e.experiment is not None}
        needed |= set() if abandoned else {n for n in begun if n not in ended}
    return needed


def _left_over(lab: Lab, needed: set[int]) -> Iterator[Path]:
    if not lab.workspaces.is_dir():
        return
    busy = CycleLock(lab.repo.common_dir).holder() is not None
    for place in sorted(lab.workspaces.iterdir()):
        match = _WORKSPACE.search(place.name)
        if (match and int(match[1]) not in needed) or (not match and not busy):
            yield place


def _loose_branches(lab: Lab, needed: set[int]) -> Iterator[tuple[str, str]]:
    """Branches of abandoned experiments and cycles, with the refs that keep their commits."""
    flying = cycle_in_flight(lab.paths)
    for ref in lab.repo.refs("refs/heads/factory/"):
        name = ref.removeprefix("refs/heads/factory/")
        experiment = re.match(r"exp-(\d+)-", name)
        if (
            experiment and int(experiment[1]) not in needed and not _kept_by_hand(lab, int(experiment[1]))
        ) or (
            name.startswith("cycle-") and _is_abandoned(lab, name.removeprefix("cycle-")) and flying is None
        ):
            yield ref, f"refs/factory/abandoned/{name}"


def _kept_by_hand(lab: Lab, number: int) -> bool:
    return any(row.id == number and row.verdict == "keep" for row in lab.history())


def _is_abandoned(lab: Lab, cycle: str) -> bool:
    path = lab.paths.journal(cycle)
    return path.exists() and any(e.type == "cycle.abandoned" for e in read_events(path))
