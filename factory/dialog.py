"""The conversation with the person over a draft: shown, argued about, edited, approved, or left for later."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from factory import output
from factory.ancestry import refuse_agents
from factory.approvals import difference
from factory.errors import BadInput, EnvironmentLacking, Refused
from factory.process import foreground
from factory.spec import SpecFinding, parse

MOST_ROUNDS = 5
EDITORS = ("nano", "vi")
"""Tried in this order where neither VISUAL nor EDITOR is set."""

CHOICES = {
    "approve": "the plan is agreed to as it stands",
    "feedback": "say what is to change: `f <one line>`, or `f` and several lines",
    "edit": "change the text yourself, in $VISUAL or $EDITOR",
    "diff": "what changed since the last draft",
    "show": "the draft once more",
    "quit": "leave it for now; the same command takes it up again",
}
APPROVE = "Approve this text as it stands?"
WHAT_TO_CHANGE = "What is to change? Ctrl-C takes it back.\nEnd with a line that is a single dot, or Ctrl-D."
MENU = "[a]pprove  [f]eedback  [e]dit  [d]iff  [s]how  [q]uit"


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft as the person meets it.

    ``round`` counts the drafts from 1: feedback is taken on the first ``most_rounds`` of them. ``findings``
    are those of ``spec.check``; ``previous`` is the draft before, empty for the first.
    """

    text: str
    round: int = 1
    most_rounds: int = MOST_ROUNDS
    findings: Sequence[SpecFinding] = field(default=())
    previous: str = ""

    @property
    def errors(self) -> list[SpecFinding]:
        """The findings that stand in the way of an approval."""
        return [finding for finding in self.findings if finding.severity == "error"]

    @property
    def rounds_left(self) -> int:
        """How often feedback can still be given."""
        return max(0, self.most_rounds - self.round + 1)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the person wants. ``text``: what was approved, the feedback, the edited text; empty for quit."""

    kind: Literal["approve", "feedback", "edited", "quit"]
    text: str = ""


QUIT = Decision("quit")


def discuss(draft: DraftView) -> Decision:
    """Show a draft and ask the person what becomes of it. Ctrl-C and the end of input are quitting.

    Raises Refused where no person can be asked.
    """
    refuse_agents("decide about a draft")
    if not output.can_ask():
        raise Refused(
            "A draft needs a person's answer, and there is no terminal.",
            "Run this in a terminal, or stop after the draft with --plan-only.",
        )
    try:
        return _discuss(draft)
    except KeyboardInterrupt:
        output.note("")
        return QUIT


def _discuss(draft: DraftView) -> Decision:
    _show(draft)
    while True:
        try:
            decision = _answer(draft, output.ask_text(f"{_standing(draft)}\n{MENU}"))
        except Refused:  # the end of input
            return QUIT
        if decision is not None:
            return decision


def _answer(draft: DraftView, answer: str) -> Decision | None:
    """What an answer decides; None when there is more to ask.

    Only feedback has words after it: "a second thing" is the beginning of a sentence, and approves nothing.
    """
    word, _, rest = answer.partition(" ")
    choice = _choice(word)
    if rest and choice != "feedback":
        output.note("That is not one of the choices. To give it as feedback, begin it with `f`.")
        choice = ""
    match choice:
        case "approve":
            return _approve(draft)
        case "feedback":
            return _feedback(draft, rest.strip())
        case "edit":
            return _edit(draft)
        case "diff":
            _show_difference(draft)
        case "show":
            _show(draft)
        case "quit":
            return QUIT
        case _:
            _explain(draft)
    return None


def _choice(word: str) -> str:
    """The choice that a word, or the beginning of one, means; empty for none."""
    return next((name for name in CHOICES if word and name.startswith(word.lower())), "")


def _explain(draft: DraftView) -> None:
    for name, meaning in CHOICES.items():
        output.note(f"  {name:<9} {meaning}")
    output.note(f"  Feedback can be given {_times(draft.rounds_left)} more.")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _standing(draft: DraftView) -> str:
    """What stands above the question: which draft it is, what the rules say, how often feedback is taken."""
    left = f"{_count(draft.rounds_left, 'round')} of feedback" if draft.rounds_left else "no feedback"
    return f"\nDraft {draft.round}: {_size(draft.text)}.\nIt {_state(draft)}; {left} left."


def _state(draft: DraftView) -> str:
    if _form_fault(draft.text):
        return "cannot be approved as it is"
    errors = len(draft.errors)
    warnings = len(draft.findings) - errors
    counts = [_count(n, noun) for n, noun in ((errors, "error"), (warnings, "warning")) if n]
    return f"has {' and '.join(counts)}" if counts else "keeps every rule"


def _size(text: str) -> str:
    if _form_fault(text):
        return "in no form of a specification"
    spec = parse(text)
    waiting = f", {_count(len(spec.blocked), 'open question')} under Blocked" if spec.blocked else ""
    return f"{_count(len(spec.phases), 'phase')}, {_count(len(spec.features), 'feature')}{waiting}"


def _form_fault(text: str) -> str:
    """Why a text has neither form of a specification; empty where it has one."""
    try:
        parse(text)
    except BadInput as error:
        return error.message
    return ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _show(draft: DraftView) -> None:
    output.markdown(draft.text)
    if draft.previous:
        _show_difference(draft)
    _show_findings(draft)


def _show_difference(draft: DraftView) -> None:
    if not draft.previous:
        output.note("This is the first draft.")
        return
    changed = difference(draft.previous, draft.text, before="last draft", after="this draft")
    if not changed:
        output.note("Nothing has changed since the last draft.")
        return
    output.note("What changed since the last draft:")
    output.diff(changed)


def _show_findings(draft: DraftView) -> None:
    for finding in draft.findings:
        weight = "" if finding.severity == "error" else "warning: "
        output.note(f"line {finding.line}: {weight}{finding.rule}: {finding.message}")
        output.note(f"    {finding.mend}")


def _approve(draft: DraftView) -> Decision | None:
    fault = _form_fault(draft.text)
    if fault:
        output.note(f"It cannot be approved: {fault}")
        return None
    if draft.errors:
        _show_findings(draft)
        output.note("It cannot be approved before the errors are mended: by an edit, or by feedback.")
        return None
    return Decision("approve", draft.text) if output.confirm(APPROVE) else None


def _feedback(draft: DraftView, given: str) -> Decision | None:
    if not draft.rounds_left:
        output.note(
            f"{_count(draft.most_rounds, 'round')} of feedback are used up: edit it, approve it, or quit."
        )
        return None
    try:
        text = given or output.ask_lines(WHAT_TO_CHANGE)
    except KeyboardInterrupt:  # of these lines, not of the conversation
        output.note("\nThis feedback was not taken.")
        return None
    if text.strip():
        return Decision("feedback", text)
    output.note("No feedback was given.")
    return None


def _edit(draft: DraftView) -> Decision | None:
    command = _editor()
    if not command:
        output.note("No editor was found: set VISUAL or EDITOR.")
        return None
    # No scratch folder, which `factory gc` clears away after a kill: what the person has typed is theirs.
    folder = Path(tempfile.mkdtemp(prefix="factory-draft-"))
    try:
        return _edited(draft, command, folder / "draft.md")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _editor() -> list[str]:
    """The command of the person's editor; empty when there is none."""
    for name in ("VISUAL", "EDITOR"):
        try:
            command = shlex.split(os.environ.get(name, ""))
        except ValueError:
            output.note(f"{name} cannot be read: its quotes don't match.")
            return []
        if command:
            return command
    return next(([found] for name in EDITORS if (found := shutil.which(name))), [])


def _edited(draft: DraftView, command: list[str], file: Path) -> Decision | None:
    file.write_bytes(draft.text.encode("utf-8", "surrogateescape"))
    try:
        code = foreground([*command, str(file)], cwd=file.parent)
        text = file.read_bytes().decode("utf-8")
    except EnvironmentLacking as error:
        output.note(f"The editor did not start: {error.message} {error.hint}".rstrip())
        return None
    except (OSError, UnicodeDecodeError) as error:
        output.note(f"The draft stays as it was: what the editor left cannot be read ({error}).")
        return None
    if code != 0:
        output.note(f"The draft stays as it was: the editor ended with exit code {code}.")
        return None
    if text == draft.text or not text.strip():
        output.note(
            "The draft stays as it was: nothing was changed."
            if text.strip()
            else "An empty text is no draft."
        )
        return None
    return Decision("edited", text)
