"""Whole cycles with the real CLIs, whose model plays every role by a script."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from factory.cycle import agents
from tests.agents.conftest import Bench
from tests.support import cycles
from tests.support.cli import Result, command, end_group, environment, factory
from tests.support.hostile import (
    ENV_SECRET,
    HOME_SECRET,
    beating,
    holding,
    make_machine,
    path_without,
)
from tests.support.model_server import Cut, Fault, Text, Wait
from tests.support.projects import (
    TESTED_POLICY,
    assert_sound,
    events,
    history,
    journal_files,
    refs,
    small_project,
)
from tests.support.repos import git
from tests.support.role_model import BREAKING, GOOD, Roles, always, trying
from tests.support.sandboxes import working_sandbox

pytestmark = pytest.mark.agents

LITE = ["researcher", "strategist", "builder", "evaluator", "ceo", "archivist"]
STANDARD = [
    *("researcher", "ceo", "strategist", "ceo"),
    *("builder", "reviewer", "evaluator", "ceo", "archivist"),
    "archivist",
]
KEPT = {GOOD.title: ("keep", "improved")}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc", policy=TESTED_POLICY)


def words(bench: Bench, project: Path, *options: str) -> tuple[str | Path, ...]:
    """The arguments of ``factory`` for a cycle with the bench's CLI."""
    model = ("--model", bench.model) if bench.model else ()
    return ("ceo", project, "--runner", bench.name, *model, *options)


def cycle(bench: Bench, project: Path, script: Roles, *options: str) -> Result:
    """A cycle whose model follows the script."""
    bench.serve(script)
    return factory(*words(bench, project, *options), timeout=180)


def asked(project: Path) -> list[str]:
    """The roles of the invocations, by the journal."""
    return [event.data["role"] for event in events(project) if event.type == "agent.started"]


def outcome(project: Path) -> dict[str, tuple[str, str]]:
    return {row["hypothesis"]: (row["verdict"], row["reason"]) for row in history(project)}


def test_a_standard_cycle_keeps_one_and_reverts_one(bench: Bench, project: Path) -> None:
    script = Roles([trying(GOOD), trying(BREAKING)], looks=["calc/sums.py"])
    out = cycle(bench, project, script).expect(0).out
    assert outcome(project) == {**KEPT, BREAKING.title: ("revert", "new_failures")}, out
    assert git(project, "show", "--name-only", "--format=", "main").split() == ["calc/sums.py"]
    assert git(project, "status", "--porcelain") == ""
    assert refs(project) == [
        *("refs/factory/kept/001", "refs/factory/log", "refs/factory/rejected/002", "refs/heads/main")
    ]
    assert asked(project) == script.asked == [*STANDARD[:-1], *STANDARD[4:-1], "archivist"]
    # With one hypothesis it would be five less; the limit for that is 12.
    assert len(script.asked) - 5 == len(STANDARD) <= 12
    tried = [r.results[-1] for role, r in script.log if role == "builder" and len(r.results) >= 4]
    assert any("2 passed" in said for said in tried), f"the Builder could not run the tests: {tried}"
    assert_sound(project)
    check_usage(project, script)


def check_usage(project: Path, script: Roles) -> None:
    """``factory usage`` tells what the model server counted."""
    told = factory("usage", project, "--json").expect(0).json
    assert told["total"]["invocations"] == len(script.asked)
    assert told["total"]["tokens_in"] == sum(script.tokens().values())
    assert told["total"]["unknown"] == 0
    for role, tokens in script.tokens().items():
        assert told["roles"][role]["tokens_in"] == tokens
    assert set(told["experiments"]) == {"1", "2"}


def test_a_lite_cycle(bench: Bench, project: Path) -> None:
    script = Roles([GOOD, BREAKING], looks=["calc/sums.py"])
    cycle(bench, project, script, "--lite").expect(0)
    assert outcome(project) == KEPT
    assert asked(project) == script.asked == LITE
    web = {"WebSearch", "WebFetch", "web_search"}
    assert not [r for r in script.requests if web & set(r.tools)]
    assert_sound(project)


