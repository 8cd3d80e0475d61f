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


def _main_checkout(top: Path) -> Path:
    """The top of the main checkout, for a linked worktree's ``.git`` is a file that points into it."""
    link = top / ".git"
    if link.is_dir():
        return top
    try:
        git_dir = (top / link.read_text().removeprefix("gitdir:").strip()).resolve()
        common = (git_dir / (git_dir / "commondir").read_text().strip()).resolve()
    except (OSError, ValueError):
        return top
    return common.parent if common.name == ".git" else top
