"""Finding the project that a path lies in, in real repositories."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from factory.commands.state import state_of
from factory.errors import EXIT_ENVIRONMENT, EXIT_USAGE, BadInput, EnvironmentLacking
from factory.project import ensure_state_dir, open_project
from factory.target import new_project, resolve_target


def git(folder: Path, *args: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *identity, *args], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    top = tmp_path.resolve() / "some project"
    (top / "src").mkdir(parents=True)
    git(top, "init", "-q")
    git(top, "commit", "-q", "--allow-empty", "-m", "Start")
    return top


def test_a_folder_inside_belongs_to_the_project(root: Path) -> None:
    project = open_project(root / "src")
    assert project.root == root
    assert project.paths.state == root / ".factory"
    assert project.common_dir == root / ".git"


def test_a_linked_worktree_shares_the_state_of_the_main_checkout(root: Path) -> None:
    linked = root.parent / "linked"
    git(root, "worktree", "add", "-q", str(linked))
    project = open_project(str(linked))
    assert project.root == state_of(str(linked)).root == root
    assert project.common_dir == root / ".git"


def test_a_linked_worktree_is_known_where_git_is_told_to_trust_no_git_directory_it_meets(root: Path) -> None:
    linked = root.parent / "linked"
    git(root, "worktree", "add", "-q", str(linked))
    git(root, "config", "--global", "safe.bareRepository", "explicit")
    assert open_project(str(linked)).root == root


def test_a_submodule_is_a_project_of_its_own(root: Path) -> None:
    outer = root.parent / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(root), "inner")
    inner = outer / "inner"
    assert open_project(inner).root == state_of(str(inner)).root == inner


@pytest.mark.parametrize("store", ["store", "store/.git"])
def test_a_checkout_with_its_git_directory_elsewhere_is_its_own_main_checkout(
    tmp_path: Path, store: str
) -> None:
    (tmp_path / store).parent.mkdir(exist_ok=True)
    top = tmp_path.resolve() / "apart"
    top.mkdir()
    git(top, "init", "-q", "--separate-git-dir", str(tmp_path / store))
    git(top, "commit", "-q", "--allow-empty", "-m", "Start")
    assert open_project(top).root == state_of(str(top)).root == top


@pytest.mark.parametrize("name", ["bare.git", ".git"])
def test_a_worktree_of_a_bare_repository_keeps_its_own_state(root: Path, name: str) -> None:
    store = root.parent / "hub" / name
    git(root.parent, "clone", "-q", "--bare", str(root), str(store))
    linked = root.parent / "hub" / "work"
    git(store, "worktree", "add", "-q", str(linked), "-b", "work")
    assert open_project(linked).root == state_of(str(linked)).root == linked


def refusal(path: Path) -> tuple[str, str]:
    with pytest.raises(BadInput) as caught:
        open_project(path)
    assert caught.value.exit_code == EXIT_USAGE
    return caught.value.message, caught.value.hint


def test_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refusal(tmp_path / "none")[0] == f"{tmp_path}/none does not exist."
    assert refusal(tmp_path / "file")[0] == f"{tmp_path}/file is a file, not a folder."


def test_no_git_comes_with_commands_that_work(tmp_path: Path) -> None:
    top = tmp_path.resolve() / "it's new"
    top.mkdir()
    (top / "a.py").touch()
    message, hint = refusal(top)
    assert message == f"{top} is not in a git repository."
    assert [line.split("new'")[-1] for line in hint.splitlines()] == [
        "Type:",
        " init",
        " add -A",
        " commit -m 'Start'",
    ]
    run_hint(hint)
    assert open_project(top).root == top


def test_no_commit_comes_with_commands_that_work(tmp_path: Path) -> None:
    top = tmp_path.resolve()
    git(top, "init", "-q")
    (top / "a.py").touch()
    message, hint = refusal(top)
    assert message == f"{top} has no commit yet."
    assert hint == f"Type:\n  git -C {top} add -A\n  git -C {top} commit -m 'Start'"
    run_hint(hint)
    assert open_project(top).root == top


@pytest.mark.parametrize("is_repository", [True, False])
def test_an_empty_folder_is_one_to_start_in(tmp_path: Path, is_repository: bool) -> None:
    top = tmp_path.resolve() / "empty"
    top.mkdir()
    if is_repository:
        git(top, "init", "-q")
    message, hint = refusal(top)
    assert message == f"{top} {'has no commit yet' if is_repository else 'is not in a git repository'}."
    start = f'factory ceo "…" --dir {top}'
    assert hint == f"There is no file in it: put a project's files there, or start with an idea: {start}"
    target = resolve_target("count the words of a text", cwd=tmp_path)
    new_project(target, top)
    assert open_project(top).root == top


def run_hint(hint: str) -> None:
    """Type what the hint says."""
    who = {f"GIT_{who}_{what}": "t@t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    script = "\n".join(hint.splitlines()[1:])
    subprocess.run(["sh", "-ec", script], check=True, capture_output=True, env={**os.environ, **who})


def test_a_bare_repository_and_a_git_directory_are_no_projects(root: Path) -> None:
    bare = root.parent / "bare.git"
    git(root.parent, "clone", "-q", "--bare", str(root), str(bare))
    assert refusal(bare) == (
        f"{bare} is a bare repository, without files to work on.",
        f"Type:\n  git -C {bare} worktree add {bare}-checkout",
    )
    assert refusal(root / ".git")[0] == f"{root}/.git lies inside a git directory."


def test_a_folder_of_another_user_comes_with_a_command_that_works_from_anywhere(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only root can give a folder away: a git that says what the real one says then.
    says = f"fatal: detected dubious ownership in repository at '{root}'"
    git = tmp_path / "bin/git"
    git.parent.mkdir()
    git.write_text(f"#!/bin/sh\necho {shlex.quote(says)} >&2\nexit 128\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", str(git.parent), prepend=os.pathsep)
    monkeypatch.chdir(root)
    with pytest.raises(BadInput, match="belongs to another user") as caught:
        open_project(".")
    assert caught.value.hint == f"git config --global --add safe.directory {shlex.quote(str(root))}"


def test_git_missing(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentLacking) as caught:
        open_project(root)
    assert caught.value.exit_code == EXIT_ENVIRONMENT


def test_the_state_folder_is_private_and_unseen_by_git(root: Path) -> None:
    exclude = root / ".git/info/exclude"
    exclude.write_text("*.log")
    project = open_project(root)
    for _ in range(2):
        ensure_state_dir(project)
    (root / ".factory/results.tsv").touch()
    assert (root / ".factory").stat().st_mode & 0o777 == 0o700
    assert exclude.read_text() == "*.log\n/.factory/\n"
    assert git(root, "status", "--porcelain") == ""


def test_a_state_folder_with_open_rights_is_closed(root: Path) -> None:
    (root / ".factory").mkdir(mode=0o755)
    ensure_state_dir(open_project(root))
    assert (root / ".factory").stat().st_mode & 0o777 == 0o700


def test_opening_does_not_import_pydantic() -> None:
    code = "import factory.project, factory.config, sys; print('pydantic' in sys.modules)"
    assert (
        subprocess.check_output([sys.executable, "-c", code], text=True, cwd=Path(__file__).parents[1])
        == "False\n"
    )