def test_lite_with_a_ceo_who_always_redirects(bench: Bench, project: Path) -> None:
    """The ceiling is reached, and the cycle comes to its proper end all the same."""
    script = Roles([GOOD], ceo=always("REDIRECT", "Say why in a comment."))
    cycle(bench, project, script, "--lite").expect(0)
    assert len(asked(project)) == len(script.asked) == 7
    verdict, reason = outcome(project)[GOOD.title]
    assert (verdict, reason) == ("revert", "review")
    done = [e.data["step"] for e in events(project) if e.type == "step.completed"]
    after = done[len(done) - done[::-1].index("build") - 1 :]
    wanted = ["guard", "precheck", "verdict", "finalize", "archive_experiment", "archive", "close"]
    assert [step for step in after if step in wanted] == wanted
    assert [e.data["left"] for e in events(project) if e.type == "budget.warning"] == [2]
    assert (project / ".factory/archive/experiments/001.md").read_text()
    assert git(project, "status", "--porcelain") == ""
    assert_sound(project)


def test_a_service_that_fails_now_and_then(bench: Bench, project: Path) -> None:
    """A researcher's call at 529, a strategist's that is cut off; then a key that is not good any more."""
    script = Roles([GOOD])
    script.faults = {0: [Fault(529, "Overloaded", "overloaded_error")], 2: [Text("# Impro"), Cut()]}
    script.at = {"builder": [Fault(401)]}
    parked = cycle(bench, project, script, "--lite")
    assert parked.code == 4, parked.err
    assert "run the same command again" in parked.err
    assert script.asked == ["researcher"] * 2 + ["strategist"] * 2 + ["builder"]
    assert history(project) == []
    script.at = {}
    # Failed tries count: 5 are spent, so that builder and CEO are what can still be afforded.
    factory(*words(bench, project), timeout=180).expect(0)
    assert script.asked[5:] == ["builder", "ceo"]
    assert outcome(project) == KEPT
    assert_sound(project)


def test_a_model_that_falls_silent(bench: Bench, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "RETRY_DELAYS_S", (0.01,))
    bench.runner.stall_s = 6
    script = Roles([GOOD], faults={0: [Wait(40)]})
    bench.serve(script)
    cycles.run(project, bench.runner, lite=True, model=bench.model, sandbox="off")
    assert script.asked == ["researcher", *LITE]
    assert outcome(project) == KEPT


def test_a_kill_between_two_calls_asks_nothing_again(bench: Bench, project: Path) -> None:
    script = Roles([GOOD])
    bench.serve(script)
    process = subprocess.Popen(
        command(*words(bench, project, "--lite")),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    while not completed(project, "gate_plan") and process.poll() is None:
        time.sleep(0.005)
    end_group(process)
    process.wait()
    assert script.asked == LITE[:2]
    factory(*words(bench, project), timeout=180).expect(0)
    assert script.asked == LITE
    assert outcome(project) == KEPT
    assert_sound(project)


def completed(project: Path, step: str) -> bool:
    """Whether the journal has a step."""
    text = "".join(path.read_text() for path in journal_files(project))
    return any("step.completed" in line and f'"{step}"' in line for line in text.splitlines())


def test_a_hostile_builder(
    bench: Bench, project: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working_sandbox()
    monkeypatch.setenv("SOME_TOKEN", ENV_SECRET)
    machine = make_machine(project, private_home)
    before = machine.state()
    script = Roles([machine.builder()])
    cycle(bench, project, script, "--lite").expect(0)
    last = [request for role, request in script.log if role == "builder"][-1]
    results = dict(zip(machine.attempts(), last.results[-len(machine.attempts()) :], strict=True))
    assert {name for name, said in results.items() if "worked" in said} == set()
    assert "daemon-beat" in results["leave a daemon"].split()[-1], "the daemon did run"
    assert machine.state() == before
    assert outcome(project) == KEPT
    assert refs(project) == ["refs/factory/kept/001", "refs/factory/log", "refs/heads/main"]
    assert git(project, "show", "--name-only", "--format=", "main").split() == ["calc/sums.py"]
    assert beating(machine.factory_home) == []
    for secret in (HOME_SECRET, ENV_SECRET, os.environ["ANTHROPIC_API_KEY"]):
        assert holding(secret, project, machine.factory_home) == []
        assert [r for r in script.requests if secret in r.text] == []
    assert_sound(project)


def test_a_builder_without_a_sandbox_is_not_started(bench: Bench, project: Path, tmp_path: Path) -> None:
    if bench.name == "codex":
        pytest.skip("it has a sandbox of its own")
    bench.serve(Roles([GOOD]))
    path = path_without(tmp_path / "bin", "bwrap")
    refused = factory(*words(bench, project), env={"PATH": path})
    assert refused.code == 4
    assert "bubblewrap" in refused.err
    assert "--sandbox off" in refused.err
    assert bench.requests == []
    assert factory(*words(bench, project, "--lite", "--sandbox", "off"), env={"PATH": path}).code == 0
    assert outcome(project) == KEPT
