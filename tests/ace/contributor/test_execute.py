"""Sending: exactly what was prepared, on top of what it was prepared for, and never over anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.ace.contributor import execute_contribution
from factory.ace.contributor.prepare import ContributedItem, Contribution
from factory.ace.contributor.standing import standing, state_of
from factory.ace.contributor.submissions import Submission, load_submissions, record_submission
from factory.ace.contributor.upstream import address, cloned, look
from factory.errors import BadInput, EnvironmentLacking, Refused
from factory.paths import HomePaths
from tests.support.learning import upstream
from tests.support.repos import commit, git, make_repo

FILE = "factory/agents/playbooks/builder.md"
ITEM = ContributedItem(
    role="builder", section="do", id="build-00001", text="Do.", topic="t", projects=3, evidence=""
)


def prepared(bare: Path, **changes: object) -> Contribution:
    with cloned(str(bare)) as repo:
        seen = look(repo, str(bare))
    made = Contribution(
        repository=str(bare), base_branch=seen.base_branch, base=seen.base, branch="topic", updates=False,
        files={FILE: "new\n"}, message="Subject\n\nBody\n", title="T", body="B", items=[ITEM], earlier=[],
        removed={}, refused=[], duplicates=[],
    )  # fmt: skip
    return made.model_copy(update=changes)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return upstream(tmp_path, {"builder": "old\n"})


def push_to(bare: Path, branch: str) -> None:
    """Somebody else's commit on a branch of the bare repository."""
    place = bare.parent / "somebody"
    git(bare.parent, "clone", "--quiet", str(bare), str(place))
    git(place, "checkout", "--quiet", "-B", branch)
    commit(place, {"other": "1"}, "Other work")
    git(place, "push", "--quiet", "origin", branch)


def test_the_prepared_state_arrives(bare: Path) -> None:
    told: list[str] = []
    sent = execute_contribution(prepared(bare), before_push=told.append)
    assert git(bare, "rev-parse", "topic") == sent.commit
    assert git(bare, "show", f"topic:{FILE}") == "new"
    assert git(bare, "log", "-1", "--format=%B", "topic").rstrip() == "Subject\n\nBody"
    assert git(bare, "diff", "--name-only", "main", "topic") == FILE
    assert told == [str(bare)]
    assert sent.lacking == "gh is not installed"


def test_an_upstream_that_has_moved_gets_nothing(bare: Path) -> None:
    made = prepared(bare)
    push_to(bare, "main")
    with pytest.raises(Refused, match="has changed since this was prepared"):
        execute_contribution(made)
    assert git(bare, "branch", "--format=%(refname:short)") == "main"


def test_a_branch_of_that_name_is_never_pushed_over(bare: Path) -> None:
    made = prepared(bare)
    push_to(bare, "topic")
    theirs = git(bare, "rev-parse", "topic")
    with pytest.raises(EnvironmentLacking, match="could not be pushed"):
        execute_contribution(made)
    assert git(bare, "rev-parse", "topic") == theirs


def test_a_hook_of_the_person_s_does_not_run(bare: Path, tmp_path: Path, private_home: Path) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-push", "pre-commit", "post-checkout"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran-{name}\n")
        (hooks / name).chmod(0o755)
    git(tmp_path, "config", "--global", "core.hooksPath", str(hooks))
    execute_contribution(prepared(bare))
    assert list(tmp_path.glob("ran-*")) == []


def test_an_empty_repository_is_told(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "empty.git")
    with pytest.raises(BadInput, match="has no commit"), cloned(str(tmp_path / "empty.git")) as repo:
        look(repo, "empty")


def test_a_merged_branch_is_not_gone_on_with(bare: Path) -> None:
    execute_contribution(prepared(bare))
    with cloned(str(bare)) as repo:
        assert look(repo, str(bare), "topic").branch == "topic"
    git(bare, "update-ref", "refs/heads/main", "topic")
    with cloned(str(bare)) as repo:
        assert look(repo, str(bare), "topic").branch == ""
        assert look(repo, str(bare), "never-pushed").branch == ""


def test_a_folder_comes_before_github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert address("owner/name") == "https://github.com/owner/name.git"
    make_repo(tmp_path / "owner" / "name", {"a": ""})
    assert address("owner/name") == str(tmp_path / "owner" / "name")


def submission(branch: str, head: str, repository: str = "o/r") -> Submission:
    return Submission(
        repository=repository, branch=branch, pushed_to="x", head=head, first_sent="2026", last_sent="2026"
    )


def test_records_are_one_for_each_branch(tmp_path: Path) -> None:
    home = HomePaths(tmp_path / "home")
    for one in (submission("a", ""), submission("b", "1"), submission("a", "2")):
        record_submission(home, one)
    assert [(one.branch, one.head) for one in load_submissions(home)] == [("b", "1"), ("a", "2")]
    (home.contributions / "submissions.json").write_text("{")
    with pytest.raises(BadInput, match="is damaged"):
        load_submissions(home)


def test_what_was_cut_off_is_called_so_and_gone_on_with() -> None:
    cut = submission("a", "")
    assert state_of(cut, None) == "interrupted"
    assert state_of(submission("a", "1"), None) == "unknown"
    assert standing([cut, submission("b", "1", "other/r")], "o/r", None).open == cut
