"""Fixed surfaces where agents work: read-only there, and put back where they were touched all the same."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from factory.config import ProjectConfig
from factory.cycle.lab import Lab
from factory.evals.files import checkout_files
from factory.git import scratch_checkout
from factory.globs import matches

MOST_PLACES = 200
"""Places that are mounted read-only one by one; where there are more, mode bits and the guard are left."""

_MAGIC = "*?[!\\"


def fixed_places(workspace: Path, policy: ProjectConfig) -> tuple[Path, ...]:
    """The files and folders of a workspace that ``[research] fixed`` covers: a folder that is covered whole
    stands for all in it.

    Their mode bits are made read-only on the way, for an agent without a sandbox.
    """
    patterns = policy.research.fixed
    if not patterns:
        return ()
    files = [path for path in checkout_files(workspace) if matches(patterns, path)]
    for path in files:
        with contextlib.suppress(OSError):
            if not (workspace / path).is_symlink():
                (workspace / path).chmod((workspace / path).stat().st_mode & ~0o222)
    folders = tuple(f"{folder}/" for folder in _whole_folders(patterns) if (workspace / folder).is_dir())
    places = [*folders, *(path for path in files if not path.startswith(folders))]
    return tuple(workspace / place for place in places[:MOST_PLACES])


def _whole_folders(patterns: tuple[str, ...]) -> Iterator[str]:
    """The folders that a pattern covers with everything in them."""
    if any(pattern.startswith("!") for pattern in patterns):
        return
    for pattern in patterns:
        folder = pattern.removesuffix("/**").removesuffix("/").removeprefix("/")
        is_whole = pattern.endswith(("/**", "/")) and folder and not any(c in folder for c in _MAGIC)
        if is_whole and (pattern.startswith("/") or "/" in folder or pattern.endswith("/**")):
            yield folder


def restore_fixed(lab: Lab, workspace: Path, baseline: str, commit: str, policy: ProjectConfig) -> list[str]:
    """Put back, in a workspace that ``commit`` was made of, the fixed files that differ from the baseline's.

    Returns their paths. Without a workspace, as after a crash that took it, there is nothing to put back.
    """
    changes = lab.repo.changes(baseline, commit)
    touched = [change.path for change in changes if matches(policy.research.fixed, change.path)]
    if not touched or not workspace.is_dir():
        return touched
    with scratch_checkout(lab.repo, baseline, parent=lab.workspaces) as original:
        for path in touched:
            _put_back(original / path, workspace / path, workspace)
    return touched


def _put_back(original: Path, path: Path, workspace: Path) -> None:
    for folder in reversed(path.relative_to(workspace).parents[:-1]):
        place = workspace / folder
        if place.is_symlink() or place.is_file():
            place.unlink()
        place.mkdir(exist_ok=True)
        place.chmod(place.stat().st_mode | 0o700)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    if original.is_symlink():
        path.symlink_to(original.readlink())
    elif original.is_file():
        path.write_bytes(original.read_bytes())
        path.chmod(original.stat().st_mode & 0o777)
