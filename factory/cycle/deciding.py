"""Deciding an experiment by rule: keep, revert or error, from what is on record alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from factory.config import ProjectConfig
from factory.cycle.experiment import FINAL_REVIEW, VERDICT, VERIFY, tip_of
from factory.cycle.judging import as_compared, comparison_of, left_out, precheck, rejects
from factory.cycle.lab import Lab
from factory.cycle.ratchet import ratchet_of
from factory.evals.decide import decide
from factory.fsio import utc_now
from factory.models import (
    Experiment,
    Kind,
    PrecheckReport,
    Reason,
    ReviewRecord,
    Verdict,
    VerdictRecord,
    VerifyReport,
)

RATCHET_REASONS = {
    "improved": Reason.IMPROVED,
    "held": Reason.NO_EFFECT,
    "regressed": Reason.REGRESSED,
    "inconclusive": Reason.INCONCLUSIVE,
}


@dataclass(frozen=True)
class Override:
    """A person's word, given in a terminal, that named checks of the precheck shall not stop a keep.

    It decides where one of them fails and no other check does; else the rules do.
    """

    checks: frozenset[str]
    reason: str


def settle(
    lab: Lab,
    experiment: Experiment,
    policy: ProjectConfig,
    *,
    ended: Mapping[str, str] | None = None,
    override: Override | None = None,
) -> VerdictRecord:
    """Decide the experiment by rule from what is stored, and store the decision.

    ``ended`` is the early end of its scope (reason and detail), where there was one: then there is nothing to
    weigh. Once decided by hand, the stored decision stands. A cycle decides by what it knows itself: nobody
    else can have decided for it, so a verdict that lies there was cut off, or laid there.
    """
    folder = lab.store.experiment(experiment.id)
    if folder.exists(VERDICT) and not experiment.scope:
        return folder.read(VERDICT, VerdictRecord)
    if ended is not None:
        reason = Reason(ended["reason"])
        verdict = Verdict.ERROR if reason is Reason.ERROR else Verdict.REVERT
        record = _verdict(tip_of(lab, experiment), verdict, reason, ended["detail"])
    else:
        weighed = _weigh(lab, experiment, policy, override)
        record = _with_its_check(weighed, folder.find(VERIFY, VerifyReport))
    record = with_scores(lab, experiment, policy, record)
    folder.write(VERDICT, record)
    return record


def _weigh(
    lab: Lab, experiment: Experiment, policy: ProjectConfig, override: Override | None
) -> VerdictRecord:
    report = precheck(lab, experiment, policy)
    failed = {check.name for check in report.failures}
    if override is not None and failed and failed <= override.checks:
        rationale = f"a person overrode {', '.join(sorted(failed))}: {override.reason}"
        return _verdict(report.commit, Verdict.KEEP, Reason.OVERRIDE, rationale, decided_by="person")
    if report.passed and experiment.kind in OWN_RULES:
        return OWN_RULES[experiment.kind](lab, experiment, policy, report.commit)
    return _by_score(lab, experiment, policy, report)


def with_scores(
    lab: Lab, experiment: Experiment, policy: ProjectConfig, record: VerdictRecord
) -> VerdictRecord:
    """The record with the scores that are told of it everywhere; none where it was not measured."""
    # A score of another commit than the one that was decided on is no score of this experiment.
    before, after = as_compared(lab, experiment, record.commit, policy)
    scores = {
        "score_before": before.composite if before else None,
        "score_after": after.composite if after else None,
    }
    flaky = left_out(lab, lab.store.experiment(experiment.id)) if after else []
    return record.model_copy(update={**scores, "left_out": flaky})


def _with_its_check(record: VerdictRecord, shown: VerifyReport | None) -> VerdictRecord:
    """What the item's own check says of a keep, for an improved score is no proof of delivery, and of what
    was reverted for want of an effect.
    """
    if shown is None or not (record.verdict is Verdict.KEEP or record.reason is Reason.NO_EFFECT):
        return record
    words = [shown.unmet if record.verdict is Verdict.KEEP else "", shown.vain]
    return record.model_copy(update={"rationale": "; ".join([record.rationale, *filter(None, words)])})


def _by_score(
    lab: Lab, experiment: Experiment, policy: ProjectConfig, report: PrecheckReport
) -> VerdictRecord:
    """The rule of most experiments, and of all that failed the precheck."""
    folder = lab.store.experiment(experiment.id)
    comparison = comparison_of(lab, folder, report.commit, policy)
    if comparison is None:
        return _unmeasured(lab, experiment, report.commit)
    shown = folder.find(VERIFY, VerifyReport)
    decision = decide(
        report,
        comparison,
        delivered=shown.delivered if shown else None,
        is_contract=experiment.kind == Kind.CONTRACT,
    )
    # A measurement that counts for nothing is no evidence against the change.
    verdict = Verdict.ERROR if decision.reason is Reason.ERROR else decision.verdict
    return _verdict(report.commit, verdict, decision.reason, decision.rationale)


def _scaffold(lab: Lab, experiment: Experiment, policy: ProjectConfig, commit: str) -> VerdictRecord:
    rationale = "a scaffold: nothing could be measured before, and what can be measured now passes"
    return _verdict(commit, Verdict.KEEP, Reason.HELD_DELIVERED, rationale)


def _undo(lab: Lab, experiment: Experiment, policy: ProjectConfig, commit: str) -> VerdictRecord:
    """A person's wish is the ground; the score is told."""
    comparison = comparison_of(lab, lab.store.experiment(experiment.id), commit, policy)
    if comparison is None:
        return _unmeasured(lab, experiment, commit)
    reason = Reason.IMPROVED if comparison.direction == "improved" else Reason.ASKED_FOR
    rationale = f"a person took experiment {experiment.undoes} back; {comparison.rationale}"
    rationale += _given_away(lab, experiment.undoes)
    return _verdict(commit, Verdict.KEEP, reason, rationale, decided_by="person")


