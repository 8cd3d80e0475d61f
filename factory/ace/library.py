"""The playbooks in force, what is known of their items, and the versions they have had.

Under ``playbooks/`` in the factory home: ``<role>.md``, beside it ``<role>.json`` (what is known of each
item), ``outcomes.jsonl`` (what the counters are counted from) and ``versions/<role>/NNNN.json``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from factory.ace.models import HEADINGS, Playbook, PlaybookItem, Section
from factory.ace.outcomes import Outcome, append_outcome, read_outcomes, tallies
from factory.ace.paths import DEFAULTS_DIR
from factory.ace.records import ItemRecord, RoleRecord, Tally, Version
from factory.errors import BadInput
from factory.fsio import atomic_write, file_lock, read_json, unreadable, utc_now, write_json

LEFT_OUT = "not in the playbook that a person wrote"

_VERSION = re.compile(r"(\d{4,})\.json")


class Library:
    """Reads and writes the playbooks of one factory home; writers hold its lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def outcomes_file(self) -> Path:
        """Where outcomes are written down."""
        return self.folder / "outcomes.jsonl"

    @property
    def versions_folder(self) -> Path:
        """Where the versions of all playbooks lie, also one that is not in force yet."""
        return self.folder / "versions"

    def file(self, role: str) -> Path:
        """Where the evolved playbook of a role lies, if there is one."""
        return self.folder / f"{role}.md"

    def lock(self) -> AbstractContextManager[None]:
        """Held while something is written; re-entrant."""
        return file_lock(self.folder / "playbooks.lock")

    # ---- reading

    def playbook(self, role: str) -> Playbook:
        """The playbook in force: the evolved one, else the default, else an empty one."""
        text = _text(self.file(role))
        return default_playbook(role) if text is None else Playbook.from_markdown(text, role)

    def has_evolved(self, role: str) -> bool:
        """Whether the factory home has a playbook of its own for the role."""
        return self.file(role).exists()

    def record(self, role: str) -> RoleRecord:
        """What is known of a role's items. Raises BadInput where the file is damaged."""
        path = self.folder / f"{role}.json"
        return read_json(path, RoleRecord) if path.exists() else RoleRecord(role=role)

    def outcomes(self) -> list[Outcome]:
        """Every outcome on record."""
        return read_outcomes(self.outcomes_file)

    def versions(self, role: str) -> list[Version]:
        """The versions of a role's playbook, oldest first; a damaged one is left out."""
        found = []
        for path in self._version_files(role):
            try:
                found.append(read_json(path, Version))
            except BadInput:
                continue
        return found

    def version(self, role: str, number: int) -> Version:
        """One version. Raises BadInput, naming those there are."""
        numbers = [str(int(path.stem)) for path in self._version_files(role)]
        if str(number) not in numbers:
            raise BadInput(
                f"There is no version {number} of the {role}'s playbook.",
                f"There are: {', '.join(numbers)}." if numbers else "It has never been evolved.",
            )
        return read_json(self._version_path(role, number), Version)

    # ---- counting

    def count(self, outcome: Outcome) -> list[str]:
        """Write an outcome down, once, and bring the counters of the items it cites up to date.

        Safe to repeat at any point: what the counters said before is on record before the outcome is, and
        they are counted from the outcomes on record. Returns what is wrong with playbooks that could not be
        brought up to date; they will be, the next time.
        """
        with self.lock():
            cited = [role for role, use in outcome.roles.items() if use.cited and outcome.effect(role)]
            problems = self._refresh_all(cited)
            if all(known.identity != outcome.identity for known in self.outcomes()):
                append_outcome(self.outcomes_file, outcome)
            return problems or self._refresh_all(cited)

    def _refresh_all(self, roles: Iterable[str]) -> list[str]:
        problems = []
        for role in roles:
            try:
                self.refresh(role)
            except BadInput as error:
                problems.append(error.message)
        return problems

    def refresh(self, role: str) -> None:
        """Write a role's counters as the outcomes on record have them; defaults get a copy in the home."""
        with self.lock():
            self.finish(role)
            playbook, record = self.playbook(role), self.record(role)
            counted = tallies(self.outcomes(), role, record.survivors)
            known = registered(playbook, record, counted)
            self.write(with_counters(playbook, known, counted), known)

    # ---- writing

    def write(self, playbook: Playbook, record: RoleRecord) -> None:
        """Store a playbook and what is known of its items; what stays as it is is not written."""
        with self.lock():
            path = self.folder / f"{record.role}.json"
            if not path.exists() or self.record(record.role) != record:
                write_json(path, record)
            text = playbook.to_markdown()
            if _text(self.file(playbook.role)) != text:
                atomic_write(self.file(playbook.role), text)

    def change(self, playbook: Playbook, record: RoleRecord, why: str, changes: list[str]) -> Version:
        """Put a playbook in force, and store it as a version under the next number.

        It is on disk as a whole before the first of its files is written, so that ``finish`` can complete
        what a crash cut off.
        """
        with self.lock():
            version = self._next_version(playbook, record, why, changes)
            write_json(self._unfinished(playbook.role), version)
            self.finish(playbook.role)
            return version

    def finish(self, role: str) -> None:
        """Complete a change that a crash cut off; nothing where there is none.

        Without it, lines that had not been written yet would look as if a person had taken them out.
        """
        place = self._unfinished(role)
        with self.lock():
            if not place.exists():
                return
            version = read_json(place, Version)
            self.write(Playbook.from_markdown(version.markdown, role), version.record)
            target = self._version_path(role, version.number)
            target.parent.mkdir(parents=True, exist_ok=True)
            place.replace(target)

    def add_version(self, playbook: Playbook, record: RoleRecord, why: str) -> Version:
        """Store what is in force as a version under the next number."""
        version = self._next_version(playbook, record, why, [])
        write_json(self._version_path(playbook.role, version.number), version)
        return version

    def _next_version(self, playbook: Playbook, record: RoleRecord, why: str, changes: list[str]) -> Version:
        files = self._version_files(playbook.role)
        return Version(
            number=1 + (int(files[-1].stem) if files else 0),
            role=playbook.role,
            timestamp=utc_now(),
            why=why,
            changes=changes,
            markdown=playbook.to_markdown(),
            record=record,
        )

    def prune_versions(self, keep: int, *, dry_run: bool = False) -> list[Path]:
        """Remove all but the newest ``keep`` versions of each role, and return their files."""
        folder = self.versions_folder
        roles = sorted(place.name for place in folder.glob("*/")) if folder.is_dir() else []
        old = [path for role in roles for path in self._version_files(role)[:-keep]]
        for path in [] if dry_run else old:
            path.unlink(missing_ok=True)
        return old

    def _unfinished(self, role: str) -> Path:
        return self.versions_folder / f"{role}.unfinished.json"

    def _version_path(self, role: str, number: int) -> Path:
        return self.versions_folder / role / f"{number:04d}.json"

    def _version_files(self, role: str) -> list[Path]:
        folder = self.versions_folder / role
        names = [path for path in folder.glob("*.json") if _VERSION.fullmatch(path.name)]
        return sorted(names, key=lambda path: int(path.stem))


