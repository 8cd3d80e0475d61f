"""Histories of many projects, each counted once however often it was cloned, forked or copied."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from factory.errors import BadInput, FactoryError
from factory.git import Repo
from factory.paths import ProjectPaths
from factory.project import written_here
from factory.rows import Row, read
from factory.strategy.undone import UNDO, standing

DEPTH = 4
"""So many levels of folders are looked through for projects."""

_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
NO_EVIDENCE = ("scaffold", UNDO)
"""The kinds of experiments that say nothing about what is worth trying."""

_SCP = re.compile(r"^(?:[^@/\s]+@)?([^:/\s]+):(?!/)(.+)$")


@dataclass(frozen=True, slots=True)
class ProjectHistory:
    """The experiments of one project. ``copies`` are clones, forks and copies of it that were also named.

    ``rows`` are its experiments in the order of the logs, those in several copies once, without what is no
    evidence of anything: by its kind (a scaffold is kept once it stands, an undo by a person's wish), or
    because it was undone. ``own`` are those of them that were logged here: others came with a repository, in
    a log that git tracks. ``damaged`` counts lines that could not be read, ``future`` rows dated later than
    tomorrow (a clock was wrong), and ``problem`` says why there is nothing to read, empty where there is.
    ``remotes`` is where it comes from.
    """

    path: Path
    rows: tuple[Row, ...] = ()
    own: tuple[Row, ...] = ()
    copies: tuple[Path, ...] = ()
    damaged: int = 0
    future: int = 0
    problem: str = ""
    remotes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.path.name

    @property
    def decided(self) -> list[Row]:
        """Its own experiments that were kept or reverted: the others are no evidence."""
        return [row for row in self.own if row.verdict in ("keep", "revert")]


@dataclass(frozen=True, slots=True)
class _Found:
    """One folder as it was read, with what identifies the project in it."""

    history: ProjectHistory
    identities: frozenset[str]
    rooted: bool
    log: str

    def is_same_project(self, other: _Found) -> bool:
        """Whether both are one project: by git, or by their logs where git does not tell of both."""
        if self.identities & other.identities:
            return True
        return bool(self.log) and self.log == other.log and not (self.rooted and other.rooted)


def discover_projects(folder: Path | str) -> list[Path]:
    """The projects in ``folder`` (itself, and down to 4 levels) that have a log, sorted by path.

    Hidden folders and symbolic links are passed by, and so is what lies inside a project. Raises BadInput
    when there is no such folder.
    """
    top = Path(folder).expanduser()
    if not top.is_dir():
        raise BadInput(f"{folder} is not a folder.", "Name the folder that holds your projects.")
    return sorted(_projects_in(top.resolve(), DEPTH))


def _projects_in(folder: Path, depth: int) -> Iterator[Path]:
    if ProjectPaths(folder).results.is_file():
        yield folder
        return
    if not depth:
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
            yield from _projects_in(Path(entry.path), depth - 1)


def load_all_histories(paths: Iterable[Path | str]) -> list[ProjectHistory]:
    """The histories of unrelated projects, in the order given.

    Folders that share a git root commit or a remote are one project, and so are those with the same whole
    log, unless git has a different root commit for each. A missing or unreadable log gives a history without
    rows and with a ``problem``; nothing is raised for what is in a log.
    """
    groups: list[list[_Found]] = []
    for found in map(_load, dict.fromkeys(Path(path).expanduser().resolve() for path in paths)):
        related = [group for group in groups if any(one.is_same_project(found) for one in group)]
        merged = [one for group in related for one in group] + [found]
        place = next((at for at, group in enumerate(groups) if group in related), len(groups))
        groups = [group for group in groups if group not in related]
        groups.insert(place, merged)
    return [_merged([one.history for one in group]) for group in groups]


def _load(path: Path) -> _Found:
    log = ProjectPaths(path).results
    rows, damaged, problem = _read(log)
    latest = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    roots, remote = _origin(path)
    identities = {f"path {path}", *(f"root {root}" for root in roots)}
    if remote:
        identities.add(f"remote {remote}")
    evidence = tuple(row for row in standing(rows) if row.kind not in NO_EVIDENCE)
    history = ProjectHistory(
        path,
        evidence,
        own=evidence if evidence and _is_own(path, log) else (),
        damaged=damaged,
        future=sum(1 for row in rows if latest < row.timestamp[:10] and row.timestamp[:4].isdecimal()),
        problem=problem,
        remotes=(remote,) if remote else (),
    )
    return _Found(history, frozenset(identities), bool(roots), _digest(rows))


def _read(log: Path) -> tuple[list[Row], int, str]:
    if not log.is_file():
        return [], 0, "it has no experiment log"
    try:
        rows, damaged = read(log)
    except BadInput as error:
        return [], 0, error.message.rstrip(".")
    if not rows:
        return [], len(damaged), damaged[0].problem if damaged else "its experiment log is empty"
    return rows, len(damaged), ""


def _origin(path: Path) -> tuple[list[str], str]:
    """The root commit and the remote of a repository; neither for a folder that is none itself."""
    if not (path / ".git").exists():
        return [], ""
    repo = Repo(path)
    try:
        root, remote = repo.root_commit(), repo.remote_url()
    except (FactoryError, OSError):
        return [], ""
    return [root] if root else [], same_address(remote)


def _is_own(path: Path, log: Path) -> bool:
    """Whether a log was written here, and not handed over with its repository; not where git cannot tell."""
    try:
        return bool(written_here(path, [log]))
    except (FactoryError, OSError):
        return False


def same_address(remote: str) -> str:
    """A remote in one spelling: host and path in lower case, without scheme, user, ``.git`` or last slash."""
    plain = _SCHEME.sub("", remote.strip())
    if plain == remote.strip():
        plain = _SCP.sub(r"\1/\2", plain)
    plain = plain.rpartition("@")[2] if "@" in plain.partition("/")[0] else plain
    return plain.rstrip("/").removesuffix(".git").rstrip("/").lower()


def _digest(rows: Sequence[Row]) -> str:
    """What tells a copied log: all of its rows. Empty for an empty one, which is like any other empty one."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(repr(tuple(row.fields.values())).encode())
    return digest.hexdigest() if rows else ""


def _merged(copies: Sequence[ProjectHistory]) -> ProjectHistory:
    """One history of several copies: each row once, the first copy's first."""
    if len(copies) == 1:
        return copies[0]
    readable = [copy for copy in copies if not copy.problem]
    first = (readable or copies)[0]
    return ProjectHistory(
        first.path,
        _each_once(copy.rows for copy in readable),
        own=_each_once(copy.own for copy in readable),
        copies=tuple(copy.path for copy in copies if copy.path != first.path),
        damaged=sum(copy.damaged for copy in copies),
        future=sum(copy.future for copy in copies),
        problem=first.problem,
        remotes=tuple(dict.fromkeys(remote for copy in copies for remote in copy.remotes)),
    )


def _each_once(logs: Iterable[Sequence[Row]]) -> tuple[Row, ...]:
    seen: set[tuple[str, ...]] = set()
    rows: list[Row] = []
    for log in logs:
        fresh = [row for row in log if _key(row) not in seen]
        seen |= {_key(row) for row in fresh}
        rows += fresh
    return tuple(rows)


def _key(row: Row) -> tuple[str, ...]:
    return (row.text("id"), row.timestamp, row.hypothesis, row.verdict)
