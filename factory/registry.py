"""The projects that the factory knows: ``registry.json`` in the factory home. Standard library only."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from factory.errors import BadInput, EnvironmentLacking
from factory.fsio import ensure_private_dir, file_lock, read_json_plain, utc_now, write_json
from factory.paths import HomePaths
from factory.redact import without_password


@dataclass(frozen=True, slots=True)
class KnownProject:
    """A project that has begun an experiment.

    ``root`` is its absolute path; ``remote`` (an address without credentials) and ``root_commit`` tell copies
    of one project from unrelated ones, "" when unknown; ``seen`` is when it last registered.
    """

    root: str
    remote: str = ""
    root_commit: str = ""
    seen: str = ""

    @property
    def path(self) -> Path:
        """The root as a path."""
        return Path(self.root)


class Registry:
    """Reads and writes the registry under its lock.

    A damaged file never stops a command: ``problem`` then holds a sentence for the person, readers see no
    projects, and the first writer puts the file aside under another name. An entry that is not understood
    is left in place.
    """

    def __init__(self, home: HomePaths) -> None:
        self._path = home.registry
        self.problem = ""

    def known(self) -> list[KnownProject]:
        """The registered projects whose directory exists, in the order of their registration."""
        return [p for p in self.entries() if p.path.is_dir()]

    def entries(self) -> list[KnownProject]:
        """All of them, also those whose directory is gone: it may have been moved."""
        return self._projects(self._read())

    def register(self, root: Path, remote: str = "", root_commit: str = "") -> None:
        """Adds a project, or renews its entry."""
        project = KnownProject(str(root.resolve()), without_password(remote), root_commit, utc_now())
        with self._lock():
            entries = self._read()
            others = [e for e in entries if not (isinstance(e, dict) and e.get("root") == project.root)]
            self._write([*others, asdict(project)])

    def prune(self, *, dry_run: bool = False) -> list[KnownProject]:
        """Removes projects whose directory is gone, unless ``dry_run``, and returns them."""
        with self._lock():
            entries = self._read()
            gone = [p for p in self._projects(entries) if not p.path.is_dir()]
            roots = {p.root for p in gone}
            if gone and not dry_run:
                self._write([e for e in entries if not (isinstance(e, dict) and e.get("root") in roots)])
        return gone

    def _lock(self) -> Any:
        ensure_private_dir(self._path.parent)
        return file_lock(self._path.with_name("registry.lock"))

    def _read(self) -> list[Any]:
        self.problem = ""
        if not self._path.exists():
            return []
        try:
            entries = read_json_plain(self._path).get("projects")
            if not isinstance(entries, list):
                raise BadInput(f"{self._path} is damaged: it has no list of projects.")
        except BadInput as error:
            self.problem = error.message
            return []
        return entries

    def _projects(self, entries: list[Any]) -> list[KnownProject]:
        return [p for p in map(_to_project, entries) if p is not None]

    def _write(self, entries: list[Any]) -> None:
        if self.problem:
            aside = self._put_aside()
            self.problem = f"{self.problem.rstrip('.')}. It was kept as {aside.name}, and a new one begun."
        write_json(self._path, {"projects": entries})

    def _put_aside(self) -> Path:
        stamp = re.sub(r"\D", "", utc_now())[:14]
        aside = self._path.with_name(f"registry.json.damaged-{stamp}")
        number = 1
        while aside.exists():
            number += 1
            aside = self._path.with_name(f"registry.json.damaged-{stamp}-{number}")
        try:
            return self._path.rename(aside)
        except OSError as error:
            raise EnvironmentLacking(f"{self._path} is damaged and could not be put aside.") from error


def _to_project(entry: object) -> KnownProject | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("root"), str) or not entry["root"]:
        return None
    texts = {k: v for k, v in entry.items() if k in KnownProject.__slots__ and isinstance(v, str)}
    return KnownProject(**texts)
