"""What git says when it refuses, as errors and sentences that tell a person the way out."""

from __future__ import annotations

import re
import shlex

from factory.errors import BadInput, EnvironmentLacking, FactoryError

TOLD = 300
"""Characters of what git said that an error tells."""

_UNWRITTEN = re.compile(
    r"No space left on device|Disk quota exceeded|(?:couldn't|could not|unable to) write|write error"
    r"|insufficient permission for adding"
)
_DISTRUSTED = re.compile(r"detected dubious ownership in repository at '(.*)'")


class GitError(FactoryError):
    """git refused; the message ends with what git said."""


def _lock_left(said: str) -> tuple[str, str] | None:
    """What is wrong where a lock file is in git's way, and what removes it; None where none is."""
    found = re.search(r"Unable to create '(.+\.lock)': File exists", said)
    if found is None:
        return None
    return f"{found[1]} is there: another git is at work, or was killed", f"rm {shlex.quote(found[1])}"


def tell_what_a_person_mends(said: str, what: str) -> None:
    """Raises what has the same way out whatever the command was: GitError for a lock that is left, BadInput
    for a repository of another user, EnvironmentLacking for a disk that cannot be written to.
    """
    locked = _lock_left(said)
    if locked:
        problem, remedy = locked
        raise GitError(
            f"git could not {what}: {problem}.",
            f"When it is not at work any more: {remedy}; then run this again.",
        )
    place = _DISTRUSTED.search(said)
    if place:
        raise BadInput(
            f"git does not trust {place[1]}: it belongs to another user.",
            f"git config --global --add safe.directory {shlex.quote(place[1])}",
        )
    if _UNWRITTEN.search(said):
        raise EnvironmentLacking(
            f"git could not write to the disk: {said.strip().splitlines()[-1][-TOLD:]}.",
            "Make room there, or give yourself access to it, and try again.",
        )


def in_the_way(said: str) -> str:
    """What git says of a merge that it refuses, as one sentence: it lists the person's files a line each."""
    locked = _lock_left(said)
    if locked:
        return f"{locked[0]}; when it is not at work any more: {locked[1]}"
    files = [line.strip() for line in said.splitlines() if line.startswith("\t")]
    if not files:
        return " ".join(said.split())
    rest = f" and {len(files) - 3} more" if len(files) > 3 else ""
    return f"changes of your own that are not committed are in the way: {', '.join(files[:3])}{rest}"
