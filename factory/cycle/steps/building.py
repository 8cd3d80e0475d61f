"""Steps of build: the contract is read, guarded between phases, and accounted for at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from factory.approvals import Approvals, fingerprint
from factory.cycle.context import Cycle
from factory.cycle.contract import (
    approved_text,
    changed_since,
    checks_of,
    items_of,
    text_of,
    text_to_build,
)
from factory.cycle.machine import Done, Outcome
from factory.cycle.outcomes import OUTCOME, outcome_events, outcomes_of, was_tried
from factory.cycle.steps.observing import SETUP_MESSAGE, discover_setup, told
from factory.errors import BadInput, Refused
from factory.git import commit_files
from factory.models import PhaseState, PlanItem
from factory.paths import CONFIG_FILE
from factory.spec import Form, Phase, Spec, parse
from factory.spec.trace import PhaseOutcome, Trace, trace
from factory.target import SPEC_FILE
from factory.words import quoted


def has_contract(cycle: Cycle) -> str:
    """Why nothing is researched or planned: an approved specification is there.

    Raises Refused for one that is not approved.
    """
    return "the specification is approved" if text_to_build(cycle.lab, cycle.head) else ""


def is_committed(cycle: Cycle) -> str:
    """Why the contract needs no commit: it is there already."""
    text = text_to_build(cycle.lab, cycle.head)
    is_there = bool(text) and cycle.lab.repo.show(cycle.head, SPEC_FILE) == text
    return "the specification is committed" if is_there else ""


def contract(cycle: Cycle, scope: str) -> Outcome:
    """Take the approved specification as it stands: its phases are the plan, nothing is planned again."""
    text = approved_text(cycle.lab, cycle.head)
    spec, sha256 = parse(text), fingerprint(text)
    _carry_over(cycle, spec, sha256)
    outcomes = outcomes_of(outcome_events(cycle.lab.paths), sha256)
    items = items_of(spec)
    wanted = _still_to_do(items, outcomes, lite=cycle.options.lite)
    built = [number for number, outcome in outcomes.items() if outcome.state == PhaseState.BUILT]
    return Done(
        {"sha256": sha256, "items": [item.model_dump(mode="json") for item in wanted], "built": built}
    )


def _carry_over(cycle: Cycle, spec: Spec, sha256: str) -> None:
    """What was built of an earlier approved text, and stands in this one word for word, stays built.

    Safe to repeat: a phase that has an outcome in this text keeps that.
    """
    events = outcome_events(cycle.lab.paths)
    told = outcomes_of(events, sha256)
    approvals = Approvals(cycle.lab.home, cycle.lab.paths.key, cycle.lab.say)
    for earlier in approvals.contracts():
        known = outcomes_of(events, earlier.sha256)
        if earlier.form != Form.PROJECT or earlier.sha256 == sha256 or not known:
            continue
        try:
            before = parse(approvals.text_of(earlier))
        except BadInput:
            continue
        for phase, old in _unchanged(spec, before):
            if phase not in told and old in known and known[old].state == PhaseState.BUILT:
                verified = _renumbered(spec, before, phase, old, known[old].verified)
                _record_again(cycle, sha256, phase, known[old], verified)
        return


def _unchanged(spec: Spec, before: Spec) -> Iterator[tuple[int, int]]:
    """The phases that ask for the same in both specifications: the number in each, which may differ."""
    old = {_asks_for(before, phase): phase.number for phase in before.phases}
    for phase in spec.phases:
        if _asks_for(spec, phase) in old:
            yield phase.number, old.pop(_asks_for(spec, phase))


def _asks_for(spec: Spec, phase: Phase) -> tuple[object, ...]:
    """What a phase asks for, word for word, and the checks that it is held to; numbers don't count."""
    features = tuple((f.title, *(f.text(n) for n in ("What", "How", "Why"))) for f in spec.features_of(phase))
    steps = tuple((step.text, step.more) for step in phase.checklist)
    commands = sorted(check.command for check in checks_of(spec, phase.number))
    return (phase.title, phase.notes, steps, features, *commands)


