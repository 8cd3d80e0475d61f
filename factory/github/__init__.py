"""GitHub, through the ``gh`` that the person has installed and logged in."""

from factory.github.base import (
    CheckRun,
    GitHub,
    HostedRepository,
    Issue,
    Note,
    PullDetails,
    PullRequest,
)
from factory.github.gh import GhClient, repository_slug, same_account
from factory.github.references import IssueReference, issue_reference, issue_references

__all__ = [
    "CheckRun",
    "GhClient",
    "GitHub",
    "HostedRepository",
    "Issue",
    "IssueReference",
    "Note",
    "PullDetails",
    "PullRequest",
    "issue_reference",
    "issue_references",
    "repository_slug",
    "same_account",
]
