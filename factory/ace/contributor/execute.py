"""Carrying a contribution out: clone, commit, push, pull request. Exactly what was prepared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from factory.ace.contributor.prepare import Contribution
from factory.ace.contributor.upstream import address, cloned, fetched, push, slug_of
from factory.errors import EnvironmentLacking, Refused
from factory.git import Repo, commit_files
from factory.github import GitHub, repository_slug

Connect = Callable[[Path], GitHub]
"""Makes a client that works in a folder."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What has arrived: the commit on ``branch`` at ``pushed_to``, and the pull request's address.

    ``lacking`` says why there is no pull request that tells the newest state; empty where all is well.
    """

    branch: str
    commit: str
    pushed_to: str
    url: str = ""
    lacking: str = ""


def execute_contribution(
    contribution: Contribution,
    connect: Connect | None = None,
    *,
    pushed_to: str = "",
    before_push: Callable[[str], None] = lambda place: None,
) -> Sent:
    """Send a prepared contribution; the caller has the person's consent.

    ``connect`` makes the client that opens or updates the pull request, None where there is none;
    ``pushed_to`` is where an earlier state of the branch lies. The branch goes to the repository itself where
    the login may push there, else to a fork, made if need be; ``before_push`` is told the address.

    Raises Refused when upstream has changed since the preparation, EnvironmentLacking when git or GitHub
    cannot be reached; nothing was sent then. Without a pull request the pushed branch stays.
    """
    with cloned(contribution.repository) as repo:
        _insist_on_base(repo, contribution, pushed_to)
        github = connect(repo.root) if connect else None
        place = pushed_to or _target(contribution, github)
        commit = contribution.base
        if contribution.items:
            commit = commit_files(repo, contribution.base, contribution.files, contribution.message)
            before_push(place)
            push(repo, place, commit, contribution.branch)
        if github is None:
            return Sent(contribution.branch, commit, place, lacking="gh is not installed")
        try:
            url = _pull_request(contribution, github, place)
        except EnvironmentLacking as error:
            return Sent(contribution.branch, commit, place, lacking=f"{error.message} {error.hint}".strip())
        return Sent(contribution.branch, commit, place, url)


def _insist_on_base(repo: Repo, contribution: Contribution, pushed_to: str) -> None:
    """What was shown to the person was made on top of one commit; on another it would be something else."""
    if contribution.updates:
        there = fetched(repo, pushed_to or address(contribution.repository), contribution.branch)
    else:
        there = repo.resolve("HEAD")
    if there != contribution.base:
        raise Refused(
            f"{contribution.repository} has changed since this was prepared, so nothing was sent.",
            "Run the same command again, and look at what it would send now.",
        )


def _target(contribution: Contribution, github: GitHub | None) -> str:
    """The address that the branch is pushed to."""
    slug = slug_of(contribution.repository)
    if github is None or not slug:
        return address(contribution.repository)
    hosted = github.repository(slug)
    return hosted.url if hosted.writable else github.fork(slug).url


def _pull_request(contribution: Contribution, github: GitHub, pushed_to: str) -> str:
    """Update the open pull request of the branch, or open one; its address."""
    slug = slug_of(contribution.repository)
    for one in github.pull_requests(slug, contribution.branch):
        if one.state == "open":
            github.edit_pull_request(slug, one.number, contribution.title, contribution.body)
            return one.url
    owner = repository_slug(pushed_to).partition("/")[0]
    is_fork = bool(slug) and owner.lower() != slug.partition("/")[0].lower()
    head = f"{owner}:{contribution.branch}" if is_fork else contribution.branch
    return github.open_pull_request(
        slug, head, contribution.base_branch, contribution.title, contribution.body
    )
