"""What the ``spec`` commands share: reading a plan's file, and showing findings on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from factory import output
from factory.errors import BadInput
from factory.paths import ProjectPaths
from factory.spec import SpecFinding
from factory.target import SPEC_FILE


def plan_file(project: Path) -> Path:
    """A project's current plan: the draft, else the committed SPEC.md."""
    candidates = (ProjectPaths(project).plan, project / SPEC_FILE)
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise BadInput(f"{project} has no plan.", "Draft one with `factory ceo PATH --mode design`.")
    return found


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