def _renumbered(
    spec: Spec, before: Spec, phase: int, old: int, verified: Mapping[str, bool]
) -> dict[str, bool]:
    """What was verified of a phase, by the features' numbers of today."""
    was = {check.command: verified.get(check.feature) for check in checks_of(before, old)}
    told = {check.feature: was.get(check.command) for check in checks_of(spec, phase)}
    return {feature: shown for feature, shown in told.items() if shown is not None}


def _record_again(
    cycle: Cycle, sha256: str, number: int, outcome: PhaseOutcome, verified: dict[str, bool]
) -> None:
    last = outcome.experiments[-1] if outcome.experiments else None
    cycle.record(
        OUTCOME,
        last.id if last else None,
        spec=sha256,
        phase=number,
        state=PhaseState.BUILT,
        verdict=last.verdict if last else "",
        reason=last.reason if last else "",
        commit=last.commit if last else "",
        verified=verified,
        passed_before=[],
        blocked_by=[],
    )


def _still_to_do(
    items: list[PlanItem], outcomes: Mapping[int, PhaseOutcome], *, lite: bool
) -> list[PlanItem]:
    """The phases of this cycle: those not attempted yet, else those not built; in lite the first of them."""
    untried = [item for item in items if not was_tried(outcomes, item.phase)]
    unbuilt = [
        item for item in items if item.phase not in outcomes or outcomes[item.phase].state != PhaseState.BUILT
    ]
    wanted = untried or unbuilt
    return wanted[:1] if lite else wanted


def contract_unchanged(cycle: Cycle, scope: str) -> Outcome:
    """Before each phase: the specification is still the approved one, on the branch and in the checkout."""
    known = cycle.state.result("contract")["sha256"]
    text = approved_text(cycle.lab, cycle.head)
    root = cycle.lab.paths.root
    if fingerprint(text) != known:
        raise Refused(
            f"{SPEC_FILE} on the cycle's branch is not the text that this build began with.",
            f"factory abandon {quoted(root)}",
        )
    changed = changed_since(cycle.lab, text, start=cycle.start, target=cycle.target)
    if changed is None:
        return Done({"sha256": known})
    if not changed.text:
        raise Refused(f"{SPEC_FILE} was deleted since it was approved.", "Put it back; the build goes on.")
    raise Refused(
        f"{SPEC_FILE} was changed since it was approved.\n{changed.difference}",
        f"To build what it says now: factory spec approve {quoted(root / SPEC_FILE)}, then "
        f"factory ceo {quoted(root)}; what is built stays built. Or take the change back.",
    )


def setup_phase(cycle: Cycle, scope: str) -> Outcome:
    """As soon as there is something to measure, discover makes the policy, as a commit of its own."""
    if cycle.lab.policy(cycle.head) is not None or not _has_code(cycle):
        return Done({"made": False})
    found = discover_setup(cycle.lab, cycle.head, cycle.target)
    if found.untestable:
        return Done({"made": False, "why": found.untestable})
    commit = commit_files(cycle.lab.repo, cycle.head, {CONFIG_FILE: found.config_text}, SETUP_MESSAGE)
    cycle.lab.repo.set_ref(cycle.branch_ref, commit)
    return Done({"made": True, "commit": commit, "summary": told(found)})


def _has_code(cycle: Cycle) -> bool:
    prose = (".md", ".txt", ".rst")
    return any(
        not path.endswith(prose) and "." in path.lstrip(".") for path in cycle.lab.repo.files(cycle.head)
    )


def account(cycle: Cycle, scope: str) -> Outcome:
    """Every approved feature is built, failed, or blocked: none is dropped."""
    known = cycle.state.result("contract")
    if not known:
        return Done({"complete": False, "untried": [], "features": []})
    spec = parse(text_of(cycle.lab, known["sha256"]))
    outcomes = outcomes_of(outcome_events(cycle.lab.paths), known["sha256"])
    found = trace(spec, outcomes)
    untried = [phase.number for phase in spec.phases if not was_tried(outcomes, phase.number)]
    told = {
        "complete": found.complete,
        "untried": untried,
        "totals": found.totals,
        "features": _told(found),
    }
    goes_on = found.complete and spec.research is not None
    return Done(told | ({"next": "research"} if goes_on else {}))


def _told(found: Trace) -> list[dict[str, Any]]:
    return [
        {
            "number": feature.number,
            "title": feature.title,
            "state": feature.state,
            "verified": feature.verified,
        }
        for feature in found.features
    ]
