"""The upstream repository as git has it: its playbooks, and the branch of an earlier contribution."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from factory.errors import BadInput, EnvironmentLacking
from factory.git import ENGINE_EMAIL, ENGINE_NAME, GitError, Repo
from factory.github import repository_slug
from factory.scratch import scratch_folder

PLAYBOOKS = "factory/agents/playbooks"
"""Where the upstream repository keeps its playbooks."""

# gh lends its login to git for this one command; the person's own helpers come first.
_LOGIN = ("-c", "credential.https://github.com.helper=!gh auth git-credential")


@dataclass(frozen=True, slots=True)
class Upstream:
    """The state that a contribution is made on top of.

    ``repository`` is as the person named it, ``base_branch`` its default branch, ``base`` the commit of that
    branch, or of ``branch``, the branch of an earlier contribution that is still open (else empty).
    ``playbooks`` are the texts by role at ``base``.
    """

    repository: str
    base_branch: str
    base: str
    branch: str = ""
    playbooks: Mapping[str, str] = field(default_factory=dict)


def slug_of(repository: str) -> str:
    """``owner/name`` of a repository on github.com, else empty. A folder of that name comes first."""
    return "" if Path(repository).expanduser().is_dir() else repository_slug(repository)


def address(repository: str) -> str:
    """What git is given for a repository: GitHub's address of ``owner/name``, the path of a folder."""
    slug = slug_of(repository)
    if slug:
        return f"https://github.com/{slug}.git"
    place = Path(repository).expanduser()
    return str(place.resolve()) if place.is_dir() else repository


@contextlib.contextmanager
def cloned(repository: str) -> Iterator[Repo]:
    """A throwaway clone of the default branch, without hooks, that commits in the factory's own name.

    The person's name and e-mail address stay out of it. Raises EnvironmentLacking when git cannot clone it.
    """
    if not repository:
        raise BadInput(
            "No upstream repository is set.",
            "Give it with --repo, or set repository in [contribute] of your config.toml.",
        )
    with scratch_folder("upstream") as scratch:
        options = ("--quiet", "--no-tags", "--no-recurse-submodules", "--template=", "--single-branch")
        try:
            Repo(scratch).git(*_LOGIN, "clone", *options, "--", address(repository), "clone", what="reach it")
        except GitError as error:
            raise EnvironmentLacking(
                f"{repository} cannot be cloned: {error.message}", "Look at its name and your access to it."
            ) from None
        repo = Repo(scratch / "clone")
        repo.git("config", "user.name", ENGINE_NAME)
        repo.git("config", "user.email", ENGINE_EMAIL)
        yield repo


def look(repo: Repo, repository: str, branch: str = "", pushed_to: str = "") -> Upstream:
    """The clone's state; on top of ``branch`` of ``pushed_to`` where that is there and not yet merged."""
    base_branch = repo.current_branch()
    if repo.find("HEAD") is None:
        raise BadInput(f"{repository} has no commit.", "Contributions are made on top of one.")
    base = repo.resolve("HEAD")
    earlier = fetched(repo, pushed_to or address(repository), branch) if branch else ""
    if earlier and repo.is_ancestor(earlier, base):
        earlier = ""
    at = earlier or base
    return Upstream(repository, base_branch, at, branch if earlier else "", _playbooks(repo, at))


def fetched(repo: Repo, source: str, branch: str) -> str:
    """The commit of a branch elsewhere, brought into the clone; empty where there is none.

    Raises EnvironmentLacking where it cannot be told: what was sent before would be sent once more.
    """
    try:
        there = repo.git(*_LOGIN, "ls-remote", "--", source, f"refs/heads/{branch}")
        if not there.strip():
            return ""
        repo.git(*_LOGIN, "fetch", "--quiet", "--no-tags", "--", source, f"refs/heads/{branch}")
    except GitError as error:
        raise EnvironmentLacking(
            f"The branch of your earlier contribution, {branch} at {source}, cannot be looked at: "
            f"{error.message}",
            "Look at your access to it. If it is gone for good, take its entry out of submissions.json in "
            "the contributions of the factory home.",
        ) from None
    return repo.find("FETCH_HEAD") or ""


def push(repo: Repo, target: str, commit: str, branch: str) -> None:
    """Push a commit as a branch, never over what is there. Raises EnvironmentLacking when git cannot."""
    try:
        repo.git(*_LOGIN, "push", "--quiet", "--", target, f"{commit}:refs/heads/{branch}", what="push")
    except GitError as error:
        raise EnvironmentLacking(
            f"The branch {branch} could not be pushed to {target}: {error.message}",
            "Nothing has arrived. Look at your access, then run the same command again.",
        ) from None


def _playbooks(repo: Repo, revision: str) -> dict[str, str]:
    found = {}
    for path in repo.files(revision):
        folder, _, name = path.rpartition("/")
        if folder == PLAYBOOKS and name.endswith(".md"):
            found[name.removesuffix(".md")] = repo.show(revision, path) or ""
    return found
