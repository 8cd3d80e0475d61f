"""What goes to other machines and comes from them, with the person's own logins."""

from __future__ import annotations

import shutil
from pathlib import Path

from factory.git.repo import BRANCHES, Repo
from factory.git.running import REMOTE_TIMEOUT_S, checked, run
from factory.redact import without_password


def push(repo: Repo, remote: str, commit: str, branch: str) -> None:
    """Push a commit as a branch and nothing else, never over what is there; the person's hooks don't run.

    Raises GitError.
    """
    alone = ("--no-verify", "--no-follow-tags", "--recurse-submodules=no")
    refspec = f"{commit}:{BRANCHES}{branch}"
    _remote(repo, "push", "--quiet", *alone, remote, refspec, what=f"push {branch} to {remote}")


def fetch(repo: Repo, remote: str, ref: str) -> str:
    """Bring a ref of a remote in as objects; returns its commit. No ref here changes. Raises GitError."""
    options = ("--quiet", "--no-tags", "--no-recurse-submodules")
    _remote(repo, "fetch", *options, remote, ref, what=f"fetch {ref} from {remote}")
    return repo.resolve("FETCH_HEAD")


def clone(url: str, dest: Path) -> Repo:
    """Clone a repository with its whole history to ``dest``, which must not exist; no submodules, no hooks.

    Raises GitError where git refuses; nothing is left of ``dest`` then.
    """
    dest.parent.mkdir(parents=True, exist_ok=True)
    said = run(
        ["clone", "--quiet", "--no-recurse-submodules", "--template=", "--", url, str(dest)],
        dest.parent,
        timeout=REMOTE_TIMEOUT_S,
    )
    if not said.ok:
        shutil.rmtree(dest, ignore_errors=True)
    checked(said, f"clone {without_password(url)}")
    return Repo(dest)


def _remote(repo: Repo, *args: str, what: str) -> str:
    # gh lends its login to git for this one command; the person's own helpers come first.
    lent = ("-c", "credential.https://github.com.helper=!gh auth git-credential")
    return checked(run([*lent, *args], repo.root, timeout=REMOTE_TIMEOUT_S), what).stdout
