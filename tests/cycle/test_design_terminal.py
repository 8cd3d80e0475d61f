"""A whole design at a real terminal: argued about, edited, approved, and built by a scripted agent."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from factory.approvals import Approvals, fingerprint
from factory.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_REFUSED
from factory.journal import read_events
from factory.paths import ProjectPaths
from factory.paths import factory_home as home_paths
from tests.support import engineer
from tests.support.cli import command, environment, factory
from tests.support.command_agent import configure_script
from tests.support.matrix import sampled
from tests.support.projects import assert_sound, history, journal_files, small_project
from tests.support.pty import CTRL_C, CTRL_D, Terminal
from tests.support.repos import git

IDEA = "a command-line tool that counts words"
MENU = "[q]uit\n> "
SPOIL = """
text = open(p).read()
assert "Depends on:** Phase 1" in text
open(p, "w").write(text.replace("Depends on:** Phase 1", "Depends on:** Phase 9", 1))
"""


@pytest.fixture
def runner(factory_home: Path) -> str:
    configure_script(factory_home, "engineer", Path(engineer.__file__).read_text())
    return "engineer"


@pytest.fixture
def editor(tmp_path: Path) -> Path:
    """An editor that adds a sentence to the reference algorithms."""
    path = tmp_path / "editor"
    path.write_text(
        f"#!{sys.executable}\nimport sys, pathlib\np = pathlib.Path(sys.argv[-1])\n"
        "p.write_text(p.read_text().replace('The sum over', 'By hand: the sum over', 1))\n"
    )
    path.chmod(0o755)
    return path


def asked(place: Path) -> list[str]:
    """The keys of all calls of agents that were answered."""
    told = [event for journal in journal_files(place) for event in read_events(journal)]
    return [event.data["key"] for event in told if event.type == "agent.completed"]


def test_from_an_idea_to_a_working_project(tmp_path: Path, runner: str, editor: Path) -> None:
    place = tmp_path / "words"
    env = environment({"EDITOR": str(editor), "VISUAL": None})
    argv = command("ceo", IDEA, "--mode", "design", "--dir", place, "--runner", runner)
    with Terminal(argv, cwd=tmp_path, env=env, timeout=180) as terminal:
        first = terminal.expect(MENU)
        assert "\nDraft 1: 3 phases, 2 features.\nIt keeps every rule; 5 rounds of feedback left.\n" in first
        terminal.line("f it must count lines too")
        second = terminal.expect(MENU)
        assert "What changed since the last draft:\n" in second
        assert "+### 5.3 Feature: Count the lines\n" in second
        assert "\nDraft 2: 4 phases, 3 features.\nIt keeps every rule; 4 rounds of feedback left.\n" in second
        terminal.line("e")
        third = terminal.expect(MENU)
        assert "+By hand: the sum over the lines" in third
        terminal.line("a")
        terminal.expect("Approve this text as it stands? [y/N] ")
        terminal.line("y")
        person = git(place, "config", "user.name")
        terminal.expect(f"Words is approved by {person}, and committed as SPEC.md.\n")
        terminal.expect("goes on with: build\n")
        for phase, title in enumerate(engineer.FILES, start=1):
            terminal.expect(f"phase {phase}, experiment {phase}: {title}\n")
            terminal.expect(f"phase {phase}, experiment {phase}: keep (")
        terminal.expect("feature 5.3: built  Count the lines\n")
        assert terminal.end() == EXIT_OK
    text = (place / "SPEC.md").read_text()
    assert "By hand: the sum over" in text and "### 5.3 Feature: Count the lines" in text
    approval = Approvals(home_paths(), ProjectPaths(place).key).of(text)
    assert approval is not None and (approval.how, approval.who) == ("editor", person)
    traced = factory("spec", "trace", place).expect(EXIT_OK)
    assert traced.out.splitlines()[-1] == "3 of 3 features built (100%)"
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    subprocess.run(tests, cwd=place, check=True, stdout=subprocess.DEVNULL)
    done = [sys.executable, "-m", "words", "README.md"]
    counted = subprocess.run(
        done, cwd=place, env=environment({"PYTHONPATH": "src"}), check=True, stdout=subprocess.PIPE, text=True
    )
    assert counted.stdout == "8 README.md\n"
    assert [row["verdict"] for row in history(place)] == ["keep"] * 4
    calls = [key for key in asked(place) if key.startswith(("/research/", "/draft/"))]
    assert calls == ["/research/0/researcher/1", "/draft/0/strategist/1", "/draft/1/strategist/1"]
    assert_sound(place)


@pytest.mark.matrix
def test_what_an_edit_has_spoiled_is_left_as_it_is(tmp_path: Path) -> None:
    """Offline, nothing mends it: the rules' sentences are not taken for what the person says."""
    place, spoiler = tmp_path / "words", tmp_path / "editor"
    spoiler.write_text(f"#!{sys.executable}\nimport sys\np = sys.argv[-1]\n" + SPOIL)
    spoiler.chmod(0o755)
    env = environment({"EDITOR": str(spoiler), "VISUAL": None})
    with Terminal(design(place, "offline"), cwd=tmp_path, env=env, timeout=120) as terminal:
        terminal.expect(MENU)
        terminal.line("e")
        assert "It has 1 error" in terminal.expect(MENU)
        for number, said in ((3, "f it must read standard input"), (4, "f quickly, please")):
            terminal.line(said)
            terminal.expect("the strategist could not mend what breaks the rules: the draft is as it was")
            shown = terminal.expect(MENU)
            assert f"\nDraft {number - 1}: " in shown and "It has 1 error" in shown
        terminal.line("q")
        assert terminal.end() == EXIT_INTERRUPTED
    text = next(place.glob(".factory/cycles/*/draft.md")).read_text()
    assert "`it must read standard input`" in text and "Feedback `quickly, please`" in text
    assert "Feedback `line" not in text


