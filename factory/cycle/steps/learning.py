"""Steps of meta: the playbooks evolve, what was learned is classified, and a person may offer it upstream.

They follow an improvement that is already closed and integrated, and can take nothing of it back: what goes
wrong here is told, and the cycle ends all the same.
"""

from __future__ import annotations

from factory.ace.contributor.candidates import classify_known
from factory.ace.contributor.model import Label
from factory.ace.contributor.summary import contribution_text
from factory.cycle.context import Cycle
from factory.cycle.evolving import evolve_playbooks, known_histories
from factory.cycle.machine import Done, Outcome
from factory.errors import FactoryError


def evolve(cycle: Cycle, scope: str) -> Outcome:
    """Bring every role's playbook to what the histories of all known projects support."""
    try:
        evolution = evolve_playbooks(cycle.lab.home)
    except FactoryError as error:
        return Done({"problem": error.message})
    changed = [role for role in evolution.roles if role.changes]
    told = {role.role: [change.told() for change in role.changes] for role in changed}
    return Done({"missing": evolution.missing, "changes": told})


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
