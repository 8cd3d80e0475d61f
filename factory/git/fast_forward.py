"""Taking what was kept over into the person's branch, without touching work that is not committed."""

from __future__ import annotations

from dataclasses import dataclass

from factory.git.refusals import in_the_way
from factory.git.repo import Repo
from factory.git.running import as_bytes, run


@dataclass(frozen=True, slots=True)
class Merge:
    """What became of a fast-forward: done or not, and git's own words where it refused."""

    done: bool
    message: str = ""


def fast_forward(repo: Repo, branch: str, head: str) -> Merge:
    """Move ``branch`` forward to ``head``, in its working tree if it is checked out anywhere.

    Nothing changes where git refuses (own changes in the way, or no fast-forward).
    """
    place = repo.worktree_of(branch)
    if place is not None:
        return _merge_here(Repo(place), head)
    old = repo.find(f"refs/heads/{branch}")
    if old is None or not repo.is_ancestor(old, head):
        return Merge(False, f"{branch} cannot be fast-forwarded to {head[:12]}")
    repo.set_ref(f"refs/heads/{branch}", head, old)
    return Merge(True)


def _merge_here(repo: Repo, head: str) -> Merge:
    merged = _fast_forward_here(repo, head)
    same = [] if merged.done else _same_in_the_way(repo, head)
    if not same:
        return merged
    # git refuses to write over a file that is not committed, also where it already is what the merge
    # would make of it; once it is staged, git sees that.
    index = repo.root / repo.git("rev-parse", "--git-path", "index").rstrip("\n")
    before = index.read_bytes()
    if repo.attempt("add", "--", *(f":(literal){path}" for path in same)) is None:
        return merged
    again = _fast_forward_here(repo, head)
    if not again.done:
        index.write_bytes(before)
    return again


def _fast_forward_here(repo: Repo, head: str) -> Merge:
    # By settings of the person's, git would put their changes away and back (autostash), or bring the changes
    # and leave the branch where it was (squash, no commit).
    plain = ("--ff-only", "--no-squash", "--commit", "--no-autostash", "--quiet")
    done = run(["merge", *plain, head], repo.root)
    return Merge(done.ok and repo.is_ancestor(head, "HEAD"), in_the_way(done.stderr) or done.stdout.strip())


def _same_in_the_way(repo: Repo, head: str) -> list[str]:
    """The uncommitted files that are, byte for byte, what they are at ``head``."""
    brought = {change.path for change in repo.changes("HEAD", head)}
    places = {path: repo.root / path for path in repo.uncommitted(untracked=True) if path in brought}
    files = {path: place for path, place in places.items() if place.is_file() and not place.is_symlink()}
    return [
        path
        for path, place in files.items()
        if (text := repo.show(head, path)) is not None and place.read_bytes() == as_bytes(text)
    ]
