"""Steps of meta: the playbooks evolve, what was learned is classified, and a person may offer it upstream.

They follow an improvement that is already closed and integrated, and can take nothing of it back: what goes
wrong here is told, and the cycle ends all the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from factory.ace.contributor.candidates import classify_known
from factory.ace.contributor.model import Label
from factory.ace.contributor.summary import contribution_text
from factory.ace.evolve import EVOLVED
from factory.ace.library import Library
from factory.agents.roles import ROLES
from factory.cycle.context import Cycle
from factory.cycle.evolving import evolve_playbooks, known_histories
from factory.cycle.machine import Done, Outcome
from factory.errors import FactoryError

BEFORE = "playbooks.before"
"""The event that tells from which versions the playbooks evolve."""


def evolve(cycle: Cycle, scope: str) -> Outcome:
    """Bring every role's playbook to what the histories of all known projects support."""
    before = _versions_before(cycle)
    try:
        evolution = evolve_playbooks(cycle.lab.home)
    except FactoryError as error:
        return Done({"problem": error.message})
    return Done({"missing": evolution.missing, "changes": _evolved_since(before, cycle)})


def _versions_before(cycle: Cycle) -> Mapping[str, int]:
    """The newest version of each role's playbook as the step began, also before a crash in it."""
    told = next((event for event in cycle.journal.events() if event.type == BEFORE), None)
    if told is not None:
        return dict(told.data["versions"])
    library = Library(cycle.lab.home.playbooks)
    newest = {role: max((v.number for v in library.versions(role)), default=0) for role in ROLES}
    cycle.record(BEFORE, versions=newest)
    return newest


def _evolved_since(before: Mapping[str, int], cycle: Cycle) -> dict[str, list[str]]:
    library = Library(cycle.lab.home.playbooks)
    found = {
        role: [
            change
            for version in library.versions(role)
            if version.why == EVOLVED and version.number > before.get(role, 0)
            for change in version.changes
        ]
        for role in ROLES
    }
    return {role: changes for role, changes in found.items() if changes}


def classify(cycle: Cycle, scope: str) -> Outcome:
    """Tell what is general of all that was learned, and what belongs to single projects; store it."""
    try:
        found = classify_known(cycle.lab.home, known_histories(cycle.lab.home), cycle.progress.warn)
    except FactoryError as error:
        return Done({"problem": error.message})
    named = {label.value: [one.name for one in found.items if one.label is label] for label in Label}
    text = contribution_text(found.items, found.projects)
    return Done({"projects": found.projects, "summary": text, **named})


def offer(cycle: Cycle, scope: str) -> Outcome:
    """Ask the person whether general items go upstream. Without a person nothing is ever sent."""
    if not cycle.state.result("classify").get(Label.GENERAL.value):
        return Done({"answer": "nothing to offer"})
    if cycle.person is None:
        return Done({"answer": "nobody was there to ask"})
    return Done({"answer": cycle.person.offer(cycle.state.result("classify")["summary"])})
