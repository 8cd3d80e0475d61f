"""Every git command the factory runs.

Output is read NUL-separated wherever git offers it, for paths may hold anything else. Commands that
touch what an agent has had in its hands (workspaces) run with the factory's own git directory, index and
configuration, so that hooks, ``core.fsmonitor``, filters and signing planted there never run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from factory.errors import BadInput, EnvironmentLacking, Refused
from factory.fsio import user_name
from factory.git_errors import TOLD, GitError, in_the_way, tell_what_a_person_mends
from factory.process import quick_bytes
from factory.redact import without_password
from factory.scratch import scratch_folder

ENGINE_NAME = "factory"
ENGINE_EMAIL = "factory@localhost"
BRANCHES = "refs/heads/"

GITLINK_MODE = "160000"
SYMLINK_MODE = "120000"
FILE_MODES = ("100644", "100755")

# A hook or a file monitor of the repository must not run because the factory looks at it, and a signature is
# not what was asked for.
_QUIET = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"),
    *("-c", "core.quotePath=false", "-c", "log.showSignature=false"),
)
_TIMEOUT_S = 600.0
_REMOTE_TIMEOUT_S = 4 * 3600.0  # a large history over a slow line


@dataclass(frozen=True, slots=True)
class _Said:
    """How a git command ended. Undecodable bytes of paths and files are kept as surrogates."""

    returncode: int
    stdout: str
    stderr: str
    too_long_s: float = 0.0
    """The seconds after which it was ended for taking too long; 0 where it came to an end."""


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


@dataclass(frozen=True, slots=True)
class Merge:
    """What became of a fast-forward: done or not, and git's own words where it refused."""

    done: bool
    message: str = ""


def _environment(extra: Mapping[str, str] | None = None, *, own_config: bool = False) -> dict[str, str]:
    """The caller's environment without any ``GIT_*``: a hook calling us must not redirect our git.

    ``GIT_CONFIG_*`` stays, since that is how a person or a test names another configuration file.
    """
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k.startswith("GIT_CONFIG_")}
    env |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    if own_config:
        env = {k: v for k, v in env.items() if not k.startswith("GIT_CONFIG_")}
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return env | dict(extra or {})


def _run(
    args: Sequence[str],
    cwd: Path,
    *,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    own_config: bool = False,
    timeout: float = _TIMEOUT_S,
) -> _Said:
    done = quick_bytes(
        ["git", *_QUIET, *args],
        cwd=cwd,
        env=_environment(env, own_config=own_config),
        input=None if stdin is None else stdin.encode("utf-8", "surrogateescape"),
        timeout=timeout,
    )
    return _Said(done.returncode, _text(done.stdout), _text(done.stderr), timeout if done.timed_out else 0.0)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _checked(said: _Said, what: str) -> str:
    if said.too_long_s:
        raise GitError(f"git could not {what}: it was not done after {said.too_long_s:.0f} s.")
    if said.returncode != 0:
        tell_what_a_person_mends(said.stderr, what)
        lines = (said.stderr or said.stdout).strip().splitlines()
        words = "; ".join(line.strip() for line in lines if not line.startswith(("hint:", "warning:")))
        raise GitError(f"git could not {what}: {words[-TOLD:] or f'exit code {said.returncode}'}")
    return said.stdout


def split_nul(text: str) -> list[str]:
    """The parts of NUL-separated output."""
    return [part for part in text.split("\0") if part]


def _ways_to(path: Path) -> set[str]:
    """A relative path and the folders above it, in lower case."""
    return {str(place).lower() for place in (path, *path.parents)}


def toplevel(path: Path) -> Path | None:
    """The top of the working tree that ``path`` lies in, or None where there is no git repository.

    Raises EnvironmentLacking when git is not installed.
    """
    if shutil.which("git") is None:
        raise EnvironmentLacking("git is not installed.", "Install git 2.30 or newer.")
    done = _run(["rev-parse", "--show-toplevel"], path)
    if done.returncode != 0:
        tell_what_a_person_mends(done.stderr, "look for the repository")
        return None
    return Path(done.stdout.rstrip("\n"))


def _change(meta: str, path: str) -> Change:
    """An entry of ``git diff --raw``: ``:100644 100644 <blob> <blob> M`` and the path."""
    old_mode, new_mode, old_blob, new_blob, status = meta.lstrip(":").split()
    return Change(status[0], path, old_mode, new_mode, old_blob, new_blob)


