"""``factory gc``: what nothing needs any more, and what was kept long enough."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from factory.ace.library import Library
from factory.cycle.experiment import META
from factory.cycle.inflight import cycle_in_flight, journals
from factory.cycle.integrate import pending_branches
from factory.cycle.lab import Lab
from factory.cycle.retention import beyond_retention
from factory.errors import FactoryError
from factory.fsio import read_json
from factory.git import BRANCHES
from factory.journal import read_events
from factory.models import Experiment
from factory.registry import Registry
from factory.scratch import is_left_over, remove

PLAYBOOK_VERSIONS = 20
"""Versions of each role's playbook that are kept."""

_WORKSPACE = re.compile(r"exp-(\d+)$")
_EXPERIMENT_BRANCH = re.compile(r"exp-(\d+)-")


def collect(lab: Lab, *, dry_run: bool = False) -> list[str]:
    """Remove what is left over, and return its names. Commits are never lost: branches move to refs.

    Projects that are gone leave the list of known ones; old versions of playbooks go, and what ``retention``
    keeps no longer. Workspaces of open experiments by hand, and of a cycle in flight, stay.
    """
    removed: list[str] = []
    # Looked for before it is asked what is needed: what a running cycle begins meanwhile is not among them.
    places, branches = _places(lab), lab.repo.refs(f"{BRANCHES}factory/")
    needed = _open_experiments(lab)
    for place in chain(_left_over(lab, places, needed), list(beyond_retention(lab))):
        removed.append(str(place))
        if not dry_run:
            remove(place)
    for ref, aside in _loose_branches(lab, branches, needed):
        removed.append(ref)
        if not dry_run:
            lab.repo.rename_ref(ref, aside)
    gone = Registry(lab.home).prune(dry_run=dry_run)
    removed += [f"{project.root} from the list of known projects" for project in gone]
    old = Library(lab.home.playbooks).prune_versions(PLAYBOOK_VERSIONS, dry_run=dry_run)
    return [*removed, *map(str, old)]


def _open_experiments(lab: Lab) -> set[int]:
    """Experiments that were begun, have no row, and whose cycle was not abandoned."""
    needed: set[int] = set()
    for path in journals(lab.paths):
        try:
            events = read_events(path)
        except FactoryError:
            # A damaged journal is `verify`'s to report; what it might need is not removed.
            needed |= _begun_in(lab, path.stem)
            continue
        ended = {e.experiment for e in events if e.type == "experiment.finalized"}
        abandoned = any(e.type == "cycle.abandoned" for e in events)
        begun = {e.experiment for e in events if e.type == "experiment.begun" and e.experiment is not None}
        needed |= set() if abandoned else {n for n in begun if n not in ended}
    return needed


def _begun_in(lab: Lab, cycle: str) -> set[int]:
    """The experiments of a cycle, told from their folders."""
    found = set()
    for place in lab.paths.experiments.glob(f"*/{META}"):
        try:
            experiment = read_json(place, Experiment)
        except FactoryError:
            continue
        if experiment.cycle == cycle:
            found.add(experiment.id)
    return found


def _places(lab: Lab) -> list[Path]:
    return sorted(lab.workspaces.iterdir()) if lab.workspaces.is_dir() else []


def _left_over(lab: Lab, places: Sequence[Path], needed: set[int]) -> Iterator[Path]:
    """Workspaces of experiments that are over, and what a process has left that is gone."""
    for place in places:
        match = _WORKSPACE.search(place.name)
        if match and int(match[1]) not in needed:
            yield place
    yield from lab.left_over()
    yield from _left_over_writes(lab)


def _left_over_writes(lab: Lab) -> Iterator[Path]:
    """Files that a process was about to put in place when it was killed."""
    home = lab.home
    apart = [str(place) for place in (home.workspaces, home.agents, home.environments, home.tools)]
    yield from (place for place in lab.paths.root.glob(".*.tmp") if is_left_over(place.name))
    for top in (lab.paths.state, lab.repo.common_dir / "factory", home.root):
        for folder, folders, names in os.walk(top):
            folders[:] = [name for name in folders if os.path.join(folder, name) not in apart]  # noqa: PTH118
            found = [name for name in (*names, *folders) if name[0] == "." and is_left_over(name)]
            yield from (Path(folder, name) for name in found)


def _loose_branches(lab: Lab, refs: Iterable[str], needed: set[int]) -> Iterator[tuple[str, str]]:
    """Branches of experiments and cycles that are over, with the refs that keep their commits.

    Kept work that waits for its integration stays, and so does a branch that is checked out.
    """
    pending, flying = pending_branches(lab), _is_in_flight(lab)
    for ref in refs:
        branch = ref.removeprefix(BRANCHES)
        name = branch.removeprefix("factory/")
        if branch in pending or lab.repo.worktree_of(branch) is not None:
            continue
        experiment = _EXPERIMENT_BRANCH.match(name)
        over = experiment is not None and int(experiment[1]) not in needed
        if over or (not flying and _is_abandoned(lab, name)):
            yield ref, f"refs/factory/abandoned/{name}"


def _is_in_flight(lab: Lab) -> bool:
    """Whether a cycle is in flight, or may be: a damaged journal cannot tell, and is `verify`'s to report."""
    try:
        return cycle_in_flight(lab.paths) is not None
    except FactoryError:
        return True


def _is_abandoned(lab: Lab, name: str) -> bool:
    """Whether ``name`` is that of an abandoned cycle's branch."""
    path = lab.paths.journal(name.removeprefix("cycle-"))
    if not name.startswith("cycle-") or not path.exists():
        return False
    try:
        return any(event.type == "cycle.abandoned" for event in read_events(path))
    except FactoryError:
        return False
