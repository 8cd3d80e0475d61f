"""The ``gh`` command line tool, the one way in which the factory talks to GitHub."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from factory.errors import EnvironmentLacking
from factory.github.base import HostedRepository, PullRequest
from factory.process import allowed_env, run

# gh's own login and settings: a token, or where its files and the keyring of the desktop are.
LOGIN = (
    *("GH_TOKEN", "GITHUB_TOKEN", "GH_CONFIG_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"),
    *("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"),
)
QUIET = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "GH_PAGER": "cat", "NO_COLOR": "1"}
TIMEOUT_S = 120.0
HERE = "{owner}/{repo}"
"""What gh itself replaces by the repository of the folder it is started in."""

_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
_ADDRESS = re.compile(
    r"(?:https?://(?:[^@/]*@)?(?:www\.)?github\.com/|(?:ssh://)?git@github\.com[:/])(.+?)/?"
)
_WRITERS = ("ADMIN", "MAINTAIN", "WRITE")


def repository_slug(name: str) -> str:
    """``owner/name`` of a repository on GitHub that is named so or by its address; else empty."""
    address = _ADDRESS.fullmatch(name)
    slug = address[1].removesuffix(".git") if address else name
    return slug if _SLUG.fullmatch(slug) else ""


class GhClient:
    """GitHub by ``gh``, started in ``cwd``: with its own login and nothing else of the environment."""

    def __init__(self, cwd: Path | None = None) -> None:
        self._cwd = cwd or Path.cwd()

    @staticmethod
    def installed() -> bool:
        """Whether there is a ``gh``."""
        return shutil.which("gh") is not None

    def repository(self, slug: str) -> HostedRepository:
        """The repository, and whether this login may push to it."""
        found = self._json("repo", "view", slug, "--json", "nameWithOwner,defaultBranchRef,viewerPermission")
        branch = (found.get("defaultBranchRef") or {}).get("name") or "main"
        return HostedRepository(found["nameWithOwner"], branch, found.get("viewerPermission") in _WRITERS)

    def fork(self, slug: str) -> HostedRepository:
        """This login's fork. GitHub answers with the one that is there, if there is one."""
        found = self._json("api", "--method", "POST", f"repos/{slug}/forks")
        return HostedRepository(found["full_name"], found.get("default_branch") or "main", True)

    def pull_request(self, url: str) -> PullRequest:
        """The pull request at an address, whatever repository it is of."""
        return _pull_request(self._json("pr", "view", url, "--json", "number,url,state"))

    def pull_requests(self, slug: str, branch: str) -> list[PullRequest]:
        """The pull requests from a branch of that name, of every state."""
        found = self._json(
            *("pr", "list", *_repo(slug), "--head", branch, "--state", "all", "--json", "number,url,state")
        )
        return [_pull_request(one) for one in found]

    def open_pull_request(self, slug: str, head: str, base: str, title: str, body: str) -> str:
        """Open a pull request; its address is the last line that gh says."""
        said = self._run(
            *("pr", "create", *_repo(slug), "--head", head, "--base", base, "--title", title),
            *("--body-file", "-"),
            input=body,
        )
        return said.strip().splitlines()[-1] if said.strip() else ""

    def edit_pull_request(self, slug: str, number: int, title: str, body: str) -> None:
        """Set title and body."""
        # Not `gh pr edit`: older versions ask for the scope read:project, which a login need not have.
        self._run(
            *("api", "--method", "PATCH", f"repos/{slug or HERE}/pulls/{number}", "--input", "-"),
            input=json.dumps({"title": title, "body": body}),
        )

    def _json(self, *args: str) -> Any:
        said = self._run(*args)
        try:
            return json.loads(said)
        except ValueError:
            raise EnvironmentLacking(f"gh {' '.join(args[:2])} answered with something unreadable.") from None

    def _run(self, *args: str, input: str | None = None) -> str:
        done = run(["gh", *args], cwd=self._cwd, env=gh_environment(), timeout=TIMEOUT_S, input=input)
        if done.ok:
            return done.stdout
        raise EnvironmentLacking(
            f"gh {' '.join(args[:2])} failed: {_words(done.stderr, done.returncode)}", _hint(done.stderr)
        )


def gh_environment() -> dict[str, str]:
    """The environment of gh: the allow-list, proxies and certificates, gh's login; it asks nothing."""
    login = {name: os.environ[name] for name in LOGIN if name in os.environ}
    return allowed_env(login | QUIET, network=True)


def _repo(slug: str) -> tuple[str, ...]:
    return ("--repo", slug) if slug else ()


def _pull_request(found: Any) -> PullRequest:
    return PullRequest(found["number"], found["url"], found["state"].lower())


def _words(stderr: str, code: int) -> str:
    lines: Sequence[str] = [line.strip() for line in stderr.splitlines() if line.strip()]
    return lines[0].rstrip(".") + "." if lines else f"exit code {code}."


def _hint(stderr: str) -> str:
    return "Type `gh auth login`." if "auth login" in stderr else ""
