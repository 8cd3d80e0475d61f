"""``factory ace``: evolve the agents' playbooks, list and compare their versions, take one back."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict

from factory import output
from factory.ace.curator import helps, hurts, on_trial
from factory.ace.evolve import Evolution, RoleEvolution, difference, roll_back
from factory.ace.library import Library
from factory.ace.models import HEADINGS, PlaybookItem, Section
from factory.ace.outcomes import tallies
from factory.ace.paths import user_playbooks_dir
from factory.ace.records import ItemRecord, Tally, Version
from factory.agents.roles import ROLES, role_named
from factory.ancestry import refuse_agents
from factory.commands.insights import histories
from factory.cycle.evolving import evolve_playbooks
from factory.errors import EXIT_OK, BadInput
from factory.insights import ProjectHistory
from factory.paths import factory_home
from factory.project import open_project
from factory.words import counted

SHOWN_EVIDENCE = 6
"""Experiments that are named for a change; ``--json`` names all."""


def run(args: argparse.Namespace) -> int:
    """Evolve, or do with the versions what is asked for. Too little data is no failure: it is told."""
    library = Library(user_playbooks_dir())
    roles = [role_named(args.role).name] if args.role else list(ROLES)
    if args.versions:
        return _versions(library, roles, as_json=args.json)
    if args.show:
        return _show(library, roles, as_json=args.json)
    if args.diff is not None:
        return _diff(library, _one_role(args), args.diff, as_json=args.json)
    if args.rollback is not None:
        return _roll_back(library, _one_role(args), args.rollback, as_json=args.json)
    known = _histories(args)
    evolution = evolve_playbooks(factory_home(), known, roles=roles, dry_run=args.dry_run)
    if args.json:
        output.emit_json(_as_json(evolution, known))
        return EXIT_OK
    for line in _told(evolution, known):
        output.say(line)
    return EXIT_OK


def _one_role(args: argparse.Namespace) -> str:
    if not args.role:
        raise BadInput("Versions are counted for each role.", f"Name one with --role: {', '.join(ROLES)}.")
    return role_named(args.role).name


def _histories(args: argparse.Namespace) -> list[ProjectHistory]:
    more = [open_project(args.path).root] if args.path else []
    return histories(args.projects_dir or None, more)


# ---- what was evolved


def _told(evolution: Evolution, histories: list[ProjectHistory]) -> Iterator[str]:
    projects, decided = counted(len(histories), "project"), counted(evolution.decided, "decided experiment")
    yield f"{projects}, {decided}, {evolution.outcomes} counted"
    for history in histories:
        yield from _remarks(history)
    if evolution.missing:
        yield f"too little to learn from the histories: {evolution.missing}"
    for role in evolution.roles:
        yield from _role_lines(role, dry_run=evolution.dry_run)
    if not evolution.changed:
        yield "nothing changed" if not evolution.dry_run else "nothing would change"


def _remarks(history: ProjectHistory) -> Iterator[str]:
    """What a reader should know of a history that is not as it should be."""
    if history.problem:
        yield f"  {history.name}: {history.problem}"
    if history.copies:
        yield f"  {history.name}: counted once with {', '.join(map(str, history.copies))}"
    if len(history.own) < len(history.rows):
        foreign = len(history.rows) - len(history.own)
        yield f"  {history.name}: {foreign} experiments came with the repository and teach nothing here"
    if history.damaged:
        yield f"  {history.name}: passed by: {counted(history.damaged, 'damaged line')}"
    if history.future:
        yield f"  {history.name}: dated in the future (a clock was wrong): {counted(history.future, 'row')}"


def _role_lines(role: RoleEvolution, *, dry_run: bool) -> Iterator[str]:
    for problem in role.damaged:
        yield f"{role.role}: {problem} (kept as it is)"
    if not role.changes:
        return
    yield f"{role.role}: " + ("would be changed" if dry_run else f"version {role.version}")
    for change in role.changes:
        yield f"  {change.told()}"
        if change.evidence:
            more = len(change.evidence) - SHOWN_EVIDENCE
            rest = f" and {more} more" if more > 0 else ""
            yield f"    {', '.join(change.evidence[:SHOWN_EVIDENCE])}{rest}"


def _as_json(evolution: Evolution, histories: list[ProjectHistory]) -> dict[str, object]:
    return {
        **asdict(evolution),
        "changed": evolution.changed,
        "projects": [
            {
                "path": str(history.path),
                "rows": len(history.rows),
                "copies": [str(copy) for copy in history.copies],
                "damaged": history.damaged,
                "future": history.future,
                "problem": history.problem,
            }
            for history in histories
        ],
    }


# ---- what there is


def _show(library: Library, roles: list[str], *, as_json: bool) -> int:
    """The playbooks in force, each item with where it comes from."""
    rows = [row for role in roles for row in _items(library, role)]
    if as_json:
        output.emit_json(
            [
                {**item.model_dump(), "role": role, "section": section, "about": about, "tally": tally}
                for role, section, item, about, tally in rows
            ]
        )
        return EXIT_OK
    for role, section, item, about, tally in rows:
        output.say(f"{role} {HEADINGS[section].lstrip('# ')} {item.to_line()[2:]}")
        output.say(f"    {_origin(about)}; {_trial(tally)}")
    return EXIT_OK


def _trial(tally: Tally) -> str:
    """What is known of the difference that an item makes."""
    if not tally.without_n:
        return "not yet tried without"
    with_it = f"kept {tally.with_kept} of {tally.with_n} with it"
    verdict = "does harm" if hurts(tally) else "helps" if helps(tally) else "no difference shown"
    told = f"{with_it}, {tally.without_kept} of {tally.without_n} without: {verdict}"
    return told + (", on trial" if on_trial(tally) else "")


def _items(
    library: Library, role: str
) -> Iterator[tuple[str, Section, PlaybookItem, ItemRecord | None, Tally]]:
    record, playbook = library.record(role), library.playbook(role)
    known = tallies(library.outcomes(), role, record.survivors)
    for section in HEADINGS:
        for item in playbook.section(section):
            about = record.items.get(item.id)
            now = about.where_it_says(section, item.text) if about else None
            yield role, section, item, now, known.get(item.id, Tally())


def _origin(about: ItemRecord | None) -> str:
    if about is None:
        return "default"
    told = [about.origin, *([f"since {about.since[:10]}"] if about.since else [])]
    if about.evidence:
        told.append(
            f"from {counted(len(about.evidence), 'experiment')}, such as {about.evidence[0]} ({about.key})"
        )
    if about.merged:
        told.append(f"with {', '.join(about.merged)}")
    return ", ".join(told + (["pinned by a rollback"] if about.pinned else []))


def _versions(library: Library, roles: list[str], *, as_json: bool) -> int:
    found = [version for role in roles for version in library.versions(role)]
    if as_json:
        output.emit_json([_version_data(version) for version in found])
    elif not found:
        output.say("no playbook has been evolved yet")
    for version in [] if as_json else found:
        output.say(f"{version.role} {version.number}  {version.timestamp}  {version.why}")
        for change in version.changes:
            output.say(f"    {change}")
    return EXIT_OK


def _version_data(version: Version) -> dict[str, object]:
    return version.model_dump(mode="json", exclude={"record"})


def _diff(library: Library, role: str, number: int, *, as_json: bool) -> int:
    lines = difference(library, role, number)
    if as_json:
        output.emit_json({"role": role, "version": number, "diff": lines})
        return EXIT_OK
    for line in lines:
        output.say(line)
    if not lines:
        output.say(f"version {number} is in force")
    return EXIT_OK


def _roll_back(library: Library, role: str, number: int, *, as_json: bool) -> int:
    refuse_agents("put a version of a playbook in force again")
    version = roll_back(library, role, number)
    if as_json:
        output.emit_json(_version_data(version))
    else:
        output.say(f"{role}: version {number} is in force again, as version {version.number}")
    return EXIT_OK
