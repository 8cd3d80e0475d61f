"""From a path that a person typed to the project it lies in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from factory.errors import BadInput
from factory.fsio import ensure_private_dir
from factory.git import GitError, Repo, toplevel
from factory.paths import STATE_DIR, ProjectPaths
from factory.words import quoted

EXCLUDE_LINE = f"/{STATE_DIR}/"
FIRST_COMMIT = ("add -A", "commit -m 'Start'")


@dataclass(frozen=True)
class Project:
    """A repository with at least one commit, addressed by the root of its main checkout.

    Linked worktrees are the same project: they share its state.
    """

    repo: Repo

    @property
    def root(self) -> Path:
        """The top of the main checkout."""
        return self.repo.root

    @cached_property
    def paths(self) -> ProjectPaths:
        """Where the project keeps its state."""
        return ProjectPaths(self.root)

    @property
    def common_dir(self) -> Path:
        """The git directory that all worktrees share."""
        return self.repo.common_dir


def open_project(path: str | Path) -> Project:
    """The project that ``path`` lies in.

    Raises BadInput for what is no folder, no git repository, a bare one, or one without a commit, with the
    commands to type; EnvironmentLacking where git is missing.
    """
    folder = Path(path).expanduser()
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise BadInput(f"{path} {what}.", "Name the folder of a project.")
    top = toplevel(folder)
    if top is None:
        raise _no_checkout(folder)
    repo = Repo(_main_checkout(Repo(top)))
    if repo.find("HEAD") is None:
        is_empty = not repo.uncommitted(untracked=True)
        hint = _start_there(repo.root) if is_empty else _commands(repo.root, *FIRST_COMMIT)
        raise BadInput(f"{repo.root} has no commit yet.", hint)
    return Project(repo)


def ensure_state_dir(project: Project) -> None:
    """Make ``.factory/``, private to the user, and keep it out of git without touching a tracked file."""
    ensure_private_dir(project.paths.state)
    exclude = project.common_dir / "info" / "exclude"
    text = exclude.read_text(errors="surrogateescape") if exclude.exists() else ""
    if EXCLUDE_LINE in text.splitlines():
        return
    exclude.parent.mkdir(exist_ok=True)
    newline = "" if not text or text.endswith("\n") else "\n"
    with exclude.open("a") as file:
        file.write(f"{newline}{EXCLUDE_LINE}\n")


def written_here(root: Path, files: Sequence[Path]) -> list[Path]:
    """Those of ``files``, in the state of the project at ``root``, that did not come with its repository.

    What git tracks was handed over: it is imported history, decides nothing and is nobody's word.
    """
    in_git = (root / ".git").exists()  # a folder with a .factory alone can be read too
    foreign = Repo(root).tracked(*files) if files and in_git else set()
    return [path for path in files if path not in foreign]


def _commands(folder: Path, *commands: str) -> str:
    lines = [f"git -C {quoted(folder)} {command}" for command in commands]
    return "Type:\n" + "\n".join(f"  {line}" for line in lines)


def _start_there(folder: Path) -> str:
    """What to do with a folder in which there is nothing to commit."""
    start = f'factory ceo "…" --dir {quoted(folder)}'
    return f"There is no file in it: put a project's files there, or start with an idea: {start}"


def _main_checkout(repo: Repo) -> Path:
    """The top of the main working tree; of a bare repository there is none, and the linked one counts."""
    if (repo.root / ".git").is_dir():
        return repo.root
    common = repo.common_dir
    linked = Path(repo.git("rev-parse", "--absolute-git-dir").rstrip("\n")).resolve() != common
    # Named as the git directory: a person may have told git to trust none that it only comes across.
    bare = linked and repo.git("--git-dir", str(common), "rev-parse", "--is-bare-repository") == "true\n"
    return common.parent if linked and common.name == ".git" and not bare else repo.root


def _no_checkout(folder: Path) -> BadInput:
    """Why git knows no working tree here."""
    try:
        bare = Repo(folder).git("rev-parse", "--is-bare-repository") == "true\n"
    except GitError:
        place = folder.resolve()
        hint = _commands(place, "init", *FIRST_COMMIT) if any(place.iterdir()) else _start_there(place)
        return BadInput(f"{folder} is not in a git repository.", hint)
    if bare:
        return BadInput(
            f"{folder} is a bare repository, without files to work on.",
            _commands(folder.resolve(), f"worktree add {quoted(str(folder.resolve()) + '-checkout')}"),
        )
    return BadInput(f"{folder} lies inside a git directory.", "Name the folder of the checkout.")
