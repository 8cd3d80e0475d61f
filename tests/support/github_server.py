"""GitHub on the loopback interface, for the real ``gh``: what the factory asks of it, and what can go wrong.

``gh`` speaks plain HTTP to the host ``github.localhost``, and asks a proxy for it: this server is that proxy,
so nothing leaves the machine and no certificate is needed. Branches are those of a bare repository, to which
git pushes what is meant for ``https://github.com``.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.repos import git

SLUG = "acme/calc"
ME = "pat-bot"


@dataclass
class Hosted:
    """The state of the stand-in. ``requests`` are method and path of each request, in order.

    ``fault`` answers everything: ``limited`` as a rate limit, ``denied`` as a bad login. ``drop`` is a method
    and the end of a path whose next request is carried out and then cut off, as by a crash.
    """

    bare: Path
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    reviews: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    check_runs: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    fault: str = ""
    drop: tuple[str, str] | None = None
    address: str = ""

    def number(self) -> int:
        """The next number of an issue or a pull request."""
        return max([0, *self.issues, *self.pulls]) + 1

    def add_issue(self, title: str, body: str = "", author: str = "pat") -> int:
        """Somebody opens an issue."""
        number = self.number()
        self.issues[number] = {
            "number": number, "title": title, "body": body, "user": {"login": author}, "state": "open",
            "html_url": f"https://github.com/{SLUG}/issues/{number}",
        }  # fmt: skip
        return number

    def add_pull(
        self, branch: str, title: str, body: str = "", author: str = "pat", base: str = "main"
    ) -> int:
        """Somebody opens a pull request."""
        number = self.number()
        self.pulls[number] = {
            "number": number, "title": title, "body": body, "user": {"login": author}, "state": "open",
            "html_url": f"https://github.com/{SLUG}/pull/{number}", "merged_at": None,
            "merge_commit_sha": None, "head": {"ref": branch}, "base": {"ref": base},
        }  # fmt: skip
        return number

    def merge(self, number: int) -> str:
        """Somebody merges a pull request, as GitHub's button does; returns the merge's commit."""
        pull = self.pulls[number]
        head, base = pull["head"]["ref"], pull["base"]["ref"]
        tree = git(self.bare, "rev-parse", f"{head}^{{tree}}")
        made = git(self.bare, "commit-tree", tree, "-p", base, "-p", head, "-m", f"Merge #{number}")
        git(self.bare, "update-ref", f"refs/heads/{base}", made)
        pull |= {"state": "closed", "merged_at": "2026-01-01T00:00:00Z", "merge_commit_sha": made}
        return made

    def written(self) -> list[tuple[str, str]]:
        """The requests that change something."""
        return [(m, p) for m, p in self.requests if m != "GET" and not p.endswith("/graphql")]

    def environment(self) -> dict[str, str]:
        """What makes the real ``gh`` talk to this server, as an account that is logged in."""
        return {"GH_HOST": "github.localhost", "GH_TOKEN": "a-token", "http_proxy": self.address}


@contextmanager
def github(bare: Path) -> Iterator[Hosted]:
    """Serve until the end of the block."""
    hosted = Hosted(bare)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            sent = json.loads(self.body() or b"null")
            parts = urlsplit(self.path)
            hosted.requests.append((self.command, parts.path))
            hosted.tokens.add(self.headers.get("Authorization") or "")
            query = {k: v[0] for k, v in parse_qs(parts.query).items()}
            code, body = respond(hosted, self.command, parts.path, query, sent)
            if not self.headers.get("Authorization"):
                code, body = 401, {"message": "Requires authentication"}
            if hosted.drop and self.command == hosted.drop[0] and parts.path.endswith(hosted.drop[1]):
                hosted.drop = None
                self.close_connection = True
                self.connection.close()
                return
            data = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def body(self) -> bytes:
            """What was sent; gh sends what it reads from standard input in chunks."""
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []
            while size := int(self.rfile.readline().strip(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        do_GET = do_POST = do_PATCH = do_PUT = answer

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hosted.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hosted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def respond(hosted: Hosted, method: str, path: str, query: dict[str, str], sent: Any) -> tuple[int, Any]:
    """The answer to one request, as code and body."""
    if hosted.fault == "limited":
        return 403, {"message": "API rate limit exceeded for user ID 1."}
    if hosted.fault == "denied":
        return 401, {"message": "Bad credentials"}
    if path.endswith("/graphql"):
        return 200, graphql(hosted, sent)
    found = re.fullmatch(rf"/repos/{SLUG}/(.*)", path)
    if found is None:
        return 404, {"message": "Not Found"}
    parts = found[1].split("/")
    for shape, answer in ROUTES.items():
        wanted_method, _, wanted = shape.partition(" ")
        wanted_parts = wanted.split("/")
        fits = len(parts) == len(wanted_parts) and all(
            w in ("N", "S") or w == p for w, p in zip(wanted_parts, parts, strict=True)
        )
        if fits and method == wanted_method:
            numbers = [int(p) for w, p in zip(wanted_parts, parts, strict=True) if w == "N"]
            try:
                made: tuple[int, Any] = answer(hosted, numbers, query, sent)
                return made
            except KeyError:
                return 404, {"message": "Not Found"}
    return 404, {"message": f"Not Found: {method} {path}"}


def graphql(hosted: Hosted, sent: Any) -> Any:
    """Who is asking, and the pull requests of a branch."""
    if "viewer{login}" in sent["query"]:
        return {"data": {"viewer": {"login": ME}}}
    branch = sent["variables"]["headBranch"]
    nodes = [
        {
            "number": p["number"],
            "url": p["html_url"],
            "state": "MERGED" if p["merged_at"] else p["state"].upper(),
        }
        for p in hosted.pulls.values()
        if p["head"]["ref"] == branch
    ]
    page = {"hasNextPage": False, "endCursor": ""}
    found = {"totalCount": len(nodes), "nodes": nodes, "pageInfo": page}
    return {"data": {"repository": {"pullRequests": found}}}


def shown(hosted: Hosted, pull: dict[str, Any]) -> dict[str, Any]:
    """A pull request with the commit that its branch stands at."""
    sha = git(hosted.bare, "rev-parse", pull["head"]["ref"])
    return pull | {"head": pull["head"] | {"sha": sha}}


def get_issue(hosted: Hosted, n: list[int], query: Any, sent: Any) -> tuple[int, Any]:
    if n[0] in hosted.pulls:
        return 200, shown(hosted, hosted.pulls[n[0]]) | {"pull_request": {}}
    return 200, hosted.issues[n[0]]


def list_issues(hosted: Hosted, n: list[int], query: Any, sent: Any) -> tuple[int, Any]:
    by = [i for i in hosted.issues.values() if i["user"]["login"] == query.get("creator")]
    return 200, [i for i in by if query.get("state") in ("all", i["state"])]


def post_issue(hosted: Hosted, n: list[int], query: Any, sent: Any) -> tuple[int, Any]:
    return 201, hosted.issues[hosted.add_issue(sent["title"], sent["body"], ME)]


def patch_issue(hosted: Hosted, n: list[int], query: Any, sent: Any) -> tuple[int, Any]:
    hosted.issues[n[0]] |= sent
    return 200, hosted.issues[n[0]]


def get_pull(hosted: Hosted, n: list[int], query: Any, sent: Any) -> tuple[int, Any]:
    return 200, shown(hosted, hosted.pulls[n[0]])


def post_pull(hosted: Hosted, n: list[int], query: Any, sent: Any) -> tuple[int, Any]:
    if any(p["head"]["ref"] == sent["head"] and p["state"] == "open" for p in hosted.pulls.values()):
        return 422, {"message": "Validation Failed"}
    made = hosted.add_pull(sent["head"], sent["title"], sent["body"], ME, sent["base"])
    return 201, shown(hosted, hosted.pulls[made])


def listed(of: str) -> Any:
    return lambda hosted, n, query, sent: (200, getattr(hosted, of).get(n[0], []))


def post_note(of: str) -> Any:
    def post(hosted: Hosted, n: list[int], query: Any, sent: Any) -> tuple[int, Any]:
        notes = getattr(hosted, of).setdefault(n[0], [])
        made = sent | {
            "id": 1000 * n[0] + len(notes),
            "user": {"login": ME},
            "html_url": f"https://github.com/{SLUG}/pull/{n[0]}#note-{len(notes)}",
        }
        notes.append(made)
        return 200, made

    return post


def put_review(hosted: Hosted, n: list[int], query: Any, sent: Any) -> tuple[int, Any]:
    note = next(r for r in hosted.reviews[n[0]] if r["id"] == n[1])
    if note["user"]["login"] != ME:
        return 403, {"message": "Forbidden"}
    note |= sent
    return 200, note


ROUTES: dict[str, Any] = {
    "GET issues": list_issues,
    "POST issues": post_issue,
    "GET issues/N": get_issue,
    "PATCH issues/N": patch_issue,
    "GET issues/N/comments": listed("comments"),
    "POST issues/N/comments": post_note("comments"),
    "POST pulls": post_pull,
    "GET pulls/N": get_pull,
    "GET pulls/N/reviews": listed("reviews"),
    "POST pulls/N/reviews": post_note("reviews"),
    "PUT pulls/N/reviews/N": put_review,
    "GET commits/S/status": lambda hosted, n, query, sent: (200, {"statuses": hosted.statuses}),
    "GET commits/S/check-runs": lambda hosted, n, query, sent: (200, {"check_runs": hosted.check_runs}),
}
