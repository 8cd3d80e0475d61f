"""What of a role's playbook goes into a prompt, and what is left out to see whether it is missed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from factory.ace.curator import on_trial, usefulness
from factory.ace.models import Playbook, PlaybookItem
from factory.ace.records import Tally

BYTES = 2_400
"""What a playbook may take of a prompt."""

LITE_BYTES = 800
"""The same in lite."""

WITHHELD_ONE_IN = 3
"""An item on trial is left out of one call in so many."""

_CITED = re.compile(r"[\s>*_`-]*playbook[*_`]*\s*:(.*)", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]*-[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Injection:
    """A playbook's text for a prompt, and the ids of the items in it.

    ``trial`` are those of them about which the lot decided, ``withheld`` those that it left out.
    """

    text: str = ""
    shown: tuple[str, ...] = ()
    trial: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()


def inject(playbook: Playbook, tallies: Mapping[str, Tally], draw: str, *, lite: bool = False) -> Injection:
    """The best items that fit. Those on trial are withheld by lot; ``draw`` names the call, and decides.

    The same call has the same lot, so that a resumed one does not draw again. Without ``draw`` nothing is
    withheld.
    """
    trial = {item.id for item in playbook.items if draw and on_trial(tallies.get(item.id, Tally()))}
    withheld = {id for id in trial if _drawn(draw, id)}
    fitting = _fitting(
        [item for item in playbook.items if item.id not in withheld], LITE_BYTES if lite else BYTES
    )
    chosen = playbook.model_copy(
        update={
            "do": [item for item in playbook.do if item.id in fitting],
            "dont": [item for item in playbook.dont if item.id in fitting],
        }
    )
    shown = tuple(item.id for item in chosen.items)
    drawn = tuple(id for id in shown if id in trial)
    return Injection(chosen.items_markdown(), shown, drawn, tuple(sorted(withheld)))


def _drawn(draw: str, id: str) -> bool:
    digest = hashlib.sha256(f"{draw}/{id}".encode()).digest()
    return int.from_bytes(digest[:8]) % WITHHELD_ONE_IN == 0


def _fitting(items: Sequence[PlaybookItem], limit: int) -> set[str]:
    """The ids of the most useful items whose lines fit into ``limit`` bytes together."""
    chosen: set[str] = set()
    for item in sorted(items, key=usefulness, reverse=True):
        size = len(item.to_line().encode()) + 1
        if size <= limit:
            limit -= size
            chosen.add(item.id)
    return chosen


def cited_ids(text: str, shown: Collection[str]) -> list[str]:
    """The ids in the last line of an answer, ``Playbook: …``, that had been shown; each once."""
    found = _CITED.fullmatch(_last_line(text)[1])
    return known_ids(_ID.findall(found[1]), shown) if found else []


def known_ids(ids: Sequence[str], shown: Collection[str]) -> list[str]:
    """Those of ``ids`` that had been shown, each once, in order; an agent may name what is not there."""
    return [id for id in dict.fromkeys(ids) if id in shown]


def without_citations(text: str) -> str:
    """An answer without its last line, where that names playbook items."""
    before, last = _last_line(text)
    return before if _CITED.fullmatch(last) else text


def _last_line(text: str) -> tuple[str, str]:
    """What stands before the last line that is not blank, and that line."""
    before, _, last = text.rstrip().rpartition("\n")
    return before, last
