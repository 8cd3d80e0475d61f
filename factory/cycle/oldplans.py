"""Plans of other shapes, such as earlier tools and people leave behind: shown, ignored, and not lost."""

from __future__ import annotations

import shutil
from pathlib import Path

from factory.cycle.context import Cycle
from factory.errors import BadInput
from factory.fsio import read_exactly
from factory.spec import parse

LINES_SHOWN = 12
NAMES = ("current.md", "idea.md")


def set_aside_old_plans(cycle: Cycle) -> None:
    """Tell of each file where a plan belongs that has neither form, and keep a copy with the cycle.

    A plan of this cycle may replace the file. What an earlier cycle has told of is not told again.
    """
    for name in NAMES:
        place = cycle.lab.paths.strategy / name
        if place.is_file() and not _is_plan(place) and not _is_known(cycle, place):
            copy = cycle.lab.paths.cycle_dir(cycle.id) / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            cycle.progress.warn(
                f"{place} has neither form of a plan and is ignored; a copy is kept as {copy}. To start from "
                f"it, name it: factory ceo {copy}"
            )
            for line in _beginning(place):
                cycle.lab.say(f"  | {line}")
            shutil.copyfile(place, copy)


def _is_plan(place: Path) -> bool:
    try:
        parse(read_exactly(place))
    except BadInput:
        return False
    return True


def _is_known(cycle: Cycle, place: Path) -> bool:
    data = place.read_bytes()
    return any(copy.read_bytes() == data for copy in cycle.lab.paths.cycles.glob(f"*/{place.name}"))


def _beginning(place: Path) -> list[str]:
    lines = place.read_bytes().decode("utf-8", "replace").splitlines()
    more = [f"… and {len(lines) - LINES_SHOWN} more lines"] if len(lines) > LINES_SHOWN else []
    return [*lines[:LINES_SHOWN], *more]
