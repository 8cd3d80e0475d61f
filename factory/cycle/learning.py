"""Playbooks in a cycle: what a call is shown of them, what its answer cites, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from factory.ace.injector import Injection, cited_ids, inject, known_ids, without_citations
from factory.ace.library import Library
from factory.ace.outcomes import Outcome, RoleUse, tallies
from factory.agents.roles import ROLES
from factory.answers import read_answer
from factory.cycle.lab import Lab
from factory.errors import BadInput
from factory.insights.projects import NO_EVIDENCE
from factory.journal import Event, Journal
from factory.models import ExperimentRecord
from factory.paths import HomePaths
from factory.runners.base import AgentResult

if TYPE_CHECKING:
    from factory.cycle.context import Cycle


def injection(cycle: Cycle, role: str) -> Injection:
    """What a call is shown of its role's playbook; nothing, with a warning, where that cannot be read.

    Calls of a role in one cycle have one lot: an item was there on the way to a verdict, or it was not.
    """
    library = Library(cycle.lab.home.playbooks)
    try:
        counted = tallies(library.outcomes(), role, library.record(role).survivors)
        return inject(library.playbook(role), counted, f"{cycle.id}/{role}", lite=cycle.options.lite)
    except BadInput as error:
        cycle.progress.warn(f"the {role} works without its playbook: {error.message}")
        return Injection()


def playbook_text(home: HomePaths, role: str) -> str:
    """What a role is shown of its playbook outside a cycle, where nothing is withheld or counted."""
    return inject(Library(home.playbooks).playbook(role), {}, "").text


def citations(role: str, result: AgentResult, shown: Collection[str]) -> list[str]:
    """The playbook items that an answer says it used, as far as they had been shown."""
    schema = ROLES[role].schema
    if schema is None:
        return cited_ids(result.text, shown)
    answer, _ = read_answer(result.answer, result.text, schema)
    return known_ids(answer.get("citations", ()), shown) if answer else []


def answer_without_citations(role: str, result: AgentResult) -> AgentResult:
    """An answer in prose without the line that names playbook items: it is no part of a plan or a note."""
    if ROLES[role].schema is not None:
        return result
    return replace(result, text=without_citations(result.text))


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
