"""One evolution of the playbooks: reflect, curate, store as a version; and taking one back."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from factory.ace.curator import Change, Curated, Standing, curate
from factory.ace.library import Library, default_playbook, registered, with_counters
from factory.ace.models import HEADINGS, Playbook
from factory.ace.outcomes import Outcome, harmful_share, tallies
from factory.ace.records import RoleRecord, Version
from factory.ace.reflector import MIN_DECIDED, Candidate, Reflection
from factory.fsio import utc_now

BEFORE_FIRST = "as it was before the first evolution"
"""Why there is a version 1: so that there is something to go back to."""

EVOLVED = "evolved"
"""Why there is a version that an evolution made."""

_HUNK = re.compile(r"@@ -(\d+)")


@dataclass(frozen=True, slots=True)
class RoleEvolution:
    """What became of one role's playbook. ``version`` is the new one, None where nothing was changed.

    ``damaged`` tells the lines that could not be read, which stay as they are.
    """

    role: str
    changes: tuple[Change, ...] = ()
    version: int | None = None
    items: int = 0
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evolution:
    """What an evolution did, or with ``dry_run`` would do.

    ``missing`` says what the histories lack, where too little is on record to conclude anything.
    """

    roles: tuple[RoleEvolution, ...]
    decided: int
    outcomes: int
    missing: str = ""
    dry_run: bool = False

    @property
    def changed(self) -> bool:
        """Whether any playbook is another one than before."""
        return any(role.changes for role in self.roles)


def evolve(
    library: Library, roles: Sequence[str], reflection: Reflection, *, dry_run: bool = False
) -> Evolution:
    """Bring the playbooks of ``roles`` to what the histories and the outcomes support.

    The same facts again change nothing. With too few experiments and outcomes nothing is changed at all.
    Raises BadInput where what is known of a role's items is damaged.
    """
    outcomes = library.outcomes()
    speaking = sum(1 for outcome in outcomes if any(outcome.effect(role) for role in outcome.roles))
    if max(reflection.decided, speaking) < MIN_DECIDED:
        return Evolution((), reflection.decided, speaking, reflection.missing, dry_run)
    with library.lock():
        evolved = tuple(
            _evolve_role(
                library,
                role,
                [candidate for candidate in reflection.candidates if candidate.role == role],
                outcomes,
                dry_run=dry_run,
            )
            for role in roles
        )
    return Evolution(evolved, reflection.decided, speaking, reflection.missing, dry_run)


def _evolve_role(
    library: Library,
    role: str,
    candidates: Sequence[Candidate],
    outcomes: Sequence[Outcome],
    *,
    dry_run: bool,
) -> RoleEvolution:
    if not dry_run:
        library.finish(role)
    playbook, record = _in_force(library, role, outcomes)
    standing = Standing(tallies(outcomes, role, record.survivors), harmful_share(outcomes, role))
    curated = curate(playbook, record, candidates, standing, defaults=default_playbook(role), now=utc_now())
    after = with_counters(curated.playbook, curated.record, tallies(outcomes, role, curated.record.survivors))
    number = None
    if not dry_run:
        number = _store(library, playbook, record, curated, after)
    return RoleEvolution(
        role,
        curated.changes,
        number,
        items=len(after.items),
        damaged=tuple(f"line {line.line}: {line.problem}" for line in playbook.damaged),
    )


def _in_force(library: Library, role: str, outcomes: Sequence[Outcome]) -> tuple[Playbook, RoleRecord]:
    """A role's playbook with its counters up to date, and its record with all of its items."""
    playbook, record = library.playbook(role), library.record(role)
    counted = tallies(outcomes, role, record.survivors)
    known = registered(playbook, record, counted)
    return with_counters(playbook, known, counted), known


def _store(
    library: Library, before: Playbook, known: RoleRecord, curated: Curated, after: Playbook
) -> int | None:
    """Write what changed. What is known of items may change without a version: evidence grows."""
    if not curated.changes:
        if library.has_evolved(after.role):
            library.write(after, curated.record)
        return None
    if not library.versions(after.role):
        library.add_version(before, known, BEFORE_FIRST)
    told = [change.told() for change in curated.changes]
    return library.change(after, curated.record, EVOLVED, told).number


def difference(library: Library, role: str, number: int) -> list[str]:
    """The lines in which the playbook in force differs from a version, as a unified diff.

    The head of each hunk ends with the section that it begins in: an item does not tell its own. Raises
    BadInput where there is no such version.
    """
    version = library.version(role, number)
    before = version.markdown.splitlines()
    lines = difflib.unified_diff(
        before,
        library.playbook(role).to_markdown().splitlines(),
        f"{role}, version {number}",
        f"{role}, in force",
        lineterm="",
        n=1,
    )
    return [_with_section(line, before) for line in lines]


def _with_section(line: str, before: Sequence[str]) -> str:
    """A line of a unified diff; the head of a hunk with the heading that its first line stands under."""
    start = _HUNK.match(line)
    above = before[: int(start[1])] if start else []
    section = next((text for text in reversed(above) if text in HEADINGS.values()), "")
    return f"{line} {section}".rstrip()


def roll_back(library: Library, role: str, number: int) -> Version:
    """Put a version in force again, as a new version, its counters brought up to date.

    What the version has is pinned: counts don't take it out again. What it has not is out for good: it is a
    person's word against it. Raises BadInput where there is no such version.
    """
    with library.lock():
        library.finish(role)
        version = library.version(role, number)
        playbook, now = Playbook.from_markdown(version.markdown, role), library.record(role)
        there = {item.id for item in playbook.items}
        items = {
            id: known.model_copy(update={"pinned": True, "out": ""})
            if id in there
            else known.model_copy(update={"out": known.out or f"taken back: rollback to version {number}"})
            for id, known in (now.items | version.record.items).items()
        }
        record = now.model_copy(update={"items": items})
        counted = tallies(library.outcomes(), role, record.survivors)
        restored = with_counters(playbook, record, counted)
        return library.change(restored, record, f"rollback to version {number}", [])
