"""A stand-in for GitHub's command line tool: a program that plays ``gh`` on a folder of bare repositories.

The contract it was made from: gh 2.23's ``--help`` pages and JSON fields. It takes the calls that the client
makes and no others: any other argument ends with exit code 1, as an unknown flag does with the real one.
``tests/github/test_gh.py`` holds these flags against the real tool where it is installed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.repos import git

FLAGS: dict[tuple[str, str], tuple[str, ...]] = {
    ("repo", "view"): ("--json",),
    ("pr", "list"): ("--repo", "--head", "--state", "--json"),
    ("pr", "view"): ("--json",),
    ("api", ""): ("--method", "--input"),
}
"""The flags that the client uses, by command."""

PROGRAM = """\
#!{python}
import json, os, subprocess, sys
from pathlib import Path

ROOT = Path({root!r})
FLAGS = {flags!r}


def fail(text):
    sys.stderr.write(text + "\\n")
    sys.exit(1)


def load():
    return json.loads((ROOT / "state.json").read_text())


def save(state):
    (ROOT / "state.json").write_text(json.dumps(state))


def parsed(words, allowed):
    flags, rest = {{}}, []
    words = list(words)
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            if word not in allowed:
                fail("unknown flag: " + word)
            flags[word] = words.pop(0)
        else:
            rest.append(word)
    return flags, rest


def pull(one):
    return {{"number": one["number"], "url": one["url"], "state": one["state"]}}


def api(words, state):
    flags, rest = parsed(words, ("--method", "--input"))
    place = rest[0].split("/")
    if flags.get("--method") == "POST" and place[-1] == "forks":
        fork = state["login"] + "/" + place[2]
        if fork not in state["forks"]:
            state["forks"].append(fork)
            source, copy = (ROOT / (slug + ".git") for slug in ("/".join(place[1:3]), fork))
            subprocess.run(["git", "clone", "--quiet", "--bare", source, copy], check=True)
        save(state)
        return {{"full_name": fork, "default_branch": "main"}}
    if flags.get("--method") == "PATCH" and place[-2] == "pulls":
        one = next(p for p in state["pulls"] if p["number"] == int(place[-1]))
        one.update(json.loads(sys.stdin.read()))
        save(state)
        return {{}}
    if flags.get("--method") == "POST" and place[-1] == "pulls":
        sent = json.loads(sys.stdin.read())
        slug, number = "/".join(place[1:3]), len(state["pulls"]) + 1
        url = "https://github.com/%s/pull/%d" % (slug, number)
        state["pulls"].append({{"number": number, "url": url, "state": "OPEN", "title": sent["title"],
            "head": sent["head"], "branch": sent["head"].split(":")[-1], "base": sent["base"],
            "body": sent["body"]}})
        save(state)
        return {{"number": number, "html_url": url}}
    fail("unknown api call")


def main(words):
    state = load()
    with (ROOT / "calls.jsonl").open("a") as file:
        file.write(json.dumps({{"argv": words, "env": dict(os.environ)}}) + "\\n")
    if state["fails"]:
        fail(state["fails"])
    if not state["login"]:
        sys.stderr.write("To get started with GitHub CLI, please run:  gh auth login\\n")
        sys.exit(4)
    if words[0] == "api":
        print(json.dumps(api(words[1:], state)))
        return
    kind = tuple(words[:2])
    flags, rest = parsed(words[2:], FLAGS.get(" ".join(kind), ()))
    if kind == ("repo", "view"):
        slug = rest[0]
        if not (ROOT / (slug + ".git")).is_dir():
            fail("GraphQL: Could not resolve to a Repository with the name '%s'." % slug)
        writable = slug in state["writable"]
        print(json.dumps({{"nameWithOwner": slug, "defaultBranchRef": {{"name": "main"}},
                           "viewerPermission": "WRITE" if writable else "READ"}}))
    elif kind == ("pr", "list"):
        if "--repo" not in flags:
            fail("none of the git remotes configured for this repository point to a known GitHub host.")
        print(json.dumps([pull(p) for p in state["pulls"] if p["branch"] == flags["--head"]]))
    elif kind == ("pr", "view"):
        found = [p for p in state["pulls"] if p["url"] == rest[0]]
        print(json.dumps(pull(found[0]))) if found else fail("no pull requests found")
    else:
        fail("unknown command")


main(sys.argv[1:])
"""


@dataclass(frozen=True)
class FakeGitHub:
    """The stand-in in ``root``; ``bin`` goes to the front of the PATH."""

    root: Path

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.root / "state.json").read_text())
        return found

    @property
    def pulls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.state["pulls"]
        return found

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every call with its arguments and environment."""
        log = self.root / "calls.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def spoken(self) -> Iterator[str]:
        """The first two words of each call."""
        return (" ".join(call["argv"][:2]) for call in self.calls)

    def change(self, **values: Any) -> None:
        """Set parts of the state: login, writable, fails."""
        (self.root / "state.json").write_text(json.dumps(self.state | values))

    def end_pull(self, number: int, state: str) -> None:
        """Close or merge a pull request, as MERGED or CLOSED."""
        pulls = [one | ({"state": state} if one["number"] == number else {}) for one in self.pulls]
        self.change(pulls=pulls)

    def repository(self, slug: str) -> Path:
        """The bare repository that plays ``owner/name``."""
        return self.root / f"{slug}.git"

    def host(self, slug: str, bare: Path) -> None:
        """Put a bare repository in the place of ``owner/name``."""
        place = self.repository(slug)
        place.parent.mkdir(parents=True, exist_ok=True)
        bare.rename(place)


def install(
    root: Path, gitconfig: Path, *, login: str = "pat-login", writable: Sequence[str] = ()
) -> FakeGitHub:
    """Make the stand-in, and have git find github.com's repositories in its folder."""
    made = FakeGitHub(root)
    made.bin.mkdir(parents=True)
    flags = {" ".join(command): allowed for command, allowed in FLAGS.items()}
    program = made.bin / "gh"
    program.write_text(PROGRAM.format(python=sys.executable, root=str(root), flags=flags))
    program.chmod(0o755)
    state = {"login": login, "writable": list(writable), "forks": [], "pulls": [], "fails": ""}
    (root / "state.json").write_text(json.dumps(state))
    git(root, "config", "--file", str(gitconfig), f"url.{root}/.insteadOf", "https://github.com/")
    return made
