"""What became of earlier contributions, and which of them the next one goes on with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from factory.ace.contributor.submissions import Submission
from factory.ace.contributor.upstream import address
from factory.errors import EnvironmentLacking
from factory.github import GitHub

UNKNOWN = "unknown"
INTERRUPTED = "interrupted"
"""What was about to be pushed when the command ended; whether it arrived is not known here."""


@dataclass(frozen=True, slots=True)
class Standing:
    """``open`` is the newest submission that may still be added to; ``settled`` tells of each text in a
    pull request that is over what became of it.
    """

    open: Submission | None = None
    settled: dict[str, str] = field(default_factory=dict)


def state_of(submission: Submission, github: GitHub | None) -> str:
    """open, merged or closed; unknown where there is no pull request, or no way to ask about it."""
    if not submission.head:
        return INTERRUPTED
    if github is None or not submission.url:
        return UNKNOWN
    try:
        return github.pull_request(submission.url).state
    except EnvironmentLacking:
        return UNKNOWN


def standing(submissions: Sequence[Submission], repository: str, github: GitHub | None) -> Standing:
    """Where earlier submissions to a repository stand. One of unknown state counts as open."""
    newest: Submission | None = None
    settled: dict[str, str] = {}
    for submission in submissions:
        if address(submission.repository) != address(repository):
            continue
        state = state_of(submission, github)
        if state in ("merged", "closed"):
            settled |= {item.text: f"it was {state} with {submission.url}" for item in submission.items}
        else:
            newest = submission
    return Standing(newest, settled)
