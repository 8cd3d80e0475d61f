"""Steps of build: the contract is read, guarded between phases, and accounted for at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from factory.approvals import Approvals, difference, fingerprint
from factory.cycle.context import Cycle
from factory.cycle.contract import approved_text, changed_in_checkout
from factory.cycle.machine import Done, Outcome
from factory.cycle.outcomes import OUTCOME, outcome_events, outcomes_of
from factory.cycle.steps.observing import SETUP_MESSAGE, discover_setup, told
from factory.errors import BadInput, Refused
from factory.models import FeatureCheck, PhaseState, PlanItem
from factory.paths import CONFIG_FILE
from factory.spec import Spec, parse
from factory.spec.trace import PhaseOutcome, Trace, trace
from factory.target import SPEC_FILE


def contract(cycle: Cycle, scope: str) -> Outcome:
    """Take the approved specification as it stands: its phases are the plan, nothing is planned again."""
    text = approved_text(cycle.lab, cycle.head)
    spec, sha256 = parse(text), fingerprint(text)
    _carry_over(cycle, spec, sha256)
    outcomes = outcomes_of(outcome_events(cycle.lab.paths), sha256)
    items = [_with_checks(spec, item) for item in spec.items()]
    wanted = _still_to_do(items, outcomes, lite=cycle.options.lite)
    built = [number for number, outcome in outcomes.items() if outcome.state == PhaseState.BUILT]
    return Done(
        {"sha256": sha256, "items": [item.model_dump(mode="json") for item in wanted], "built": built}
    )


def _carry_over(cycle: Cycle, spec: Spec, sha256: str) -> None:
    """What was built of an earlier approved text, and stands in this one word for word, stays built."""
    events = outcome_events(cycle.lab.paths)
    if outcomes_of(events, sha256):
        return
    approvals = Approvals(cycle.lab.home, cycle.lab.paths.key, cycle.lab.say)
    for earlier in sorted(approvals.all(), key=lambda approval: approval.when, reverse=True):
        known = outcomes_of(events, earlier.sha256)
        if earlier.sha256 == sha256 or not known:
            continue
        try:
            before = _phase_texts(parse(approvals.text_of(earlier)))
        except BadInput:
            continue
        for number, words in _phase_texts(spec).items():
            outcome = known.get(number)
            if outcome is not None and outcome.state == PhaseState.BUILT and before.get(number) == words:
                _record_again(cycle, sha256, number, outcome)
        return


def _phase_texts(spec: Spec) -> dict[int, tuple[object, ...]]:
    """What each phase asks for: its item and the checks that it is held to."""
    items = [_with_checks(spec, item) for item in spec.items()]
    return {item.phase: (item.model_dump_json(),) for item in items}


def _record_again(cycle: Cycle, sha256: str, number: int, outcome: PhaseOutcome) -> None:
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
        verified=dict(outcome.verified),
        blocked_by=[],
    )


def _with_checks(spec: Spec, item: PlanItem) -> PlanItem:
    """The item with the rows of the features that its phase completes: those that no later phase serves."""
    phase = spec.phase(item.phase)
    assert phase is not None
    later = {ref for other in spec.phases if other.number > item.phase for ref in other.refs}
    checks = [
        FeatureCheck(feature=ref, command=row.command)
        for row in spec.matrix
        for ref in row.refs
        if ref in phase.refs and ref not in later and row.command
    ]
    return item.model_copy(update={"checks": checks, "verify": ""})


def _still_to_do(
    items: list[PlanItem], outcomes: Mapping[int, PhaseOutcome], *, lite: bool
) -> list[PlanItem]:
    """The phases of this cycle: those not attempted yet, else those not built; in lite the first of them."""
    untried = [item for item in items if not _was_tried(outcomes, item.phase)]
    unbuilt = [
        item for item in items if item.phase not in outcomes or outcomes[item.phase].state != PhaseState.BUILT
    ]
    wanted = untried or unbuilt
    return wanted[:1] if lite else wanted


def _was_tried(outcomes: Mapping[int, PhaseOutcome], number: int) -> bool:
    """Whether a phase came to an end; a single attempt is none."""
    return number in outcomes and outcomes[number].state != PhaseState.RETRY


def contract_unchanged(cycle: Cycle, scope: str) -> Outcome:
    """Before each phase: the specification is still the approved one, on the branch and in the checkout."""
    known = cycle.state.result("contract")["sha256"]
    text = approved_text(cycle.lab, cycle.head)
    root = cycle.lab.paths.root
    if fingerprint(text) != known:
        raise Refused(
            f"{SPEC_FILE} on the cycle's branch is not the text that this build began with.",
            f"factory abandon {root}",
        )
    changed = changed_in_checkout(cycle.lab, text) or _changed_on_target(cycle, text)
    if changed:
        raise Refused(
            f"{SPEC_FILE} was changed since it was approved.\n{changed}",
            f"Take the change back; or, to build what it says now: factory abandon {root}, "
            f"factory integrate {root}, then factory spec approve {root / SPEC_FILE}",
        )
    return Done({"sha256": known})


def _changed_on_target(cycle: Cycle, text: str) -> str:
    committed = cycle.lab.repo.show(f"refs/heads/{cycle.target}", SPEC_FILE)
    return "" if committed is None else difference(text, committed)


def setup_phase(cycle: Cycle, scope: str) -> Outcome:
    """As soon as there is something to measure, discover makes the policy, as a commit of its own."""
    if cycle.lab.policy(cycle.head) is not None or not _has_code(cycle):
        return Done({"made": False})
    found = discover_setup(cycle.lab, cycle.head, cycle.target)
    if found.untestable:
        return Done({"made": False, "why": found.untestable})
    commit = cycle.lab.repo.commit_files(cycle.head, {CONFIG_FILE: found.config_text}, SETUP_MESSAGE)
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
    spec = parse(approved_text(cycle.lab, cycle.head))
    outcomes = outcomes_of(outcome_events(cycle.lab.paths), known["sha256"])
    found = trace(spec, outcomes)
    untried = [phase.number for phase in spec.phases if not _was_tried(outcomes, phase.number)]
    told = {"complete": found.complete, "untried": untried, "totals": found.totals, "features": _told(found)}
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