def design(place: Path, runner: str, *more: str) -> list[str]:
    return command("ceo", IDEA, "--mode", "design", "--dir", place, "--runner", runner, *more)


@pytest.mark.parametrize("leave", sampled(["q\n", CTRL_C, CTRL_D], ["q\n"]))
def test_quit_and_come_back(tmp_path: Path, runner: str, leave: str) -> None:
    """The same command, or the directory alone, goes on with the same draft: no agent is asked again."""
    place = tmp_path / "words"
    with Terminal(design(place, runner), cwd=tmp_path, env=environment()) as terminal:
        terminal.expect(MENU)
        terminal.line("f it must count lines too")
        terminal.expect(MENU)
        terminal.send(leave)
        terminal.expect("The draft waits for you; what was said so far is kept.\n")
        terminal.expect(f"To go on: factory ceo {place}\n")
        assert terminal.end() == EXIT_INTERRUPTED
    calls = asked(place)
    assert len(calls) == 3
    for argv in (design(place, runner), command("ceo", place)):
        with Terminal(argv, cwd=tmp_path, env=environment()) as terminal:
            shown = terminal.expect(MENU)
            assert "+### 5.3 Feature: Count the lines\n" in shown, "what changed is told again"
            assert (
                "\nDraft 2: 4 phases, 3 features.\nIt keeps every rule; 4 rounds of feedback left.\n" in shown
            )
            terminal.line("q")
            assert terminal.end() == EXIT_INTERRUPTED
    assert asked(place) == calls
    assert len(journal_files(place)) == 1


def test_killed_while_the_person_thinks(tmp_path: Path, runner: str) -> None:
    place = tmp_path / "words"
    with Terminal(design(place, runner), cwd=tmp_path, env=environment()) as terminal:
        terminal.expect(MENU)
        terminal.line("f it must count lines too")
        terminal.expect(MENU)
    calls = asked(place)
    with Terminal(command("ceo", place), cwd=tmp_path, env=environment()) as terminal:
        shown = terminal.expect(MENU)
        assert "+### 5.3 Feature: Count the lines\n" in shown
        assert "\nDraft 2: " in shown
    assert asked(place) == calls == [
        "/research/0/researcher/1", "/draft/0/strategist/1", "/draft/1/strategist/1",
    ]  # fmt: skip


