"""What is on record about an experiment, put together for people who read it elsewhere."""

from __future__ import annotations

from factory.cycle.experiment import FINAL_REVIEW, GUARD, PRECHECK
from factory.cycle.lab import Lab
from factory.github.texts import ExperimentReview, Scores
from factory.models import (
    Experiment,
    GuardReport,
    PrecheckReport,
    ReviewRecord,
    Verdict,
    VerdictRecord,
)


def experiment_told(lab: Lab, experiment: Experiment, decision: VerdictRecord) -> ExperimentReview:
    """An experiment's record as of its decision; what is of another commit than that is left out."""
    commit, folder = decision.commit, lab.store.experiment(experiment.id)
    guard = folder.find(GUARD, GuardReport)
    precheck = folder.find(PRECHECK, PrecheckReport)
    review = folder.find(FINAL_REVIEW, ReviewRecord)
    policy = lab.policy(experiment.baseline)
    mine = review if review is not None and review.commit == commit else None
    return ExperimentReview(
        number=experiment.id,
        hypothesis=experiment.hypothesis,
        commit=commit,
        keep=decision.verdict is Verdict.KEEP,
        reason=f"{decision.reason}: {decision.rationale}",
        scores=Scores(
            decision.score_before,
            decision.score_after,
            policy.eval.threshold if policy else None,
        ),
        guard=guard if guard is not None and guard.head == commit else None,
        precheck=precheck if precheck is not None and precheck.commit == commit else None,
        notes=[f"{mine.by}: {mine.verdict}: {mine.reason}", *mine.findings] if mine else [],
        gaps=known_gaps(lab, experiment.id, experiment.cycle),
    )


def known_gaps(lab: Lab, number: int, cycle: str) -> list[str]:
    """The findings of a kept change's review that did not block it, from its cycle's journal."""
    gaps: list[str] = []
    for event in lab.journal(cycle).events():
        done = event.type == "step.completed" and event.experiment == number
        if done and event.data["step"] == "review":
            gaps = [str(text) for text in event.data["result"].get("answer", {}).get("findings", [])]
    return gaps
