"""GitHub, through the ``gh`` that the person has installed and logged in."""

from factory.github.base import GitHub, HostedRepository, PullRequest
from factory.github.gh import GhClient, repository_slug

__all__ = ["GhClient", "GitHub", "HostedRepository", "PullRequest", "repository_slug"]