def held_back(role: str) -> str:
    """The agent, which waits in one role, long enough to be interrupted, whenever it is asked there."""
    source = Path(engineer.__file__).read_text()
    wait = f'    import time\n    time.sleep(60 if role == "{role}" else 0)\n'
    mark = '    if role == "researcher":\n'
    assert mark in source
    return source.replace(mark, wait + mark, 1)


def configured(home: Path, source: str) -> str:
    (home / "config.toml").unlink(missing_ok=True)
    configure_script(home, "engineer", source)
    return "engineer"


@pytest.mark.parametrize(("role", "before"), [("researcher", 0), ("strategist", 1)])
@pytest.mark.parametrize("how", sampled(["kill", "ctrl-c"], ["kill"]))
@pytest.mark.matrix
def test_cut_off_while_an_agent_works(
    tmp_path: Path, factory_home: Path, role: str, before: int, how: str
) -> None:
    place = tmp_path / "words"
    runner = configured(factory_home, held_back(role))
    with Terminal(design(place, runner), cwd=tmp_path, env=environment()) as terminal:
        wait_for(lambda: f'"role":"{role}"' in told(place) and "agent.started" in told(place))
        if how == "ctrl-c":
            terminal.send(CTRL_C)
            terminal.expect("factory: interrupted; resume with")
            assert terminal.end() == EXIT_INTERRUPTED
    assert len(asked(place)) == before
    configured(factory_home, Path(engineer.__file__).read_text())
    with Terminal(command("ceo", place), cwd=tmp_path, env=environment()) as terminal:
        terminal.expect(MENU)
        terminal.line("q")
        assert terminal.end() == EXIT_INTERRUPTED
    assert asked(place) == ["/research/0/researcher/1", "/draft/0/strategist/1"]
    assert len(journal_files(place)) == 1


def completed(journal: Path) -> list[str]:
    return [event.data["step"] for event in read_events(journal) if event.type == "step.completed"]


def told(place: Path) -> str:
    """The newest journal as it lies there, be it half written."""
    files = journal_files(place) if place.is_dir() else []
    return files[-1].read_text() if files else ""


