"""``factory brief``: the state of the project as one compact JSON object."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from factory import output
from factory.backlog import read_backlog
from factory.brief import build_brief, compact_json
from factory.commands.state import state_of
from factory.errors import EXIT_OK, FactoryError
from factory.paths import ProjectPaths
from factory.rows import Row, stream

_MESSAGES_READ = 1 << 16


def run(args: argparse.Namespace) -> int:
    """Print the brief; what cannot be read is left out of it and named on stderr."""
    paths = state_of(args.path)
    output.say(compact_json(brief_of(paths)))
    return EXIT_OK


def brief_of(paths: ProjectPaths) -> dict[str, Any]:
    """The brief of the project as its files are now, under the thresholds of its ``factory.toml``."""
    damaged: list[int] = []
    brief = build_brief(
        _rows(paths.results, damaged),
        evaluation=_evaluation(paths.last_eval),
        backlog=read_backlog(paths.backlog),
        messages=_messages(paths),
        **_thresholds(paths.config),
    )
    return brief | {"damaged_lines": len(damaged)}


def _rows(path: Path, damaged: list[int]) -> Iterator[Row]:
    for entry in stream(path):
        if isinstance(entry, Row):
            yield entry
        else:
            damaged.append(entry.line)


def _evaluation(path: Path) -> Mapping[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError):
        output.note(f"{path} cannot be read; the brief is without scores.")
        return None
    return found if isinstance(found, dict) else None


def _messages(paths: ProjectPaths) -> list[str]:
    """The texts of the last waiting messages; a line that is no message is passed over."""
    if not paths.messages.exists():
        return []
    from factory.project import written_here  # noqa: PLC0415 - it asks git, only where messages wait

    if not written_here(paths.root, [paths.messages]):
        return []
    try:
        with paths.messages.open("rb") as source:
            size = source.seek(0, 2)
            source.seek(max(0, size - _MESSAGES_READ))
            lines = source.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [text for text in map(_text_of, lines) if text]


def _text_of(line: str) -> str:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    text = found.get("text") if isinstance(found, dict) else None
    return text if isinstance(text, str) else ""


def _thresholds(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    from factory.config import load_project  # noqa: PLC0415 - only where there are settings

    try:
        config = load_project(path.read_text(encoding="utf-8"), path.name)
    except (FactoryError, OSError, ValueError):
        output.note(
            f"{path} has mistakes; the brief goes by default thresholds. `factory config` lists them."
        )
        return {}
    return {
        "threshold": config.eval.threshold,
        "stuck_threshold": config.strategy.stuck_threshold,
        "plateau_threshold": config.strategy.plateau_threshold,
        "similarity": config.strategy.similarity,
    }
