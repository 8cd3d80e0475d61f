"""Approvals of specs: which text a person has agreed to, who, when and how. They lie in the factory home.

So do adoptions: the drafts that builds have taken for their contract with no person asked. They are records
of another kind, in a folder of their own, and never count as an approval.

An approval is bound to the exact bytes of a text by their SHA-256; a changed text is another, unapproved
one. The text lies beside its record, so that what was approved can be shown and compared at any time.
"""

from __future__ import annotations

import datetime
import difflib
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from factory.ancestry import refuse_agents
from factory.errors import BadInput, FactoryError
from factory.fsio import atomic_write, ensure_private_dir, read_json_plain, write_json
from factory.paths import HomePaths

How = Literal["terminal", "editor", "command"]
HOWS = ("terminal", "editor", "command")


@dataclass(frozen=True, slots=True)
class Approval:
    """One agreement. ``when`` is ISO 8601 in UTC, ``form`` the plan's form, ``title`` its name.

    ``how``: answered in the terminal, approved after an edit of one's own, or by a command with ``--yes``.
    """

    sha256: str
    who: str
    when: str
    how: How
    form: str
    title: str


@dataclass(frozen=True, slots=True)
class Adoption:
    """No agreement: a build that was given an idea took its own sound draft for the contract.

    ``cycle`` is the build; ``when``, ``form`` and ``title`` as in an approval. There is no ``who``.
    """

    sha256: str
    when: str
    cycle: str
    form: str
    title: str


Contract = Approval | Adoption
"""What a build may carry out."""


def fingerprint(text: str | bytes) -> str:
    """The SHA-256 of a text's exact bytes, in hexadecimal."""
    return hashlib.sha256(_bytes(text)).hexdigest()


def difference(old: str, new: str, *, before: str = "approved", after: str = "now") -> str:
    """The unified diff between two texts, empty when they are the same; for a person to read."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), before, after, lineterm="")
    found = "\n".join(lines)
    if not found and old != new:
        return "Only the line ends differ."
    return found


class Approvals:
    """The approvals of one project, in ``<home>/approvals/<project key>/``, and its adoptions, below them.

    A damaged record is none; ``report`` is called with a sentence about it.
    """

    def __init__(
        self, home: HomePaths, project_key: str, report: Callable[[str], None] = lambda _: None
    ) -> None:
        folder = home.approvals / project_key
        self._approved = _Records(folder, Approval, "approval", report)
        self._adopted = _Records(folder / "adopted", Adoption, "adoption", report)

    def approve(self, text: str | bytes, *, who: str, form: str, title: str, how: How) -> Approval:
        """Record that a person agrees to this text, and return the approval.

        A text whose approval is already the newest keeps that one. Raises Refused inside an agent's process.
        """
        refuse_agents("approve a spec")
        current = self.latest()
        if current is not None and current.sha256 == fingerprint(text):
            return current
        return self.record(Approval(fingerprint(text), who, _now(), how, form, title), text)

    def record(self, approval: Approval, text: str | bytes) -> Approval:
        """Store an approval with its text, private to the user. Raises Refused inside an agent's process."""
        refuse_agents("approve a spec")
        self._approved.store(approval, text)
        return approval

    def adopt(self, text: str | bytes, *, form: str, title: str, cycle: str) -> Adoption:
        """Record that a build takes its own draft for its contract. Raises Refused in an agent's process."""
        refuse_agents("begin a build")
        adoption = Adoption(fingerprint(text), _now(), cycle, form, title)
        self._adopted.store(adoption, text)
        return adoption

    def of(self, text: str | bytes) -> Approval | None:
        """The approval of exactly this text, or None."""
        return self._approved.of(text)

    def contract_of(self, text: str | bytes) -> Contract | None:
        """The approval of exactly this text, else its adoption, or None."""
        return self._approved.of(text) or self._adopted.of(text)

    def latest(self, form: str = "") -> Approval | None:
        """The newest approval, of a given form where one is named; None when there is none."""
        found = [approval for approval in self._approved.all() if form in ("", approval.form)]
        return max(found, key=lambda approval: approval.when, default=None)

    def contracts(self) -> list[Contract]:
        """Every sound approval, and every adoption of a text that no person has approved; newest first."""
        approved = list(self._approved.all())
        known = {approval.sha256 for approval in approved}
        adopted = [adoption for adoption in self._adopted.all() if adoption.sha256 not in known]
        return sorted([*approved, *adopted], key=lambda contract: contract.when, reverse=True)

    def text_of(self, contract: Contract) -> str:
        """The text that was approved or adopted, every byte of it. Raises BadInput when it is damaged."""
        records = self._approved if isinstance(contract, Approval) else self._adopted
        text = records.text(contract.sha256)
        if text is None:
            raise BadInput(
                f"The text of the {records.what} {contract.sha256[:12]} is missing or damaged.",
                "Approve the spec again with `factory spec approve`.",
            )
        return text


_Record = TypeVar("_Record", Approval, Adoption)


@dataclass(frozen=True, slots=True)
class _Records(Generic[_Record]):
    """Records of one kind in a folder, each with its text beside it."""

    folder: Path
    kind: type[_Record]
    what: str
    report: Callable[[str], None]

    def store(self, record: _Record, text: str | bytes) -> None:
        ensure_private_dir(self.folder)
        # The text first: a record whose text is missing is damaged.
        atomic_write(self.folder / f"{record.sha256}.md", _bytes(text))
        write_json(self.folder / f"{record.sha256}.json", asdict(record))

    def of(self, text: str | bytes) -> _Record | None:
        return self._read(self.folder / f"{fingerprint(text)}.json")

    def all(self) -> Iterator[_Record]:
        for path in sorted(self.folder.glob("*.json")):
            record = self._read(path)
            if record is not None:
                yield record

    def text(self, sha256: str) -> str | None:
        """The text with that hash; None where it is missing, or another one."""
        try:
            data = (self.folder / f"{sha256}.md").read_bytes()
        except OSError:
            return None
        return data.decode("utf-8", "surrogateescape") if fingerprint(data) == sha256 else None

    def _read(self, path: Path) -> _Record | None:
        if not path.exists():
            return None
        try:
            record = self._sound(read_json_plain(path))
        except FactoryError as error:
            self._damaged(path, error.message)
            return None
        if record is None or record.sha256 != path.stem:
            self._damaged(path, f"it is no {self.what} of the text that its name tells")
        elif self.text(record.sha256) is None:
            self._damaged(path, "the text beside it is missing, or is another one")
        else:
            return record
        return None

    def _sound(self, data: dict[str, Any]) -> _Record | None:
        names = [field.name for field in fields(self.kind)]
        if not all(isinstance(data.get(name), str) for name in names):
            return None
        if data.get("how", HOWS[0]) not in HOWS or not re.fullmatch(r"[0-9a-f]{64}", data["sha256"]):
            return None
        return self.kind(**{name: data[name] for name in names})

    def _damaged(self, path: Path, why: str) -> None:
        self.report(f"{path} does not count as an {self.what}: {why}.")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
