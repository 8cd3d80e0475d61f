"""A phase of the plan that a person does by hand: where it is read, and what became of it on record."""

from __future__ import annotations

from dataclasses import dataclass

from factory.approvals import Approvals, fingerprint
from factory.cycle.contract import agreed_text, items_of, text_of
from factory.cycle.experiment import VERIFY
from factory.cycle.lab import Lab
from factory.cycle.launch import approved_plan
from factory.cycle.outcomes import OUTCOME, left_to_build, outcome_events, outcomes_of
from factory.errors import BadInput
from factory.journal import Journal
from factory.models import Experiment, ExperimentRecord, Kind, PhaseState, PlanItem, Verdict, VerifyReport
from factory.spec import Form, parse
from factory.spec.trace import PhaseOutcome
from factory.target import SPEC_FILE
from factory.words import quoted


@dataclass(frozen=True)
class Planned:
    """What a person begins. ``plan`` is the hash of the plan that it is a phase of; empty where nobody has
    agreed to that, or there is none. ``source`` is what that plan is called.
    """

    item: PlanItem
    kind: Kind = Kind.CODE
    plan: str = ""
    source: str = ""


def planned(lab: Lab, phase: int, current: str) -> Planned:
    """A phase of the plan that is carried out, held to what a cycle would hold it to.

    That is SPEC.md while builds have left something of it and no approved plan of improvements waits; else
    ``current``, the text of the current plan, empty where there is none. Raises BadInput where there is no
    plan at all, or no such phase in it.
    """
    name, text = _carried_out(lab, current)
    spec = parse(text)
    contract = Approvals(lab.home, lab.paths.key, lab.say).contract_of(text)
    is_build = contract is not None and contract.form == Form.PROJECT
    found = next((i for i in (items_of(spec) if is_build else spec.items()) if i.phase == phase), None)
    if found is None:
        raise BadInput(
            f"There is no phase {phase} in {name}.",
            f"`factory spec show {quoted(lab.paths.root)}` shows the plan.",
        )
    kind = Kind.CONTRACT if is_build else Kind.CODE
    return Planned(found, kind, fingerprint(text) if contract else "", name)


def _carried_out(lab: Lab, current: str) -> tuple[str, str]:
    """The plan that a phase is taken from: what it is called, and its text."""
    specified, left = agreed_text(lab), left_to_build(lab)
    if left and (left.untried or left.unbuilt) and not approved_plan(lab):
        return SPEC_FILE, specified
    if current:
        return "the current plan", current
    if specified:
        return SPEC_FILE, specified
    raise BadInput(
        f"There is no current plan, and no {SPEC_FILE} that is agreed to.",
        f"`factory begin {quoted(lab.paths.root)} --hypothesis TEXT` needs none.",
    )


def record_outcome(lab: Lab, journal: Journal, experiment: Experiment, record: ExperimentRecord) -> None:
    """Journal what became of a phase of an agreed plan that a person did, as a cycle does for its own.

    What was not kept takes nothing from what builds know of the phase, and is none of their attempts. Safe to
    repeat.
    """
    events = journal.events()
    plan = str(events[0].data["options"].get("approved_plan", ""))
    if not plan or any(event.type == OUTCOME for event in events):
        return
    phase, kept = experiment.item.phase, record.verdict is Verdict.KEEP
    known = outcomes_of(outcome_events(lab.paths), plan).get(phase, PhaseOutcome(""))
    shown = lab.store.experiment(experiment.id).find(VERIFY, VerifyReport) if kept else None
    journal.append(
        OUTCOME,
        experiment.id,
        spec=plan,
        phase=phase,
        state=PhaseState.BUILT if kept else known.state or PhaseState.RETRY,
        verdict=record.verdict,
        reason=record.reason,
        commit=record.commit if kept else "",
        verified=_verified(lab, plan, phase, shown) if shown else {},
        passed_before=shown.passed_before if shown else list(known.passed_before),
        blocked_by=[],
    )


def _verified(lab: Lab, plan: str, phase: int, shown: VerifyReport) -> dict[str, bool]:
    """For each feature whose check was run, whether it was shown. An item's own check speaks for all."""
    found = parse(text_of(lab, plan)).phase(phase)
    if shown.by_feature or shown.delivered is None or found is None:
        return shown.by_feature
    return dict.fromkeys(found.refs, shown.delivered)
