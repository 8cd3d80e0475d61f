"""The client of ``gh``: its calls, its environment, its errors, and that the real tool knows its flags."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from factory.errors import EnvironmentLacking
from factory.github import GhClient, HostedRepository, PullRequest, repository_slug
from tests.support.fake_gh import FLAGS, FakeGitHub, install
from tests.support.repos import git, make_repo

SLUG = "makers/thing"
REAL = shutil.which("gh")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGitHub:
    made = install(tmp_path / "hub", Path(os.environ["GIT_CONFIG_GLOBAL"]))
    make_repo(tmp_path / "work", {"a": "1"})
    made.repository(SLUG).parent.mkdir(parents=True)
    git(tmp_path, "clone", "--quiet", "--bare", "work", str(made.repository(SLUG)))
    monkeypatch.setenv("PATH", f"{made.bin}{os.pathsep}{os.environ['PATH']}")
    return made


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("owner/name", "owner/name"),
        ("https://github.com/owner/name.git", "owner/name"),
        ("https://user:token@github.com/owner/name/", "owner/name"),
        ("git@github.com:owner/na.me.git", "owner/na.me"),
        ("ssh://git@github.com/owner/name", "owner/name"),
        ("https://gitlab.com/owner/name", ""),
        ("/srv/git/name.git", ""),
        ("../name", ""),
        ("name", ""),
        ("-flag/name", ""),
        ("a/b/c", ""),
    ],
)
def test_what_names_a_repository_on_github(name: str, slug: str) -> None:
    assert repository_slug(name) == slug


def test_a_repository_and_its_fork(hub: FakeGitHub, tmp_path: Path) -> None:
    client = GhClient(tmp_path)
    assert client.repository(SLUG) == HostedRepository(SLUG, "main", False)
    hub.change(writable=[SLUG])
    assert client.repository(SLUG).writable
    assert client.fork(SLUG).url == "https://github.com/pat-login/thing.git"
    assert client.fork(SLUG).slug == "pat-login/thing"
    assert hub.state["forks"] == ["pat-login/thing"]


def test_a_pull_request_from_beginning_to_end(hub: FakeGitHub, tmp_path: Path) -> None:
    client = GhClient(tmp_path)
    body = "One.\n\n```text\n--flag `x`\n```\n"
    url = client.open_pull_request(SLUG, "pat-login:topic", "main", "--title with dashes", body)
    assert url == "https://github.com/makers/thing/pull/1"
    assert (hub.pulls[0]["title"], hub.pulls[0]["body"]) == ("--title with dashes", body)
    assert client.pull_requests(SLUG, "topic") == [PullRequest(1, url, "open")]
    assert client.pull_requests(SLUG, "other") == []
    client.edit_pull_request(SLUG, 1, "New", "Text")
    assert (hub.pulls[0]["title"], hub.pulls[0]["body"]) == ("New", "Text")
    hub.end_pull(1, "MERGED")
    assert client.pull_request(url) == PullRequest(1, url, "merged")


def test_gh_gets_its_login_and_nothing_else(
    hub: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", "own")
    monkeypatch.setenv("SOME_SECRET", "other")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    GhClient(tmp_path).repository(SLUG)
    env = hub.calls[0]["env"]
    assert env["GH_TOKEN"] == "own"
    assert env["GH_PROMPT_DISABLED"] == "1"
    assert not {"SOME_SECRET", "GIT_DIR"} & env.keys()


def test_errors_are_one_sentence(hub: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = GhClient(tmp_path)
    with pytest.raises(EnvironmentLacking, match="gh repo view failed: GraphQL: Could not resolve"):
        client.repository("makers/nothing")
    hub.change(login="")
    with pytest.raises(EnvironmentLacking) as found:
        client.repository(SLUG)
    assert found.value.hint == "Type `gh auth login`."
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not GhClient.installed()
    with pytest.raises(EnvironmentLacking, match="gh was not found"):
        client.repository(SLUG)


def test_an_unreadable_answer_is_told(hub: FakeGitHub, tmp_path: Path) -> None:
    (hub.bin / "gh").write_text("#!/bin/sh\necho not json\n")
    with pytest.raises(EnvironmentLacking, match="answered with something unreadable"):
        GhClient(tmp_path).repository(SLUG)


@pytest.mark.skipif(REAL is None, reason="gh is not installed, so the contract was not held against it")
@pytest.mark.parametrize("kind", sorted(FLAGS))
def test_the_real_tool_knows_the_flags(kind: tuple[str, str]) -> None:
    said = subprocess.run(
        [str(REAL), *filter(None, kind), "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert [flag for flag in FLAGS[kind] if flag not in said] == []


@pytest.mark.skipif(REAL is None, reason="gh is not installed, so the contract was not held against it")
@pytest.mark.parametrize(
    ("command", "fields"),
    [
        (("repo", "view"), ("nameWithOwner", "defaultBranchRef", "viewerPermission")),
        (("pr", "list"), ("number", "url", "state")),
        (("pr", "view"), ("number", "url", "state")),
    ],
)
def test_the_real_tool_knows_the_fields(command: tuple[str, str], fields: tuple[str, ...]) -> None:
    """Without a field, --json lists those that it knows."""
    said = subprocess.run([str(REAL), *command, "--json"], capture_output=True, text=True, check=False)
    if "auth login" in said.stderr:
        pytest.skip("gh is not logged in, and does not list its fields then")
    assert [field for field in fields if field not in said.stderr.split()] == []
