"""Checkouts for agents and measurements: clones of their own, which no setting of a repository reaches."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from factory.git.repo import Repo
from factory.git.running import run_alone
from factory.scratch import scratch_folder


def copy_commit(repo: Repo, source: Path, sha: str, depth: int) -> None:
    """Bring a commit in from the repository at ``source``, with ``depth`` commits of history (0: all)."""
    limit = [f"--depth={depth}"] if depth else []
    # A source that is not the tip of a branch may be wanted: upload-pack is told to hand out any commit.
    pack = "git -c uploadpack.allowAnySHA1InWant=true upload-pack"
    options = ["--quiet", "--no-tags", "--no-write-fetch-head", "--upload-pack", pack, *limit]
    # A person may have forbidden what comes from files of others; this is their own repository. Where that is
    # a partial clone, git has to bring the files that are not there yet.
    args = ("-c", "protocol.file.allow=always", "fetch", *options, source.as_uri(), sha)
    repo.git(*args, what=f"copy commit {sha[:12]}", env={"GIT_NO_LAZY_FETCH": "0"})


def checkout_at(repo: Repo, revision: str, dest: Path, depth: int = 1) -> str:
    """Make ``dest`` a standalone clone without remotes, at ``revision``; its SHA is returned.

    ``depth`` commits of history come along (0: all). What was at ``dest`` before is removed: checkouts
    are recreated rather than repaired.
    """
    sha = repo.resolve(revision)
    shutil.rmtree(dest, ignore_errors=True)
    dest.mkdir(parents=True)
    run_alone(["init", "--quiet", "--template=", "."], dest, "start a checkout")
    clone = Repo(dest)
    copy_commit(clone, repo.root, sha, depth)
    run_alone(["checkout", "--quiet", "--detach", sha], dest, "check out the commit")
    # Build systems take a version from the last tag. Without one it would be a 0.1.dev, which whoever
    # depends on the project refuses; the whole way back to the tag would be a copy of the history.
    tag = repo.attempt("describe", "--tags", "--abbrev=0", sha)
    if tag:
        clone.set_ref(f"refs/tags/{tag.rstrip()}", sha)
    return sha


@contextmanager
def scratch_checkout(
    repo: Repo, revision: str, *, parent: Path | None = None, depth: int = 1
) -> Iterator[Path]:
    """A throwaway checkout of ``revision``, removed at the end; in ``parent`` (default: temp folder)."""
    with scratch_folder("checkout", parent) as place:
        checkout_at(repo, revision, place / "tree", depth)
        yield place / "tree"
