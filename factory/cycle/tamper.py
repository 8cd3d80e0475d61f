"""Whether a Builder has touched what is none of its business: looks before and after its call.

A sandbox prevents it; this tells. Where the Builder ran without one, a difference outside its workspace ends
the experiment. With one, only a person can have made it, and it is remarked upon.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from factory.ace.library import Library
from factory.agents.roles import ROLES
from factory.errors import FactoryError
from factory.fsio import read_json_plain, write_json
from factory.git import Repo
from factory.models import FORMAT_VERSION
from factory.paths import STATE_DIR, HomePaths, ProjectPaths

#: The person's own settings that decide what later commands of theirs do, from their home.
PERSONAL = (
    ".gitconfig", ".config/git", ".ssh", ".netrc", ".npmrc", ".pypirc",
    ".bashrc", ".bash_profile", ".profile", ".zshrc", ".zshenv", ".config/fish/config.fish",
)  # fmt: skip

#: What decides, in a git directory, what git runs.
GIT_SETTINGS = (
    "config",
    "config.worktree",
    "hooks",
    "info/attributes",
    "info/grafts",
    "objects/info/alternates",
)

#: What ssh, an editor that fetches, and git's own maintenance write at any time; none of it decides anything.
NOBODYS_FILES = (".ssh/known_hosts", ".ssh/known_hosts.old")
NOBODYS_REFS = ("refs/remotes/", "refs/prefetch/")

#: Files of the state folder that a person's own commands write at any time.
PERSONS_FILES = ("messages.jsonl", "strategy/backlog.md")


_COUNTERS = re.compile(r"helpful=\d+ harmful=\d+")


class Area(StrEnum):
    """Whose a watched place is."""

    WORKSPACE = "workspace"
    CHECKOUT = "checkout"
    STATE = "state"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Watched:
    """A file or folder to look at, with everything in it; what is below one of ``but`` is left out."""

    area: Area
    path: Path
    but: tuple[Path, ...] = ()


Fingerprint = Mapping[tuple[Area, str], str]
"""What identifies the state of each file, by area and path."""


@dataclass(frozen=True, slots=True)
class TamperFinding:
    """A place that differs: ``how`` is "appeared", "changed" or "is gone"."""

    area: Area
    path: str
    how: str

    @property
    def message(self) -> str:
        """The finding as a sentence."""
        where = {
            Area.WORKSPACE: "in the workspace's git directory, which the program does not use",
            Area.CHECKOUT: "in the person's checkout",
            Area.STATE: "in the factory's own records",
            Area.PERSON: "among the person's own settings",
        }[self.area]
        return f"{self.path} {self.how} while the Builder worked, {where}"


def watched_places(
    project: ProjectPaths, common_dir: Path, home: HomePaths, workspace: Path, own: Sequence[Path]
) -> list[Watched]:
    """All that a Builder in ``workspace`` has to leave alone.

    ``own`` are the files and folders that the program itself writes during the call: the call's output. Of
    the factory home it is what other projects of the person don't write all the time.
    """
    ours = (*own, *(project.state / name for name in PERSONS_FILES))
    nobodys = tuple(Path.home() / name for name in NOBODYS_FILES)
    state = [
        *(project.state, home.approvals / project.key, home.trust, home.config),
        Library(home.playbooks).versions_folder,
    ]
    return [
        *(Watched(Area.WORKSPACE, workspace / ".git" / name) for name in GIT_SETTINGS),
        *(Watched(Area.CHECKOUT, common_dir / name) for name in GIT_SETTINGS),
        *(Watched(Area.STATE, path, ours) for path in state),
        *(Watched(Area.PERSON, Path.home() / name, nobodys) for name in PERSONAL),
    ]


def watch(places: Iterable[Watched], checkout: Repo | None = None) -> Fingerprint:
    """Look at all places now. Missing ones are part of the answer.

    ``checkout`` is the person's: its commit, refs and uncommitted files are looked at as well.
    """
    seen: dict[tuple[Area, str], str] = {}
    for place in places:
        for path in _files(place.path, place.but):
            seen[place.area, str(path)] = _mark(path)
    if checkout is not None:
        seen[Area.CHECKOUT, f"HEAD of {checkout.root}"] = checkout.find("HEAD") or ""
        refs = checkout.refs("refs/").items()
        seen |= {(Area.CHECKOUT, ref): sha for ref, sha in refs if not ref.startswith(NOBODYS_REFS)}
        for name in checkout.uncommitted(untracked=True):
            if not name.startswith(f"{STATE_DIR}/"):  # records are a place of their own
                seen[Area.CHECKOUT, str(checkout.root / name)] = _mark(checkout.root / name)
    return seen


def watch_advice(home: HomePaths) -> Fingerprint:
    """Look at what each role's playbook says; its counters move at the end of any project's experiment."""
    library = Library(home.playbooks)
    return {(Area.STATE, str(library.file(role))): _advice(library, role) for role in ROLES}


def _advice(library: Library, role: str) -> str:
    try:
        return _digest(_COUNTERS.sub("", library.playbook(role).to_markdown()))
    except FactoryError:  # something else lies there
        return ""


def differences(before: Fingerprint, after: Fingerprint) -> list[TamperFinding]:
    """What differs between two looks at the same places, sorted by area and path."""
    found = []
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            how = "appeared" if key not in before else "is gone" if key not in after else "changed"
            found.append(TamperFinding(*key, how))
    return found


def write_fingerprint(file: Path, seen: Fingerprint) -> None:
    """Store a look, to be compared with another one by whichever process is there then."""
    write_json(
        file, {"v": FORMAT_VERSION, "seen": [[area, path, mark] for (area, path), mark in seen.items()]}
    )


def read_fingerprint(file: Path) -> Fingerprint | None:
    """A stored look; None where there is none that can be read."""
    try:
        return {(Area(area), path): mark for area, path, mark in read_json_plain(file)["seen"]}
    except (FactoryError, OSError, KeyError, TypeError, ValueError):
        return None


def violations(findings: Iterable[TamperFinding], *, sandboxed: bool) -> list[TamperFinding]:
    """Those that end the experiment.

    Not what lies in the workspace's git directory: the program never uses that, and tools set hooks there in
    good faith. And in a sandbox the Builder cannot have reached anything else.
    """
    return [] if sandboxed else [found for found in findings if found.area is not Area.WORKSPACE]


def disregard_consent(found: Iterable[TamperFinding], home: HomePaths) -> list[Path]:
    """Put aside what nobody can tell from a person's word: approvals, and the URLs whose code may run.

    Returns what counts for nothing now; the person agrees once more.
    """
    aside = []
    for place in (Path(finding.path) for finding in found):
        is_approval = place.is_relative_to(home.approvals) and place.suffix == ".json"
        if (is_approval or place == home.trust) and place.exists():
            place.replace(place.with_suffix(".disregarded"))
            aside.append(place)
    return aside


def _files(path: Path, but: Sequence[Path]) -> Iterator[Path]:
    """The files and links at or below a path, without following a link."""
    if any(path.is_relative_to(left_out) for left_out in but):
        return
    if path.is_symlink() or not path.is_dir():
        if os.path.lexists(path) and not path.is_socket():  # ssh's connections come and go
            yield path
        return
    for entry in sorted(_entries(path)):
        yield from _files(entry, but)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _mark(path: Path) -> str:
    """What changes with a file, and if it is changed and put back: the time of change cannot be set."""
    try:
        seen = path.lstat()
    except OSError:
        return ""
    facts = (seen.st_ino, seen.st_mode, seen.st_uid, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)
    return _digest(repr(facts))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]
