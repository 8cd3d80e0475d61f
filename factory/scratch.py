"""Throwaway folders: gone when their block ends, and known by their names when their process was killed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

Kind = Literal["checkout", "index", "log", "question", "run", "sandbox", "upstream"]

PREFIX = "factory-"
"""How the names of those begin that lie in the system's temporary folder."""

_OWNER = re.compile(
    rf"^(?:(?:{PREFIX})?(?:{'|'.join(get_args(Kind))})-)?(\d+)-[a-z0-9_]{{8}}$|^\..*\.(\d+)\.\d+\.tmp$"
)
"""The process in the name of a throwaway folder, or of a file that was being written.

No looser than what is made here: a person's own folders in the temporary folder have names with numbers, too.
"""


@contextlib.contextmanager
def scratch_folder(kind: Kind, parent: Path | None = None) -> Iterator[Path]:
    """A private folder for the block; in ``parent``, or in the system's temporary folder.

    ``kind`` begins its name, the number of this process follows.
    """
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    prefix = f"{'' if parent else PREFIX}{kind}-{os.getpid()}-"
    place = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        yield place
    finally:
        remove(place)


def left_over(parent: Path) -> list[Path]:
    """What lies in ``parent`` and belongs to a process that is gone, so that nobody removes it any more."""
    try:
        return sorted(place for place in parent.iterdir() if is_left_over(place.name))
    except (FileNotFoundError, NotADirectoryError):
        return []


def left_over_temporary() -> list[Path]:
    """The same for the system's temporary folder: only folders of this user that the factory has made."""
    found = left_over(Path(tempfile.gettempdir()))
    return [place for place in found if place.name.startswith(PREFIX) and _is_own_folder(place)]


def is_left_over(name: str) -> bool:
    """Whether a folder or file names its process, and that is gone."""
    match = _OWNER.search(name)
    return match is not None and not _runs(int(match[1] or match[2]))


def remove(folder: Path) -> None:
    """Remove a folder, also where somebody has taken the right to write from themselves; or a file."""
    for path, folders, _ in os.walk(folder):
        for name in folders:
            with contextlib.suppress(OSError):
                if not (Path(path) / name).is_symlink():
                    (Path(path) / name).chmod(0o700)
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
    else:
        folder.unlink(missing_ok=True)


def _is_own_folder(place: Path) -> bool:
    """Whether a place is a folder of this user's that nobody else may enter, as those made here are."""
    try:
        seen = place.lstat()
        return stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.getuid() and not seen.st_mode & 0o077
    except OSError:
        return False


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
