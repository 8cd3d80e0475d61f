"""The conversation over a draft, with a person at a real terminal."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from factory.dialog import DraftView, discuss
from factory.errors import Refused
from tests.spec.examples import PROJECT, replaced
from tests.support.cli import environment
from tests.support.pty import CTRL_C, CTRL_D, Terminal

MENU = "[a]pprove  [f]eedback  [e]dit  [d]iff  [s]how  [q]uit\n> "
AGREED = "Approve this text as it stands? [y/N] "
SPOILED = replaced(PROJECT, " — the service needs a key from the user", "")

# Plays the engine: asks once about the draft in draft.json, and writes the decision down.
PLAY = """\
import json, sys
from pathlib import Path
from factory.dialog import DraftView, discuss
from factory.errors import BadInput
from factory.spec import check, parse
view = json.loads(Path("draft.json").read_text())
try:
    findings = check(parse(view["text"]))
except BadInput:
    findings = []
decision = discuss(DraftView(findings=findings, **view))
Path("decision.json").write_text(json.dumps([decision.kind, decision.text]))
"""


class Talk:
    """A conversation over one draft."""

    def __init__(
        self, folder: Path, text: str, env: dict[str, str | None] | None = None, **view: Any
    ) -> None:
        self.folder = folder
        (folder / "draft.json").write_text(json.dumps({"text": text, **view}))
        (folder / "play.py").write_text(PLAY)
        changes = {"TERM": "xterm", "VISUAL": None, "EDITOR": "false", **(env or {})}
        # The package is found where the tests are run from a checkout, too.
        variables = environment({"PYTHONPATH": str(Path(__file__).parents[1]), **changes})
        self.terminal = Terminal([sys.executable, "play.py"], cwd=folder, env=variables)

    def __enter__(self) -> Terminal:
        return self.terminal.__enter__()

    def __exit__(self, *error: Any) -> None:
        self.terminal.__exit__(*error)

    @property
    def decision(self) -> tuple[str, str]:
        """What came of it, once the program has ended."""
        assert self.terminal.end() == 0, self.terminal.text
        kind, text = json.loads((self.folder / "decision.json").read_text())
        return kind, text


def editor(folder: Path, script: str) -> str:
    """An editor that a person would use: a program that changes the file it is given."""
    path = folder / "my editor"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"'{path}' --wait"


def test_a_draft_is_shown_and_approved(tmp_path: Path) -> None:
    talk = Talk(tmp_path, PROJECT)
    with talk as terminal:
        shown = terminal.expect(MENU)
        assert "Skylark — Specification" in shown
        assert (
            "\nDraft 1: 3 phases, 2 features, 1 open question under Blocked.\n"
            "It keeps every rule; 5 rounds of feedback left.\n"
        ) in shown
        assert max(map(len, shown.splitlines())) <= 200, "the width of that terminal"
        terminal.line("a")
        terminal.expect(AGREED)
        terminal.line("y")
        assert talk.decision == ("approve", PROJECT)


@pytest.mark.parametrize("word", ["approve", "APP", "a"])
def test_a_choice_may_be_spelled_out(tmp_path: Path, word: str) -> None:
    talk = Talk(tmp_path, PROJECT)
    with talk as terminal:
        terminal.expect(MENU)
        terminal.line(word)
        terminal.expect(AGREED)
        terminal.line("yes")
        assert talk.decision[0] == "approve"


@pytest.mark.parametrize("word", ["a please", "A second thing: no colours", "approve it", "q what", "edit 3"])
def test_a_sentence_that_begins_like_a_choice_is_none(tmp_path: Path, word: str) -> None:
    talk = Talk(tmp_path, PROJECT)
    with talk as terminal:
        terminal.expect(MENU)
        terminal.line(word)
        told = terminal.expect(MENU)
        assert "That is not one of the choices. To give it as feedback, begin it with `f`.\n" in told
        assert "The editor" not in told and AGREED not in told
        terminal.line("q")
        assert talk.decision == ("quit", "")


def test_an_approval_is_asked_for_once_more(tmp_path: Path) -> None:
    talk = Talk(tmp_path, PROJECT)
    with talk as terminal:
        terminal.expect(MENU)
        terminal.line("a")
        terminal.expect(AGREED)
        terminal.line("")
        terminal.expect(MENU)
        terminal.line("a")
        terminal.expect(AGREED)
        terminal.send(CTRL_D)
        assert talk.decision == ("quit", "")


def test_what_was_pasted_does_not_approve(tmp_path: Path) -> None:
    """The lines behind the answer come with it; more than a terminal holds at once comes in pieces."""
    talk = Talk(tmp_path, PROJECT)
    with talk as terminal:
        terminal.expect(MENU)
        terminal.send("a\n" + "y\n" * 500)
        terminal.expect(AGREED)
        terminal.line("n")
        terminal.expect(MENU)
        terminal.line("q")
        assert talk.decision == ("quit", "")


def test_one_line_of_feedback(tmp_path: Path) -> None:
    talk = Talk(tmp_path, PROJECT)
    with talk as terminal:
        terminal.expect(MENU)
        terminal.line("f show the wind in knots")
        assert talk.decision == ("feedback", "show the wind in knots")


@pytest.mark.parametrize("end", [".\n", CTRL_D])
def test_several_lines_of_feedback(tmp_path: Path, end: str) -> None:
    talk = Talk(tmp_path, PROJECT)
    with talk as terminal:
        terminal.expect(MENU)
        terminal.line("f")
        terminal.expect("End with a line that is a single dot, or Ctrl-D.\n| ")
        terminal.line("- knots")
        terminal.expect("| ")
        terminal.line("")
        terminal.expect("| ")
        terminal.line("  - and gusts, über alles")
        terminal.expect("| ")
        terminal.send(end)
        assert talk.decision == ("feedback", "- knots\n\n  - and gusts, über alles")


def test_no_feedback_is_asked_again(tmp_path: Path) -> None:
    talk = Talk(tmp_path, PROJECT)
    with talk as terminal:
        terminal.expect(MENU)
        terminal.line("f")
        terminal.expect("| ")
        terminal.line(".")
        terminal.expect("No feedback was given.\n")
        terminal.expect(MENU)
        terminal.line("q")
        assert talk.decision == ("quit", "")


def test_feedback_ends_with_its_rounds(tmp_path: Path) -> None:
    with Talk(tmp_path, PROJECT, round=5, previous=PROJECT) as terminal:
        terminal.expect(MENU)
        terminal.line("?")
        terminal.expect("Feedback can be given once more.")
    with Talk(tmp_path, PROJECT, round=6, previous=PROJECT) as terminal:
        terminal.expect(MENU)
        terminal.line("f one thing more")
        terminal.expect("5 rounds of feedback are used up: edit it, approve it, or quit.\n")
        terminal.expect(MENU)


def test_what_changed_since_the_last_draft(tmp_path: Path) -> None:
    text = replaced(PROJECT, "No maps, no accounts.", "No maps.")
    with Talk(tmp_path, text, round=2, previous=PROJECT) as terminal:
        shown = terminal.expect(MENU)
        assert "What changed since the last draft:\n--- last draft\n+++ this draft\n" in shown
        assert "-- No maps, no accounts.\n+- No maps.\n" in shown
        terminal.line("d")
        assert "-- No maps, no accounts.\n+- No maps.\n" in terminal.expect(MENU)
        terminal.line("s")
        assert "Skylark — Specification" in terminal.expect(MENU)


def test_the_first_draft_has_no_difference(tmp_path: Path) -> None:
    with Talk(tmp_path, PROJECT) as terminal:
        terminal.expect(MENU)
        terminal.line("d")
        terminal.expect("This is the first draft.\n")


def test_errors_stand_in_the_way_of_an_approval(tmp_path: Path) -> None:
    talk = Talk(tmp_path, SPOILED)
    with talk as terminal:
        shown = terminal.expect(MENU)
        line = SPOILED[: SPOILED.index("- Severe")].count("\n") + 1
        finding = (
            f'line {line}: blocked.needs: "Severe weather alerts" does not say what is needed from the user\n'
            '    Write "- <item> — <what the user has to give or decide>".\n'
        )
        assert finding in shown
        assert "\nIt has 1 error; 5 rounds of feedback left.\n" in shown
        terminal.line("a")
        assert finding in terminal.expect("It cannot be approved before the errors are mended")
        terminal.expect(MENU)
        terminal.line("q")
        assert talk.decision == ("quit", "")


def test_a_text_in_no_form_cannot_be_approved(tmp_path: Path) -> None:
    with Talk(tmp_path, "# Hypotheses\n\n1. Faster\n") as terminal:
        assert "Draft 1: in no form of a specification" in terminal.expect(MENU)
        terminal.line("a")
        terminal.expect("It cannot be approved: This has neither the project nor the improvement form")
        terminal.expect(MENU)


def test_an_edit_gives_the_edited_text(tmp_path: Path) -> None:
    command = editor(tmp_path, 'test "$1" = --wait || exit 9\nsed -i.bak s/Skylark/Lark/ "$2"')
    talk = Talk(tmp_path, PROJECT, env={"VISUAL": command})
    with talk as terminal:
        terminal.expect(MENU)
        terminal.line("e")
        assert talk.decision == ("edited", PROJECT.replace("Skylark", "Lark"))


PATIENT_EDITOR = """\
trap 'echo caught' INT
echo ready
until [ "$line" ]; do read line; done
echo "$line" >"$2"
"""


def test_the_editor_has_the_terminal_and_ctrl_c_is_its_own(tmp_path: Path) -> None:
    talk = Talk(tmp_path, PROJECT, env={"EDITOR": editor(tmp_path, PATIENT_EDITOR)})
    with talk as terminal:
        terminal.expect(MENU)
        terminal.line("e")
        terminal.expect("ready")
        terminal.send(CTRL_C)
        terminal.expect("caught")
        terminal.line("mine")
        assert talk.decision == ("edited", "mine\n")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 0", "The draft stays as it was: nothing was changed."),
        ('echo x >"$2"; exit 3', "The draft stays as it was: the editor ended with exit code 3."),
        ('rm "$2"', "The draft stays as it was: what the editor left cannot be read"),
        ('printf "\\377" >"$2"', "The draft stays as it was: what the editor left cannot be read"),
        ('echo >"$2"', "An empty text is no draft."),
    ],
)
def test_an_edit_that_is_none_is_asked_again(tmp_path: Path, script: str, said: str) -> None:
    with Talk(tmp_path, PROJECT, env={"EDITOR": editor(tmp_path, script)}) as terminal:
        terminal.expect(MENU)
        terminal.line("e")
        terminal.expect(said)
        terminal.expect(MENU)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("no-such-editor", "The editor did not start: no-such-editor was not found."),
        ("'vi", "EDITOR cannot be read"),
    ],
)
def test_an_editor_that_does_not_start_is_said(tmp_path: Path, command: str, said: str) -> None:
    with Talk(tmp_path, PROJECT, env={"EDITOR": command}) as terminal:
        terminal.expect(MENU)
        terminal.line("e")
        terminal.expect(said)
        terminal.expect(MENU)


@pytest.mark.parametrize("keys", [CTRL_C, CTRL_D, "q\n", "quit\n"])
def test_leaving(tmp_path: Path, keys: str) -> None:
    talk = Talk(tmp_path, PROJECT)
    with talk as terminal:
        terminal.expect(MENU)
        terminal.send(keys)
        assert talk.decision == ("quit", "")


def test_ctrl_c_takes_back_the_feedback_alone(tmp_path: Path) -> None:
    talk = Talk(tmp_path, PROJECT)
    with talk as terminal:
        terminal.expect(MENU)
        terminal.line("f")
        terminal.expect("| ")
        terminal.line("some words")
        terminal.expect("| ")
        terminal.send(CTRL_C)
        terminal.expect("\nThis feedback was not taken.\n")
        terminal.expect(MENU)
        terminal.line("f other words")
        assert talk.decision == ("feedback", "other words")


def test_anything_else_is_answered_with_what_there_is(tmp_path: Path) -> None:
    with Talk(tmp_path, PROJECT) as terminal:
        terminal.expect(MENU)
        terminal.line("yes")
        told = terminal.expect(MENU)
        assert "  quit      leave it for now; the same command takes it up again\n" in told
        assert "  Feedback can be given 5 times more.\n" in told
        assert max(map(len, told.splitlines())) <= 80


def test_a_dumb_terminal_gets_plain_text(tmp_path: Path) -> None:
    talk = Talk(tmp_path, PROJECT, env={"TERM": "dumb"})
    with talk as terminal:
        assert "### 5.1 Feature: Place lookup\n" in terminal.expect(MENU)
        terminal.line("a")
        terminal.expect(AGREED)
        terminal.line("y")
        assert talk.decision[0] == "approve"


def test_escapes_in_a_draft_do_not_steer_the_terminal(tmp_path: Path) -> None:
    text = PROJECT + "\n\x1b]0;owned\x07\n"
    talk = Talk(tmp_path, text, round=2, previous=PROJECT)
    with talk as terminal:
        terminal.expect(MENU)
        assert b"\x1b]0;" not in terminal.raw
        assert "\\x1b]0;owned" in terminal.text


def test_without_a_terminal_or_for_an_agent_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="there is no terminal"):
        discuss(DraftView(PROJECT))
    monkeypatch.setenv("FACTORY_ROLE", "builder")
    with pytest.raises(Refused, match="Only a person can decide"):
        discuss(DraftView(PROJECT))
