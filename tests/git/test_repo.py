"""What a repository hands out, and how its refs are moved: on real repositories."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory.errors import BadInput, EnvironmentLacking, Refused
from factory.git import GitError, Repo, fast_forward, toplevel
from tests.git.conftest import head
from tests.support.repos import commit, git, make_repo

ODD = 'ä "b"\tc\nd.txt'


class TestReading:
    def test_names_and_trees(self, repo: Repo) -> None:
        assert repo.current_branch() == "main"
        assert repo.resolve("main") == repo.find("HEAD") == repo.root_commit()
        assert repo.find("nothing") is None
        with pytest.raises(BadInput, match="There is no commit named 'nothing'"):
            repo.resolve("nothing")
        git(repo.root, "checkout", "--quiet", "--detach")
        assert repo.current_branch() == ""

    def test_a_tree_is_no_commit(self, repo: Repo) -> None:
        assert repo.find(repo.tree("HEAD")) is None

    def test_changes_with_odd_names_modes_and_kinds(self, repo: Repo) -> None:
        start = head(repo)
        (repo.root / "sub/b.txt").chmod(0o755)
        (repo.root / "link").symlink_to("a.txt")
        end = commit(repo.root, {"a.txt": None, ODD: "x\n"}, "All kinds")
        assert {c.path: (c.status, c.old_mode, c.new_mode) for c in repo.changes(start, end)} == {
            "a.txt": ("D", "100644", "000000"),
            "link": ("A", "000000", "120000"),
            "sub/b.txt": ("M", "100644", "100755"),
            ODD: ("A", "000000", "100644"),
        }
        assert repo.symlink_target(end, "link") == "a.txt"
        assert sorted(repo.files(end)) == sorted(["link", "sub/b.txt", ODD])
        assert repo.show(end, ODD) == "x\n"
        assert repo.show(end, "a.txt") is None

    def test_what_came_with_git_is_told_also_behind_a_link_and_in_other_letters(self, repo: Repo) -> None:
        (repo.root / "link").symlink_to("sub")
        commit(repo.root, {"Kept/one.txt": "1\n"}, "More")
        came = [repo.root / name for name in ("a.txt", "sub/b.txt", "link/b.txt", "kept/one.txt")]
        others = [repo.root / name for name in ("sub", "sub/c.txt", "c.txt", "Kept/on", ".factory/log")]
        assert repo.tracked(*came, *others) == {*came}

    def test_a_rename_is_a_deletion_and_an_addition(self, repo: Repo) -> None:
        start = head(repo)
        git(repo.root, "config", "diff.renames", "true")
        git(repo.root, "mv", "a.txt", "z.txt")
        end = commit(repo.root, {}, "Rename")
        assert [(c.status, c.path) for c in repo.changes(start, end)] == [("D", "a.txt"), ("A", "z.txt")]

    def test_bytes_that_are_no_text_survive(self, repo: Repo) -> None:
        (repo.root / "raw.bin").write_bytes(b"\xff\xfe\x00a\n")
        end = commit(repo.root, {}, "Raw")
        text = repo.show(end, "raw.bin")
        assert text is not None
        assert text.encode("utf-8", "surrogateescape") == b"\xff\xfe\x00a\n"

    def test_missing_commits_are_found_in_one_call(self, repo: Repo) -> None:
        assert repo.missing([head(repo), "0" * 40, repo.tree("HEAD")]) == {"0" * 40, repo.tree("HEAD")}
        assert repo.missing([]) == set()

    def test_ancestors_and_ranges(self, repo: Repo) -> None:
        start, end = head(repo), commit(repo.root, {"a.txt": "2\n"}, "Two")
        assert repo.is_ancestor(start, end)
        assert not repo.is_ancestor(end, start)
        assert repo.merge_base(start, end) == start
        git(repo.root, "checkout", "--quiet", "--orphan", "apart")
        assert repo.merge_base(start, commit(repo.root, {"x": "x"}, "Apart")) == ""

    def test_toplevel(self, repo: Repo, tmp_path: Path) -> None:
        assert toplevel(repo.root / "sub") == repo.root.resolve()
        assert toplevel(tmp_path) is None

    def test_settings_of_the_person_change_nothing_of_what_is_read(self, repo: Repo, tmp_path: Path) -> None:
        start, end = head(repo), commit(repo.root, {"a.txt": "2\n"}, "Two")
        signed = git(repo.root, "cat-file", "commit", end) + "\n"
        signed = signed.replace("\ncommitter ", "\ngpgsig not one\ncommitter ", 1)
        (tmp_path / "signed").write_text(signed)
        sha = git(repo.root, "hash-object", "-t", "commit", "-w", "--literally", str(tmp_path / "signed"))
        git(repo.root, "update-ref", "refs/heads/side", sha)
        plain = repo.diff(start, end)
        for key in ("log.showSignature", "diff.noprefix", "diff.mnemonicPrefix"):
            git(repo.root, "config", key, "true")
        assert repo.subject(sha) == "Two"
        assert list(repo.line_of("side")) == [start, sha]
        assert repo.churn(sha, 1) == ["a.txt"]
        assert repo.diff(start, sha) == plain

    def test_git_variables_of_a_calling_hook_do_not_redirect_it(
        self, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = make_repo(tmp_path / "other", {"o": "o"})
        monkeypatch.setenv("GIT_DIR", str(other / ".git"))
        monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
        assert repo.files("HEAD") == ["a.txt", "sub/b.txt"]


class TestRefs:
    def test_set_rename_delete(self, repo: Repo) -> None:
        sha = head(repo)
        repo.set_ref("refs/factory/one", sha)
        repo.rename_ref("refs/factory/one", "refs/factory/two")
        assert repo.refs("refs/factory/") == {"refs/factory/two": sha}
        repo.rename_ref("refs/factory/none", "refs/factory/three")
        repo.delete_ref("refs/factory/two")
        repo.delete_ref("refs/factory/two")
        assert repo.refs("refs/factory/") == {}

    def test_a_ref_moves_only_from_where_it_is_expected(self, repo: Repo) -> None:
        start, end = head(repo), commit(repo.root, {"a.txt": "2\n"}, "Two")
        repo.set_ref("refs/factory/x", start)
        with pytest.raises(GitError, match="git could not move refs/factory/x"):
            repo.set_ref("refs/factory/x", end, end)
        assert repo.refs("refs/factory/")["refs/factory/x"] == start

    def test_a_branch_that_is_checked_out_is_neither_moved_nor_removed(
        self, repo: Repo, tmp_path: Path
    ) -> None:
        start, end = head(repo), commit(repo.root, {"a.txt": "2\n"}, "Two")
        git(repo.root, "branch", "side", start)
        git(repo.root, "worktree", "add", "--quiet", str(tmp_path / "w"), "side")
        for branch, other in (("main", start), ("side", end)):
            with pytest.raises(Refused, match=f"{branch} is checked out in "):
                repo.set_ref(f"refs/heads/{branch}", other)
            repo.delete_ref(f"refs/heads/{branch}")
        repo.set_ref("refs/heads/main", end)  # where it is already
        assert repo.refs("refs/heads/") == {"refs/heads/main": end, "refs/heads/side": start}

    def test_a_worktree_whose_folder_is_gone_holds_nothing(self, repo: Repo, tmp_path: Path) -> None:
        git(repo.root, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "w"))
        assert repo.worktree_of("side") == (tmp_path / "w").resolve()
        (tmp_path / "w").rename(tmp_path / "moved")
        assert repo.worktree_of("side") is None
        end = commit(repo.root, {"a.txt": "2\n"}, "Two")
        assert fast_forward(repo, "side", end).done


@pytest.mark.parametrize(
    "said",
    [
        "fatal: cannot update ref 'refs/x': couldn't write '/p/.git/refs/x.lock'",
        "error: unable to write file .git/objects/1/2: No space left on device",
    ],
)
def test_a_disk_that_git_cannot_write_to_is_the_environments_fault(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text(f'#!/bin/sh\necho "{said}" >&2\nexit 128\n')
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    with pytest.raises(EnvironmentLacking, match="git could not write to the disk: ") as caught:
        repo.set_ref("refs/x", "0" * 40)
    assert caught.value.hint == "Make room there, or give yourself access to it, and try again."


def test_many_files_are_read_as_each_by_itself(tmp_path: Path) -> None:
    files = {"a.py": "one\n", "with space 7": "two", "empty": "", "sub/ümlaut": "drei\n"}
    repo = Repo(make_repo(tmp_path / "p", files))
    commit(repo.root, {"line\nbreak": "vier\n"}, "odd")
    (repo.root / "raw").write_bytes(b"\xff\x00blob 3\n")
    commit(repo.root, {}, "raw")
    changes = repo.changes(git(repo.root, "hash-object", "-t", "tree", "/dev/null"), "HEAD")
    assert sorted(change.path for change in changes) == sorted([*files, "line\nbreak", "raw"])
    texts = repo.texts([change.new_blob for change in changes])
    assert {change.path: texts[change.new_blob] for change in changes} == {
        change.path: repo.show("HEAD", change.path) for change in changes
    }
    assert repo.texts([]) == {}


@pytest.mark.parametrize("where", ["the repository's own", "the person's"])
def test_a_submodule_that_moved_is_a_change_whatever_a_setting_says(repo: Repo, where: str) -> None:
    if where == "the repository's own":
        modules = '[submodule "vendor"]\n\tpath = vendor\n\turl = ./vendor\n\tignore = all\n'
        (repo.root / ".gitmodules").write_text(modules)
    vendor = make_repo(repo.root / "vendor", {"v.txt": "1\n"})
    before = commit(repo.root, {}, "A submodule")
    moved = commit(vendor, {"v.txt": "2\n"}, "On its own")
    git(repo.root, "update-index", "--cacheinfo", f"160000,{moved},vendor")
    git(repo.root, "commit", "--quiet", "--message", "Moved")
    after = head(repo)
    if where == "the person's":
        git(repo.root, "config", "diff.ignoreSubmodules", "all")
    assert [change.path for change in repo.changes(before, after)] == ["vendor"]
    assert f"+Subproject commit {moved}" in repo.diff(before, after)


def test_a_file_is_the_committed_one_up_to_what_git_converts(repo: Repo) -> None:
    git(repo.root, "config", "core.autocrlf", "true")
    (repo.root / "a.txt").write_bytes(b"1\r\n")
    assert repo.holds("HEAD", "a.txt")
    (repo.root / "a.txt").write_bytes(b"2\r\n")
    assert not repo.holds("HEAD", "a.txt")
    assert not repo.holds("HEAD", "none.txt")
