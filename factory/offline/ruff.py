"""The one place that runs ruff: our own, on a project's checkout, under that project's configuration."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.errors import EnvironmentLacking
from factory.process import Completed, allowed_env, quick

TIMEOUT_S = 300.0
#: Arguments a call, so that a big project stays below the system's limit on a command line.
BATCH = 500

_DIFF_HEADER = re.compile(r"^--- (.+)\n\+\+\+ \1$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that ruff reports. ``fixable``: ruff has a fix for it that it calls safe."""

    code: str
    path: str
    line: int
    message: str
    fixable: bool


def check(root: Path, arguments: Sequence[str] = (), paths: Sequence[str] = (".",)) -> list[Finding]:
    """What ruff reports on ``paths``, by path and line. EnvironmentLacking when it does not run."""
    done = _ruff(root, ["check", "--output-format", "json", "--exit-zero", *arguments, "--", *paths])
    try:
        entries = json.loads(done.stdout)
    except ValueError:
        raise EnvironmentLacking("ruff gave no readable report.", done.stderr.strip()[:300]) from None
    found = [_finding(root, entry) for entry in entries]
    return sorted(found, key=lambda f: (f.path, f.line, f.code))


def fix(root: Path, codes: Sequence[str], paths: Sequence[str], arguments: Sequence[str] = ()) -> None:
    """Apply the safe fixes of these rules to these files."""
    options = ["--fix-only", "--no-unsafe-fixes", "--force-exclude", "--select", ",".join(codes)]
    for batch in _batches(paths):
        _ruff(root, ["check", *options, *arguments, "--exit-zero", "--", *batch])


def unformatted(root: Path, arguments: Sequence[str] = (), paths: Sequence[str] = (".",)) -> list[str]:
    """The Python files that ruff would format otherwise; one that cannot be parsed is passed over."""
    # The diff, for its form is the same in all versions; 2 is how ruff ends when it cannot parse a file.
    done = _ruff(root, ["format", "--diff", *arguments, "--", *paths], accept=(0, 1, 2))
    # Ruff also knows the Python inside of Markdown, which is another matter.
    return sorted({path for path in _DIFF_HEADER.findall(done.stdout) if path.endswith((".py", ".pyi"))})


def format_files(root: Path, paths: Sequence[str], arguments: Sequence[str] = ()) -> None:
    """Format these files."""
    for batch in _batches(paths):
        _ruff(root, ["format", "--force-exclude", *arguments, "--", *batch])


def _batches(paths: Sequence[str]) -> list[Sequence[str]]:
    return [paths[i : i + BATCH] for i in range(0, len(paths), BATCH)]


def _ruff(root: Path, arguments: Sequence[str], accept: tuple[int, ...] = (0,)) -> Completed:
    command, *rest = arguments
    # -P: a folder named ruff in the checkout must not be what is run.
    argv = [sys.executable, "-P", "-m", "ruff", command, "--no-cache", "--quiet", *rest]
    done = quick(argv, cwd=root, env={**allowed_env(), "NO_COLOR": "1"}, timeout=TIMEOUT_S)
    if done.timed_out or done.returncode not in accept:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise EnvironmentLacking(f"ruff {command} failed on this project.", " ".join(said)[:300])
    return done


def _finding(root: Path, entry: dict[str, Any]) -> Finding:
    path = Path(entry["filename"])
    base = root.resolve()
    relative = path.relative_to(base) if path.is_relative_to(base) else path
    fix_found = entry.get("fix") or {}
    return Finding(
        code=entry.get("code") or "syntax",
        path=relative.as_posix(),
        line=int((entry.get("location") or {}).get("row", 1)),
        message=str(entry.get("message", "")),
        fixable=fix_found.get("applicability") == "safe",
    )
