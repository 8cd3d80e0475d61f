"""A repository: what is in it, what its refs point at, and who works there."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from factory.errors import BadInput, EnvironmentLacking, Refused
from factory.fsio import user_name
from factory.git.refusals import GitError, tell_what_a_person_mends
from factory.git.running import as_text, checked, run, split_nul

ENGINE_NAME = "factory"
ENGINE_EMAIL = "factory@localhost"
BRANCHES = "refs/heads/"

GITLINK_MODE = "160000"
SYMLINK_MODE = "120000"
FILE_MODES = ("100644", "100755")

# No program and no setting, be it the person's or the repository's own, decides what a difference shows.
_WHOLE = ("--no-ext-diff", "--no-textconv", "--ignore-submodules=none")


@dataclass(frozen=True, slots=True)
class Change:
    """One changed path between two commits. ``status`` is git's letter: A, M, D or T.

    A blob is the id of the file's content, zeros where the path is not there.
    """

    status: str
    path: str
    old_mode: str
    new_mode: str
    old_blob: str
    new_blob: str


def _ways_to(path: Path) -> set[str]:
    """A relative path and the folders above it, in lower case."""
    return {str(place).lower() for place in (path, *path.parents)}


def toplevel(path: Path) -> Path | None:
    """The top of the working tree that ``path`` lies in, or None where there is no git repository.

    Raises EnvironmentLacking when git is not installed.
    """
    if shutil.which("git") is None:
        raise EnvironmentLacking("git is not installed.", "Install git 2.30 or newer.")
    done = run(["rev-parse", "--show-toplevel"], path)
    if not done.ok:
        tell_what_a_person_mends(done.stderr, "look for the repository")
        return None
    return Path(done.stdout.rstrip("\n"))


def parse_raw(said: str) -> list[Change]:
    """The entries of ``git diff --raw -z``: ``:100644 100644 <blob> <blob> M`` and the path, in turn."""
    parts = split_nul(said)
    return [_change(meta, path) for meta, path in zip(parts[::2], parts[1::2], strict=True)]


def _change(meta: str, path: str) -> Change:
    old_mode, new_mode, old_blob, new_blob, status = meta.lstrip(":").split()
    return Change(status[0], path, old_mode, new_mode, old_blob, new_blob)


def _batch(said: bytes) -> Iterator[tuple[str, str]]:
    """The blobs in the output of ``cat-file --batch``, by their ids. Raises GitError where one is missing."""
    position = 0
    while position < len(said):
        end = said.index(b"\n", position)
        blob, *_, size = said[position:end].split(b" ")
        if not size.isdigit():
            raise GitError(f"git could not read {as_text(said[position:end])}.")
        position = end + 1
        yield blob.decode(), as_text(said[position : position + int(size)])
        position += int(size) + 1


@dataclass(frozen=True)
class Repo:
    """A repository, addressed by the top of one of its working trees."""

    root: Path

    def git(
        self, *args: str, what: str = "", stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> str:
        """Run git here and return its standard output; GitError when it fails."""
        return checked(run(args, self.root, stdin=stdin, env=env), what or f"run `git {args[0]}`").stdout

    def attempt(self, *args: str) -> str | None:
        """The output of a git command, or None where it fails."""
        done = run(args, self.root)
        return done.stdout if done.ok else None

    # ---- names and objects

    @cached_property
    def common_dir(self) -> Path:
        """The git directory that all linked worktrees share."""
        return (self.root / self.git("rev-parse", "--git-common-dir").rstrip("\n")).resolve()

    def resolve(self, revision: str) -> str:
        """The SHA of the commit that ``revision`` names. Raises BadInput when there is none."""
        found = self.find(revision)
        if found is None:
            raise BadInput(
                f"There is no commit named {revision!r}.", "`git log --oneline` lists the commits."
            )
        return found

    def find(self, revision: str) -> str | None:
        """The SHA of the commit that ``revision`` names, or None."""
        done = self.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return done.strip() if done else None

    def missing(self, commits: Iterable[str]) -> set[str]:
        """Those of ``commits`` that are not in the repository, found by one call for all of them."""
        wanted = sorted(set(commits))
        if not wanted:
            return set()
        lines = self.git(
            "cat-file", "--batch-check", stdin="".join(f"{sha}\n" for sha in wanted)
        ).splitlines()
        return {sha for sha, line in zip(wanted, lines, strict=True) if line.split()[1:2] != ["commit"]}

    def tree(self, revision: str) -> str:
        """The SHA of a commit's tree."""
        return self.git("rev-parse", f"{revision}^{{tree}}", what=f"find the tree of {revision}").strip()

    def current_branch(self) -> str:
        """The checked-out branch's name; empty when the head is detached."""
        return (self.attempt("symbolic-ref", "--quiet", "--short", "HEAD") or "").strip()

    def remote_url(self, name: str = "origin") -> str:
        """The URL of a remote; empty when there is none."""
        return (self.attempt("config", "--get", f"remote.{name}.url") or "").strip()

    def root_commit(self) -> str:
        """The first root commit of HEAD; empty when there is no commit."""
        found = (self.attempt("rev-list", "--max-parents=0", "HEAD") or "").split()
        return found[-1] if found else ""

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether ``older`` is ``newer`` or one of its ancestors."""
        return run(["merge-base", "--is-ancestor", older, newer], self.root).ok

    def merge_base(self, one: str, other: str) -> str:
        """The best common ancestor; empty when the histories share none."""
        return (self.attempt("merge-base", one, other) or "").strip()

    def commits(self, base: str, head: str) -> list[str]:
        """The commits of ``head`` that ``base`` lacks, oldest first."""
        return self.git("rev-list", "--reverse", f"{base}..{head}").split()

    def line_of(self, branch: str) -> dict[str, str]:
        """A branch's commits by first parents, oldest first, each with the experiment its trailer names."""
        told = "--format=%H %(trailers:key=Factory-Experiment,valueonly,separator=%x2C)"
        lines = self.git("log", "--first-parent", "--reverse", told, f"refs/heads/{branch}").splitlines()
        return {sha: number.strip() for sha, _, number in (line.partition(" ") for line in lines if line)}

    def merges(self, base: str, head: str) -> list[str]:
        """The merge commits of ``base..head``, newest first."""
        return self.git("rev-list", "--merges", f"{base}..{head}").split()

    def subject(self, revision: str) -> str:
        """The first line of a commit's message."""
        return self.git("show", "-s", "--format=%s", revision).strip()

    # ---- content

    def changes(self, base: str, head: str) -> list[Change]:
        """The paths that differ between two commits, renames as a deletion and an addition."""
        options = ("--raw", "-z", "--no-abbrev", "--no-renames")
        return parse_raw(self.git("diff", *_WHOLE, *options, base, head))

    def diff(self, base: str, head: str, *, all_as_text: bool = False) -> str:
        """The unified diff between two commits.

        ``all_as_text``: also of files that git, or the project's attributes, take for binary.
        """
        text = ("--text",) if all_as_text else ()
        plain = ("--no-color", "--src-prefix=a/", "--dst-prefix=b/")
        return self.git("diff", *_WHOLE, *plain, *text, base, head)

    def churn(self, revision: str, commits: int = 100) -> list[str]:
        """The paths touched by the last ``commits`` commits, once for each touch."""
        raw = self.git("log", "-z", f"-{commits}", "--name-only", "--format=", revision)
        return [p.strip("\n") for p in split_nul(raw) if p.strip("\n")]

    def show(self, revision: str, path: str) -> str | None:
        """A file's text at a commit (undecodable bytes as surrogates), or None for no such file."""
        return self.attempt("show", f"{revision}:{path}")

    def texts(self, blobs: Sequence[str]) -> dict[str, str]:
        """The texts of many blobs, by their ids, in one call of git: thousands of single calls would take
        longer than anything that is done with the texts.
        """
        done = run(["cat-file", "--batch"], self.root, stdin="".join(f"{blob}\n" for blob in blobs))
        return dict(_batch(checked(done, f"read {len(blobs)} files").output))

    def blobs(self, revision: str) -> dict[str, str]:
        """The files and links of a commit by their paths, each with the id of its content."""
        entries = (entry.partition("\t") for entry in split_nul(self.git("ls-tree", "-r", "-z", revision)))
        told = [(path, *meta.split()) for meta, _, path in entries]
        return {path: blob for path, _, kind, blob in told if kind == "blob"}

    def files(self, revision: str) -> list[str]:
        """The paths of all files of a commit."""
        return split_nul(self.git("ls-tree", "-r", "-z", "--name-only", revision))

    def tracked(self, *paths: Path) -> set[Path]:
        """Those of ``paths`` that came with git: tracked files, and what lies behind a tracked link.

        Case makes no difference, for on some file systems it makes none.
        """
        tops = sorted({path.relative_to(self.root).parts[0] for path in paths})
        names = split_nul(self.git("ls-files", "-z", "--", *(f":(icase,literal){top}" for top in tops)))
        known = {name.lower() for name in names}
        return {path for path in paths if not known.isdisjoint(_ways_to(path.relative_to(self.root)))}

    def holds(self, revision: str, path: str) -> bool:
        """Whether the checkout's file is the one of ``revision``, up to what git converts, as line ends."""
        committed = self.attempt("rev-parse", "--verify", "--quiet", f"{revision}:{path}")
        return committed is not None and self.attempt("hash-object", "--", path) == committed

    def symlink_target(self, revision: str, path: str) -> str:
        """Where a committed symbolic link points."""
        return self.show(revision, path) or ""

    def uncommitted(self, *, untracked: bool = False) -> list[str]:
        """The tracked paths with uncommitted changes in the checkout; with ``untracked`` the others too."""
        others = f"--untracked-files={'all' if untracked else 'no'}"
        raw = split_nul(self.git("status", "--porcelain=v1", "-z", others, "--no-renames"))
        return [entry[3:] for entry in raw]

    # ---- refs

    def refs(self, prefix: str) -> dict[str, str]:
        """Ref name to SHA, for every ref below ``prefix``."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)", prefix).splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def set_ref(self, ref: str, new: str, old: str | None = None) -> None:
        """Point ``ref`` at ``new``; with ``old``, only if that is where it points now.

        Raises Refused as ``require_movable`` does.
        """
        self.require_movable(ref, new)
        self.git("update-ref", ref, new, *([old] if old is not None else []), what=f"move {ref}")

    def require_movable(self, ref: str, new: str) -> None:
        """Raise Refused for a branch that is checked out somewhere: its files would no longer fit it."""
        place = self._checked_out(ref)
        if place is not None and self.find(ref) != new:
            raise Refused(
                f"{ref.removeprefix(BRANCHES)} is checked out in {place}, so it is not moved.",
                "`git switch` to another branch there, then run the same command again.",
            )

    def delete_ref(self, ref: str) -> None:
        """Remove a ref; nothing happens when there is none, and a branch that is checked out stays."""
        if self._checked_out(ref) is None:
            self.git("update-ref", "-d", ref, what=f"remove {ref}")

    def _checked_out(self, ref: str) -> Path | None:
        return self.worktree_of(ref.removeprefix(BRANCHES)) if ref.startswith(BRANCHES) else None

    def rename_ref(self, old: str, new: str) -> None:
        """Move what ``old`` points at to ``new``, if ``old`` exists; a checked-out branch stays too."""
        sha = self.refs(old).get(old)
        if sha is not None:
            self.set_ref(new, sha)
            self.delete_ref(old)

    # ---- who and where

    @cached_property
    def identity(self) -> dict[str, str]:
        """Author and committer for the factory's commits: the person's identity, else the engine's own."""
        name, email = (self.attempt("config", "--get", f"user.{key}") for key in ("name", "email"))
        known = bool(name and email)
        who = (name or "").strip() if known else ENGINE_NAME
        mail = (email or "").strip() if known else ENGINE_EMAIL
        return {
            f"GIT_{role}_{key}": value
            for role in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", who), ("EMAIL", mail))
        }

    @property
    def person(self) -> str:
        """Who works here: the name that git knows, else the user of the operating system."""
        return (self.attempt("config", "--get", "user.name") or "").strip() or user_name()

    def worktree_of(self, branch: str) -> Path | None:
        """The working tree in which ``branch`` is checked out, or None; one that was deleted is none."""
        place: Path | None = None
        for line in split_nul(
            self.git("worktree", "list", "--porcelain", "-z") if self._has_worktree_z else self._worktrees()
        ):
            if line.startswith("worktree "):
                place = Path(line.removeprefix("worktree "))
            elif line == f"branch {BRANCHES}{branch}" and place is not None and place.is_dir():
                return place
        return None

    @cached_property
    def _has_worktree_z(self) -> bool:
        # `worktree list -z` came with git 2.36; before, a path with a line break cannot be told apart.
        return self.attempt("worktree", "list", "--porcelain", "-z") is not None

    def _worktrees(self) -> str:
        return self.git("worktree", "list", "--porcelain").replace("\n", "\0")
