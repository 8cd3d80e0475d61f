"""Taking a kept experiment back: an experiment of its own, whose change the engine makes by reversing it.

A person's wish is the ground for a keep here, where a better score is elsewhere. The guards, the tests, the
smoke test and the constraints stand as for any change; tests that came with what is undone go with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from factory.config import ProjectConfig
from factory.cycle import deciding, finalizing, judging
from factory.cycle.archive import write_experiment_note
from factory.cycle.branches import drop_branch
from factory.cycle.experiment import VERDICT, alone, begin, commit_message, load, tip_of
from factory.cycle.hub import hub_of
from factory.cycle.inflight import BY_HAND, first_event, own_journals
from factory.cycle.integrate import Integrated, integrate_pending, waits_on
from factory.cycle.lab import Lab
from factory.cycle.mirror import mirror_log
from factory.errors import BadInput, Refused
from factory.fsio import CycleLock
from factory.git import take_back
from factory.journal import Journal, new_cycle_id
from factory.models import (
    Experiment,
    ExperimentRecord,
    Integration,
    Kind,
    PlanItem,
    Reason,
    ReviewVerdict,
    Verdict,
    VerdictRecord,
)
from factory.rows import Row
from factory.strategy import categorize_hypothesis
from factory.strategy.undone import undo_title, undone_by
from factory.words import quoted


@dataclass(frozen=True)
class Undone:
    """How an undo ended: its row, and what became of its integration (None where it was not kept)."""

    record: ExperimentRecord
    integrated: Integrated | None

    @property
    def done(self) -> bool:
        """Whether the target branch is without the change now."""
        return self.integrated is not None and self.integrated.status is Integration.MERGED


def undo(lab: Lab, number: int, why: str = "") -> Undone:
    """Take experiment ``number`` back, or go on with what an interrupted call has begun of that.

    Raises BadInput for an experiment that was not kept here, Refused where it is undone already, not on its
    target yet, a build's scaffold, or where later changes stand on it; nothing is changed then.
    """
    with CycleLock(lab.repo.common_dir).acquire({"mode": "undo"}):
        journal = _interrupted(lab, number)
        experiment = _taken_up(lab, journal) if journal else None
        if journal is None or experiment is None:
            journal, experiment = _begin(lab, number, why)
        with alone(lab, experiment):
            return _carry_out(lab, journal, experiment)


def _interrupted(lab: Lab, number: int) -> Journal | None:
    """The journal of an undo of that experiment that has not come to its end."""
    for path in own_journals(lab.paths):
        opened = first_event(path).get("data", {})
        if opened.get("mode") == BY_HAND and opened.get("options", {}).get("undoes") == number:
            journal = lab.journal(path.stem)
            if not any(event.type in ("cycle.closed", "cycle.abandoned") for event in journal.events()):
                return journal
    return None


def _taken_up(lab: Lab, journal: Journal) -> Experiment | None:
    """The experiment that an interrupted undo has begun, with its change made; None where it had not."""
    begun = next((event for event in journal.events() if event.type == "experiment.begun"), None)
    if begun is None:
        journal.append("cycle.abandoned", why="it was cut off before anything was begun")
        return None
    experiment = Experiment.model_validate(begun.data)
    if lab.store.experiment(experiment.id).exists(VERDICT) or tip_of(lab, experiment) != experiment.baseline:
        return experiment
    assert experiment.undoes is not None
    return _start(lab, journal, load(lab, experiment.undoes), experiment.item, experiment.baseline)


def _begin(lab: Lab, number: int, why: str) -> tuple[Journal, Experiment]:
    row = _kept_row(lab, number)
    undone = load(lab, number)
    if undone.kind is Kind.SCAFFOLD:
        raise Refused(
            f"Experiment {number} is the scaffold, which the harness came with, and no experiment takes the "
            "judge away.",
            "Undo what was built on it, or take it back by hand with git.",
        )
    head = lab.repo.resolve(f"refs/heads/{undone.target}")
    _insist_on_merged(lab, row, undone.target, head)
    _reversed(lab, undone, row.commit, head, "tried")
    title = undo_title(number, row.hypothesis)
    category = row.category or categorize_hypothesis(row.hypothesis).name
    item = PlanItem.model_validate({"phase": 1, "title": title, "category": category, "why": why})
    journal = lab.journal(new_cycle_id())
    journal.append("cycle.opened", mode=BY_HAND, options={"undoes": number}, target=undone.target, start=head)
    return journal, _start(lab, journal, undone, item, head)


def _kept_row(lab: Lab, number: int) -> Row:
    """The row of a keep that stands. Raises BadInput and Refused where there is nothing to take back."""
    history = lab.history()
    row = next((row for row in history if row.id == number and row.cycle), None)
    if row is None:
        raise BadInput(
            f"There is no experiment {number} here that could be taken back.",
            f"`factory history {quoted(lab.paths.root)} --all` lists them.",
        )
    if row.verdict != Verdict.KEEP:
        raise BadInput(
            f"Experiment {number} was not kept ({row.verdict}: {row.reason}): there is nothing to take back.",
            f"`factory history {quoted(lab.paths.root)}` shows what was kept.",
        )
    by = undone_by(history).get(number)
    if by is not None:
        raise Refused(
            f"Experiment {number} is undone already, by experiment {by}.",
            f"`factory undo {by} {quoted(lab.paths.root)}` brings it back.",
        )
    return row


def _insist_on_merged(lab: Lab, row: Row, target: str, head: str) -> None:
    waiting = "" if lab.repo.is_ancestor(row.commit, head) else waits_on(lab, row.commit)
    if waiting:
        raise Refused(
            f"Experiment {row.id} is not on {target} yet: it waits on {waiting}.",
            f"factory integrate {quoted(lab.paths.root)}",
        )


def _reversed(lab: Lab, undone: Experiment, commit: str, onto: str, message: str) -> str:
    """The commit on ``onto`` that takes the experiment's change back. Raises Refused where there is none."""
    made = take_back(lab.repo, undone.baseline, commit, onto, message)
    if made is None:
        raise Refused(
            f"Later changes on {undone.target} stand on experiment {undone.id}, so taking it back conflicts; "
            "nothing was changed.",
            "Undo the later experiments first, or revert it by hand with git.",
        )
    if lab.repo.tree(made) == lab.repo.tree(onto):
        raise Refused(f"Nothing of experiment {undone.id} is left in {undone.target}.", "")
    return made


