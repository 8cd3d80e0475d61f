"""A whole design at a real terminal: argued about, edited, approved, and built by a scripted agent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from factory.approvals import Approvals
from factory.errors import EXIT_OK
from factory.journal import read_events
from factory.paths import ProjectPaths
from factory.paths import factory_home as home_paths
from tests.support import engineer
from tests.support.cli import command, environment, factory
from tests.support.command_agent import configure_script
from tests.support.projects import assert_sound, history, journal_files
from tests.support.pty import Terminal
from tests.support.repos import git

IDEA = "a command-line tool that counts words"
MENU = "[q]uit\n> "


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
