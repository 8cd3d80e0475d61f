"""The ``gh`` command line tool, the one way in which the factory talks to GitHub."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from factory.errors import BadInput, EnvironmentLacking
from factory.github.base import CheckRun, HostedRepository, Issue, Note, PullDetails, PullRequest
from factory.process import allowed_env, run

# gh's own login and settings: a token, or where its files and the keyring of the desktop are.
LOGIN = (
    *("GH_TOKEN", "GITHUB_TOKEN", "GH_HOST", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"),
    *("GH_CONFIG_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"),
    *("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"),
)
QUIET = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "GH_PAGER": "cat", "NO_COLOR": "1"}
TIMEOUT_S = 120.0
HERE = "{owner}/{repo}"
"""What gh itself replaces by the repository of the folder it is started in."""

_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+")
_ADDRESS = re.compile(
    r"(?:https?://(?:[^@/]*@)?(?:www\.)?(?P<http>[^/]+)/|(?:ssh://)?git@(?P<ssh>[^:/]+)[:/])(?P<path>.+?)/?"
)
_WRITERS = ("ADMIN", "MAINTAIN", "WRITE")


def repository_slug(name: str) -> str:
    """``owner/name`` of a repository on GitHub that is named so or by its address; else empty."""
    address = _ADDRESS.fullmatch(name)
    if address and (address["http"] or address["ssh"]) not in hosts():
        return ""
    slug = address["path"].removesuffix(".git") if address else name
    return slug if _SLUG.fullmatch(slug) else ""


def hosts() -> tuple[str, ...]:
    """The names under which GitHub is known: its own, and that of the installation that gh is set to."""
    return ("github.com", os.environ.get("GH_HOST") or "github.com")


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
        """Open a pull request."""
        # Not `gh pr create`: it looks at the checkout it is started in, and this one may be anywhere.
        made = self._send("POST", f"repos/{slug or HERE}/pulls", head=head, base=base, title=title, body=body)
        return str(made["html_url"])

    def login(self) -> str:
        """The account's name."""
        # Not `gh api user`: the token of a workflow may not ask for that.
        found = self._json("api", "graphql", "-f", "query=query{viewer{login}}")
        return str(found["data"]["viewer"]["login"])

    def issue(self, slug: str, number: int) -> Issue:
        """The issue, as it is now."""
        found = self._one(slug, f"issues/{number}", f"issue {number}")
        if "pull_request" in found:
            raise BadInput(f"#{number} of {slug} is a pull request, not an issue.", "")
        return _issue(slug, found)

    def issues_by(self, slug: str, author: str, since: str = "", state: str = "all") -> list[Issue]:
        """That account's issues, over all pages."""
        found = self._pages(
            f"repos/{slug}/issues", state=state, creator=author, **({"since": since} if since else {})
        )
        return [_issue(slug, one) for one in found if "pull_request" not in one]

    def open_issue(self, slug: str, title: str, body: str) -> Issue:
        """Open an issue."""
        return _issue(slug, self._send("POST", f"repos/{slug}/issues", title=title, body=body))

    def close_issue(self, slug: str, number: int) -> None:
        """Close it as completed."""
        self._send("PATCH", f"repos/{slug}/issues/{number}", state="closed", state_reason="completed")

    def pull(self, slug: str, number: int) -> PullDetails:
        """The pull request of that number."""
        return _details(self._one(slug, f"pulls/{number}", f"pull request {number}"))

    def comments(self, slug: str, number: int) -> list[Note]:
        """All comments."""
        return [_note(one) for one in self._pages(f"repos/{slug}/issues/{number}/comments")]

    def comment(self, slug: str, number: int, body: str) -> None:
        """Add a comment."""
        self._send("POST", f"repos/{slug}/issues/{number}/comments", body=body)

    def reviews(self, slug: str, number: int) -> list[Note]:
        """All reviews."""
        return [_note(one) for one in self._pages(f"repos/{slug}/pulls/{number}/reviews")]

    def post_review(self, slug: str, number: int, commit: str, body: str) -> str:
        """A review that only comments."""
        place = f"repos/{slug}/pulls/{number}/reviews"
        return str(self._send("POST", place, commit_id=commit, event="COMMENT", body=body)["html_url"])

    def edit_review(self, slug: str, number: int, review: int, body: str) -> str:
        """Replace a review's text."""
        place = f"repos/{slug}/pulls/{number}/reviews/{review}"
        return str(self._send("PUT", place, body=body)["html_url"])

    def checks(self, slug: str, commit: str) -> list[CheckRun]:
        """The newest run of each check, and the newest status of each system that reports these instead."""
        place = f"repos/{slug}/commits/{commit}"
        runs = self._pages(f"{place}/check-runs", ".check_runs[]")
        statuses = self._pages(f"{place}/status", ".statuses[]")
        return [
            *(CheckRun(one["name"], one.get("conclusion") or "") for one in runs),
            *(CheckRun(one["context"], _conclusion(one["state"])) for one in statuses),
        ]

    def edit_pull_request(self, slug: str, number: int, title: str, body: str) -> None:
        """Set title and body."""
        # Not `gh pr edit`: older versions ask for the scope read:project, which a login need not have.
        self._send("PATCH", f"repos/{slug or HERE}/pulls/{number}", title=title, body=body)

    def _one(self, slug: str, place: str, what: str) -> Any:
        try:
            return self._json("api", f"repos/{slug}/{place}")
        except EnvironmentLacking as error:
            if "HTTP 404" not in error.message:
                raise
            raise BadInput(
                f"There is no {what} in {slug}, or your gh login may not see it.",
                f"Look at the number, or at `gh auth status`: https://github.com/{slug}",
            ) from None

    def _pages(self, place: str, entries: str = ".[]", **filters: str) -> list[Any]:
        """Every entry of a list, over all its pages; ``entries`` says where a page has them."""
        query = urlencode({"per_page": "100"} | filters)
        said = self._run("api", f"{place}?{query}", "--paginate", "--jq", entries)
        return [json.loads(line) for line in said.splitlines() if line.strip()]

    def _send(self, method: str, place: str, **fields: str) -> Any:
        return self._json("api", place, "--method", method, "--input", "-", input=json.dumps(fields))

    def _json(self, *args: str, input: str | None = None) -> Any:
        said = self._run(*args, input=input)
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