def _start(lab: Lab, journal: Journal, undone: Experiment, item: PlanItem, head: str) -> Experiment:
    """Begin the experiment and put its branch at the reversed change. Safe to repeat."""
    policy = lab.required_policy(head)
    experiment = begin(
        lab, journal, item, base=head, target=undone.target, policy=policy,
        kind=Kind.UNDO, undoes=undone.id, runner="factory",
    )  # fmt: skip
    commit = next(row.commit for row in lab.history() if row.id == undone.id and row.cycle)
    made = _reversed(lab, undone, commit, head, commit_message(experiment))
    lab.repo.set_ref(f"refs/heads/{experiment.branch}", made)
    return experiment


def _carry_out(lab: Lab, journal: Journal, experiment: Experiment) -> Undone:
    """From the candidate to the target branch; every step looks first at what is on record."""
    policy = lab.required_policy(experiment.baseline)
    if not lab.store.experiment(experiment.id).exists(VERDICT):
        ended = _judged(lab, experiment, policy)
        deciding.settle(lab, experiment, policy, ended=ended)
    record = _finalized(lab, journal, experiment)
    integrated = _integrated(lab, journal, experiment) if record.verdict is Verdict.KEEP else None
    journal.append("cycle.closed", kept=int(record.verdict is Verdict.KEEP))
    return Undone(record, integrated)


def _judged(lab: Lab, experiment: Experiment, policy: ProjectConfig) -> dict[str, str] | None:
    """Measure, guard and review the candidate; the reason and detail of an early end, where there is one."""
    commit = tip_of(lab, experiment)
    before = judging.baseline_measurement(lab, experiment, policy)
    if before.void:
        return {"reason": Reason.ERROR, "detail": f"the baseline could not be measured: {before.void}"}
    report = judging.guard(lab, experiment, commit, policy)
    if not report.clean:
        finding = report.findings[0]
        return {"reason": Reason.GUARD, "detail": f"{finding.guard}: {finding.message}"}
    if None in judging.sides(lab.store.experiment(experiment.id), commit):
        judging.measure_candidate(lab, experiment, commit, policy)
    why = experiment.item.why or "asked for with `factory undo`"
    judging.review(lab, experiment, commit, by="person", verdict=ReviewVerdict.PROCEED, reason=why)
    return None


def _finalized(lab: Lab, journal: Journal, experiment: Experiment) -> ExperimentRecord:
    """Row, event, refs, note and mirror; what is there already is left as it is."""
    decision = lab.store.experiment(experiment.id).read(VERDICT, VerdictRecord)
    summary = f"takes experiment {experiment.undoes} back"
    record = finalizing.finalize(lab, journal, experiment, decision, summary=summary)
    write_experiment_note(lab, record.model_dump(mode="json"))
    mirror_log(lab, f"experiment {experiment.id}")
    return record


def _integrated(lab: Lab, journal: Journal, experiment: Experiment) -> Integrated:
    """Bring the undo to its target; where an interrupted call has done that, what it said."""
    hub = hub_of(lab, lab.policy(experiment.baseline))
    for done in integrate_pending(lab, hub, experiment.branch):
        return done
    told = next(event.data for event in reversed(journal.events()) if event.type == "integration")
    # Cut off after the target had moved: its branch is still to be dropped.
    drop_branch(lab, experiment.branch, str(told["kept"]), f"{experiment.id:03d}")
    facts = {name: value for name, value in told.items() if name not in ("start", "kept")}
    return Integrated(**facts | {"status": Integration(facts["status"])})
