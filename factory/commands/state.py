"""Where the state of a project lies, found by looking at files alone.

Starting git costs a reading command more than its whole answer. Commands that write open the project itself.
"""

from __future__ import annotations

import re
from pathlib import Path

from factory.errors import BadInput
from factory.paths import STATE_DIR, ProjectPaths


def state_of(path: str) -> ProjectPaths:
    """The state of the project that ``path`` lies in; linked worktrees have that of the main checkout.

    A folder with a ``.factory`` and without git will do, for reading. Raises BadInput when there is neither.
    """
    folder = Path(path).expanduser()
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise BadInput(f"{path} {what}.", "Name the folder of a project.")
    folder = folder.resolve()
    for place in (folder, *folder.parents):
        if (place / ".git").exists():
            return ProjectPaths(_main_checkout(place))
        if (place / STATE_DIR).is_dir() and place != Path.home():  # ~/.factory is the factory home
            return ProjectPaths(place)
    raise BadInput(f"{path} is not in a git repository.", "Name the folder of a project, or `git init` one.")


def common_dir_of(paths: ProjectPaths) -> Path:
    """The git directory that all worktrees of a project share; it need not exist where there is no git."""
    return _common_dir(paths.root)


def _main_checkout(top: Path) -> Path:
    """What ``project.open_project`` asks git for, found without it: a reader must not start a process.

    It is the top of the main checkout; of a bare repository there is none, and the linked one counts.
    """
    common = _common_dir(top)
    linked = _git_dir(top) != common
    return common.parent if linked and common.name == ".git" and not _is_bare(common) else top


def _common_dir(top: Path) -> Path:
    git_dir = _git_dir(top)
    try:
        return (git_dir / (git_dir / "commondir").read_text().strip()).resolve()
    except (OSError, ValueError):
        return git_dir


def _git_dir(top: Path) -> Path:
    """Where ``.git`` leads: it is a folder, or a file that names one (linked worktree, submodule)."""
    link = top / ".git"
    if link.is_dir():
        return link
    try:
        return (top / link.read_text().removeprefix("gitdir:").strip()).resolve()
    except (OSError, ValueError):
        return link


def _is_bare(common: Path) -> bool:
    """Whether a git directory's settings say that it has no checkout of its own."""
    for name in ("config", "config.worktree"):
        try:
            settings = (common / name).read_text(errors="replace")
        except OSError:
            continue
        if re.search(r"^\s*bare\s*=\s*true\s*$", settings, re.MULTILINE):
            return True
    return False
