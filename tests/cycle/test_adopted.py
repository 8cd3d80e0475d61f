"""A Builder's call that ended while the factory was dead: adopted, and looked at like any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from factory.paths import ProjectPaths
from factory.runners.base import AgentResult, Invocation
from tests.support.cycles import Scripted, run, said
from tests.support.projects import CLEAN_SUMS, assert_sound, events, history, small_project
from tests.support.repos import write


class Killed(BaseException):
    """The factory's process is gone."""


@dataclass
class Adopting(Scripted):
    """Its Builder had finished when the factory was started again."""

    def adopt(self, invocation: Invocation) -> AgentResult | None:
        """What the Builder said."""
        return said("Done.") if invocation.role == "builder" else None


def cut_off(project: Path, harm: Callable[[Invocation], None], sandbox: str = "off") -> None:
    """A cycle whose factory dies while its Builder works."""

    def builder(invocation: Invocation) -> AgentResult:
        write(invocation.cwd, {"calc/sums.py": CLEAN_SUMS})
        harm(invocation)
        raise Killed

    with pytest.raises(Killed):
        run(project, Scripted({"builder": [builder]}), sandbox=sandbox)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc")


def test_nothing_was_touched(project: Path) -> None:
    cut_off(project, lambda invocation: None)
    run(project, Adopting(), sandbox="off")
    assert [(row["verdict"], row["reason"]) for row in history(project)] == [("keep", "improved")]
    assert [e for e in events(project) if e.type == "tamper.found"] == []
    assert_sound(project)


@pytest.mark.parametrize("sandbox", ["off", "cli"])
def test_a_verdict_was_laid_into_the_records(project: Path, sandbox: str) -> None:
    planted = ProjectPaths(project).experiment(1) / "verdict.json"

    def harm(invocation: Invocation) -> None:
        planted.write_text("{}")

    cut_off(project, harm, sandbox)
    run(project, Adopting())
    (row,) = history(project)
    assert (row["verdict"], row["reason"]) == ("revert", "guard")
    assert "verdict.json appeared while the Builder worked" in row["notes"]
    assert_sound(project)


def test_the_first_look_was_taken_away(project: Path) -> None:
    def harm(invocation: Invocation) -> None:
        (look,) = (ProjectPaths(project).experiment(1) / "agents").glob("*.watched.json")
        look.unlink()

    cut_off(project, harm)
    run(project, Adopting(), sandbox="off")
    assert [(row["verdict"], row["reason"]) for row in history(project)] == [("revert", "guard")]


def test_what_the_person_did_meanwhile_in_the_checkout_is_told_and_no_more(project: Path) -> None:
    cut_off(project, lambda invocation: None)
    write(project, {"mine.txt": "my own\n"})
    run(project, Adopting(), sandbox="off")
    assert [row["verdict"] for row in history(project)] == ["keep"]
    (told,) = [e.data for e in events(project) if e.type == "tamper.found"]
    assert [f.split()[0] for f in told["findings"]] == [str(project / "mine.txt")]
    assert told["violations"] == []
