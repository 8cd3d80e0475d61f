"""What TARGET is taken for, and the projects and clones that are made of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from factory.errors import BadInput, EnvironmentLacking, Refused
from factory.git import Repo
from factory.paths import HomePaths
from factory.target import (
    clone_url,
    is_trusted,
    new_place,
    new_project,
    project_name,
    resolve_target,
    trust,
)
from tests.support.repos import commit, git, make_repo

IDEA = "a command-line tool that converts CSV to JSON"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    (tmp_path / "two words").mkdir()
    (tmp_path / "idea.md").write_text("# Pocket\n\nMoney.\n")
    (tmp_path / "NOTES.MD").write_text("notes\n")
    (tmp_path / "notes.txt").write_text("notes\n")
    (tmp_path / "empty.md").write_text(" \n")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("folder", "dir", "{here}/folder is taken for a directory: a project in git"),
        ("two words", "dir", "{here}/two words is taken for a directory: a project in git"),
        (".", "dir", "{here} is taken for a directory: a project in git"),
        ("idea.md", "file", "{here}/idea.md is taken for a file to start from"),
        ("NOTES.MD", "file", "{here}/NOTES.MD is taken for a file to start from"),
        ("https://example.org/a/b.git", "url", "https://example.org/a/b.git is taken for a git URL"),
        ("https://me:secret@example.org/b", "url", "https://example.org/b is taken for a git URL"),
        ("git@example.org:a/b.git", "url", "git@example.org:a/b.git is taken for a git URL"),
        ("ssh://git@example.org/a", "url", "ssh://example.org/a is taken for a git URL"),
        (IDEA, "idea", f'"{IDEA}" is taken for an idea'),
        ("look at https://example.org", "idea", '"look at https://example.org" is taken for an idea'),
        ("a thing " * 20, "idea", f'"{("a thing " * 20)[:59]}…" is taken for an idea'),
        ("a chat with client/server roles", "idea", '"a chat with client/server roles" is taken for an idea'),
        (
            "a tool that reads and sorts notes.md",
            "idea",
            '"a tool that reads and sorts notes.md" is taken for an idea',
        ),
    ],
)
def test_taken_for(here: Path, text: str, kind: str, said: str) -> None:
    found = resolve_target(text, cwd=here)
    assert (found.kind, found.said) == (kind, said.format(here=here))


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "The target is empty", "Name a directory"),
        ("chess", "is neither a directory, nor a .md file, nor a git URL", "--as idea"),
        ("missing.md", "missing.md does not exist", "--as idea"),
        ("my notes.md", "my notes.md does not exist", "--as idea"),
        ("./missing dir", "./missing dir does not exist", "--as idea"),
        ("~/no such place", "~/no such place does not exist", "--as idea"),
        ("/no/such place", "/no/such place does not exist", "--as idea"),
        ("a typo/in path", "a typo/in path does not exist", "--as idea"),
        ("two words/mini", "two words/mini does not exist", "--as idea"),
        ("two words/mini and much more of it", "does not exist", "--as idea"),
        ("owner/repo", "could be a repository on a server", "https://github.com/owner/repo"),
        ("notes.txt", "is a file, but no .md file", "--as file"),
        ("empty.md", "empty.md is empty", "Write down"),
        ("ext::sh", "no git URL that is cloned from here", "https://"),
        ("ftp://example.org/x", "no git URL that is cloned from here", "https://"),
        ("x\0y", "is neither a directory", "--as idea"),
        ("x" * 5000, "is neither a directory", "--as idea"),
    ],
)
def test_a_doubt_is_an_error_that_says_how_to_settle_it(
    here: Path, text: str, message: str, hint: str
) -> None:
    with pytest.raises(BadInput) as caught:
        resolve_target(text, cwd=here)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "as_kind", "kind"),
    [
        ("folder", "idea", "idea"),
        ("chess", "idea", "idea"),
        ("notes.txt", "file", "file"),
        ("two words", "dir", "dir"),
        ("https://example.org/x", "idea", "idea"),
    ],
)
def test_as_settles_a_doubt(here: Path, text: str, as_kind: str, kind: str) -> None:
    assert resolve_target(text, as_kind=as_kind, cwd=here).kind == kind


@pytest.mark.parametrize(
    ("text", "as_kind"),
    [("notes.txt", "dir"), ("folder", "file"), ("folder", "url"), ("ext::sh -c x", "url")],
)
def test_as_does_not_make_it_so(here: Path, text: str, as_kind: str) -> None:
    with pytest.raises(BadInput):
        resolve_target(text, as_kind=as_kind, cwd=here)


def test_a_specification_in_its_project_means_the_project(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "p", {"SPEC.md": "# A — Specification\n", "docs/SPEC.md": "text\n"})
    with pytest.raises(BadInput, match="is the specification of the project") as caught:
        resolve_target(str(root / "SPEC.md"), cwd=tmp_path)
    assert f"factory ceo {root}" in caught.value.hint
    assert resolve_target(str(root / "SPEC.md"), as_kind="file", cwd=tmp_path).kind == "file"
    assert resolve_target(str(root / "docs/SPEC.md"), cwd=tmp_path).kind == "file"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (IDEA, "converts-csv-json"),
        ("# Pocket Money — Specification\n\ntext", "pocket-money"),
        ("Déjà vu finder", "deja-vu-finder"),
        ("人们想要一个工具", "new-project"),
        ("../../etc/passwd of the world", "etc-passwd-world"),
        ("a tool", "a-tool"),
        ("x" * 100, "x" * 40),
    ],
)
def test_a_directory_is_named_from_the_idea(text: str, name: str) -> None:
    assert project_name(text) == name


def start(here: Path, text: str = IDEA, name: str | None = None) -> Path:
    target = resolve_target(text, cwd=here)
    return new_project(target, new_place(target, cwd=here, name=Path(name) if name else None))


def test_a_new_project_is_a_repository_with_the_idea_in_it(here: Path) -> None:
    place = start(here)
    assert place == here / "converts-csv-json"
    assert (place / "README.md").read_text() == f"# converts-csv-json\n\n{IDEA}\n"
    assert git(place, "log", "--format=%an %s", "main") == "Pat Person Start with the idea"
    assert git(place, "status", "--porcelain") == ""
    assert git(place, "branch", "--show-current") == "main"


def test_a_file_is_the_readme_as_it_is(here: Path) -> None:
    place = start(here, "idea.md", name="elsewhere/deep")
    assert place == here / "elsewhere/deep"
    assert (place / "README.md").read_text() == "# Pocket\n\nMoney.\n"


def test_without_an_identity_the_commit_has_the_engines(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    assert git(start(here), "log", "--format=%an <%ae>") == "factory <factory@localhost>"


def test_no_hook_of_the_persons_runs(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = here / "template/hooks"
    template.mkdir(parents=True)
    for name in ("pre-commit", "post-commit", "post-checkout", "reference-transaction"):
        (template / name).write_text(f"#!/bin/sh\ntouch {here}/ran\n")
        (template / name).chmod(0o755)
    subprocess.run(["git", "config", "--global", "init.templateDir", str(template.parent)], check=True)
    start(here)
    assert not (here / "ran").exists()


def test_the_same_idea_again_goes_on_in_its_project(here: Path) -> None:
    place = start(here)
    commit(place, {"src/a.py": "x = 1\n"}, "Work")
    assert start(here) == place
    assert (place / "src/a.py").exists()


@pytest.mark.parametrize("content", [{"other.txt": "mine\n"}, {"README.md": "mine\n"}])
def test_nothing_is_overwritten(here: Path, content: dict[str, str]) -> None:
    place = here / "converts-csv-json"
    place.mkdir()
    for name, text in content.items():
        (place / name).write_text(text)
    with pytest.raises(BadInput, match="exists already") as caught:
        start(here)
    assert "--dir" in caught.value.hint
    assert {p.name: p.read_text() for p in place.iterdir()} == content


def test_a_file_or_a_dangling_link_in_the_way_stays(here: Path) -> None:
    with pytest.raises(BadInput, match="exists already"):
        start(here, name="notes.txt")
    (here / "link").symlink_to(here / "nowhere")
    with pytest.raises(BadInput, match="exists already"):
        start(here, name="link")
    assert not (here / "nowhere").exists()


def test_an_empty_directory_is_a_place(here: Path) -> None:
    assert start(here, name="folder") == here / "folder"


@pytest.fixture
def remote(tmp_path: Path) -> str:
    root = make_repo(tmp_path / "remote", {"a.py": "x = 1\n"})
    commit(root, {"b.py": "y = 1\n"}, "More")
    return root.as_uri()


def test_nothing_is_cloned_without_trust(remote: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nobody has agreed") as caught:
        clone_url(remote, tmp_path / "clone", trusted=False)
    assert "--trust" in caught.value.hint
    assert not (tmp_path / "clone").exists()


def test_a_clone_has_the_history_and_is_used_again(remote: str, tmp_path: Path) -> None:
    place = clone_url(remote, tmp_path / "clone", trusted=True)
    assert git(place, "log", "--format=%s") == "More\nStart"
    commit(place, {"c.py": "z = 1\n"}, "Mine")
    assert clone_url(remote + "/", place, trusted=True) == place
    assert git(place, "log", "--format=%s", "-1") == "Mine"
    with pytest.raises(BadInput, match="is no clone of"):
        clone_url(remote + "2", place, trusted=True)


def test_a_clone_that_fails_leaves_nothing_and_no_password(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentLacking, match="git could not clone") as caught:
        clone_url("http://me:secret@127.0.0.1:9/x.git", tmp_path / "clone", trusted=True)
    assert "secret" not in caught.value.message
    assert not (tmp_path / "clone").exists()


def test_trust_is_remembered_without_passwords(tmp_path: Path) -> None:
    home = HomePaths(tmp_path / "home")
    assert not is_trusted("https://example.org/a/b.git", home)
    trust("https://me:secret@example.org/a/b.git", home)
    trust("git@example.org:c", home)
    assert is_trusted("https://example.org/a/b", home)
    assert is_trusted("https://you@example.org/a/b/", home)
    assert is_trusted("git@example.org:c.git", home)
    assert not is_trusted("https://example.org/a", home)
    assert "secret" not in home.trust.read_text()


def test_a_damaged_trust_is_said_and_trusts_nothing(tmp_path: Path) -> None:
    home = HomePaths(tmp_path)
    home.trust.write_text('{"v": 1, "urls": ["https://example.org"]}')
    with pytest.raises(BadInput, match="is damaged"):
        is_trusted("https://example.org", home)


def test_an_agent_cannot_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACTORY_ROLE", "builder")
    with pytest.raises(Refused):
        trust("https://example.org/a", HomePaths(tmp_path))


@pytest.mark.parametrize("what", ["init", "symbolic-ref", "record the first files", "make the first commit"])
def test_a_start_that_was_cut_off_is_started_to_its_end(
    here: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    real = Repo.git

    def cut(self: Repo, *args: str, **data: object) -> str:
        done = real(self, *args, **data)  # type: ignore[arg-type]
        if what in (args[0], data.get("what")) and args[0] != "update-ref":
            raise KeyboardInterrupt
        if what == "make the first commit" and args[0] == "write-tree":
            raise KeyboardInterrupt
        return done

    target = resolve_target("counts the words of a text", cwd=here)
    place = new_place(target, cwd=here)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Repo, "git", cut)
        new_project(target, place)
    assert new_project(target, place) == place
    assert git(place, "log", "--format=%s") == "Start with the idea"
    assert git(place, "status", "--porcelain") == ""


def test_a_repository_with_work_of_somebody_is_not_started_over(here: Path) -> None:
    target = resolve_target("counts the words of a text", cwd=here)
    place = make_repo(new_place(target, cwd=here), {"README.md": "# Mine\n"})
    git(place, "switch", "--quiet", "--orphan", "empty")
    with pytest.raises(BadInput):
        new_project(target, place)
