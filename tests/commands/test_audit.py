"""`factory audit` through the real command line: stacks that add up, and one in which one undoes another."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from factory import output
from factory.cli import main
from factory.commands import audit as audit_command
from factory.commands import cycle as cycle_command
from factory.cycle.auditing import Audit, Broken
from factory.cycle.lab import Lab, open_lab
from factory.cycle.stack import Layer
from factory.rows import Row
from tests.support.cli import command, environment, factory
from tests.support.projects import (
    CLEAN_SUMS,
    POLICY,
    TESTED_POLICY,
    assert_sound,
    begin,
    events,
    history,
    small_project,
)
from tests.support.pty import Terminal
from tests.support.repos import commit, git

GROWTH = """
[[eval.dimension]]
name = "documentation"
tier = "growth"

[[eval.dimension]]
name = "observability"
tier = "growth"
"""

PLAIN = '''\
"""Reading."""

import json
import logging
import os

logger = logging.getLogger(__name__)


def number(path):
    try:
        return int(open(path).read())
    except OSError:
        return 0


def double(path):
    return 2 * number(path)
'''
DOCUMENTED = PLAIN.replace("(path):\n", '(path):\n    """What a file says."""\n')
CLEANED = DOCUMENTED.replace("import json\n", "").replace("import os\n", "")
LOGGED = CLEANED.replace(
    "        return 0\n", '        logger.warning("no number in %s", path)\n        return 0\n'
)
LOGGED_UNDOCUMENTED = LOGGED.replace('    """What a file says."""\n', "")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(
        tmp_path / "calc", {"calc/sums.py": CLEAN_SUMS, "calc/reading.py": PLAIN}, policy=POLICY + GROWTH
    )


def keep(project: Path, hypothesis: str, files: dict[str, str], *options: str) -> None:
    """A kept and integrated experiment."""
    begun = begin(project, hypothesis, *options).edit(files)
    assert begun.decide()[0] == "keep"
    factory("integrate", project).expect(0)


def three_keeps(project: Path, last: str) -> None:
    """Keeps 1 to 3, each for good reasons of its own; the last one leaves ``reading.py`` as ``last``."""
    keep(project, "Document what reading does", {"calc/reading.py": DOCUMENTED})
    keep(project, "Remove unused imports", {"calc/reading.py": CLEANED})
    keep(project, "Log what was swallowed", {"calc/reading.py": last})


def test_a_keep_that_undoes_another_is_found_and_taken_back_and_the_log_says_so(project: Path) -> None:
    start = git(project, "rev-parse", "HEAD")
    three_keeps(project, LOGGED_UNDOCUMENTED)
    head = git(project, "rev-parse", "HEAD")
    assert [row["verdict"] for row in history(project)] == ["keep", "keep", "keep"]
    found = factory("audit", project).expect(1)
    assert found.out == (
        f"audit of the keeps 1, 2, 3 on main: {start[:12]}..{head[:12]}\n"
        f"composite: the parts promised +0.5454, the sum is +0.5454\n"
        "broken: experiment 1 raised documentation by 0.5000, and that stays\n"
        "  by experiment 3: Log what was swallowed\n"
        f"to take it back: factory undo 3 {project}\n"
    )
    told = factory("audit", project, "--json").expect(1).json
    assert (told["keeps"], told["culprits"]) == ([1, 2, 3], [3])
    assert git(project, "rev-parse", "HEAD") == head

    with Terminal(command("audit", project), cwd=project, env=environment()) as terminal:
        terminal.expect("Take experiment 3 back now? [y/N] ")
        terminal.line("y")
        assert terminal.end() == 1
        assert "experiment 4: keep (asked_for)" in terminal.text
    assert (project / "calc/reading.py").read_text() == CLEANED
    assert [(row["kind"], row["verdict"], row.get("undone_by")) for row in history(project)] == [
        ("code", "keep", None),
        ("code", "keep", None),
        ("code", "keep", 4),
        ("undo", "keep", None),
    ]
    assert "The sum is what its parts promised.\n" in factory("audit", project).expect(0).out
    assert_sound(project)


AUDIT = Audit(
    keeps=[1, 2, 3],
    target="main",
    start="a" * 40,
    head="b" * 40,
    promised=0.2,
    found=0.1,
    broken=[
        Broken("one", Layer("a", "b", Row.of(id=2, hypothesis="h"))),
        Broken("two", Layer("b", "c", Row.of(id=3, hypothesis="h"))),
    ],
)


@pytest.mark.parametrize(
    ("asked", "agent", "answers", "taken"),
    [
        (True, "", [True, True], [3, 2]),
        (True, "", [False, True], [2]),
        (True, "process 7 is an agent's sandbox", [True, True], []),
        (False, "", [True, True], []),
    ],
)
def test_each_culprit_is_offered_to_a_person_the_newest_first(
    monkeypatch: pytest.MonkeyPatch, asked: bool, agent: str, answers: list[bool], taken: list[int]
) -> None:
    found: list[int] = []
    monkeypatch.setattr(output, "can_ask", lambda: asked)
    monkeypatch.setattr(output, "confirm", lambda question: answers.pop(0))
    monkeypatch.setattr(audit_command, "agent_above", lambda: agent)
    monkeypatch.setattr(audit_command, "undo", lambda lab, number, why: found.append(number))
    monkeypatch.setattr(audit_command, "show_undone", lambda lab, done: None)
    audit_command.offer(cast("Lab", None), AUDIT)
    assert found == taken


@pytest.mark.matrix
def test_keeps_that_add_up_are_clean(project: Path) -> None:
    three_keeps(project, LOGGED)
    found = factory("audit", project).expect(0)
    assert found.out.endswith("The sum is what its parts promised.\n")
    assert (
        factory("audit", project, "--last", "2").expect(0).out.startswith("audit of the keeps 2, 3 on main")
    )
    assert factory("audit", project, "--since", "3").expect(0).out.startswith("audit of the keeps 3 on main")


@pytest.mark.matrix
def test_a_check_that_a_keep_delivered_and_a_later_one_breaks_is_found(project: Path) -> None:
    keep(
        project, "Say what it is", {"notes.md": "A calculator.\n"}, "--verify", "grep -q calculator notes.md"
    )
    keep(
        project,
        "Remove unused imports",
        {"calc/reading.py": PLAIN.replace("import os\n", ""), "notes.md": "\n"},
    )
    found = factory("audit", project).expect(1)
    assert "broken: experiment 1 made `grep -q calculator notes.md` pass\n" in found.out
    assert "  by experiment 2: Remove unused imports\n" in found.out


@pytest.mark.matrix
def test_commits_of_other_people_in_between_are_named_as_such(project: Path) -> None:
    keep(project, "Document what reading does", {"calc/reading.py": DOCUMENTED})
    foreign = commit(project, {"calc/reading.py": PLAIN}, "Tidy")
    keep(project, "Remove unused imports", {"calc/reading.py": PLAIN.replace("import os\n", "")})
    found = factory("audit", project).expect(1)
    assert "the parts promised" in found.out
    assert "  by commits that are not the factory's, " in found.out
    assert f"..{foreign[:12]}\n" in found.out
    assert "to take it back" not in found.out


@pytest.mark.matrix
def test_a_test_that_fails_at_the_top_is_traced_to_what_broke_it(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc", policy=TESTED_POLICY)
    keep(project, "Remove unused imports", {"calc/sums.py": CLEAN_SUMS})
    broken = CLEAN_SUMS.replace("return a + a", "return a * 3")
    commit(project, {"calc/sums.py": broken}, "Triple")
    keep(project, "Say more", {"notes.md": "x\n"}, "--verify", "grep -q x notes.md")
    found = factory("audit", project).expect(1)
    assert (
        "broken: tests/test_sums.py::test_double passed with experiment 1\n  by commits that are not"
        in found.out
    )


@pytest.mark.matrix
def test_without_keeps_there_is_nothing_to_audit(project: Path) -> None:
    assert factory("audit", project).expect(0).out == "There are no keeps on the target branch to audit.\n"
    keep(project, "Document what reading does", {"calc/reading.py": DOCUMENTED})
    assert "Experiment 9 is no kept experiment" in factory("audit", project, "--since", "9").expect(2).err


def test_a_long_loop_ends_with_an_audit(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commit(
        project, {"calc/reading.py": PLAIN.replace("        return 0\n", "        pass\n    return 0\n")}, "x"
    )
    monkeypatch.setattr(cycle_command, "AUDIT_AFTER", 2)
    assert main(["run", str(project), "--loop", "--runner", "offline"]) == 0
    told = capsys.readouterr().out
    assert [row["verdict"] for row in history(project)] == ["keep", "keep"]
    assert "audit of the keeps 1, 2 on main" in told
    assert "The sum is what its parts promised.\n" in told
    assert [event.data["keeps"] for event in events(project) if event.type == "audit"] == [[1, 2]]
    assert_sound(project)


def test_a_loop_is_not_audited_while_its_keeps_are_on_pull_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(cycle_command, "audit", lambda lab, last: asked.append(last))
    lab, rows = (
        open_lab(small_project(tmp_path / "calc"), lambda _: None),
        [Row.of(id=n, verdict="keep") for n in (1, 2, 3)],
    )
    for status, expected in (("pr", []), ("merged", [3])):
        state = SimpleNamespace(opened={}, closed={"integration": {"status": status}})
        cycle: Any = SimpleNamespace(state=state)
        cycle_command._audit_loop(lab, cycle, rows, as_json=True)
        assert asked == expected
