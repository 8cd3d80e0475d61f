"""Which files a checkout holds."""

from __future__ import annotations

import os
from pathlib import Path

from factory.git import Repo

_NEVER = frozenset({".git", ".factory", ".venv", "venv", "node_modules", "__pycache__", "build", "dist"})


def checkout_files(root: Path) -> list[str]:
    """The paths of a checkout's files, relative, with slashes, sorted: the commit's where it is a repository.

    So neither what is ignored nor what measuring leaves behind counts. Without git all is taken that is not
    hidden and not the product of a tool.
    """
    if (root / ".git").exists():
        return sorted(Repo(root).files("HEAD"))
    return sorted(_walk(root))


def _walk(root: Path) -> list[str]:
    found: list[str] = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in _NEVER and not name.startswith(".")]
        found += [(Path(folder) / name).relative_to(root).as_posix() for name in files]
    return found
