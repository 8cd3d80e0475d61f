"""Evolving the playbooks from the histories of all known projects.

They are in the prompts of every project, so only what was logged and journalled here teaches anything: what
came with a repository are its author's words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from factory.ace.evolve import Evolution, evolve
from factory.ace.library import Library
from factory.ace.reflector import Told, Tried, reflect
from factory.agents.roles import ROLES
from factory.cycle.inflight import own_journals
from factory.errors import FactoryError
from factory.insights import ProjectHistory, load_all_histories
from factory.journal import Event, read_events
from factory.models import Reason, Verdict
from factory.paths import HomePaths, ProjectPaths
from factory.registry import Registry


def evolve_playbooks(
    home: HomePaths,
    histories: Iterable[ProjectHistory] | None = None,
    *,
    roles: Sequence[str] = tuple(ROLES),
    dry_run: bool = False,
) -> Evolution:
    """Evolve the playbooks of ``roles`` from the histories of all known projects, or from those given.

    With ``dry_run`` nothing is written. Raises BadInput where what is known of a playbook is damaged.
    """
    known = known_histories(home) if histories is None else list(histories)
    tried = [one for history in known for one in _tried(history)]
    told = [one for history in known for one in _told(history)]
    return evolve(Library(home.playbooks), roles, reflect(tried, told), dry_run=dry_run)


def known_histories(home: HomePaths) -> list[ProjectHistory]:
    """The histories of the registered projects; copies of one project are one."""
    return load_all_histories(project.path for project in Registry(home).known())


def _tried(history: ProjectHistory) -> Iterator[Tried]:
    key = ProjectPaths(history.path).key
    for row in history.own:
        yield Tried(
            f"{key}#{row.id}", row.hypothesis, row.verdict, row.reason, row.category, row.id,
            by_hand=row.by_hand,
        )  # fmt: skip


def _told(history: ProjectHistory) -> Iterator[Told]:
    """With what work was sent back, as the journals of a project and its copies have it; not damaged ones.

    And with what the guard has ended an experiment, as its row has it: its first objection.
    """
    key = ProjectPaths(history.path).key
    for row in history.own:
        if row.verdict == Verdict.REVERT and row.reason == Reason.GUARD and not row.by_hand:
            yield Told(f"{key}#{row.id}", "guard", "builder", row.notes, final=True)
    seen: set[str] = set()
    for root in (history.path, *history.copies):
        for path in own_journals(ProjectPaths(root)):
            if path.stem in seen:
                continue
            seen.add(path.stem)
            try:
                events = read_events(path)
            except FactoryError:
                continue
            yield from _sent_back(key, events)


SENT_BACK = {"guard": "builder", "structured_review": "builder", "gate_plan": "strategist"} | {
    "gate_research": "researcher"
}
"""The steps that send work back, and whose work it is."""


def _sent_back(key: str, events: Sequence[Event]) -> Iterator[Told]:
    begun = [event.experiment for event in events if event.type == "experiment.begun"]
    for event in events:
        role = SENT_BACK.get(str(event.data.get("step"))) if event.type == "scope.redirected" else None
        if role is None:
            continue
        number = event.experiment or (begun[0] if begun else event.cycle)
        corrections = event.data.get("corrections")
        for text in map(str, corrections if isinstance(corrections, list) else ()):
            yield Told(f"{key}#{number}", _kind(event.data["step"], text), role, text)


def _kind(step: str, text: str) -> Literal["guard", "plan_rule", "correction"]:
    if step == "guard":
        return "guard"
    return "plan_rule" if step == "gate_plan" and text.startswith("line ") else "correction"
