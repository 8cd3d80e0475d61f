"""What the ``spec`` commands share: reading a plan's file, and showing findings on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from factory import output
from factory.approvals import Approvals
from factory.errors import BadInput
from factory.paths import ProjectPaths, factory_home
from factory.spec import Form, SpecFinding, parse
from factory.target import SPEC_FILE


def plan_file(project: Path) -> Path:
    """The plan that is meant where a project is named: SPEC.md, except where an improvement plan waits.

    A SPEC.md that nobody has agreed to comes before everything; once it is agreed to, a current plan of
    improvements that is not approved yet is meant, else SPEC.md. A draft of the project's own specification
    counts only where there is no SPEC.md. Raises BadInput where there is no plan.
    """
    paths = ProjectPaths(project.resolve())
    draft, committed = paths.plan, project / SPEC_FILE
    has_draft = draft.is_file()
    if not _is_specification(committed):
        found = draft if has_draft else committed
        if not found.is_file():
            raise BadInput(f"{project} has no plan.", "Draft one with `factory ceo PATH --mode design`.")
        return found
    approvals = Approvals(factory_home(), paths.key)
    is_agreed = approvals.contract_of(committed.read_bytes()) is not None
    waits = has_draft and _form_of(draft) is Form.IMPROVEMENT and approvals.of(draft.read_bytes()) is None
    return draft if is_agreed and waits else committed


def _is_specification(file: Path) -> bool:
    return file.is_file() and _form_of(file) is Form.PROJECT


def _form_of(file: Path) -> Form | None:
    """The form of the plan in a file; None for any other text."""
    try:
        return parse(read_text(file)).form
    except BadInput:
        return None


def require_there(target: Path) -> Path:
    """The target itself. Raises BadInput where nothing lies there."""
    try:
        target.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInput(
            f"{target} does not exist.", "Name a plan's file, or the folder of a project."
        ) from error
    except (OSError, ValueError):
        pass  # reading it says why it cannot be read
    return target


def read_text(file: Path) -> str:
    """The text of a file, every byte of it. Raises BadInput when it is missing, unreadable or not UTF-8."""
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} is not UTF-8 text (byte {error.start}).", "Name a Markdown file.") from error
    except OSError as error:
        reason = error.strerror or error
        raise BadInput(f"{file} cannot be read: {reason}.", "Name a Markdown file.") from error
    except ValueError as error:
        raise BadInput(f"{str(file)!r} is no path of a file.", "Name a Markdown file.") from error


def show_findings(file: Path, findings: Sequence[SpecFinding]) -> None:
    """Print findings as ``file:line: rule: message``, the mend below each."""
    for finding in findings:
        weight = "" if finding.severity == "error" else "warning: "
        output.say(f"{file}:{finding.line}: {weight}{finding.rule}: {finding.message}")
        output.say(f"    {finding.mend}")


def count(number: int, noun: str) -> str:
    """A number with its noun: ``1 error``, ``2 errors``."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
