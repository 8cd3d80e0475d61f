"""What was sent upstream from here: one record for each pull request, in the factory home."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from factory.ace.contributor.prepare import ContributedItem
from factory.fsio import ensure_private_dir, read_json, write_json
from factory.models import FORMAT_VERSION, Model
from factory.paths import HomePaths


class Submission(Model):
    """A contribution that was sent. ``pushed_to`` is the address its branch is at, ``head`` the last commit
    there; ``url`` the pull request's, empty where none was made.
    """

    repository: str
    branch: str
    pushed_to: str
    head: str
    url: str = ""
    first_sent: str
    last_sent: str
    items: list[ContributedItem] = Field(default_factory=list)


class Submissions(Model):
    """All of them, oldest first."""

    v: int = FORMAT_VERSION
    submissions: list[Submission] = Field(default_factory=list)


def load_submissions(home: HomePaths) -> list[Submission]:
    """What was sent, oldest first. Raises BadInput for a damaged record."""
    path = _file(home)
    return read_json(path, Submissions).submissions if path.exists() else []


def record_submission(home: HomePaths, made: Submission) -> None:
    """Record a submission; one to the same branch of the same repository takes the earlier one's place."""
    others = [
        one
        for one in load_submissions(home)
        if (one.repository, one.branch) != (made.repository, made.branch)
    ]
    ensure_private_dir(home.contributions)
    write_json(_file(home), Submissions(submissions=[*others, made]))


def _file(home: HomePaths) -> Path:
    return home.contributions / "submissions.json"
