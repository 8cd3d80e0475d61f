"""Playbooks in a cycle: what a call is shown of them, and what its answer cites."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from factory.ace.injector import Injection, cited_ids, inject, known_ids, without_citations
from factory.ace.library import Library
from factory.ace.outcomes import tallies
from factory.agents.roles import ROLES
from factory.answers import read_answer
from factory.errors import BadInput
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
