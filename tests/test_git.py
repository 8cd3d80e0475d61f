"""The git adapter on real repositories: what it hands out, and what it never does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory.errors import BadInput, EnvironmentLacking, Refused
from factory.git import Repo, scratch_checkout, toplevel
from factory.git_errors import GitError
from tests.support.repos import commit, git, make_repo

ODD = 'ä "b"\tc\nd.txt'


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(make_repo(tmp_path / "r", {"a.txt": "1\n", "sub/b.txt": "2\n"}))


def head(repo: Repo) -> str:
    return repo.resolve("HEAD")


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


class TestRemotes:
    def test_a_push_brings_the_branch_and_nothing_else(self, repo: Repo, tmp_path: Path) -> None:
        git(tmp_path, "init", "--quiet", "--bare", "remote")
        git(repo.root, "tag", "--annotate", "--message", "mine alone", "private")
        git(repo.root, "config", "push.followTags", "true")
        repo.push(str(tmp_path / "remote"), head(repo), "topic")
        assert list(Repo(tmp_path / "remote").refs("refs/")) == ["refs/heads/topic"]

    def test_what_takes_too_long_is_called_that(self, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("factory.git._REMOTE_TIMEOUT_S", 0.2)
        git(repo.root, "config", "protocol.ext.allow", "always")
        with pytest.raises(GitError, match=r"git could not fetch main from .*: it was not done after 0 s\."):
            repo.fetch("ext::sleep 30", "main")


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
        assert repo.fast_forward("side", end).done

    def test_a_file_as_a_ref_of_its_own(self, repo: Repo, tmp_path: Path) -> None:
        log = tmp_path / "log.tsv"
        for text in ("one\n", "one\n", "one\ntwo\r\n"):
            log.write_bytes(text.encode())
            repo.write_blob_ref("refs/factory/log", "log.tsv", log, "Log")
        assert repo.show("refs/factory/log", "log.tsv") == "one\ntwo\r\n"
        assert git(repo.root, "rev-list", "--count", "refs/factory/log") == "2"
        assert git(repo.root, "status", "--porcelain") == ""


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


class TestCheckouts:
    def test_a_checkout_is_standalone_without_remotes_and_at_its_commit(
        self, repo: Repo, tmp_path: Path
    ) -> None:
        start = head(repo)
        commit(repo.root, {"a.txt": "2\n"}, "Two")
        place = tmp_path / "out"
        assert repo.checkout_at(start, place) == start
        assert (place / "a.txt").read_text() == "1\n"
        assert (place / ".git").is_dir()
        assert git(place, "remote") == ""
        assert git(place, "status", "--porcelain") == ""
        assert git(place, "rev-parse", "HEAD") == start
        assert not (place / ".git/objects/info/alternates").exists()

    def test_the_last_tag_is_that_of_the_checkout_for_build_systems_take_a_version_from_there(
        self, repo: Repo, tmp_path: Path
    ) -> None:
        git(repo.root, "tag", "v1.2.0")
        commit(repo.root, {"a.txt": "2\n"}, "Two")
        repo.checkout_at("HEAD", tmp_path / "out")
        assert git(tmp_path / "out", "describe", "--tags", "--long").startswith("v1.2.0-0-g")
        assert git(tmp_path / "out", "rev-list", "--count", "HEAD") == "1"

    def test_it_is_made_afresh_over_what_was_there(self, repo: Repo, tmp_path: Path) -> None:
        place = tmp_path / "out"
        repo.checkout_at("HEAD", place)
        (place / "litter").write_text("x")
        (place / ".git/HEAD").write_text("broken")
        repo.checkout_at("HEAD", place)
        assert sorted(path.name for path in place.iterdir()) == [".git", "a.txt", "sub"]

    def test_the_persons_hooks_and_templates_do_not_come_along(self, repo: Repo, tmp_path: Path) -> None:
        template = tmp_path / "template/hooks"
        template.mkdir(parents=True)
        (template / "post-checkout").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (template / "post-checkout").chmod(0o755)
        git(repo.root, "config", "--global", "init.templateDir", str(template.parent))
        repo.checkout_at("HEAD", tmp_path / "out")
        assert not (tmp_path / "ran").exists()
        assert not (tmp_path / "out/.git/hooks").exists()

    def test_a_scratch_checkout_goes_with_its_block_also_when_that_fails(
        self, repo: Repo, tmp_path: Path
    ) -> None:
        def look_and_fail() -> None:
            with scratch_checkout(repo, "HEAD", parent=tmp_path / "places") as place:
                assert (place / "a.txt").exists()
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            look_and_fail()
        assert list((tmp_path / "places").iterdir()) == []


class TestCommits:
    def test_a_snapshot_moves_no_ref_and_leaves_the_checkout_alone(self, repo: Repo, tmp_path: Path) -> None:
        start = head(repo)
        place = tmp_path / "out"
        repo.checkout_at(start, place)
        assert repo.snapshot(place, start, "Nothing") is None
        (place / "a.txt").write_text("changed\n")
        (place / "sub/b.txt").unlink()
        made = repo.snapshot(place, start, "Work\n\nBody\n")
        assert made is not None
        assert [(c.status, c.path) for c in repo.changes(start, made)] == [("M", "a.txt"), ("D", "sub/b.txt")]
        assert git(repo.root, "log", "-1", "--format=%B", made) == "Work\n\nBody\n"
        assert head(repo) == start
        assert git(repo.root, "status", "--porcelain") == ""

    def test_ignored_files_stay_out_and_tracked_ones_in(self, repo: Repo, tmp_path: Path) -> None:
        start = commit(repo.root, {".gitignore": "*.log\n"}, "Ignore")
        (repo.root / "kept.log").write_text("1\n")
        git(repo.root, "add", "--force", "kept.log")
        start = commit(repo.root, {}, "Kept all the same")
        place = tmp_path / "out"
        repo.checkout_at(start, place)
        (place / "kept.log").write_text("2\n")
        (place / "new.log").write_text("2\n")
        made = repo.snapshot(place, start, "Work")
        assert made is not None
        assert [c.path for c in repo.changes(start, made)] == ["kept.log"]

    def test_files_can_be_committed_without_a_checkout(self, repo: Repo) -> None:
        made = repo.commit_files(head(repo), {"new/c.txt": "3\n", "a.txt": "9\n"}, "Add")
        assert [(c.status, c.path) for c in repo.changes("HEAD", made)] == [
            ("M", "a.txt"),
            ("A", "new/c.txt"),
        ]
        assert git(repo.root, "status", "--porcelain") == ""

    def test_replaying_keeps_authors_and_gives_up_on_a_conflict(self, repo: Repo) -> None:
        base = head(repo)
        git(repo.root, "checkout", "--quiet", "-b", "work")
        one = commit(repo.root, {"sub/b.txt": "two\n"}, "One")
        git(repo.root, "checkout", "--quiet", "main")
        tip = commit(repo.root, {"a.txt": "other\n"}, "Theirs")
        replayed = repo.replay(base, one, tip)
        assert replayed is not None
        assert git(repo.root, "log", "--format=%s", replayed) == "One\nTheirs\nStart"
        assert repo.show(replayed, "a.txt") == "other\n"
        conflicting = commit(repo.root, {"sub/b.txt": "three\n"}, "Same line")
        assert repo.replay(base, one, conflicting) is None
        assert git(repo.root, "status", "--porcelain") == ""


class TestFastForward:
    def test_in_the_checkout(self, repo: Repo) -> None:
        end = repo.commit_files(head(repo), {"a.txt": "2\n"}, "Two")
        assert repo.fast_forward("main", end).done
        assert (repo.root / "a.txt").read_text() == "2\n"
        assert git(repo.root, "status", "--porcelain") == ""

    @pytest.mark.parametrize("staged", [False, True])
    def test_own_changes_in_the_way_are_left_alone(self, repo: Repo, staged: bool) -> None:
        start = head(repo)
        (repo.root / "a.txt").write_text("mine\n")
        if staged:
            git(repo.root, "add", "a.txt")
        merge = repo.fast_forward("main", repo.commit_files(start, {"a.txt": "2\n"}, "Two"))
        assert not merge.done
        assert merge.message == "changes of your own that are not committed are in the way: a.txt"
        assert (repo.root / "a.txt").read_text() == "mine\n"
        assert head(repo) == start

    def test_an_untracked_file_in_the_way_is_left_alone(self, repo: Repo) -> None:
        (repo.root / "new.txt").write_text("mine\n")
        assert not repo.fast_forward("main", repo.commit_files(head(repo), {"new.txt": "2\n"}, "Two")).done
        assert (repo.root / "new.txt").read_text() == "mine\n"

    @pytest.mark.parametrize("name", ["a.txt", "new.txt", "sub/[a] *.txt"])
    def test_a_file_in_the_way_that_is_the_same_is_no_hindrance(self, repo: Repo, name: str) -> None:
        (repo.root / name).write_text("2\n")
        (repo.root / "sub/b.txt").write_text("mine\n")
        assert repo.fast_forward("main", repo.commit_files(head(repo), {name: "2\n"}, "Two")).done
        assert (repo.root / name).read_text() == "2\n"
        assert git(repo.root, "status", "--porcelain") == " M sub/b.txt"

    def test_where_another_file_is_in_the_way_the_index_stays_as_it_was(self, repo: Repo) -> None:
        (repo.root / "new.txt").write_text("2\n")
        (repo.root / "a.txt").write_text("mine\n")
        before = git(repo.root, "status", "--porcelain")
        both = {"new.txt": "2\n", "a.txt": "2\n"}
        assert not repo.fast_forward("main", repo.commit_files(head(repo), both, "Two")).done
        assert git(repo.root, "status", "--porcelain") == before

    def test_own_changes_elsewhere_are_no_hindrance(self, repo: Repo) -> None:
        (repo.root / "sub/b.txt").write_text("mine\n")
        assert repo.fast_forward("main", repo.commit_files(head(repo), {"a.txt": "2\n"}, "Two")).done
        assert (repo.root / "sub/b.txt").read_text() == "mine\n"

    def test_a_branch_that_nobody_has_checked_out(self, repo: Repo) -> None:
        start = head(repo)
        git(repo.root, "branch", "side")
        end = repo.commit_files(start, {"a.txt": "2\n"}, "Two")
        assert repo.fast_forward("side", end).done
        back = repo.fast_forward("side", start)
        assert (back.done, back.message) == (False, f"side cannot be fast-forwarded to {start[:12]}")
        assert git(repo.root, "status", "--porcelain") == ""

    def test_hooks_of_the_person_do_not_run(self, repo: Repo, tmp_path: Path) -> None:
        hook = repo.root / ".git/hooks/post-merge"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        hook.chmod(0o755)
        assert repo.fast_forward("main", repo.commit_files(head(repo), {"a.txt": "2\n"}, "Two")).done
        assert not (tmp_path / "ran").exists()


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
