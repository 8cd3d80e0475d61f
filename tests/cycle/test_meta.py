"""Meta mode, through the command line: improve, evolve the playbooks, classify, offer to a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.ace.contributor.candidates import load_candidates
from factory.ace.contributor.model import Label
from factory.ace.injector import inject
from factory.ace.library import Library
from factory.git import Repo
from factory.paths import HomePaths, factory_home
from factory.registry import Registry
from tests.support import command_agent
from tests.support.cli import command, environment, factory
from tests.support.example_projects import make_projects
from tests.support.matrix import sampled
from tests.support.model_server import ModelServer
from tests.support.projects import assert_sound, events, history, small_project
from tests.support.pty import Terminal
from tests.support.role_model import Change, Roles

META = ("--mode", "meta", "--runner", "offline")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project to improve, beside twelve that the factory knows."""
    registry = Registry(HomePaths(factory_home().root))
    for place in make_projects(tmp_path / "known"):
        repo = Repo(place)
        registry.register(place, repo.remote_url(), repo.root_commit())
    return small_project(tmp_path / "calc")


def playbook(role: str) -> str:
    return Library(factory_home().playbooks).playbook(role).to_markdown()


def lot_of(project: Path, role: str) -> str:
    """What decides which items on trial the newest cycle withheld from a role."""
    return f"{events(project)[0].cycle}/{role}"


def ids_of(lines: list[str]) -> list[str]:
    """The ids of playbook lines."""
    return [line.partition("[")[2].partition("]")[0] for line in lines]


def prompts(project: Path, role: str) -> list[str]:
    """What was sent to a role in the newest cycle."""
    cycle = project / ".factory/cycles" / events(project)[0].cycle
    return [path.read_text(encoding="utf-8") for path in sorted(cycle.rglob(f"{role}-*.prompt.md"))]


def test_what_the_histories_support_is_learned_told_and_used_next_time(project: Path) -> None:
    before = playbook("strategist")
    first = factory("ceo", project, *META).expect(0)
    learned = playbook("strategist")
    assert learned != before
    assert "playbook of the strategist: " in first.out
    assert "learned items, judged by" in first.out
    assert events(project)[-1].type == "cycle.closed"
    assert_sound(project)

    second = factory("ceo", project, *META).expect(0)
    assert "the playbooks stay as they are: " in second.out
    assert playbook("strategist") == learned
    new = [line for line in learned.splitlines() if line not in before]
    lot = inject(Library(factory_home().playbooks).playbook("strategist"), {}, lot_of(project, "strategist"))
    sent = prompts(project, "strategist")
    assert sent
    assert all(lot.text in prompt for prompt in sent)
    assert set(ids_of(new)) <= {*lot.shown, *lot.withheld}

    factory("ace", "--role", "strategist", "--rollback", "1").expect(0)
    assert [line for line in new if line in playbook("strategist")] == []


def test_a_scripted_agent_starts_from_what_the_run_before_has_learned(
    project: Path, factory_home: Path
) -> None:
    for change in (
        Change("Remove an unused import", path="calc/sums.py", old="import os\n", new=""),
        Change("Drop the other unused import", path="calc/sums.py", old="import sys\n", new=""),
    ):
        with ModelServer(Roles([change])) as server:
            command_agent.configure(factory_home, server.url)
            options = ("--mode", "meta", "--runner", command_agent.NAME, "--sandbox", "off", "--lite")
            done = factory("ceo", project, *options).expect(0)
        if change.old == "import os\n":
            assert "playbook of the strategist: " in done.out
            assert "Look for an item about testing first" in playbook("strategist")
    assert [row["verdict"] for row in history(project)] == ["keep", "keep"]
    lot = inject(
        Library(factory_home / "playbooks").playbook("strategist"),
        {},
        lot_of(project, "strategist"),
        lite=True,
    )
    assert prompts(project, "strategist")
    assert all(lot.text in prompt for prompt in prompts(project, "strategist"))
    assert_sound(project)


def answer(project: Path) -> str:
    """What came of the offer in the newest cycle."""
    told = {e.data["step"]: e.data["result"] for e in events(project) if e.type == "step.completed"}
    return str(told["offer"]["answer"])


@pytest.mark.parametrize("keys", ["", "n"])
def test_a_person_is_offered_to_contribute_and_no_is_the_default(project: Path, keys: str) -> None:
    with Terminal(command("ceo", project, *META), cwd=project, env=environment(), timeout=120) as terminal:
        terminal.expect("General: may be offered upstream")
        terminal.expect("Choose items to contribute upstream now? [y/N]")
        terminal.line(keys)
        assert terminal.end() == 0
    assert answer(project) == "skipped"


def test_who_says_yes_is_asked_for_each_item_and_why_it_cannot_be_sent_is_told(project: Path) -> None:
    with Terminal(command("ceo", project, *META), cwd=project, env=environment(), timeout=120) as terminal:
        terminal.expect("Choose items to contribute upstream now? [y/N]")
        terminal.line("y")
        general = [one.name for one in load_candidates() if one.label is Label.GENERAL]
        assert len(general) > 1
        for name in general:
            terminal.expect(f"Offer {name}? [y/N]")
            terminal.line("n")
        terminal.expect("No item was chosen, so nothing was sent.")
        assert terminal.end() == 0
    assert answer(project) == "not sent"


def test_headless_nothing_is_offered_even_in_a_terminal(project: Path) -> None:
    with Terminal(command("run", project, *META), cwd=project, env=environment(), timeout=120) as terminal:
        assert terminal.end() == 0
        assert "contribute upstream now?" not in terminal.text
    assert answer(project) == "nobody was there to ask"
    factory("ceo", project, *META).expect(0)
    assert answer(project) == "nobody was there to ask"


def test_a_damaged_record_is_told_and_the_cycle_ends(project: Path) -> None:
    damaged = factory_home().playbooks / "builder.json"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("{", encoding="utf-8")
    out = factory("ceo", project, *META).expect(0).out
    assert "the playbooks stay as they are: " in out
    assert str(damaged) in out
    assert events(project)[-1].type == "cycle.closed"


@pytest.mark.parametrize("step", sampled(["evolve", "classify", "offer"], ["evolve"]))
def test_cut_off_before_a_step_was_journalled_it_tells_the_same_when_resumed(
    project: Path, step: str
) -> None:
    whole = factory("ceo", project, *META).expect(0)
    told = [line for line in whole.out.splitlines() if line.startswith("playbook of the ")]
    journal = project / ".factory/cycles" / f"{events(project)[0].cycle}.jsonl"
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    done = next(n for n, line in enumerate(lines) if '"step.completed"' in line and f'"{step}"' in line)
    journal.write_text("".join(lines[:done]), encoding="utf-8")
    resumed = factory("ceo", project).expect(0)
    assert told
    assert [line for line in resumed.out.splitlines() if line.startswith("playbook of the ")] == told
    assert len(Library(factory_home().playbooks).versions("strategist")) == 2
    assert answer(project) == "nobody was there to ask"
    assert_sound(project)
