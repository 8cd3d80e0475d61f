"""Playbooks in a cycle: shown, cited, and counted once from the verdict, whatever is killed when."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from factory.ace import injector
from factory.ace.library import Library
from factory.ace.models import Playbook
from factory.ace.outcomes import Outcome
from factory.agents.roles import ROLES
from factory.cycle import counting, finalizing
from factory.offline.runner import OfflineRunner
from factory.paths import HomePaths
from factory.runners.base import AgentResult, Invocation
from tests.support.cycles import Scripted, run, said, verdict
from tests.support.projects import BROKEN_SUMS, TESTED_POLICY, events, history, small_project

PROSE = [name for name, role in ROLES.items() if role.schema is None]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc")


@pytest.fixture
def library(factory_home: Path) -> Library:
    return Library(HomePaths(factory_home).playbooks)


def shown_in(prompt: str) -> list[str]:
    """The ids of the playbook items in a prompt."""
    section = prompt.partition("\n## Playbook\n")[2].partition("\n## Facts")[0]
    return [
        line.partition("[")[2].partition("]")[0] for line in section.splitlines() if line.startswith("- [")
    ]


class Citing(Scripted):
    """Cites every item that it was shown, and a made-up one; prose by a line, others by a field."""

    def run(self, invocation: Invocation) -> AgentResult:
        result = super().run(invocation)
        ids = [*shown_in(invocation.prompt), "made-00001"]
        if invocation.role in PROSE:
            return replace(result, text=f"{result.text}\n\nPlaybook: {', '.join(ids)}\n")
        answer = json.loads(result.text)
        return replace(result, text=json.dumps(answer | {"citations": ids}))


def citing() -> Citing:
    return Citing({"ceo": [verdict("PROCEED")]})


def counters(playbook: Playbook) -> dict[str, tuple[int, int]]:
    return {item.id: (item.helpful, item.harmful) for item in playbook.items}


def test_a_kept_experiment_speaks_for_what_was_cited_in_it(project: Path, library: Library) -> None:
    runner = citing()
    run(project, runner)
    assert [row["verdict"] for row in history(project)] == ["keep"]
    (outcome,) = library.outcomes()
    assert (outcome.experiment, outcome.verdict) == (1, "keep")
    assert set(outcome.roles) == {"researcher", "strategist", "builder", "reviewer", "evaluator", "ceo"}
    for role, use in outcome.roles.items():
        prompted = {id for call in runner.of(role) for id in shown_in(call.prompt)}
        assert prompted == set(use.shown) == set(use.cited)
        assert set(use.shown) | set(use.withheld) == {item.id for item in library.playbook(role).items}
        told = counters(library.playbook(role))
        assert told == {id: (1, 0) if id in use.shown else (0, 0) for id in told}


def test_prompts_ask_prose_for_a_line_and_the_plan_comes_without_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(injector, "WITHHELD_ONE_IN", 10**9)  # a lot that takes all items leaves none to cite
    runner = citing()
    run(project, runner)
    for call in runner.calls:
        assert ("End your answer with one line" in call.prompt) == (call.role in PROSE)
    plan = (project / ".factory" / "strategy" / "current.md").read_text()
    assert "Playbook:" not in plan
    stored = next(p for p in (project / ".factory" / "cycles").rglob("strategist-1.output.md"))
    assert "Playbook: " in stored.read_text()


def test_a_revert_by_its_own_fault_speaks_against_it(tmp_path: Path, library: Library) -> None:
    project = small_project(tmp_path / "calc", policy=TESTED_POLICY)

    def breaking(invocation: Invocation) -> AgentResult:
        (invocation.cwd / "calc" / "sums.py").write_text(BROKEN_SUMS)
        return said("Done.")

    run(project, Citing({"ceo": [verdict("PROCEED")], "builder": [breaking]}))
    assert [row["reason"] for row in history(project)] == ["new_failures"]
    (outcome,) = library.outcomes()
    for role in ("strategist", "builder", "ceo"):
        told = counters(library.playbook(role))
        assert told == {id: (0, 1) if id in outcome.roles[role].cited else (0, 0) for id in told}


def test_what_the_ceo_stopped_speaks_against_the_builder_and_not_against_the_ceo(
    project: Path, library: Library
) -> None:
    run(project, Citing({"ceo": [verdict("PROCEED"), verdict("PROCEED"), verdict("ABORT")]}))
    assert [row["reason"] for row in history(project)] == ["review"]
    (outcome,) = library.outcomes()
    assert {role: outcome.effect(role) for role in outcome.roles} == {
        **dict.fromkeys(("researcher", "strategist", "builder"), "harmful"),
        **dict.fromkeys(("reviewer", "evaluator", "ceo"), ""),
    }
    assert not library.has_evolved("ceo")


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [("error", "error"), ("revert", "inconclusive"), ("revert", "budget"), ("revert", "error")],
)
def test_bad_luck_says_nothing(verdict: str, reason: str) -> None:
    outcome = Outcome.model_validate(
        {"project": "p", "cycle": "c", "experiment": 1, "verdict": verdict, "reason": reason}
        | {"timestamp": "", "roles": {}}
    )
    assert {outcome.effect(role) for role in ROLES} == {""}


def test_a_runner_without_a_model_counts_for_nothing(project: Path, library: Library) -> None:
    run(project, OfflineRunner())
    assert len(history(project)) == 1
    assert library.outcomes() == []
    assert not library.folder.exists()


class Killed(BaseException):
    """A process that ends here."""


@pytest.mark.parametrize("where", ["before", "in the middle", "after"])
def test_a_kill_around_the_counting_neither_loses_nor_doubles_it(
    project: Path, library: Library, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(lab, journal, record):  # type: ignore[no-untyped-def]
        if where == "after":
            counting.count_outcome(lab, journal, record)
        raise Killed

    with monkeypatch.context() as patch:
        if where == "in the middle":  # the outcome is on record, the counters are not
            kills = iter((False,) * 6)

            def refresh(self: Library, role: str) -> None:
                if next(kills, True):
                    raise Killed

            patch.setattr(Library, "refresh", refresh)
        else:
            patch.setattr(finalizing, "count_outcome", killed)
        with pytest.raises(Killed):
            run(project, citing())
    assert len(library.outcomes()) == (0 if where == "before" else 1)
    run(project, citing())
    assert len([e for e in events(project) if e.type == "experiment.finalized"]) == 1
    (outcome,) = library.outcomes()
    for role, use in outcome.roles.items():
        told = counters(library.playbook(role))
        assert told == {id: (1, 0) if id in use.cited else (0, 0) for id in told}


def test_a_playbook_of_the_persons_own_wins_and_keeps_its_counters(
    project: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.folder.mkdir(parents=True)
    own = "### DO\n\n- [build-07777] helpful=15 harmful=2 :: Sing.\n- broken\n"
    (library.folder / "builder.md").write_text(own)
    monkeypatch.setattr(injector, "WITHHELD_ONE_IN", 10**18)
    runner = citing()
    run(project, runner)
    (call,) = runner.of("builder")
    assert shown_in(call.prompt) == ["build-07777"]
    told = library.playbook("builder")
    assert counters(told) == {"build-07777": (16, 2)}
    assert [line.text for line in told.damaged] == ["- broken"]


def test_a_playbook_that_cannot_be_read_stops_nothing(project: Path, library: Library) -> None:
    library.folder.mkdir(parents=True)
    (library.folder / "builder.json").write_text("{")
    run(project, citing())
    assert [row["verdict"] for row in history(project)] == ["keep"]
    (outcome,) = library.outcomes()
    assert "builder" not in outcome.roles


def test_all_calls_of_a_role_in_a_cycle_have_one_lot(project: Path) -> None:
    run(project, citing())
    started = [e.data for e in events(project) if e.type == "agent.started"]
    lots = {(data["role"], tuple(data["playbook"]), tuple(data["withheld"])) for data in started}
    assert len(started) == 10
    assert len(lots) == len({data["role"] for data in started}) == 7