def default_playbook(role: str) -> Playbook:
    """The playbook that ships for a role; an empty one where none does."""
    return Playbook.from_markdown(_text(DEFAULTS_DIR / f"{role}.md") or "", role)


def registered(playbook: Playbook, record: RoleRecord, counted: Mapping[str, Tally]) -> RoleRecord:
    """``record`` with the items of ``playbook`` that it does not know yet.

    What such an item's line says beyond the outcomes on record is its base. The first time, defaults that the
    playbook does not have are recorded as left out: its author knew them.
    """
    defaults = default_playbook(playbook.role)
    fresh = [
        _first_record(item, section, defaults.item(item.id), counted.get(item.id, Tally()))
        for section in HEADINGS
        for item in playbook.section(section)
        if item.id not in record.items
    ]
    if not record.items:
        fresh += [
            _first_record(item, section, item, Tally()).model_copy(update={"out": LEFT_OUT})
            for section in HEADINGS
            for item in defaults.section(section)
            if playbook.item(item.id) is None
        ]
    return record.with_items(fresh) if fresh else record


def _first_record(
    item: PlaybookItem, section: Section, shipped: PlaybookItem | None, tally: Tally
) -> ItemRecord:
    return ItemRecord(
        id=item.id,
        section=section,
        text=item.text,
        origin="default" if shipped is not None and shipped.text == item.text else "written",
        since=utc_now(),
        base_helpful=max(0, item.helpful - tally.helpful),
        base_harmful=max(0, item.harmful - tally.harmful),
    )


def with_counters(playbook: Playbook, record: RoleRecord, counted: Mapping[str, Tally]) -> Playbook:
    """``playbook`` with each item's counters: its base, and its outcomes on record."""

    def renewed(item: PlaybookItem) -> PlaybookItem:
        known, tally = record.items.get(item.id), counted.get(item.id, Tally())
        if known is None:
            return item
        counters = {
            "helpful": known.base_helpful + tally.helpful,
            "harmful": known.base_harmful + tally.harmful,
        }
        return item.model_copy(update=counters)

    return _mapped(playbook, renewed)


def _mapped(playbook: Playbook, change: Callable[[PlaybookItem], PlaybookItem]) -> Playbook:
    return playbook.model_copy(
        update={"do": [change(item) for item in playbook.do], "dont": [change(i) for i in playbook.dont]}
    )


def _text(path: Path) -> str | None:
    """A file's text, bytes that are none shown as escapes; None where there is no file."""
    try:
        return path.read_bytes().decode("utf-8", "backslashreplace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unreadable(path, error) from None
