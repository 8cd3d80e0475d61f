"""What an agent or a person leaves in a workspace: it is recorded as files, and nothing of it runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from factory.runners.base import AgentResult, Invocation
from tests.support.cli import factory
from tests.support.cycles import Scripted, run, said
from tests.support.projects import CLEAN_SUMS, Begun, assert_sound, begin, history, refs, small_project
from tests.support.repos import git, make_repo


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc")


@pytest.fixture
def begun(project: Path) -> Begun:
    return begin(project).edit({"calc/sums.py": CLEAN_SUMS})


def script(path: Path, mark: Path) -> Path:
    """An executable that leaves a mark when it runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ntouch '{mark}'\ncat\n")
    path.chmod(0o755)
    return path


def assert_one_commit_of_the_engine(begun: Begun) -> None:
    assert git(begun.project, "rev-list", f"{begun.baseline}..{begun.tip}").split() == [begun.tip]
    said = git(begun.project, "log", "-1", "--format=%an%n%B", begun.tip)
    assert said == f"Pat Person\nRemove unused imports\n\nFactory-Experiment: {begun.id}\n"


def test_git_hooks_do_not_run(begun: Begun, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    for name in (
        "pre-commit",
        "post-commit",
        "post-checkout",
        "prepare-commit-msg",
        "commit-msg",
        "pre-push",
    ):
        script(begun.workspace / ".git/hooks" / name, mark)
    hooks = begun.workspace / "hooks"
    script(hooks / "pre-commit", mark)
    git(begun.workspace, "config", "core.hooksPath", str(begun.workspace / ".git/hooks"))
    shutil.rmtree(hooks)
    assert begun.decide() == ("keep", "improved")
    assert not mark.exists()


def test_fsmonitor_filters_pagers_and_signing_do_not_run(begun: Begun, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    program = script(tmp_path / "program", mark)
    for key, value in {
        "core.fsmonitor": str(program),
        "core.pager": str(program),
        "core.editor": str(program),
        "core.sshCommand": str(program),
        "diff.external": str(program),
        "diff.marked.textconv": str(program),
        "filter.marked.clean": str(program),
        "filter.marked.smudge": str(program),
        "filter.marked.process": str(program),
        "filter.marked.required": "true",
        "commit.gpgSign": "true",
        "gpg.program": str(program),
        "merge.marked.driver": str(program),
    }.items():
        git(begun.workspace, "config", key, value)
    begun.edit(
        {"notes.md": "More notes.\n", "calc/.gitattributes": "* filter=marked diff=marked merge=marked\n"}
    )
    begun.measure()
    begun.review()
    assert_one_commit_of_the_engine(begun)
    assert begun.finalize()["verdict"] == "keep"
    assert not mark.exists()


def test_attributes_at_the_top_are_out_of_scope_and_do_not_run_either(begun: Begun, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    git(begun.workspace, "config", "filter.marked.clean", str(script(tmp_path / "program", mark)))
    begun.edit({".gitattributes": "* filter=marked\n"})
    assert begun.decide() == ("revert", "guard")
    assert not mark.exists()


def test_a_rewritten_history_is_of_no_interest(begun: Begun) -> None:
    place = begun.workspace
    git(place, "checkout", "--quiet", "--orphan", "clean-slate")
    git(place, "add", "--all")
    git(place, "-c", "user.name=Agent", "commit", "--quiet", "--message", "I made all of this")
    git(place, "commit", "--quiet", "--allow-empty", "--message", "Factory-Experiment: 99")
    begun.measure()
    assert_one_commit_of_the_engine(begun)
    assert git(begun.project, "diff", "--name-only", begun.baseline, begun.tip) == "calc/sums.py"


def test_an_index_that_hides_changes_hides_nothing(begun: Begun) -> None:
    git(begun.workspace, "update-index", "--assume-unchanged", "calc/sums.py")
    git(begun.workspace, "update-index", "--skip-worktree", "notes.md")
    begun.edit({"notes.md": "Changed behind the index.\n"})
    begun.measure()
    assert git(begun.project, "diff", "--name-only", begun.baseline, begun.tip).split() == [
        "calc/sums.py",
        "notes.md",
    ]


def test_ignore_rules_planted_in_the_workspaces_git_directory_hide_nothing(begun: Begun) -> None:
    (begun.workspace / ".git/info").mkdir(exist_ok=True)
    (begun.workspace / ".git/info/exclude").write_text("*\n")
    begun.edit({"calc/more.py": '"""More."""\n'})
    begun.measure()
    assert "calc/more.py" in git(begun.project, "ls-tree", "-r", "--name-only", begun.tip)


def test_a_workspace_without_its_git_directory_is_recorded_all_the_same(begun: Begun) -> None:
    shutil.rmtree(begun.workspace / ".git")
    assert begun.decide() == ("keep", "improved")


def test_a_git_directory_that_points_to_the_persons_repository_changes_nothing_there(begun: Begun) -> None:
    shutil.rmtree(begun.workspace / ".git")
    (begun.workspace / ".git").write_text(f"gitdir: {begun.project / '.git'}\n")
    index = (begun.project / ".git/index").read_bytes()
    begun.measure()
    assert_one_commit_of_the_engine(begun)
    assert (begun.project / ".git/index").read_bytes() == index
    assert git(begun.project, "status", "--porcelain") == ""


def test_the_factorys_state_in_a_workspace_is_no_part_of_the_change(begun: Begun) -> None:
    begun.edit({".factory/results.tsv": "id\thypothesis\tverdict\n1\tx\tkeep\n"})
    begun.measure()
    assert git(begun.project, "diff", "--name-only", begun.baseline, begun.tip) == "calc/sums.py"
    assert history(begun.project) == []


def test_a_nested_repository_does_not_pass_the_guard(begun: Begun) -> None:
    make_repo(begun.workspace / "calc/inner", {"x.py": "X = 1\n"})
    assert begun.decide() == ("revert", "guard")
    assert_sound(begun.project)


def test_a_nested_repository_without_a_commit_is_told_of(begun: Begun) -> None:
    git(begun.workspace, "init", "--quiet", "calc/inner")
    begun.edit({"calc/inner/x.py": "X = 1\n"})
    done = begun.run("eval").expect(2)
    assert "git could not record the workspace: error: 'calc/inner/' does not have a commit" in done.err


def test_an_agent_that_leaves_what_cannot_be_recorded_ends_its_experiment_in_error(project: Path) -> None:
    def dig_in(invocation: Invocation) -> AgentResult:
        git(invocation.cwd, "init", "--quiet", "calc/inner")
        return said("Done.")

    run(project, Scripted({"builder": [dig_in]}))
    row = history(project)[0]
    assert (row["verdict"], row["reason"]) == ("error", "error")
    assert row["notes"].startswith("what the builder left cannot be recorded: git could not record")
    assert_sound(project)


def test_an_agent_that_takes_its_first_change_back_has_made_none(project: Path) -> None:
    def tidy(invocation: Invocation) -> AgentResult:
        (invocation.cwd / "fixed/table.txt").write_text("mine\n")
        return said("Done.")

    def undo(invocation: Invocation) -> AgentResult:
        (invocation.cwd / "fixed/table.txt").write_text("1\n")
        return said("Nothing is left to do.")

    run(project, Scripted({"builder": [tidy, undo]}))
    row = history(project)[0]
    assert (row["verdict"], row["reason"]) == ("error", "error")
    assert row["notes"] == "the builder did not finish: it left no change in the workspace"
    assert refs(project, "refs/heads") == ["refs/heads/main"]


def test_a_link_out_of_the_workspace_is_not_followed(begun: Begun, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.txt").write_text("secret\n")
    (begun.workspace / "calc/data").symlink_to(tmp_path / "outside")
    assert begun.decide() == ("revert", "guard")
    commit = git(begun.project, "rev-parse", "refs/factory/rejected/001")
    assert git(begun.project, "ls-tree", "-r", commit, "calc/data").startswith("120000 blob")


def test_file_modes_and_odd_names_are_recorded_as_they_are(begun: Begun) -> None:
    odd = begun.workspace / "calc" / 'ä "b"\tc.txt'
    odd.write_text("odd\n")
    (begun.workspace / "notes.md").chmod(0o755)
    begun.measure()
    changed = git(begun.project, "diff", "-z", "--name-only", begun.baseline, begun.tip).split("\0")
    assert 'calc/ä "b"\tc.txt' in changed
    assert git(begun.project, "ls-tree", begun.tip, "notes.md").startswith("100755")


def test_a_person_without_an_identity_has_the_engines(project: Path, tmp_path: Path) -> None:
    nobody = tmp_path / "nobody"
    nobody.write_text("")
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    factory("eval", project, "--id", "1", env={"GIT_CONFIG_GLOBAL": str(nobody)}).expect(0)
    assert git(project, "log", "-1", "--format=%an <%ae>", begun.tip) == "factory <factory@localhost>"


def test_settings_of_the_person_do_not_get_in_the_way(project: Path) -> None:
    """Signing, hooks and line ends of their own are for their own commits."""
    for key, value in {
        "commit.gpgSign": "true",
        "gpg.program": "/bin/false",
        "core.hooksPath": "/nowhere",
        "core.autocrlf": "true",
        "fetch.fsckObjects": "true",
        "diff.noprefix": "true",
        "color.ui": "always",
        "log.showSignature": "true",
    }.items():
        git(project, "config", key, value)
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    assert begun.decide() == ("keep", "improved")
    assert refs(project, "refs/factory/kept") == ["refs/factory/kept/001"]
    assert git(project, "-c", "color.ui=never", "diff", "--name-only", "main", begun.branch) == "calc/sums.py"