def _issue(slug: str, found: Any) -> Issue:
    return Issue(
        slug, found["number"], found["title"], found.get("body") or "",
        _login(found), found["html_url"], found["state"],
    )  # fmt: skip


def _details(found: Any) -> PullDetails:
    merged = bool(found.get("merged_at"))
    return PullDetails(
        number=found["number"],
        url=found["html_url"],
        state="merged" if merged else found["state"],
        title=found["title"],
        body=found.get("body") or "",
        author=_login(found),
        head=found["head"]["sha"],
        head_branch=found["head"]["ref"],
        base_branch=found["base"]["ref"],
        merge_commit=(found.get("merge_commit_sha") or "") if merged else "",
    )


def _note(found: Any) -> Note:
    return Note(found["id"], _login(found), found.get("body") or "")


def _conclusion(state: str) -> str:
    """A status in the words of check runs."""
    return "" if state == "pending" else state


def _login(found: Any) -> str:
    return str((found.get("user") or {}).get("login") or "")


def same_account(one: str, other: str) -> bool:
    """Whether two names are of one account. Parts of GitHub tell an app's with its mark, others without."""
    return one.lower().removesuffix("[bot]") == other.lower().removesuffix("[bot]")


def _words(stderr: str, code: int) -> str:
    lines: Sequence[str] = [line.strip() for line in stderr.splitlines() if line.strip()]
    return lines[0].rstrip(".") + "." if lines else f"exit code {code}."


def _hint(stderr: str) -> str:
    if "auth login" in stderr or "HTTP 401" in stderr:
        return "Type `gh auth login`."
    if "rate limit" in stderr.lower():
        return "GitHub takes requests again within the hour: `gh api rate_limit` says when."
    return ""
