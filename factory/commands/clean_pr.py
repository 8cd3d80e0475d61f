"""``factory clean-pr``: a branch for somebody else's repository, without the tool's files."""

from __future__ import annotations

import argparse

from factory import output
from factory.cycle.lab import open_lab
from factory.errors import EXIT_NO, EXIT_OK, BadInput, Refused
from factory.git import without_paths
from factory.globs import matches
from factory.paths import CONFIG_FILE, STATE_DIR
from factory.target import SPEC_FILE
from factory.words import counted

TOOL_FILES = (f"/{STATE_DIR}/", f"/{CONFIG_FILE}", f"/{SPEC_FILE}")
TRAILER = "Factory-Experiment:"


def run(args: argparse.Namespace) -> int:
    """Make ``BRANCH-clean``: the same commits, in which the tool's files are as they are at the base."""
    lab = open_lab(args.path, output.note)
    repo = lab.repo
    branch = args.branch or repo.current_branch()
    if not branch:
        raise BadInput("The head is detached, so there is no branch to clean.", "Name one with --branch.")
    head = repo.resolve(branch)
    base = repo.merge_base(repo.resolve(args.base or lab.target_branch("", lab.policy("HEAD"))), head)
    if base in ("", head):
        raise BadInput(f"{branch} has nothing that the base lacks.", "Name the base with --base.")
    if merges := repo.merges(base, head):
        raise BadInput(
            f"{branch} has a merge, {merges[0][:12]}: its commits cannot stand on the base by themselves.",
            f"Rebase it first: git rebase {base[:12]} {branch}",
        )
    patterns = (*TOOL_FILES, *(args.also or ()))
    left_out = sorted(c.path for c in repo.changes(base, head) if matches(patterns, c.path))
    name = args.to or f"{branch.removeprefix('refs/heads/')}-clean"
    if repo.refs(f"refs/heads/{name}"):
        raise Refused(f"The branch {name} is there already.", "Remove it, or name another with --to.")
    made = without_paths(repo, base, head, lambda path: matches(patterns, path), _message)
    repo.set_ref(f"refs/heads/{name}", made)
    for path in left_out:
        output.say(f"left out: {path}")
    if made == base:
        output.say(f"nothing else is in {branch}: {name} is the base")
        return EXIT_NO
    commits, files = counted(len(repo.commits(base, made)), "commit"), counted(len(left_out), "file")
    output.say(f"{name}: {commits} on {base[:12]}, {files} left out")
    output.say(f"next: git push YOUR-FORK {name}, then gh pr create --head YOU:{name}")
    return EXIT_OK


def _message(text: str) -> str:
    """A commit's message without the trailer that ties it to a row nobody else has."""
    return "\n".join(line for line in text.splitlines() if not line.startswith(TRAILER)).rstrip() + "\n"
