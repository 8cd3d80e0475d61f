"""Steps of build: the contract is read, guarded between phases, and accounted for at the end."""

from __future__ import annotations

from factory.approvals import Approvals, difference, fingerprint
from factory.cycle.context import Cycle
from factory.cycle.lab import Lab
from factory.cycle.machine import Done, Outcome
from factory.cycle.phases import outcomes_so_far, recorded_outcomes
from factory.cycle.steps.observing import SETUP_MESSAGE, discover_setup
from factory.errors import Refused
from factory.fsio import read_exactly
from factory.models import FeatureCheck, PhaseState, PlanItem
from factory.paths import CONFIG_FILE
from factory.spec import Spec, parse
from factory.spec.trace import PhaseOutcome, trace

SPEC_FILE = "SPEC.md"


def contract(cycle: Cycle, scope: str) -> Outcome:
    """Take the approved specification as it stands: its phases are the plan, nothing is planned again."""
    text = approved_text(cycle.lab, cycle.head)
    spec, sha256 = parse(text), fingerprint(text)
    outcomes = recorded_outcomes(cycle.lab, sha256)
    items = [_with_checks(spec, item) for item in spec.items()]
    wanted = _still_to_do(items, outcomes, lite=cycle.options.lite)
    result = {
        "sha256": sha256,
        "items": [item.model_dump(mode="json") for item in wanted],
        "outcomes": {str(n): o for n, o in outcomes.items() if n not in {item.phase for item in wanted}},
    }
    return Done(result)


def approved_text(lab: Lab, revision: str) -> str:
    """The text of the approved SPEC.md at a commit.

    Raises Refused where it is not approved, with what changed since it was.
    """
    text = lab.repo.show(revision, SPEC_FILE) or ""
    approvals = Approvals(lab.home, lab.paths.key)
    if text and approvals.of(text) is not None:
        return text
    latest = approvals.latest()
    changed = f"\n{difference(approvals.text_of(latest), text)}" if latest and text else ""
    raise Refused(
        f"{SPEC_FILE} is not approved{' as it is now' if latest else ''}.{changed}",
        f"Read it, then: factory spec approve {lab.paths.root / SPEC_FILE}",
    )


def _with_checks(spec: Spec, item: PlanItem) -> PlanItem:
    """The item with the matrix rows of the features that its phase completes: those that no later phase serves."""
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


def _still_to_do(items: list[PlanItem], outcomes: dict[int, dict[str, object]], *, lite: bool) -> list[PlanItem]:
    """The phases of this cycle: those not attempted yet, else those that were not built; in lite the first of them."""
    untried = [item for item in items if item.phase not in outcomes]
    unbuilt = [item for item in items if outcomes.get(item.phase, {}).get("state") != PhaseState.BUILT]
    wanted = untried or unbuilt
    return wanted[:1] if lite else wanted


def contract_unchanged(cycle: Cycle, scope: str) -> Outcome:
    """Before each phase: the specification is still the approved one, on the branch and in the checkout."""
    known = cycle.state.result("contract")["sha256"]
    text = approved_text(cycle.lab, cycle.head)
    place = cycle.lab.paths.root / SPEC_FILE
    if place.exists():
        in_checkout = read_exactly(place)
        if fingerprint(in_checkout) != known:
            raise Refused(
                f"{SPEC_FILE} in the checkout was changed since it was approved.\n{difference(text, in_checkout)}",
                f"Take the change back, or commit it, `factory abandon {cycle.lab.paths.root}`, and approve it.",
            )
    return Done({"sha256": fingerprint(text)})


def setup_phase(cycle: Cycle, scope: str) -> Outcome:
    """As soon as there is something to measure, discover makes the policy, as a commit of its own."""
    if cycle.lab.policy(cycle.head) is not None or not _has_code(cycle):
        return Done({"made": False})
    text, told = discover_setup(cycle.lab, cycle.head, cycle.target)
    commit = cycle.lab.repo.commit_files(cycle.head, {CONFIG_FILE: text}, SETUP_MESSAGE)
    cycle.lab.repo.set_ref(cycle.branch_ref, commit)
    return Done({"made": True, "commit": commit, "summary": told})


def _has_code(cycle: Cycle) -> bool:
    prose = (".md", ".txt", ".rst")
    return any(not path.endswith(prose) and "." in path.lstrip(".") for path in cycle.lab.repo.files(cycle.head))


def account(cycle: Cycle, scope: str) -> Outcome:
    """Every approved feature is built, failed, or blocked: none is dropped."""
    text = cycle.lab.repo.show(cycle.head, SPEC_FILE) or ""
    if "contract" not in cycle.state.scope(scope).done or not text:
        return Done({"complete": False, "features": []})
    spec = parse(text)
    outcomes = outcomes_so_far(cycle)
    found = trace(spec, {number: PhaseOutcome.from_event(outcome) for number, outcome in outcomes.items()})
    untried = [phase.number for phase in spec.phases if phase.number not in outcomes]
    return Done({"complete": found.complete, "untried": untried, "features": found.to_data()["features"]})


