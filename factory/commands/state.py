"""Where the state of a project lies, found by looking at files alone.

Starting git costs a reading command more than its whole answer. Commands that write open the project itself.
"""

from __future__ import annotations

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
    """The top of the main checkout, for a linked worktree's ``.git`` is a file that points into it."""
    common = _common_dir(top)
    return common.parent if common.name == ".git" else top


def _common_dir(top: Path) -> Path:
    """Where ``.git`` leads: it is a folder, or a file that names one (linked worktree, submodule)."""
    link = top / ".git"
    if link.is_dir():
        return link
    try:
        git_dir = (top / link.read_text().removeprefix("gitdir:").strip()).resolve()
    except (OSError, ValueError):
        return link
    try:
        return (git_dir / (git_dir / "commondir").read_text().strip()).resolve()
    except (OSError, ValueError):
        return git_dir
