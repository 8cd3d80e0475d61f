"""``factory spec check`` and ``factory spec show``: a plan read and judged, without a cycle."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from factory import output
from factory.errors import EXIT_NO, EXIT_OK, BadInput
from factory.paths import ProjectPaths
from factory.spec import SpecFinding, check, parse

PROJECT_SPEC = "SPEC.md"


def run(args: argparse.Namespace) -> int:
    """``args``: ``action`` (check or show), ``target`` (a file, for show also a project) and ``json``.

    Returns 1 when ``check`` finds an error. Raises BadInput for a file that cannot be read or is no plan.
    """
    if args.action == "check":
        return check_file(Path(args.target), as_json=args.json)
    return show(Path(args.target), as_json=args.json)


def check_file(file: Path, *, as_json: bool) -> int:
    """Print the findings on a plan as ``file:line: rule: message``, the mend below each."""
    findings = check(parse(read_text(file)))
    errors = sum(1 for f in findings if f.severity == "error")
    if as_json:
        output.emit_json({"file": str(file), "errors": errors, "findings": [asdict(f) for f in findings]})
    else:
        for finding in findings:
            output.say(f"{file}:{finding.line}: {_named(finding)}: {finding.message}")
            output.say(f"    {finding.mend}")
        output.note(_summary(errors, len(findings) - errors))
    return EXIT_NO if errors else EXIT_OK


def show(target: Path, *, as_json: bool) -> int:
    """Print a plan: rendered in a terminal, as it stands elsewhere. Text of any other form is shown too."""
    file = plan_file(target) if target.is_dir() else target
    text = read_text(file)
    try:
        spec = parse(text)
    except BadInput as error:
        if as_json:
            raise
        output.note(f"{file}: {error.message}")
    else:
        if as_json:
            output.emit_json(asdict(spec))
            return EXIT_OK
    output.markdown(text)
    return EXIT_OK


def plan_file(project: Path) -> Path:
    """A project's current plan: the draft, else the committed SPEC.md."""
    candidates = (ProjectPaths(project).plan, project / PROJECT_SPEC)
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise BadInput(f"{project} has no plan.", "Draft one with `factory ceo PATH --mode design`.")
    return found


def read_text(file: Path) -> str:
    """The text of a file. Raises BadInput when it is missing, unreadable or not UTF-8."""
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} is not UTF-8 text (byte {error.start}).", "Name a Markdown file.") from error
    except OSError as error:
        reason = error.strerror or error
        raise BadInput(f"{file} cannot be read: {reason}.", "Name a Markdown file.") from error
    except ValueError as error:
        raise BadInput(f"{str(file)!r} is no path of a file.", "Name a Markdown file.") from error


def _named(finding: SpecFinding) -> str:
    return finding.rule if finding.severity == "error" else f"warning: {finding.rule}"


def _summary(errors: int, warnings: int) -> str:
    counts = [
        f"{n} {name}{'' if n == 1 else 's'}" for n, name in ((errors, "error"), (warnings, "warning")) if n
    ]
    return ", ".join(counts) or "The plan keeps every rule."
