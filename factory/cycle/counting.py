"""What became of an experiment, written down for the playbooks of the roles that worked on it."""

from __future__ import annotations

from collections.abc import Iterable

from factory.ace.library import Library
from factory.ace.outcomes import Outcome, RoleUse
from factory.cycle.lab import Lab
from factory.insights.projects import NO_EVIDENCE
from factory.journal import Event, Journal
from factory.models import ExperimentRecord


def count_outcome(lab: Lab, journal: Journal, record: ExperimentRecord) -> None:
    """Write down what became of an experiment, for the playbooks of the roles that worked on it.

    Safe to repeat; an experiment in which no model was asked says nothing of what it was shown, nor does one
    whose kind is no evidence.
    """
    roles = uses(journal.events(), record.id)
    if not roles or record.kind in NO_EVIDENCE:
        return
    outcome = Outcome(
        project=lab.paths.key,
        cycle=record.cycle,
        experiment=record.id,
        verdict=record.verdict,
        reason=record.reason,
        timestamp=record.timestamp,
        roles=roles,
    )
    for problem in Library(lab.home.playbooks).count(outcome):
        lab.say(f"the counters of a playbook could not be brought up to date: {problem}")


def uses(events: Iterable[Event], experiment: int) -> dict[str, RoleUse]:
    """Which items each role was shown, had withheld and cited on the way to an experiment's verdict.

    Research and plan belong to each experiment of their cycle. What a runner without a model did is left out.
    """
    found: dict[str, RoleUse] = {}
    for event in events:
        if event.experiment not in (None, experiment) or not _concerns_playbook(event):
            continue
        use = found.setdefault(event.data["role"], RoleUse())
        use.shown.extend(event.data.get("playbook", ()))
        use.trial.extend(event.data.get("trial", ()))
        use.withheld.extend(event.data.get("withheld", ()))
        use.cited.extend(event.data.get("citations", ()))
    return {
        role: RoleUse(
            shown=sorted({*use.shown}),
            trial=sorted({*use.trial}),
            withheld=sorted({*use.withheld} - {*use.shown}),
            cited=sorted({*use.cited}),
        )
        for role, use in found.items()
        if use.shown or use.withheld
    }


def _concerns_playbook(event: Event) -> bool:
    if event.type == "agent.started":
        return bool(event.data["invocations"])
    return event.type == "agent.completed" and bool(event.data.get("citations"))
