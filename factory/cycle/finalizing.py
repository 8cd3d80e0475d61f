"""The end of an experiment: its row, its event, and its branch where the verdict puts it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from factory.cycle.branches import cycle_branch, drop_branch, set_aside
from factory.cycle.counting import count_outcome
from factory.cycle.evidence import digests
from factory.cycle.experiment import VERDICT, load, workspace
from factory.cycle.judging import sides
from factory.cycle.lab import Lab
from factory.cycle.ratchet import metric_sides, ratchet_of
from factory.errors import BadInput
from factory.journal import Journal
from factory.models import (
    Experiment,
    ExperimentRecord,
    Kind,
    Verdict,
    VerdictRecord,
)
from factory.rows import Row, number, whole


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

    Raises Refused, before anything is written, where a keep would move the cycle's branch and it is checked
    out somewhere.
    """
    if decision.verdict is Verdict.KEEP:
        _require_movable(lab, experiment, decision.commit)
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


def written_row(lab: Lab, experiment: Experiment) -> Row | None:
    """The experiment's row, if it is in the log already."""
    named = (experiment.id, experiment.cycle)
    return next((row for row in lab.history() if (row.id, row.cycle) == named), None)


def complete(lab: Lab, journal: Journal, row: Row) -> ExperimentRecord:
    """Write what a crash has left out beside an experiment's row, by what the row says.

    Raises BadInput where the experiment's folder is lost or has another verdict, Refused like ``finalize``.
    """
    experiment = load(lab, row.id or 0)
    decision = lab.store.experiment(experiment.id).read(VERDICT, VerdictRecord)
    if (decision.verdict, decision.commit) != (row.verdict, row.commit):
        raise BadInput(f"Experiment {experiment.id}: row and stored verdict differ.")
    issue, pull = row.text("issue_number"), row.text("pr_number")
    return finalize(
        lab,
        journal,
        experiment,
        decision,
        summary=row.change_summary,
        cost=Cost(whole(row.text("tokens")), row.cost_usd, number(row.text("duration_s"))),
        hosted=(whole(issue) or issue or None, whole(pull)),
    )


def _row(lab: Lab, experiment: Experiment, decision: VerdictRecord, cost: Cost) -> ExperimentRecord:
    before, _ = sides(lab.store.experiment(experiment.id), decision.commit)
    score_before, score_after = decision.score_before, decision.score_after
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
    ref, tip = _branch_and_tip(lab, experiment)
    if tip is None:
        return
    if not lab.repo.is_ancestor(commit, tip):
        if not lab.repo.is_ancestor(tip, commit):
            set_aside(lab, f"{experiment.id:03d}", tip)
        lab.repo.set_ref(ref, commit, tip)
    drop_branch(lab, experiment.branch, commit, f"{experiment.id:03d}")


def _require_movable(lab: Lab, experiment: Experiment, commit: str) -> None:
    ref, tip = _branch_and_tip(lab, experiment)
    if tip is not None and not lab.repo.is_ancestor(commit, tip):
        lab.repo.require_movable(ref, commit)


def _branch_and_tip(lab: Lab, experiment: Experiment) -> tuple[str, str | None]:
    """The ref of the cycle's branch, and where it stands; None for an experiment by hand."""
    ref = f"refs/heads/{cycle_branch(experiment.cycle)}"
    return ref, lab.repo.refs(ref).get(ref)


def _put_aside(lab: Lab, experiment: Experiment, commit: str) -> None:
    """Keep a rejected change's commits under a ref, and free its branch name."""
    if commit != experiment.baseline:
        lab.repo.set_ref(f"refs/factory/rejected/{experiment.id:03d}", commit)
    drop_branch(lab, experiment.branch, commit, f"{experiment.id:03d}")
