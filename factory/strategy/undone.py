"""Which kept experiments were taken back since, and by which: read from the log's own rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from factory.strategy.experiment import Experiment, text_of

Tried = TypeVar("Tried", bound=Experiment)

UNDO = "undo"
"""The kind of an experiment that takes another one back."""

_TITLE = re.compile(r"Undo experiment (\d{1,9}): ")


def undo_title(number: int, hypothesis: str) -> str:
    """The hypothesis of the experiment that takes experiment ``number`` back."""
    return f"Undo experiment {number}: {hypothesis}"


def is_undo(experiment: Experiment) -> bool:
    """Whether it takes another one back."""
    return text_of(experiment, "kind") == UNDO


def undone_id(experiment: Experiment) -> int | None:
    """The id of the experiment that this one takes back; None where it takes none back."""
    found = _TITLE.match(experiment.hypothesis) if is_undo(experiment) else None
    return int(found[1]) if found else None


def undone_by(history: Iterable[Experiment]) -> dict[int, int]:
    """Id of each experiment that is taken back → id of the one that did it; ``history`` is in file order.

    Only a kept undo has taken anything back; where that undo is itself undone, its experiment stands again.
    """
    found: dict[int, int] = {}
    for experiment in history:
        target = undone_id(experiment)
        if target is None or experiment.id is None or experiment.verdict != "keep":
            continue
        found[target] = experiment.id
        for taken_back, by in list(found.items()):
            if by == target:
                del found[taken_back]
    return found


def standing(history: Sequence[Tried]) -> list[Tried]:
    """The experiments that say how often a change is kept: without undos, and without what they took back."""
    undone = undone_by(history)
    return [one for one in history if not is_undo(one) and one.id not in undone]
