"""The end of an experiment: its row, its event, and its branch where the verdict puts it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from factory.cycle.branches import cycle_branch, drop_branch, set_aside
from factory.cycle.counting import count_outcome
from factory.cycle.evidence import digests
from factory.cycle.experiment import workspace
from factory.cycle.judging import sides
from factory.cycle.lab import Lab
from factory.cycle.ratchet import metric_sides, ratchet_of
from factory.journal import Journal
from factory.models import (
    Experiment,
    ExperimentRecord,
    Kind,
    Verdict,
    VerdictRecord,
)


@dataclass(frozen=True)
class Cost:
    """What an experiment took: tokens and US dollars where known, and seconds."""

    tokens: int | None = None
    cost_usd: float | None = None
    duration_s: float | None = None


def finalize(
    lab: Lab,
    journal: Journal,
    experiment: Experiment,
    decision: VerdictRecord,
    *,
    summary: str = "",
    cost: Cost = Cost(),
    hosted: tuple[int | str | None, int | None] = (None, None),
) -> ExperimentRecord:
    """Write the experiment's row and event, and put its branch where its verdict says.

    ``hosted`` are the issues it serves and its pull request. Safe to repeat: a row or an event that is there
    already is not written again, nor is its outcome counted.
    """
    record = _row(lab, experiment, decision, cost).model_copy(
        update={"change_summary": summary, "issue_number": hosted[0], "pr_number": hosted[1]}
    )
    lab.store.append(record)
    if decision.verdict is Verdict.KEEP:
        _advance(lab, experiment, decision.commit)
    else:
        _put_aside(lab, experiment, decision.commit)
    if not any(e.type == "experiment.finalized" and e.experiment == experiment.id for e in journal.events()):
        evidence = digests(lab.store.experiment(experiment.id))
        journal.append(
            "experiment.finalized", experiment.id, **record.model_dump(mode="json"), evidence=evidence
        )
    count_outcome(lab, journal, record)
    shutil.rmtree(workspace(lab, experiment).parent, ignore_errors=True)
    return record


def _row(lab: Lab, experiment: Experiment, decision: VerdictRecord, cost: Cost) -> ExperimentRecord:
    # A score of another commit than the one that was decided on is no score of this experiment.
    before, after = sides(lab.store.experiment(experiment.id), decision.commit)
    score_before, score_after = (m.composite if m else None for m in (before, after))
    harness = before.harness if before else ""
    if experiment.kind is Kind.RESEARCH:
        score_before, score_after, harness = metric_sides(ratchet_of(lab, experiment.id), decision.commit)
    known = score_before is not None and score_after is not None
    return ExperimentRecord(
        id=experiment.id,
        timestamp=decision.timestamp,
        hypothesis=experiment.hypothesis,
        score_before=score_before,
        score_after=score_after,
        delta=score_after - score_before if known else None,  # type: ignore[operator]
        verdict=decision.verdict,
        cost_usd=cost.cost_usd,
        notes=decision.rationale,
        research_citations=experiment.item.citations,
        reason=decision.reason,
        category=experiment.category,
        kind=experiment.kind,
        cycle=experiment.cycle,
        branch=experiment.branch,
        baseline=experiment.baseline,
        commit=decision.commit,
        tokens=cost.tokens,
        duration_s=cost.duration_s,
        runner=experiment.runner,
        harness=harness,
    )


def _advance(lab: Lab, experiment: Experiment, commit: str) -> None:
    """Move the cycle's branch on to a kept commit. An experiment by hand keeps its own branch."""
    lab.repo.set_ref(f"refs/factory/kept/{experiment.id:03d}", commit)
    ref = f"refs/heads/{cycle_branch(experiment.cycle)}"
    tip = lab.repo.refs(ref).get(ref)
    if tip is None:
        return
    if not lab.repo.is_ancestor(commit, tip):
        if not lab.repo.is_ancestor(tip, commit):
            set_aside(lab, f"{experiment.id:03d}", tip)
        lab.repo.set_ref(ref, commit, tip)
    drop_branch(lab, experiment.branch, commit, f"{experiment.id:03d}")


def _put_aside(lab: Lab, experiment: Experiment, commit: str) -> None:
    """Keep a rejected change's commits under a ref, and free its branch name."""
    if commit != experiment.baseline:
        lab.repo.set_ref(f"refs/factory/rejected/{experiment.id:03d}", commit)
    drop_branch(lab, experiment.branch, commit, f"{experiment.id:03d}")
