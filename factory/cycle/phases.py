"""Which phases a cycle goes through, and in which order: the policy behind ``EachPhase``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from factory.approvals import fingerprint
from factory.cycle.agents import objection
from factory.cycle.contract import approval_of, approved_text, changed_since
from factory.cycle.outcomes import OUTCOME
from factory.cycle.scopes import phase_of, scope_of
from factory.git import commit_files
from factory.models import Kind, PhaseState, PlanItem, Reason, Verdict
from factory.spec import parse
from factory.target import SPEC_FILE

if TYPE_CHECKING:
    from factory.cycle.context import Cycle


def each_once(cycle: Cycle) -> Iterator[str]:
    """Improve: every phase of the plan, once, in plan order. What became of an approved one is journalled.

    The phase of an approved plan at which the budget ends, and those after it, are for the next cycle.
    """
    for item in cycle.items:
        scope = scope_of(item.phase)
        yield scope
        if cycle.options.approved_plan and item.phase not in cycle.state.outcomes:
            if _is_out_of_budget(cycle, scope):
                cycle.lab.say(
                    f"from phase {item.phase} on the approved plan waits for another cycle's budget"
                )
                return
            kept = cycle.state.result("finalize", scope).get("verdict") == Verdict.KEEP
            _record(cycle, item, PhaseState.BUILT if kept else PhaseState.FAILED, scope)


def until_built(cycle: Cycle) -> Iterator[str]:
    """Build: each phase until it is built or its attempts are used up, in plan order.

    A phase that depends on one that was not built is blocked; independent ones go on. Every outcome is
    journalled, so that none of the approved phases is forgotten. The phase at which the budget ends, and
    those after it, stay untried; in lite, where each has a budget of its own, it has failed. Where a person
    has changed the specification and approved it anew, the rest is for a build of the new text.
    """
    built = {int(number) for number in cycle.state.result("contract").get("built", [])}
    for item in cycle.items:
        if item.phase not in cycle.state.outcomes:
            missing = [number for number in item.depends_on if number not in built]
            if missing:
                _record(cycle, item, PhaseState.BLOCKED, blocked_by=missing)
            else:
                yield from _attempts(cycle, item)
        outcome = cycle.state.outcomes.get(item.phase)
        if outcome is None:
            return
        if outcome["state"] == PhaseState.BUILT:
            built.add(item.phase)
    _is_superseded(cycle)


def _attempts(cycle: Cycle, item: PlanItem) -> Iterator[str]:
    last = 1 + cycle.policy.limits.phase_retries
    for attempt in range(1, last + 1):
        scope = scope_of(item.phase, attempt)
        if not cycle.state.scope(scope).done and _is_superseded(cycle):
            return
        if not _may_begin(cycle, scope):
            if attempt > 1:
                _record(cycle, item, PhaseState.FAILED, scope_of(item.phase, attempt - 1))
            return
        yield scope
        if cycle.state.result("finalize", scope).get("verdict") == Verdict.KEEP:
            _record(cycle, item, PhaseState.BUILT, scope)
            return
        if _is_out_of_budget(cycle, scope):
            return
        if cycle.state.result("build", scope).get("declined"):
            # Who says that it is not their work says so again.
            break
        if attempt < last and cycle.state.result("finalize", scope).get("id") not in cycle.state.retried:
            _record(cycle, item, PhaseState.RETRY, scope)
    _record(cycle, item, PhaseState.FAILED, scope)


def _is_out_of_budget(cycle: Cycle, scope: str) -> bool:
    """Whether a phase waits for the next cycle's budget; in lite, where each has its own, it has failed."""
    return cycle.state.result("finalize", scope).get("reason") == Reason.BUDGET and not cycle.options.lite


def _is_superseded(cycle: Cycle) -> bool:
    """Whether a person has approved another text since; journalled, so that a resumed cycle says the same."""
    if not cycle.state.superseded and cycle.state.result("contract"):
        known = approved_text(cycle.lab, cycle.head)
        changed = changed_since(cycle.lab, known, start=cycle.start, target=cycle.target)
        if changed and approval_of(cycle.lab, changed.text):
            commit = _committed(cycle, changed.text)
            cycle.record("contract.superseded", by=fingerprint(changed.text), commit=commit)
    return bool(cycle.state.superseded)


def _committed(cycle: Cycle, text: str) -> str:
    """A commit of the new text where the target would get the old one first, which lies beneath the edit."""
    repo = cycle.lab.repo
    if repo.show(f"refs/heads/{cycle.target}", SPEC_FILE) in (text, repo.show(cycle.head, SPEC_FILE)):
        return ""
    commit = commit_files(repo, cycle.head, {SPEC_FILE: text}, f"Specify {parse(text).title}\n")
    repo.set_ref(cycle.branch_ref, commit)
    return commit


def _may_begin(cycle: Cycle, scope: str) -> bool:
    """Whether a Builder could be asked; what has begun goes to its end."""
    if cycle.state.scope(scope).done:
        return True
    return not objection(cycle, "builder", 1 if cycle.options.lite else 0)


def _record(
    cycle: Cycle, item: PlanItem, state: PhaseState, scope: str = "", *, blocked_by: list[int] | None = None
) -> None:
    """Journal what became of a phase, and of the experiment that decided it."""
    record = cycle.state.result("finalize", scope) if scope else {}
    number = record.get("id")
    cycle.record(
        OUTCOME,
        number if isinstance(number, int) else None,
        spec=cycle.state.result("contract").get("sha256") or cycle.options.approved_plan,
        phase=item.phase,
        state=state,
        verdict=record.get("verdict", ""),
        reason=record.get("reason", ""),
        commit=record.get("commit", ""),
        verified=_verified(cycle, item, scope) if scope else {},
        passed_before=list(cycle.state.result("measure", scope).get("passed_before", [])) if scope else [],
        blocked_by=blocked_by or [],
    )


def _verified(cycle: Cycle, item: PlanItem, scope: str) -> dict[str, bool]:
    """For each feature whose check was run, whether it was shown. An item's own check speaks for all."""
    measured = cycle.state.result("measure", scope)
    if measured.get("verified") or measured.get("delivered") is None:
        return dict(measured.get("verified", {}))
    served = cycle.state.result("gate_plan").get("serves", {}).get(str(item.phase), [])
    return dict.fromkeys(served, bool(measured["delivered"]))


def kind_of(cycle: Cycle, scope: str) -> Kind:
    """What a phase's experiment is for: a build's phases are contracts, the first one may be a scaffold.

    Those of research mode have to move the metric.
    """
    if cycle.options.mode == "research":
        return Kind.RESEARCH
    if "contract" not in cycle.state.scope("").done:
        return Kind.CODE
    is_first = phase_of(scope) == 1 and cycle.lab.policy(cycle.head) is None
    return Kind.SCAFFOLD if is_first else Kind.CONTRACT