def _given_away(lab: Lab, undone: int | None) -> str:
    """What research had gained with the experiment that is taken back; empty where it is none of research."""
    moved = ratchet_of(lab, undone) if undone is not None else None
    return f"; it gives away {moved.told} ({moved.objective})" if moved else ""


def _by_ratchet(lab: Lab, experiment: Experiment, policy: ProjectConfig, commit: str) -> VerdictRecord:
    """Research: kept is what moved the metric beyond its noise, and nothing else."""
    record = ratchet_of(lab, experiment.id)
    if record is None or (record.commit, record.baseline) != (commit, experiment.baseline):
        return _verdict(commit, Verdict.ERROR, Reason.ERROR, "the metric was not run on this commit")
    verdict = Verdict.KEEP if record.direction == "improved" else Verdict.REVERT
    return _verdict(commit, verdict, RATCHET_REASONS[record.direction], record.rationale)


Rule = Callable[[Lab, Experiment, ProjectConfig, str], VerdictRecord]

OWN_RULES: dict[Kind, Rule] = {Kind.SCAFFOLD: _scaffold, Kind.UNDO: _undo, Kind.RESEARCH: _by_ratchet}
"""What decides an experiment of a kind that passed the precheck, where that is not the score."""


def _unmeasured(lab: Lab, experiment: Experiment, commit: str) -> VerdictRecord:
    review = lab.store.experiment(experiment.id).find(FINAL_REVIEW, ReviewRecord)
    if review is not None and rejects(review, commit):
        words = f"not measured; {review.by} says {review.verdict}: {review.reason}"
        return _verdict(commit, Verdict.REVERT, Reason.REVIEW, words)
    return _verdict(commit, Verdict.ERROR, Reason.ERROR, "baseline or candidate were not measured")


def _verdict(
    commit: str,
    verdict: Verdict,
    reason: Reason,
    rationale: str,
    *,
    decided_by: str = "factory",
) -> VerdictRecord:
    return VerdictRecord(
        commit=commit,
        verdict=verdict,
        reason=reason,
        rationale=rationale,
        decided_by=decided_by,
        timestamp=utc_now(),
    )
