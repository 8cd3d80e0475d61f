"""Approvals of specs: which text a person has agreed to, who, when and how. They lie in the factory home.

An approval is bound to the exact bytes of a text by their SHA-256; a changed text is another, unapproved
one. The text lies beside its record, so that what was approved can be shown and compared at any time.
"""

from __future__ import annotations

import datetime
import difflib
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from factory.errors import BadInput, FactoryError, Refused
from factory.fsio import atomic_write, ensure_private_dir, read_json_plain, write_json
from factory.paths import HomePaths

How = Literal["terminal", "editor", "command", "drafted"]
HOWS = ("terminal", "editor", "command", "drafted")


@dataclass(frozen=True, slots=True)
class Approval:
    """One agreement. ``when`` is ISO 8601 in UTC, ``form`` the plan's form, ``title`` its name.

    ``how``: answered in the terminal, approved after an edit of one's own, or by a command with ``--yes``;
    ``drafted`` is no person's word: a build that was given an idea took its own sound draft for the contract.
    """

    sha256: str
    who: str
    when: str
    how: How
    form: str
    title: str


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
    """The approvals of one project, in ``<home>/approvals/<project key>/``.

    A damaged record is no approval; ``report`` is called with a sentence about it.
    """

    def __init__(
        self, home: HomePaths, project_key: str, report: Callable[[str], None] = lambda _: None
    ) -> None:
        self._folder = home.approvals / project_key
        self._report = report

    def approve(self, text: str | bytes, *, who: str, form: str, title: str, how: How) -> Approval:
        """Record that a person agrees to this text, and return the approval.

        A text whose approval is already the newest keeps that one. Raises Refused inside an agent's process.
        """
        refuse_agents("approve a spec")
        current = self.latest()
        if current is not None and current.sha256 == fingerprint(text):
            return current
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
        return self.record(Approval(fingerprint(text), who, now, how, form, title), text)

    def record(self, approval: Approval, text: str | bytes) -> Approval:
        """Store an approval with its text, private to the user. Raises Refused inside an agent's process."""
        refuse_agents("approve a spec")
        ensure_private_dir(self._folder)
        # The text first: a record whose text is missing is damaged.
        atomic_write(self._text_file(approval.sha256), _bytes(text))
        write_json(self._record_file(approval.sha256), asdict(approval))
        return approval

    def of(self, text: str | bytes) -> Approval | None:
        """The approval of exactly this text, or None."""
        return self._read(self._record_file(fingerprint(text)))

    def latest(self, form: str = "") -> Approval | None:
        """The newest approval, of a given form where one is named; None when there is none."""
        found = [approval for approval in self.all() if form in ("", approval.form)]
        return max(found, key=lambda approval: approval.when, default=None)

    def all(self) -> Iterator[Approval]:
        """Every sound approval, in no particular order."""
        for path in sorted(self._folder.glob("*.json")):
            approval = self._read(path)
            if approval is not None:
                yield approval

    def text_of(self, approval: Approval) -> str:
        """The text that was approved, every byte of it. Raises BadInput when it is damaged."""
        text = self._approved_text(approval.sha256)
        if text is None:
            raise BadInput(
                f"The text of the approval {approval.sha256[:12]} is missing or damaged.",
                "Approve the spec again with `factory spec approve`.",
            )
        return text

    def _read(self, path: Path) -> Approval | None:
        if not path.exists():
            return None
        try:
            approval = _approval(read_json_plain(path))
        except FactoryError as error:
            self._damaged(path, error.message)
            return None
        if approval is None or approval.sha256 != path.stem:
            self._damaged(path, "it is no approval of the text that its name tells")
        elif self._approved_text(approval.sha256) is None:
            self._damaged(path, "the text beside it is missing, or is another one")
        else:
            return approval
        return None

    def _damaged(self, path: Path, why: str) -> None:
        self._report(f"{path} does not count as an approval: {why}.")

    def _approved_text(self, sha256: str) -> str | None:
        try:
            data = self._text_file(sha256).read_bytes()
        except OSError:
            return None
        return data.decode("utf-8", "surrogateescape") if fingerprint(data) == sha256 else None

    def _record_file(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.json"

    def _text_file(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.md"


def refuse_agents(what: str) -> None:
    """Raises Refused inside an agent's process: ``what`` ("approve a spec") takes a person."""
    if os.environ.get("FACTORY_ROLE"):
        raise Refused(f"Only a person can {what}, not an agent.", "A person does it in a terminal.")


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def _approval(data: dict[str, Any]) -> Approval | None:
    names = [field.name for field in fields(Approval)]
    if not all(isinstance(data.get(name), str) for name in names):
        return None
    if data["how"] not in HOWS or not re.fullmatch(r"[0-9a-f]{64}", data["sha256"]):
        return None
    return Approval(**{name: data[name] for name in names})