def _batch(said: bytes) -> Iterator[tuple[str, str]]:
    """The blobs in the output of ``cat-file --batch``, by their ids. Raises GitError where one is missing."""
    position = 0
    while position < len(said):
        end = said.index(b"\n", position)
        blob, *_, size = said[position:end].split(b" ")
        if not size.isdigit():
            raise GitError(f"git could not read {_text(said[position:end])}.")
        position = end + 1
        yield blob.decode(), _text(said[position : position + int(size)])
        position += int(size) + 1


@dataclass(frozen=True)
class Repo:
    """A repository, addressed by the top of one of its working trees."""

    root: Path

    def git(
        self, *args: str, what: str = "", stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> str:
        """Run git here and return its standard output; GitError when it fails."""
        return _checked(_run(args, self.root, stdin=stdin, env=env), what or f"run `git {args[0]}`")

    def _remote(self, *args: str, what: str) -> str:
        # gh lends its login to git for this one command; the person's own helpers come first.
        lent = ("-c", "credential.https://github.com.helper=!gh auth git-credential")
        return _checked(_run([*lent, *args], self.root, timeout=_REMOTE_TIMEOUT_S), what)

    def _try(self, *args: str) -> str | None:
        done = _run(args, self.root)
        return done.stdout if done.returncode == 0 else None

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
        done = self._try("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
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
        return (self._try("symbolic-ref", "--quiet", "--short", "HEAD") or "").strip()

    def remote_url(self, name: str = "origin") -> str:
        """The URL of a remote; empty when there is none."""
        return (self._try("config", "--get", f"remote.{name}.url") or "").strip()

    def root_commit(self) -> str:
        """The first root commit of HEAD; empty when there is no commit."""
        found = (self._try("rev-list", "--max-parents=0", "HEAD") or "").split()
        return found[-1] if found else ""

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether ``older`` is ``newer`` or one of its ancestors."""
        return _run(["merge-base", "--is-ancestor", older, newer], self.root).returncode == 0

    def merge_base(self, one: str, other: str) -> str:
        """The best common ancestor; empty when the histories share none."""
        return (self._try("merge-base", one, other) or "").strip()

    def commits(self, base: str, head: str) -> list[str]:
        """The commits of ``head`` that ``base`` lacks, oldest first."""
        return self.git("rev-list", "--reverse", f"{base}..{head}").split()

    def line_of(self, branch: str) -> dict[str, str]:
        """A branch's commits by first parents, oldest first, each with the experiment its trailer names."""
        told = "--format=%H %(trailers:key=Factory-Experiment,valueonly,separator=%x2C)"
        lines = self.git("log", "--first-parent", "--reverse", told, f"refs/heads/{branch}").splitlines()
        return {sha: number.strip() for sha, _, number in (line.partition(" ") for line in lines if line)}

    def subject(self, revision: str) -> str:
        """The first line of a commit's message."""
        return self.git("show", "-s", "--format=%s", revision).strip()

    # ---- content

    def changes(self, base: str, head: str) -> list[Change]:
        """The paths that differ between two commits, renames as a deletion and an addition."""
        options = ("--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv")
        parts = split_nul(self.git("diff", *options, base, head))
        return [_change(meta, path) for meta, path in zip(parts[::2], parts[1::2], strict=True)]

    def diff(self, base: str, head: str, *, all_as_text: bool = False) -> str:
        """The unified diff between two commits.

        ``all_as_text``: also of files that git, or the project's attributes, take for binary.
        """
        text = ("--text",) if all_as_text else ()
        plain = ("--no-ext-diff", "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/")
        return self.git("diff", *plain, *text, base, head)

    def churn(self, revision: str, commits: int = 100) -> list[str]:
        """The paths touched by the last ``commits`` commits, once for each touch."""
        raw = self.git("log", "-z", f"-{commits}", "--name-only", "--format=", revision)
        return [p.strip("\n") for p in split_nul(raw) if p.strip("\n")]

    def show(self, revision: str, path: str) -> str | None:
        """A file's text at a commit (undecodable bytes as surrogates), or None for no such file."""
        return self._try("show", f"{revision}:{path}")

    def texts(self, blobs: Sequence[str]) -> dict[str, str]:
        """The texts of many blobs, by their ids, in one call of git: thousands of single calls would take
        longer than anything that is done with the texts.
        """
        done = quick_bytes(
            ["git", *_QUIET, "cat-file", "--batch"],
            cwd=self.root,
            env=_environment(),
            input="".join(f"{blob}\n" for blob in blobs),
            timeout=_TIMEOUT_S,
        )
        if not done.ok:
            raise GitError(f"git could not read {len(blobs)} files: {_text(done.stderr)[-TOLD:]}")
        return dict(_batch(done.stdout))

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

    def write_blob_ref(self, ref: str, name: str, path: Path, message: str) -> None:
        """Commit one file as the whole content of ``ref``, on top of what is there."""
        blob = self.git("hash-object", "-w", "--no-filters", "--", str(path)).strip()
        parent = self.refs(ref).get(ref)
        tree = self.git("mktree", "-z", stdin=f"100644 blob {blob}\t{name}\0").strip()
        if parent is not None and self.tree(parent) == tree:
            return
        self.set_ref(ref, self._commit_tree(tree, [parent] if parent else [], message))

    # ---- making commits

    @cached_property
    def identity(self) -> dict[str, str]:
        """Author and committer for the factory's commits: the person's identity, else the engine's own."""
        name, email = (self._try("config", "--get", f"user.{key}") for key in ("name", "email"))
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
        return (self._try("config", "--get", "user.name") or "").strip() or user_name()

    def _commit_tree(
        self, tree: str, parents: Sequence[str], message: str, author: Mapping[str, str] | None = None
    ) -> str:
        named = [arg for parent in parents for arg in ("-p", parent)]
        return self.git(
            "commit-tree",
            "--no-gpg-sign",
            tree,
            *named,
            "-F",
            "-",
            stdin=message,
            env=self.identity | dict(author or {}),
        ).strip()

    def snapshot(self, workspace: Path, parent: str, message: str) -> str | None:
        """Commit what lies in ``workspace`` on top of ``parent``; None when nothing differs.

        The commit goes into this repository's object store, but no ref is moved. The workspace's own
        ``.git`` is not read: index and configuration are made afresh for this call.
        """
        with scratch_folder("index") as scratch:
            engine = scratch / "engine.git"
            _checked(
                _run(["init", "--quiet", "--bare", "--template=", str(engine)], workspace, own_config=True),
                "start an index",
            )
            exclude = engine / "info" / "exclude"
            exclude.parent.mkdir(exist_ok=True)
            exclude.write_text("/.factory/\n", encoding="utf-8")
            env = {
                "GIT_DIR": str(engine),
                "GIT_WORK_TREE": str(workspace),
                "GIT_INDEX_FILE": str(engine / "index"),
                "GIT_OBJECT_DIRECTORY": str(self.common_dir / "objects"),
            }
            own = ("-c", "core.bare=false", "-c", "advice.addEmbeddedRepo=false")
            for args in (["read-tree", parent], ["add", "--all", "--", "."]):
                _checked(_run([*own, *args], workspace, env=env, own_config=True), "record the workspace")
            tree = _checked(
                _run([*own, "write-tree"], workspace, env=env, own_config=True), "record the workspace"
            ).strip()
        if tree == self.tree(parent):
            return None
        return self._commit_tree(tree, [parent], message)

    def commit_files(self, parent: str, files: Mapping[str, str], message: str) -> str:
        """A commit on top of ``parent`` with ``files`` (path to text) added or replaced; no ref is moved."""
        with scratch_folder("index") as scratch:
            env = {"GIT_INDEX_FILE": str(scratch / "index")}
            self.git("read-tree", parent, env=env)
            for path, text in files.items():
                blob = self.git("hash-object", "-w", "--stdin", stdin=text).strip()
                self.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=env)
            tree = self.git("write-tree", env=env).strip()
        return self._commit_tree(tree, [parent], message)

    def merges(self, base: str, head: str) -> list[str]:
        """The merge commits of ``base..head``, newest first."""
        return self.git("rev-list", "--merges", f"{base}..{head}").split()

    def without_paths(
        self, base: str, head: str, left_out: Callable[[str], bool], message: Callable[[str], str]
    ) -> str:
        """The commits ``base..head`` made again on ``base``, with the paths that ``left_out`` names as they
        are at ``base``; the new head. Commits that come to nothing are dropped, authors stay, each message
        goes through ``message``. There must be no merge among them. No ref is moved.
        """
        made = base
        for commit in self.commits(base, head):
            tree = self._tree_without(base, commit, left_out)
            if tree != self.tree(made):
                text = message(self.git("show", "-s", "--format=%B", commit))
                name, email, date = self.git("show", "-s", "--format=%an%n%ae%n%aI", commit).splitlines()
                who = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email, "GIT_AUTHOR_DATE": date}
                made = self._commit_tree(tree, [made], text, who)
        return made

    def _tree_without(self, base: str, commit: str, left_out: Callable[[str], bool]) -> str:
        """A commit's tree, in which the paths that are left out are as they are at ``base``."""
        with scratch_folder("index") as scratch:
            env = {"GIT_INDEX_FILE": str(scratch / "index")}
            self.git("read-tree", commit, env=env)
            for change in self.changes(base, commit):
                if not left_out(change.path):
                    continue
                if change.status == "A":
                    self.git("update-index", "--force-remove", "--", change.path, env=env)
                else:
                    blob = self.git("rev-parse", f"{base}:{change.path}").strip()
                    entry = f"{change.old_mode},{blob},{change.path}"
                    self.git("update-index", "--add", "--cacheinfo", entry, env=env)
            return self.git("write-tree", env=env).strip()

    def replay(self, base: str, head: str, onto: str) -> str | None:
        """The commits ``base..head`` replayed on ``onto``: the new head, or None where they conflict."""
        with scratch_checkout(self, onto, depth=0) as checkout:
            clone = Repo(checkout)
            clone._fetch(self.root, head, depth=0)
            done = _run(
                ["cherry-pick", "--no-gpg-sign", "--keep-redundant-commits", f"{base}..{head}"],
                checkout,
                own_config=True,
                env=self.identity,
            )
            if done.returncode != 0:
                return None
            replayed = clone.resolve("HEAD")
            self._fetch(checkout, replayed, depth=0)
            return replayed

    def take_back(self, base: str, head: str, onto: str, message: str) -> str | None:
        """A commit on ``onto`` without the changes ``base..head``; None where later changes conflict.

        No ref is moved. Where nothing of the changes is left, its tree is that of ``onto``.
        """
        reverse = self._commit_tree(self.tree(base), [head], message)
        replayed = self.replay(head, reverse, onto)
        return None if replayed is None else self._commit_tree(self.tree(replayed), [onto], message)

    def push(self, remote: str, commit: str, branch: str) -> None:
        """Push a commit as a branch and nothing else, never over what is there; the person's hooks don't run.

        Raises GitError.
        """
        alone = ("--no-verify", "--no-follow-tags", "--recurse-submodules=no")
        refspec = f"{commit}:{BRANCHES}{branch}"
        self._remote("push", "--quiet", *alone, remote, refspec, what=f"push {branch} to {remote}")

    def fetch(self, remote: str, ref: str) -> str:
        """Bring a ref of a remote in as objects; returns its commit. No ref here changes. Raises GitError."""
        options = ("--quiet", "--no-tags", "--no-recurse-submodules")
        self._remote("fetch", *options, remote, ref, what=f"fetch {ref} from {remote}")
        return self.resolve("FETCH_HEAD")

    # ---- checkouts

    def _fetch(self, source: Path, sha: str, depth: int) -> None:
        limit = [f"--depth={depth}"] if depth else []
        # A source that is not the tip of a branch may be wanted: upload-pack is told to hand out any commit.
        pack = "git -c uploadpack.allowAnySHA1InWant=true upload-pack"
        options = ["--quiet", "--no-tags", "--no-write-fetch-head", "--upload-pack", pack, *limit]
        self.git("fetch", *options, source.as_uri(), sha, what=f"copy commit {sha[:12]}")

    def checkout_at(self, revision: str, dest: Path, depth: int = 1) -> str:
        """Make ``dest`` a standalone clone without remotes, at ``revision``; its SHA is returned.

        ``depth`` commits of history come along (0: all). What was at ``dest`` before is removed: checkouts
        are recreated rather than repaired.
        """
        sha = self.resolve(revision)
        shutil.rmtree(dest, ignore_errors=True)
        dest.mkdir(parents=True)
        _checked(_run(["init", "--quiet", "--template=", "."], dest, own_config=True), "start a checkout")
        clone = Repo(dest)
        clone._fetch(self.root, sha, depth)
        _checked(
            _run(["checkout", "--quiet", "--detach", sha], dest, own_config=True), "check out the commit"
        )
        # Build systems take a version from the last tag. Without one it would be a 0.1.dev, which whoever
        # depends on the project refuses; the whole way back to the tag would be a copy of the history.
        tag = self._try("describe", "--tags", "--abbrev=0", sha)
        if tag:
            clone.set_ref(f"refs/tags/{tag.rstrip()}", sha)
        return sha

    # ---- integration

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
        return self._try("worktree", "list", "--porcelain", "-z") is not None

    def _worktrees(self) -> str:
        return self.git("worktree", "list", "--porcelain").replace("\n", "\0")

    def fast_forward(self, branch: str, head: str) -> Merge:
        """Move ``branch`` forward to ``head``, in its working tree if it is checked out anywhere.

        Nothing changes where git refuses (own changes in the way, or no fast-forward).
        """
        place = self.worktree_of(branch)
        if place is not None:
            return Repo(place)._merge_here(head)
        old = self.find(f"refs/heads/{branch}")
        if old is None or not self.is_ancestor(old, head):
            return Merge(False, f"{branch} cannot be fast-forwarded to {head[:12]}")
        self.set_ref(f"refs/heads/{branch}", head, old)
        return Merge(True)

    def _merge_here(self, head: str) -> Merge:
        merged = self._fast_forward_here(head)
        same = [] if merged.done else self._same_in_the_way(head)
        if not same:
            return merged
        # git refuses to write over a file that is not committed, also where it already is what the merge
        # would make of it; once it is staged, git sees that.
        index = self.root / self.git("rev-parse", "--git-path", "index").rstrip("\n")
        before = index.read_bytes()
        if self._try("add", "--", *(f":(literal){path}" for path in same)) is None:
            return merged
        again = self._fast_forward_here(head)
        if not again.done:
            index.write_bytes(before)
        return again

    def _fast_forward_here(self, head: str) -> Merge:
        # With autostash, a setting of the person's, git would put their changes away and back.
        done = _run(["merge", "--ff-only", "--no-autostash", "--quiet", head], self.root)
        return Merge(done.returncode == 0, in_the_way(done.stderr) or done.stdout.strip())

    def _same_in_the_way(self, head: str) -> list[str]:
        """The uncommitted files that are, byte for byte, what they are at ``head``."""
        brought = {change.path for change in self.changes("HEAD", head)}
        places = {path: self.root / path for path in self.uncommitted(untracked=True) if path in brought}
        files = {path: place for path, place in places.items() if place.is_file() and not place.is_symlink()}
        return [
            path
            for path, place in files.items()
            if (text := self.show(head, path)) is not None
            and place.read_bytes() == text.encode("utf-8", "surrogateescape")
        ]


