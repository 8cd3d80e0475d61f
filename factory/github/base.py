"""What the factory asks of GitHub, whoever answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HostedRepository:
    """A repository on GitHub: ``slug`` is ``owner/name``; ``writable`` whether this login may push to it."""

    slug: str
    default_branch: str
    writable: bool

    @property
    def url(self) -> str:
        """The address that git clones from and pushes to."""
        return f"https://github.com/{self.slug}.git"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request; ``state`` is open, closed or merged."""

    number: int
    url: str
    state: str


class GitHub(Protocol):
    """A client. A ``slug`` is ``owner/name``; empty for the repository whose clone the client was started in.

    Every method raises EnvironmentLacking when GitHub cannot be asked or says no.
    """

    def repository(self, slug: str) -> HostedRepository:
        """The repository ``owner/name``."""

    def fork(self, slug: str) -> HostedRepository:
        """This login's fork of a repository; made when there is none yet."""

    def pull_request(self, url: str) -> PullRequest:
        """The pull request at an address."""

    def pull_requests(self, slug: str, branch: str) -> list[PullRequest]:
        """The pull requests from a branch, of every state, newest first."""

    def open_pull_request(self, slug: str, head: str, base: str, title: str, body: str) -> str:
        """Open a pull request and return its address; ``head`` is a branch, or ``owner:branch`` of a fork."""

    def edit_pull_request(self, slug: str, number: int, title: str, body: str) -> None:
        """Give a pull request another title and body."""
