"""Commits that the factory makes itself: no checkout of a person's is touched, no hook runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from factory.git.checkouts import copy_commit, scratch_checkout
from factory.git.repo import FILE_MODES, Repo, parse_raw
from factory.git.running import as_bytes, run, run_alone
from factory.scratch import scratch_folder


def commit_tree(
    repo: Repo, tree: str, parents: Sequence[str], message: str, author: Mapping[str, str] | None = None
) -> str:
    """A commit of a tree, by the person's identity or the engine's, or by ``author`` (``GIT_AUTHOR_*``)."""
    named = [arg for parent in parents for arg in ("-p", parent)]
    who = repo.identity | dict(author or {})
    return repo.git("commit-tree", "--no-gpg-sign", tree, *named, "-F", "-", stdin=message, env=who).strip()


def snapshot(repo: Repo, workspace: Path, parent: str, message: str) -> str | None:
    """Commit what lies in ``workspace`` on top of ``parent``; None when nothing differs.

    The commit goes into this repository's object store, but no ref is moved. The workspace's own
    ``.git`` is not read: index and configuration are made afresh for this call.
    """
    with scratch_folder("index") as scratch:
        engine = scratch / "engine.git"
        run_alone(["init", "--quiet", "--bare", "--template=", str(engine)], workspace, "start an index")
        exclude = engine / "info" / "exclude"
        exclude.parent.mkdir(exist_ok=True)
        exclude.write_text("/.factory/\n", encoding="utf-8")
        env = {
            "GIT_DIR": str(engine),
            "GIT_WORK_TREE": str(workspace),
            "GIT_INDEX_FILE": str(engine / "index"),
            "GIT_OBJECT_DIRECTORY": str(repo.common_dir / "objects"),
        }

        def record(*args: str, stdin: str | None = None) -> str:
            own = ("-c", "core.bare=false", "-c", "advice.addEmbeddedRepo=false")
            return run_alone([*own, *args], workspace, "record the workspace", env, stdin)

        record("read-tree", parent)
        record("add", "--all", "--", ".")
        record("update-index", "-z", "--index-info", stdin=_untouched(record, parent))
        tree = record("write-tree").strip()
    if tree == repo.tree(parent):
        return None
    return commit_tree(repo, tree, [parent], message)


def _untouched(record: Callable[..., str], parent: str) -> str:
    """The index entries of ``parent`` for files that are as they were there, byte for byte.

    The index is made afresh, so git converts every file anew, as by a ``text`` attribute that came after the
    file; what nobody touched would be part of the change.
    """
    told = record("diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", parent)
    converted = [c for c in parse_raw(told) if c.old_mode == c.new_mode in FILE_MODES and _is_plain(c.path)]
    paths = "".join(f"{change.path}\n" for change in converted)
    blobs = record("hash-object", "--no-filters", "--stdin-paths", stdin=paths).split()
    same = [change for change, blob in zip(converted, blobs, strict=True) if blob == change.old_blob]
    return "".join(f"{change.old_mode} {change.old_blob}\t{change.path}\0" for change in same)


def _is_plain(path: str) -> bool:
    """Whether a line of ``--stdin-paths`` means this path: git takes one in quotes for an escaped one."""
    return not path.startswith('"') and "\n" not in path and not path.endswith("\r")


def commit_files(repo: Repo, parent: str, files: Mapping[str, str], message: str) -> str:
    """A commit on top of ``parent`` with ``files`` (path to text) added or replaced; no ref is moved."""
    with scratch_folder("index") as scratch:
        env = {"GIT_INDEX_FILE": str(scratch / "index")}
        repo.git("read-tree", parent, env=env)
        for path, text in files.items():
            blob = repo.git("hash-object", "-w", "--stdin", stdin=text).strip()
            repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=env)
        tree = repo.git("write-tree", env=env).strip()
    return commit_tree(repo, tree, [parent], message)


def without_paths(
    repo: Repo, base: str, head: str, left_out: Callable[[str], bool], message: Callable[[str], str]
) -> str:
    """The commits ``base..head`` made again on ``base``, with the paths that ``left_out`` names as they
    are at ``base``; the new head. Commits that come to nothing are dropped, authors stay, each message
    goes through ``message``. There must be no merge among them. No ref is moved.
    """
    made = base
    for commit in repo.commits(base, head):
        tree = _tree_without(repo, base, commit, left_out)
        if tree != repo.tree(made):
            text = message(repo.git("show", "-s", "--format=%B", commit))
            name, email, date = repo.git("show", "-s", "--format=%an%n%ae%n%aI", commit).splitlines()
            who = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email, "GIT_AUTHOR_DATE": date}
            made = commit_tree(repo, tree, [made], text, who)
    return made


def _tree_without(repo: Repo, base: str, commit: str, left_out: Callable[[str], bool]) -> str:
    """A commit's tree, in which the paths that are left out are as they are at ``base``."""
    with scratch_folder("index") as scratch:
        env = {"GIT_INDEX_FILE": str(scratch / "index")}
        repo.git("read-tree", commit, env=env)
        for change in repo.changes(base, commit):
            if not left_out(change.path):
                continue
            if change.status == "A":
                repo.git("update-index", "--force-remove", "--", change.path, env=env)
            else:
                blob = repo.git("rev-parse", f"{base}:{change.path}").strip()
                entry = f"{change.old_mode},{blob},{change.path}"
                repo.git("update-index", "--add", "--cacheinfo", entry, env=env)
        return repo.git("write-tree", env=env).strip()


def replay(repo: Repo, base: str, head: str, onto: str) -> str | None:
    """The commits ``base..head`` replayed on ``onto``: the new head, or None where they conflict."""
    with scratch_checkout(repo, onto, depth=0) as checkout:
        clone = Repo(checkout)
        copy_commit(clone, repo.root, head, depth=0)
        picked = ("cherry-pick", "--no-gpg-sign", "--keep-redundant-commits", f"{base}..{head}")
        if not run(picked, checkout, own_config=True, env=repo.identity).ok:
            return None
        replayed = clone.resolve("HEAD")
        copy_commit(repo, checkout, replayed, depth=0)
        return replayed


def take_back(repo: Repo, base: str, head: str, onto: str, message: str) -> str | None:
    """A commit on ``onto`` without the changes ``base..head``; None where later changes conflict.

    No ref is moved. Where nothing of the changes is left, its tree is that of ``onto``.
    """
    reverse = commit_tree(repo, repo.tree(base), [head], message)
    replayed = replay(repo, head, reverse, onto)
    return None if replayed is None else commit_tree(repo, repo.tree(replayed), [onto], message)


def write_blob_ref(repo: Repo, ref: str, name: str, path: Path, message: str) -> None:
    """Commit one file as the whole content of ``ref``, on top of what is there."""
    blob = repo.git("hash-object", "-w", "--no-filters", "--", str(path)).strip()
    parent = repo.refs(ref).get(ref)
    tree = repo.git("mktree", "-z", stdin=f"100644 blob {blob}\t{name}\0").strip()
    if parent is not None and repo.tree(parent) == tree:
        return
    repo.set_ref(ref, commit_tree(repo, tree, [parent] if parent else [], message))


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
        (folder / name).write_bytes(as_bytes(text))
    repo.git("add", "--force", "--", *files, what="record the first files")
    tree = repo.git("write-tree", what="record the first files").strip()
    first = commit_tree(repo, tree, [], message)
    repo.git("update-ref", "refs/heads/main", first, what="make the first commit")
    return repo
