"""What is on record of the metric of research mode: how an experiment moved it."""

from __future__ import annotations

from statistics import fmean

from factory.cycle.lab import Lab
from factory.models import RatchetRecord

RATCHET = "ratchet.json"
"""An experiment's record of how it moved the metric."""


def ratchet_of(lab: Lab, number: int) -> RatchetRecord | None:
    """How an experiment moved the metric of research mode; None where it did not run it."""
    return lab.store.experiment(number).find(RATCHET, RatchetRecord)


def metric_sides(record: RatchetRecord | None, commit: str) -> tuple[float | None, float | None, str]:
    """What research mode has for scores: the metric's mean on both sides, and who judged it."""
    if record is None or record.commit != commit:
        return None, None, ""
    before, after = (fmean(side) if side else None for side in (record.before, record.after))
    return before, after, record.harness
