"""``factory spec trace``: what became of everything that was approved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from factory import output
from factory.approvals import Approval, Approvals, fingerprint
from factory.commands.spec_files import count, read_text
from factory.errors import EXIT_NO, EXIT_OK, BadInput, Refused
from factory.journal import Event, read_events
from factory.paths import ProjectPaths, factory_home
from factory.project import Project, open_project
from factory.spec import parse
from factory.spec.trace import Attempt, FeatureTrace, PhaseOutcome, PhaseTrace, State, Trace, trace
from factory.target import SPEC_FILE

OUTCOME = "phase.outcome"


def show_trace(target: Path, *, as_json: bool) -> int:
    """Print what became of the approved plan of a project, or of an approved file.

    Returns 1 while something approved is neither built nor blocked on the user. Raises Refused where nothing
    is approved.
    """
    is_project = target.is_dir()
    project = open_project(target if is_project else target.resolve().parent)
    approvals = Approvals(factory_home(), project.paths.key, output.note)
    approval = approvals.latest() if is_project else approvals.of(read_text(target))
    if approval is None:
        raise Refused(
            f"No specification of {project.root} is approved."
            if is_project
            else f"{target} is not approved.",
            f"`factory spec approve {target}` approves it.",
        )
    found = trace(parse(approvals.text_of(approval)), outcomes(events(project.paths), approval))
    _note_changes(project, approval)
    if as_json:
        output.emit_json(_as_data(found, approval))
    else:
        _show(found, approval)
    return EXIT_OK if found.complete else EXIT_NO


def events(paths: ProjectPaths) -> Iterable[Event]:
    """The outcomes of phases that the project's journals tell, oldest first. A damaged journal is noted."""
    found: list[Event] = []
    for path in sorted(paths.cycles.glob("*.jsonl")):
        try:
            found += [event for event in read_events(path) if event.type == OUTCOME]
        except (BadInput, Refused) as error:
            output.note(f"left out: {error.message}")
    return sorted(found, key=lambda event: event.ts)


def outcomes(found: Iterable[Event], approval: Approval) -> dict[int, PhaseOutcome]:
    """What is on record about each phase of an approved plan: the newest state, and every experiment.

    An outcome names its specification by hash; one that doesn't counts when it came after the approval.
    """
    told: dict[int, PhaseOutcome] = {}
    for event in found:
        phase = event.data.get("phase")
        if isinstance(phase, int) and _concerns(event, approval):
            told[phase] = _merged(told.get(phase, PhaseOutcome("")), event)
    return told


def _concerns(event: Event, approval: Approval) -> bool:
    named = event.data.get("spec")
    # To the second: the journal's clock and the approval's differ in their last digits.
    return named == approval.sha256 if named else event.ts[:19] >= approval.when[:19]


def _merged(before: PhaseOutcome, event: Event) -> PhaseOutcome:
    data = event.data
    verified = data.get("verified")
    kept = [attempt for attempt in before.experiments if attempt.id != _number(event)]
    return PhaseOutcome(
        state=str(data.get("state", "")),
        experiments=(*kept, *_attempt(event)),
        verified={**before.verified, **(_flags(verified) if isinstance(verified, Mapping) else {})},
    )


def _flags(verified: Mapping[str, Any]) -> dict[str, bool]:
    return {str(ref).lstrip("§ "): value for ref, value in verified.items() if isinstance(value, bool)}


def _number(event: Event) -> int | None:
    named = event.data.get("experiment")
    return named if isinstance(named, int) else event.experiment


def _attempt(event: Event) -> list[Attempt]:
    number = _number(event)
    if number is None:
        return []
    verdict, reason, commit = (str(event.data.get(key) or "") for key in ("verdict", "reason", "commit"))
    return [Attempt(number, verdict, reason, commit)]


def _note_changes(project: Project, approval: Approval) -> None:
    """Say so where the committed plan is not the approved one any more."""
    committed = project.repo.show("HEAD", SPEC_FILE)
    if approval.form == "project" and committed is not None and fingerprint(committed) != approval.sha256:
        output.note(
            f"{SPEC_FILE} was changed since it was approved: this is the trace of the text that was approved."
        )


def _as_data(found: Trace, approval: Approval) -> dict[str, Any]:
    return {
        "title": found.title,
        "form": found.form,
        "approval": asdict(approval),
        "features": [asdict(feature) for feature in found.features],
        "phases": [asdict(phase) for phase in found.phases],
        "blocked": [{"item": item, "needed": needed} for item, needed in found.blocked],
        "totals": found.totals,
        "complete": found.complete,
    }


def _show(found: Trace, approval: Approval) -> None:
    output.say(f"{found.title}, approved by {approval.who} at {approval.when[:19]}Z")
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
    return "passed" if feature.verified else "failed"


def _state(state: State, blocked_by: int) -> str:
    return f"{state} {blocked_by}" if state is State.BLOCKED_BY_PHASE and blocked_by else str(state)


def _totals(found: Trace) -> str:
    totals = found.totals
    built, total = totals[State.BUILT], totals["features"]
    rest = [f"{totals[state]} {state}" for state in State if state is not State.BUILT and totals[state]]
    share = f" ({100 * built // total}%)" if total else ""
    return f"{built} of {count(total, 'feature')} built{share}" + "".join(f", {part}" for part in rest)