@contextmanager
def scratch_checkout(
    repo: Repo, revision: str, *, parent: Path | None = None, depth: int = 1
) -> Iterator[Path]:
    """A throwaway checkout of ``revision``, removed at the end; in ``parent`` (default: temp folder)."""
    with scratch_folder("checkout", parent) as place:
        repo.checkout_at(revision, place / "tree", depth)
        yield place / "tree"


def start_repository(folder: Path, files: Mapping[str, str], message: str) -> Repo:
    """Make ``folder``, which holds nothing yet, a repository on ``main`` with one commit of ``files``.

    The commit has the person's identity, else the engine's own; no hook runs. Raises GitError where git
    refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    repo = Repo(folder)
    repo.git("init", "--quiet", what="start a repository")
    # Not `init -b`: that came with git 2.28, and a default branch set by the person must not matter.
    repo.git("symbolic-ref", "HEAD", "refs/heads/main")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    repo.git("add", "--force", "--", *files, what="record the first files")
    tree = repo.git("write-tree", what="record the first files").strip()
    first = repo._commit_tree(tree, [], message)
    repo.git("update-ref", "refs/heads/main", first, what="make the first commit")
    return repo


def clone(url: str, dest: Path) -> Repo:
    """Clone a repository with its whole history to ``dest``, which must not exist; no submodules, no hooks.

    Raises GitError where git refuses; nothing is left of ``dest`` then.
    """
    dest.parent.mkdir(parents=True, exist_ok=True)
    said = _run(
        ["clone", "--quiet", "--no-recurse-submodules", "--template=", "--", url, str(dest)],
        dest.parent,
        timeout=_REMOTE_TIMEOUT_S,
    )
    if said.returncode != 0:
        shutil.rmtree(dest, ignore_errors=True)
    _checked(said, f"clone {without_password(url)}")
    return Repo(dest)
