"""A project's repository on GitHub, as far as the person has switched it on and this machine can reach it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from factory.config import ProjectConfig, settings_in_force
from factory.config.model import GitHub as GitHubSettings
from factory.cycle.lab import Lab
from factory.errors import BadInput, EnvironmentLacking, FactoryError, Refused
from factory.github import GhClient, GitHub, repository_slug

REMOTE = "origin"
"""The remote that branches are pushed to, and whose address names the project's own repository."""


@dataclass(frozen=True)
class Hub:
    """GitHub for one project. ``why_not`` says why it is not to be used, empty where it is.

    ``slug`` is the project's own repository, empty where its ``remote``, an address or "", is none on GitHub.
    """

    settings: GitHubSettings
    slug: str
    client: GitHub
    why_not: str = ""
    hint: str = ""
    error: type[FactoryError] = field(default=EnvironmentLacking)
    remote: str = ""

    @property
    def pull_requests(self) -> bool:
        """Whether kept experiments are to become pull requests."""
        return self.settings.enabled and self.settings.pull_requests

    @property
    def issues(self) -> bool:
        """Whether a plan's phases are to become issues."""
        return self.settings.enabled and self.settings.issues

    def require(self, *, own: bool = True) -> GitHub:
        """The client. Raises where GitHub is not to be used; ``own``: also where the project is not on it."""
        if self.why_not:
            self._refuse(self.why_not, self.hint)
        if own and not self.slug:
            what = "is no repository on GitHub" if self.remote else "is not there"
            self._refuse(
                f"The project's remote {REMOTE} {what}.",
                f"git remote add {REMOTE} https://github.com/OWNER/NAME.git",
            )
        return self.client

    def _refuse(self, why: str, hint: str) -> NoReturn:
        raise self.error(why, hint)

    @property
    def lacking(self) -> str:
        """Why nothing of this project can go to GitHub now; empty when it can."""
        try:
            self.require()
        except FactoryError as error:
            return error.message
        return ""


def hub_of(lab: Lab, policy: ProjectConfig | None, *, no_github: bool = False) -> Hub:
    """GitHub for a project, by the settings in force."""
    settings = settings_in_force({"no_github": no_github}, policy).config.github
    remote = lab.repo.remote_url(REMOTE)
    slug = repository_slug(remote)
    client = GhClient(lab.paths.root)
    if no_github:
        return Hub(
            settings, slug, client, "GitHub is left alone: --no-github.", "Leave the option out.", BadInput
        )
    if not settings.enabled:
        hint = "Set enabled = true in [github] of factory.toml or of your config.toml."
        return Hub(settings, slug, client, "GitHub is switched off for this project.", hint, Refused)
    if not client.installed():
        return Hub(
            settings, slug, client, "gh, the command line tool of GitHub, is not installed.",
            "Install it from https://cli.github.com, then type `gh auth login`.",
        )  # fmt: skip
    return Hub(settings, slug, client, remote=remote)
