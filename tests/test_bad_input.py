"""Bad input of every kind, at the real command line: one sentence, the way out, the right code, no loss."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from factory import cli
from factory.commands.history_one import details_of
from factory.cycle.context import CycleOptions, waiting_messages
from factory.cycle.lab import open_lab
from factory.cycle.state import CycleState
from factory.cycle.steps import designing, planning
from factory.cycle.target import specified
from factory.errors import Refused
from factory.paths import ProjectPaths, factory_home
from tests.support.repos import commit, make_repo, write

POLICY = "[eval]\nthreshold = 0.5\n"
HEADER = (
    "id timestamp hypothesis change_summary issue_number pr_number score_before score_after delta verdict "
    "cost_usd notes research_citations"
)
ROW = "1 2026-01-02T03:04:05+00:00 Try - - - 0.5 0.6 0.1 keep 0 - -"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a setup and one experiment in its log."""
    root = make_repo(tmp_path / "p", {"a.py": "a = 1\n", "factory.toml": POLICY})
    write(root, {".factory/results.tsv": f"{HEADER}\n{ROW}\n".replace(" ", "\t").replace("-\t", "\t")})
    return root


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process: its exit code, and what it said on stderr."""

    def call(*args: str | Path) -> tuple[int, str]:
        capsys.readouterr()
        code = cli.main([str(arg) for arg in args])
        said = capsys.readouterr()
        assert "Traceback" not in said.err and "bug in factory" not in said.err, said.err
        return code, said.err

    return call


@pytest.mark.parametrize(
    "command", [("ceo", "--runner", "offline", "--dry-run"), ("gc",), ("status",), ("verify",), ("history",)]
)
def test_a_folder_whose_name_is_no_text(project: Path, run: Run, command: tuple[str, ...]) -> None:
    odd = project.with_name(os.fsdecode(b"caf\xe9\n p"))
    project.rename(odd)
    assert run(*command, odd)[0] == 0


def test_commands_to_copy_are_quoted(project: Path, run: Run) -> None:
    spaced = project.with_name("my project")
    project.rename(spaced)
    assert f"`factory history '{spaced}' --all` lists them." in run("undo", "9", spaced)[1]


@pytest.mark.parametrize("command", ["status", "history", "brief"])
def test_a_log_can_be_read_without_git(
    project: Path, run: Run, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".factory/cycles").mkdir()
    (project / ".factory/cycles/20260101-000000-00000000.jsonl").write_text("")
    (project / ".git").rename(project.with_name("elsewhere"))
    monkeypatch.setenv("PATH", "")
    assert run(command, project)[0] == 0


@pytest.mark.parametrize("command", [("contribute", "--classify"), ("insights",), ("ace", "--versions")])
def test_a_file_where_the_home_should_be(run: Run, command: tuple[str, ...]) -> None:
    factory_home().root.parent.mkdir(parents=True, exist_ok=True)
    factory_home().root.write_text("")
    code, said = run(*command)
    assert code == 0 or (code == 4 and "cannot be used: Not a directory.\n  Look at what lies there." in said)


def test_an_environment_that_cannot_be_had_leaves_no_cycle_in_flight(project: Path, run: Run) -> None:
    commit(project, {"factory.toml": f'{POLICY}python = "no-such-python"\n'}, "Ask for what is not there")
    code, said = run("ceo", project, "--runner", "offline")
    assert code == 4
    assert "[eval] python is no-such-python, and there is no such interpreter." in said
    assert run("abandon", project)[0] == 3
    assert not [ref for ref in (project / ".git/refs/heads").rglob("*") if "cycle" in ref.name]


def test_a_plan_that_is_no_text(project: Path, run: Run) -> None:
    plan = ProjectPaths(project).plan
    plan.parent.mkdir(parents=True)
    plan.write_bytes(b"# Plan \xff\n")
    code, told = run("begin", project, "--phase", "1")
    assert code == 2
    assert f"{plan} is not UTF-8 text (byte 7)." in told


@pytest.mark.parametrize(
    "step", [planning.gate_plan, designing.draft, lambda cycle, _: specified(cycle.lab, "HEAD", "0" * 64)]
)
def test_a_plan_that_a_cycle_goes_on_with_and_somebody_has_deleted(
    project: Path, step: Callable[[Any, str], object]
) -> None:
    options = CycleOptions("improve", approved_plan="0" * 64, takes_up=True)
    lab = open_lab(project, lambda _: None)
    with pytest.raises(Refused) as refused:
        step(SimpleNamespace(lab=lab, options=options, state=CycleState()), "")
    assert refused.value.message == f"{lab.paths.plan}, with which this cycle goes on, is gone."
    assert refused.value.hint == f"Put it back; or give the cycle up: factory abandon {project}"


def test_a_message_that_is_nested_too_deeply(tmp_path: Path) -> None:
    paths, told = ProjectPaths(tmp_path), list[str]()
    box = paths.messages
    box.parent.mkdir()
    box.write_text("[" * 50_000 + '\n{"text": "go on"}\n')
    assert waiting_messages(paths, told.append) == ["go on"]
    assert told == [f"a line of {box} is no message and is left out: {'[' * 60}"]


def test_a_record_of_an_experiment_that_was_handed_over(project: Path, run: Run) -> None:
    place = ProjectPaths(project).experiment(2)
    place.mkdir(parents=True)
    told = [10**400, 1e308, float("nan"), -1, "x", 0.5]
    scores = [{"name": f"d{at}", "score": score} for at, score in enumerate(told)]
    pairs = {side: [{"commit": "c", "dimensions": scores}] * 2 for side in ("before", "after")}
    write(place, {
        "experiment.json": '{"hypothesis": "Write more"}',
        "eval_pairs.json": json.dumps(pairs),
        "failures.json": '{"commit": "c", "confirmed": 5}',
    })  # fmt: skip
    assert run("history", project, "--id", "2")[0] == 0
    found = details_of(ProjectPaths(project), 2, None)
    assert [d["after"] for d in found["dimensions"]] == [None] * 5 + [0.5]
    assert found["new_failures"] == []
