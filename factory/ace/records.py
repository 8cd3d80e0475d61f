"""What is known of playbook items beside their text: where they come from, and how they have done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from factory.ace.models import Section
from factory.models import FORMAT_VERSION, Model

Origin = Literal["default", "learned", "written"]


class ItemRecord(Model):
    """What is known of an item, also after it has left the playbook.

    ``key`` is what the reflector found it by; ``evidence`` names its experiments (``project-key#id``), of
    which ``kept`` were kept and ``reverted`` reverted. ``base_helpful`` and ``base_harmful`` are what its
    line said before the program counted; ``merged`` the ids it has taken in. ``out`` says why it is no longer
    there, "" while it is. A person's rollback pins it: counts don't take it out again.
    """

    id: str
    section: Section
    text: str
    origin: Origin
    key: str = ""
    evidence: list[str] = Field(default_factory=list)
    kept: int = 0
    reverted: int = 0
    since: str = ""
    base_helpful: int = 0
    base_harmful: int = 0
    merged: list[str] = Field(default_factory=list)
    out: str = ""
    pinned: bool = False

    def where_it_says(self, section: Section, text: str) -> ItemRecord:
        """What is known of it where its line stands in ``section`` and says ``text``.

        One that a person has rewritten or moved is theirs: what it was learned from speaks for other words.
        """
        if (section, text) == (self.section, self.text):
            return self
        lesson = {"key": "", "evidence": [], "kept": 0, "reverted": 0}
        return self.model_copy(update={"section": section, "text": text, "origin": "written", **lesson})


class RoleRecord(Model):
    """What is known of a role's items, by id."""

    v: int = FORMAT_VERSION
    role: str
    items: dict[str, ItemRecord] = Field(default_factory=dict)

    @property
    def survivors(self) -> dict[str, str]:
        """The id of each merged item, with the one that took it in."""
        return {gone: item.id for item in self.items.values() for gone in item.merged}

    def with_items(self, changed: Iterable[ItemRecord]) -> RoleRecord:
        """The record with these items put in or replaced."""
        return self.model_copy(update={"items": self.items | {item.id: item for item in changed}})


class Version(Model):
    """A playbook as it was after an evolution or a rollback. ``changes`` are sentences for people."""

    v: int = FORMAT_VERSION
    number: int
    role: str
    timestamp: str
    why: str
    changes: list[str] = Field(default_factory=list)
    markdown: str
    record: RoleRecord


@dataclass(slots=True)
class Tally:
    """One item's outcomes: of experiments that cited it, that were shown it, and of its trial.

    ``with_kept`` of ``with_n`` experiments were kept in which the lot gave it to the role, ``without_kept``
    of ``without_n`` in which the lot withheld it. Those that say nothing are in none.
    """

    helpful: int = 0
    harmful: int = 0
    shown: int = 0
    with_kept: int = 0
    with_n: int = 0
    without_kept: int = 0
    without_n: int = 0
