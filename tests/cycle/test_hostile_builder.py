"""A Builder with a shell that means harm, through a whole cycle; in tests/agents/ the same with real CLIs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import command_agent
from tests.support.cli import factory
from tests.support.hostile import (
    ENV_SECRET,
    HOME_SECRET,
    Machine,
    beating,
    holding,
    make_machine,
    path_without,
)
from tests.support.model_server import ModelServer
from tests.support.projects import assert_sound, events, history, refs, small_project
from tests.support.repos import git
from tests.support.role_model import GOOD, Roles
from tests.support.sandboxes import working_sandbox


@pytest.fixture
def machine(tmp_path: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("SOME_TOKEN", "")  # so that it is put back
    return make_machine(small_project(tmp_path / "calc"), private_home)


@pytest.fixture
def model(machine: Machine) -> Iterator[ModelServer]:
    with ModelServer(Roles([machine.builder()])) as server:
        command_agent.configure(machine.factory_home, server.url)
        yield server


def test_in_a_sandbox_nothing_comes_of_it(machine: Machine, model: ModelServer) -> None:
    working_sandbox()
    before = machine.state()
    factory("ceo", machine.project, "--runner", command_agent.NAME, "--lite").expect(0)
    last = [r for role, r in model.script.log if role == "builder"][-1]  # type: ignore[attr-defined]
    results = dict(zip(machine.attempts(), last.results[-len(machine.attempts()) :], strict=True))
    assert {name for name, said in results.items() if "worked" in said} == set()
    assert results["leave a daemon"].split()[-1] == ".git/daemon-beat", "the daemon did run"
    assert machine.state() == before
    assert [(row["verdict"], row["hypothesis"]) for row in history(machine.project)] == [("keep", GOOD.title)]
    assert refs(machine.project) == ["refs/factory/kept/001", "refs/factory/log", "refs/heads/main"]
    assert git(machine.project, "show", "--name-only", "--format=", "main").split() == ["calc/sums.py"]
    assert git(machine.project, "status", "--porcelain") == ""
    assert beating(machine.factory_home) == []
    for secret in (HOME_SECRET, ENV_SECRET):
        assert holding(secret, machine.project, machine.factory_home) == []
        assert [r for r in model.requests if secret in r.text] == []
    told = [text for e in events(machine.project) if e.type == "tamper.found" for text in e.data["findings"]]
    assert any("pre-commit appeared while the Builder worked" in text for text in told)
    assert_sound(machine.project)


def test_without_one_it_is_not_started_and_nothing_is_spent(
    machine: Machine, model: ModelServer, tmp_path: Path
) -> None:
    path = path_without(tmp_path / "bin", "bwrap")
    refused = factory("ceo", machine.project, "--runner", command_agent.NAME, env={"PATH": path})
    assert refused.code == 4, refused.err
    assert "bubblewrap" in refused.err
    assert "--sandbox off" in refused.err
    assert model.requests == []
    assert history(machine.project) == []
