"""Experiments that are finalized without being worked on: all that is written, and no measuring."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from unittest.mock import patch

from factory.cycle import experiment as lab_work
from factory.cycle.archive import write_experiment_note
from factory.cycle.deciding import settle
from factory.cycle.finalizing import finalize
from factory.cycle.inflight import BY_HAND
from factory.cycle.lab import open_lab
from factory.cycle.mirror import mirror_log
from factory.journal import new_cycle_id
from factory.models import PlanItem


def finalize_as_errors(project: Path, titles: Iterable[str]) -> None:
    """Begin an experiment by hand for each title, without a workspace, and end it as an error."""
    lab = open_lab(project, lambda _: None)
    base = lab.repo.resolve("refs/heads/main")
    policy = lab.required_policy(base)
    for title in titles:
        said = {"phase": 1, "title": title, "category": "FIX", "new_approach": "it is"}
        item = PlanItem.model_validate(said)
        journal = lab.journal(new_cycle_id())
        journal.append("cycle.opened", mode=BY_HAND, options={}, target="main", start=base)
        with patch("factory.cycle.experiment.checkout_at"):
            experiment = lab_work.begin(lab, journal, item, base=base, target="main", policy=policy)
        decision = settle(lab, experiment, policy, ended={"reason": "error", "detail": "not tried"})
        record = finalize(lab, journal, experiment, decision)
        write_experiment_note(lab, record.model_dump(mode="json"))
        mirror_log(lab, f"experiment {experiment.id}")
        journal.append("cycle.closed", kept=0)
