"""``factory spec trace``: what became of everything that was approved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from factory import output
from factory.approvals import Approval, Approvals, Contract, fingerprint
from factory.commands.spec_files import count, read_text
from factory.cycle.outcomes import outcome_events, outcomes_of
from factory.errors import EXIT_NO, EXIT_OK, Refused
from factory.fsio import read_exactly
from factory.paths import factory_home
from factory.project import Project, open_project
from factory.spec import Form, parse
from factory.spec.trace import Attempt, FeatureTrace, PhaseTrace, State, Trace, trace
from factory.target import SPEC_FILE
from factory.words import quoted


def show_trace(target: Path, *, as_json: bool) -> int:
    """Print what became of the approved plan of a project, or of an approved file.

    Returns 1 while something approved is neither built nor blocked on the user. Raises Refused where nothing
    is approved.
    """
    is_project = target.is_dir()
    project = open_project(target if is_project else target.resolve().parent)
    approvals = Approvals(factory_home(), project.paths.key, output.note)
    contract = _in_force(project, approvals) if is_project else approvals.contract_of(read_text(target))
    if contract is None:
        raise _nothing_approved(project, target)
    found = trace(
        parse(approvals.text_of(contract)),
        outcomes_of(outcome_events(project.paths, output.note), contract.sha256),
    )
    _note_changes(project, contract)
    if as_json:
        output.emit_json(_as_data(found, contract))
    else:
        _show(found, contract)
    return EXIT_OK if found.complete else EXIT_NO


def _nothing_approved(project: Project, target: Path) -> Refused:
    approve = f"`factory spec approve {quoted(target)}` approves it."
    if not target.is_dir():
        return Refused(f"{target} is not approved.", approve)
    if _specification(project) is None:
        drafted = f"`factory ceo {quoted(target)} --mode design` drafts one."
        return Refused(f"{project.root} has no {SPEC_FILE}, and nothing that was approved to trace.", drafted)
    return Refused(f"No specification of {project.root} is approved.", approve)


def _in_force(project: Project, approvals: Approvals) -> Contract | None:
    """The newest contract; among those of the project's specification the one of its SPEC.md as it is now."""
    newest = next(iter(approvals.contracts()), None)
    text = _specification(project)
    if newest is None or newest.form != Form.PROJECT or text is None:
        return newest
    return approvals.contract_of(text) or newest


def _specification(project: Project) -> str | None:
    """SPEC.md as it is in the checkout, else as it is committed; a build takes them in this order too."""
    place = project.root / SPEC_FILE
    return read_exactly(place) if place.is_file() else project.repo.show("HEAD", SPEC_FILE)


def _note_changes(project: Project, contract: Contract) -> None:
    """Say so where the project's specification is not the approved or adopted one any more."""
    text = _specification(project)
    if contract.form == Form.PROJECT and text is not None and fingerprint(text) != contract.sha256:
        became = "approved" if isinstance(contract, Approval) else "drafted"
        output.note(
            f"{SPEC_FILE} was changed since it was {became}: this is the trace of the text that was {became}."
        )


def _as_data(found: Trace, contract: Contract) -> dict[str, Any]:
    is_approved = isinstance(contract, Approval)
    return {
        "title": found.title,
        "form": found.form,
        "approval": asdict(contract) if is_approved else None,
        "adoption": None if is_approved else asdict(contract),
        "features": [asdict(feature) for feature in found.features],
        "phases": [asdict(phase) for phase in found.phases],
        "blocked": [{"item": item, "needed": needed} for item, needed in found.blocked],
        "totals": found.totals,
        "complete": found.complete,
    }


def _show(found: Trace, contract: Contract) -> None:
    when = f"{contract.when[:19]}Z"
    output.say(
        f"{found.title}, approved by {contract.who} at {when}"
        if isinstance(contract, Approval)
        else f"{found.title}, drafted by build {contract.cycle} at {when}: no person has approved it"
    )
    output.table(
        ("feature", "title", "phases", "experiments", "commits", "verified", "state"),
        [*map(_feature_row, found.features), *(_phase_row(p) for p in found.phases if not p.features)],
    )
    for item, needed in found.blocked:
        output.say(f"blocked on the user: {item} — {needed}")
    output.say(_totals(found))


def _feature_row(feature: FeatureTrace) -> tuple[str, ...]:
    return (
        f"§{feature.number}",
        feature.title,
        ", ".join(map(str, feature.phases)),
        _experiments(feature.experiments),
        ", ".join(commit[:8] for commit in feature.commits),
        _verification(feature),
        _state(feature.state, feature.blocked_by),
    )


def _phase_row(phase: PhaseTrace) -> tuple[str, ...]:
    commits = ", ".join(a.commit[:8] for a in phase.experiments if a.verdict == "keep" and a.commit)
    state = _state(phase.state, phase.blocked_by)
    return ("", phase.title, str(phase.number), _experiments(phase.experiments), commits, "", state)


def _experiments(attempts: Iterable[Attempt]) -> str:
    return ", ".join(f"#{attempt.id} {attempt.verdict}".rstrip() for attempt in attempts)


def _verification(feature: FeatureTrace) -> str:
    if feature.verified is None:
        return "not run" if feature.command else "no check"
    if feature.verified:
        return "passed"
    return "passed before already" if feature.passed_before else "failed"


def _state(state: State, blocked_by: int) -> str:
    return f"{state} {blocked_by}" if state is State.BLOCKED_BY_PHASE and blocked_by else str(state)


def _totals(found: Trace) -> str:
    totals = found.totals
    built, total = totals[State.BUILT], totals["features"]
    rest = [f"{totals[state]} {state}" for state in State if state is not State.BUILT and totals[state]]
    share = f" ({100 * built // total}%)" if total else ""
    return f"{built} of {count(total, 'feature')} built{share}" + "".join(f", {part}" for part in rest)