def wait_for(happened: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@pytest.mark.matrix
@pytest.mark.parametrize("step", ["discuss", "approve", "close"])
def test_killed_after_the_approval(tmp_path: Path, runner: str, step: str) -> None:
    """The person has said yes: the command that began it does all the rest, and they are not asked again."""
    place = tmp_path / "words"
    with Terminal(design(place, runner), cwd=tmp_path, env=environment()) as terminal:
        terminal.expect(MENU)
        terminal.line("a")
        terminal.expect("Approve this text as it stands? [y/N] ")
        terminal.line("y")
        first = journal_files(place)[0]
        wait_for(lambda: step in completed(first))
    with Terminal(design(place, runner), cwd=tmp_path, env=environment(), timeout=180) as terminal:
        terminal.expect("feature 5.2: built  Print the count\n")
        assert terminal.end() == EXIT_OK
        assert "[q]uit" not in terminal.text
    calls = [key for key in asked(place) if key.startswith(("/research/", "/draft/"))]
    assert calls == ["/research/0/researcher/1", "/draft/0/strategist/1"]
    factory("spec", "trace", place).expect(EXIT_OK)
    assert_sound(place)
    with Terminal(design(place, runner), cwd=tmp_path, env=environment()) as terminal:
        terminal.expect("has its SPEC.md already; what is agreed is not drafted again.")
        assert terminal.end() == EXIT_REFUSED


def test_an_existing_project_is_improved_by_what_was_approved(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc", {"SPEC.md": "# What this is\n"})
    argv = command("ceo", project, "--mode", "design", "--focus", "unused imports", "--runner", "offline")
    with Terminal(argv, cwd=tmp_path, env=environment()) as terminal:
        first = terminal.expect(MENU)
        assert "4.1 Fix unused imports (F401)" in first
        assert "\nDraft 1: 1 phase, 1 feature.\n" in first
        terminal.line("f rename add to plus")
        second = terminal.expect(MENU)
        assert "+- Feedback `rename add to plus` — needs judgement" in second.replace("\n", " ")
        assert "\nDraft 2: 1 phase, 1 feature, 1 open question under Blocked.\n" in second
        terminal.line("a")
        terminal.expect("Approve this text as it stands? [y/N] ")
        terminal.line("y")
        terminal.expect("Improvement Cycle is approved by ")
        terminal.expect("goes on with: improve\n")
        terminal.expect("experiment 1: keep (improved)")
        assert terminal.end() == EXIT_OK
    planned = (ProjectPaths(project).plan).read_text()
    assert (project / "SPEC.md").read_text() == "# What this is\n"
    assert "SPEC.md" not in git(project, "log", "--format=", "--name-only", "HEAD~1..")
    assert [row["hypothesis"] for row in history(project)] == ["Fix unused imports (F401)"]
    improved = [key for key in asked(project) if not key.startswith(("/research/", "/draft/"))]
    assert [key for key in improved if "researcher" in key or "strategist" in key] == []
    assert (
        factory("spec", "trace", project).expect(EXIT_OK).out.splitlines()[-1]
        == "1 of 1 feature built (100%)"
    )
    assert ProjectPaths(project).plan.read_text() == planned
    assert_sound(project)


@pytest.mark.slow
def test_a_plan_for_later_says_how_it_goes_on(tmp_path: Path, runner: str) -> None:
    place = tmp_path / "words"
    plan = ProjectPaths(place).plan
    done = factory(*design(place, runner, "--plan-only")[4:], cwd=tmp_path).expect(EXIT_OK)
    assert done.out.splitlines()[1:] == [
        f"the draft waits for a person: {plan}",
        f"to read it:     factory spec show {plan}",
        f"to agree to it: factory spec approve {plan}",
        f"then:           factory ceo {place} --mode build",
    ]
    assert factory("spec", "show", plan).expect(EXIT_OK).out == plan.read_text()
    refused = factory("ceo", place, "--mode", "build", "--runner", runner).expect(EXIT_REFUSED)
    assert f"{plan} is not approved." in refused.err
    told = factory("spec", "approve", plan, "--yes").expect(EXIT_OK)
    assert (
        told.out.splitlines()[-1]
        == f"Nothing was committed; the build does that: factory ceo {place} --mode build"
    )
    factory("ceo", place, "--mode", "build", "--runner", runner).expect(EXIT_OK)
    assert asked(place)[:2] == ["/research/0/researcher/1", "/draft/0/strategist/1"]
    assert "2 of 2 features built (100%)" in factory("spec", "trace", place).expect(EXIT_OK).out


def test_a_build_that_drafts_for_itself_is_nobodys_approval(tmp_path: Path, runner: str) -> None:
    place = tmp_path / "words"
    factory("ceo", IDEA, "--dir", place, "--runner", runner, cwd=tmp_path).expect(EXIT_OK)
    text = (place / "SPEC.md").read_text()
    kept = Approvals(home_paths(), ProjectPaths(place).key)
    assert kept.of(text) is None and kept.latest() is None
    told = factory("spec", "trace", place).expect(EXIT_OK).out
    assert re.match(r"Words, drafted by build \S+ at \S+Z: no person has approved it\n", told)
    data = factory("spec", "trace", place, "--json").json
    assert data["approval"] is None and data["adoption"]["sha256"] == fingerprint(text)
    factory("spec", "approve", place / "SPEC.md", "--yes").expect(EXIT_OK)
    assert "approved by " in factory("spec", "trace", place).expect(EXIT_OK).out, "a person may say so later"
