"""What became of the experiments in which a playbook was used: one line each, counted from, never added to.

Counters are not raised, they are counted anew from these lines, so nothing is counted twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from factory.ace.records import Tally
from factory.fsio import durable_append, refuse_newer
from factory.models import FORMAT_VERSION, Model, Reason, Verdict
from factory.strategy import is_evidence_against

Effect = Literal["helpful", "harmful", ""]

JUDGES = frozenset({"ceo", "reviewer", "evaluator"})
"""Roles that judge others' work: that they stopped it says nothing against what they went by."""

NO_FAULT = frozenset({Reason.BUDGET})
"""Reasons of a revert for which no advice is to blame, beside errors and what stayed inconclusive."""


class RoleUse(Model):
    """The items that a role was shown in an experiment, that were withheld, and that it says it used.

    ``trial`` are those of the shown ones about which the lot had decided.
    """

    shown: list[str] = Field(default_factory=list)
    trial: list[str] = Field(default_factory=list)
    withheld: list[str] = Field(default_factory=list)
    cited: list[str] = Field(default_factory=list)


class Outcome(Model):
    """One finalized experiment. ``cycle`` and ``experiment`` identify it, also in a copy of its project."""

    v: int = FORMAT_VERSION
    project: str
    cycle: str
    experiment: int
    verdict: Verdict
    reason: str
    timestamp: str
    roles: dict[str, RoleUse]

    @property
    def identity(self) -> tuple[str, int]:
        """What makes it one experiment."""
        return self.cycle, self.experiment

    def effect(self, role: str) -> Effect:
        """What the verdict says of the advice that a role followed; "" where it says nothing.

        A keep speaks for it. A revert speaks against it if the change itself was the reason: not a lack of
        budget, an error, or noise; and not against a judge who stopped the change.
        """
        if self.verdict is Verdict.KEEP:
            return "helpful"
        seen = _Decided(self.verdict, self.reason)
        if not is_evidence_against(seen) or self.reason in NO_FAULT:
            return ""
        return "" if role in JUDGES and self.reason == Reason.REVIEW else "harmful"


@dataclass(frozen=True, slots=True)
class _Decided:
    """A verdict as strategy looks at it."""

    verdict: str
    reason: str
    id: int | None = None
    hypothesis: str = ""
    category: str = ""
    score_after: float | None = None


def tallies(
    outcomes: Iterable[Outcome], role: str, survivors: Mapping[str, str] | None = None
) -> dict[str, Tally]:
    """Each item's tally for ``role``. ``survivors`` maps a merged item's id to the one that took it in."""
    now = survivors or {}
    found: dict[str, Tally] = {}
    for outcome in outcomes:
        use, effect = outcome.roles.get(role), outcome.effect(role)
        if use is None or not effect:
            continue
        kept = effect == "helpful"
        for id in {now.get(id, id) for id in use.cited}:
            tally = found.setdefault(id, Tally())
            tally.helpful += kept
            tally.harmful += not kept
        shown, drawn = ({now.get(id, id) for id in ids} for ids in (use.shown, use.trial))
        for id in shown:
            found.setdefault(id, Tally()).shown += 1
        for id in drawn:
            tally = found.setdefault(id, Tally())
            tally.with_kept += kept
            tally.with_n += 1
        for id in {now.get(id, id) for id in use.withheld} - shown:
            tally = found.setdefault(id, Tally())
            tally.without_kept += kept
            tally.without_n += 1
    return found


def harmful_share(outcomes: Iterable[Outcome], role: str) -> float:
    """How much of the experiments that say something speak against what a role did, in [0, 1]; 0 for none."""
    effects = [effect for outcome in outcomes if role in outcome.roles and (effect := outcome.effect(role))]
    return effects.count("harmful") / len(effects) if effects else 0.0


def read_outcomes(path: Path) -> list[Outcome]:
    """The lines of the file, each experiment once. A line that cannot be read is passed by.

    Raises Refused where a newer program has written one.
    """
    try:
        seen = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return []
    return list(_read(path, seen.st_mtime_ns, seen.st_size))


@lru_cache(maxsize=1)
def _read(path: Path, changed_ns: int, size: int) -> tuple[Outcome, ...]:
    """The same, read once as long as the file stays as it is: every call of an agent asks for it."""
    lines = path.read_bytes().split(b"\n")
    found: dict[tuple[str, int], Outcome] = {}
    for line in lines:
        outcome = _outcome(line, path)
        if outcome is not None:
            found.setdefault(outcome.identity, outcome)
    return tuple(found.values())


def _outcome(line: bytes, path: Path) -> Outcome | None:
    try:
        fields = json.loads(line)
        # Without it the counters would be counted too low, and written so.
        refuse_newer(fields.get("v") if isinstance(fields, dict) else None, path)
        return Outcome.model_validate(fields)
    except (ValueError, RecursionError):  # pydantic's errors are ValueErrors
        return None


def append_outcome(path: Path, outcome: Outcome) -> None:
    """Adds a line, on disk when this returns. The caller holds the lock, and knows that it is not there."""
    durable_append(path, json.dumps(outcome.model_dump(mode="json"), ensure_ascii=True))
