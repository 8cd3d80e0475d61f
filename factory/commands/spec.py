"""``factory spec``: a plan checked, shown, approved, and traced to what became of it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from factory import output
from factory.commands.approve import approve
from factory.commands.spec_files import count, plan_file, read_text, require_there, show_findings
from factory.commands.trace import show_trace
from factory.errors import EXIT_NO, EXIT_OK, BadInput
from factory.spec import check, parse


def run(args: argparse.Namespace) -> int:
    """``args``: ``action``, ``target`` (a plan's file, or a project), ``yes`` and ``json``.

    Raises BadInput for what does not exist, and for a file that cannot be read or is no plan.
    """
    target = require_there(Path(args.target))
    match args.action:
        case "check":
            return check_file(plan_file(target) if target.is_dir() else target, as_json=args.json)
        case "approve":
            return approve(target, yes=args.yes, as_json=args.json)
        case "trace":
            return show_trace(target, as_json=args.json)
        case _:
            return show(target, as_json=args.json)


def check_file(file: Path, *, as_json: bool) -> int:
    """Print the findings on a plan as ``file:line: rule: message``, the mend below each."""
    findings = check(parse(read_text(file)))
    errors = sum(1 for f in findings if f.severity == "error")
    if as_json:
        output.emit_json({"file": str(file), "errors": errors, "findings": [asdict(f) for f in findings]})
    else:
        show_findings(file, findings)
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


def _summary(errors: int, warnings: int) -> str:
    counts = [count(n, name) for n, name in ((errors, "error"), (warnings, "warning")) if n]
    return ", ".join(counts) or "The plan keeps every rule."
