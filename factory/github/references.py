"""How a person names an issue: ``42``, ``#42``, ``owner/repo#42``, or its address."""

from __future__ import annotations

import re
from dataclasses import dataclass

from factory.github.gh import hosts

_SHORT = re.compile(r"(?:(?P<slug>[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+)#|#)?(?P<number>[1-9]\d{0,8})")
_ADDRESS = re.compile(
    r"https?://(?P<host>[^/]+)/(?P<slug>[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+)/issues/(?P<number>[1-9]\d{0,8})"
)


@dataclass(frozen=True, slots=True)
class IssueReference:
    """An issue: ``slug`` is ``owner/name``, empty for the project's own repository."""

    slug: str
    number: int


def issue_reference(text: str) -> IssueReference | None:
    """The issue that a text as a whole names, or None."""
    found = _SHORT.fullmatch(text.strip())
    if found is None:
        found = _ADDRESS.fullmatch(text.strip())
        if found is None or found["host"] not in hosts():
            return None
    return IssueReference(found["slug"] or "", int(found["number"]))


def issue_references(text: str) -> list[IssueReference]:
    """The issues of a list with commas; empty where any part of it names none: prose has commas too."""
    found = [issue_reference(part) for part in text.split(",")]
    return [one for one in found if one is not None] if None not in found else []
