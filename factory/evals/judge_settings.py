"""Settings of the measuring tools, which are the judge's: where they are, and how they stay the baseline's.

Some files hold nothing else; others also declare dependencies and builds, which a change may well edit. Of
those the measured checkout has the change's text with the baseline's sections in it.
"""

from __future__ import annotations

import configparser
import io
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from factory.config.model import Scope
from factory.evals.judge_javascript import (
    SHARED_JSON,
    configures_javascript,
    is_free,
    json_settings,
    with_json,
)
from factory.paths import CONFIG_FILE

JUDGE_FILES = (
    *("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", ".coveragerc", ".coveragerc.toml"),
    *(".ruff.toml", "ruff.toml", ".flake8", "mypy.ini", ".mypy.ini"),
)
"""Files that configure the measuring tools, wherever they lie: they belong to the judge."""

JUDGE_TABLES = ("pytest", "coverage", "ruff", "mypy")
"""Tables of ``pyproject.toml`` (below ``tool``) that configure the measuring tools."""

JUDGE_SECTIONS = ("tool:pytest", "pytest", "coverage:", "mypy", "flake8")
"""Sections of ``setup.cfg`` and ``tox.ini`` (by beginning) that configure the measuring tools."""

REQUIRED_PYTHON = ("project.requires-python", "options.python_requires")
"""The oldest Python declared in ``pyproject.toml`` or ``setup.cfg``: ruff's rules follow it."""

SHARED_FILES = ("pyproject.toml", "setup.cfg", "tox.ini", *SHARED_JSON)

_REQUIRES = re.compile(r"\s*[\"']?requires-python[\"']?\s*=")
_HEADER = re.compile(r"\s*\[\[?\s*(?P<name>[^\[\]]+?)\s*\]\]?\s*(#.*)?")


def judge_patterns(scope: Scope) -> tuple[str, ...]:
    """The files that the judge owns by the policy: harness, policy, and what the policy says is read-only."""
    return ("eval/**", CONFIG_FILE, *scope.read_only)


def is_judge_file(path: str) -> bool:
    """Whether a file configures a measuring tool and holds nothing else, wherever it lies."""
    return PurePosixPath(path).name in JUDGE_FILES or configures_javascript(path)


def is_shared_settings(path: str) -> bool:
    """Whether a file of this name may hold settings of measuring tools among other things."""
    return PurePosixPath(path).name in SHARED_FILES


def judge_settings(path: str, text: str | None) -> Mapping[str, Any]:
    """The parts of a shared file that configure a measuring tool, by name; none without a file.

    A text that cannot be parsed is one odd setting of its own.
    """
    try:
        if path.endswith(".json"):
            return json_settings(path, text or "")
        return (_tables if path.endswith(".toml") else _sections)(text or "")
    except (tomllib.TOMLDecodeError, configparser.Error, ValueError, RecursionError):
        return {"unreadable": text}


def changed_settings(path: str, before: str | None, after: str | None) -> list[str]:
    """The names of the judge's settings in a shared file that a change alters."""
    old, new = judge_settings(path, before), judge_settings(path, after)
    return [
        name
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name) and (name in old or not is_free(name))
    ]


def with_settings_of(path: str, text: str | None, baseline: str | None) -> str | None:
    """A shared file's text with the baseline's settings of measuring tools, and everything else as it is.

    Where that cannot be had for certain, it is the baseline's text as a whole (None: no such file).
    """
    if not changed_settings(path, baseline, text):
        return text
    if text is None or "unreadable" in judge_settings(path, baseline):
        return baseline
    made = _made(path, text, baseline or "")
    return made if made is not None and not changed_settings(path, baseline, made) else baseline


def _made(path: str, text: str, baseline: str) -> str | None:
    if path.endswith(".json"):
        return None if "unreadable" in judge_settings(path, text) else with_json(path, text, baseline)
    return (_with_tables if path.endswith(".toml") else _with_sections)(text, baseline)


def _tables(text: str) -> dict[str, Any]:
    data = tomllib.loads(text)
    tool, project = data.get("tool", {}), data.get("project", {})
    found = {f"tool.{name}": tool[name] for name in JUDGE_TABLES if isinstance(tool, dict) and name in tool}
    if isinstance(project, dict) and "requires-python" in project:
        found["project.requires-python"] = project["requires-python"]
    return found


def _sections(text: str) -> dict[str, Any]:
    parser = _parsed(text)
    found: dict[str, Any] = {
        name: dict(parser[name]) for name in parser.sections() if name.startswith(JUDGE_SECTIONS)
    }
    if parser.has_option("options", "python_requires"):
        found["options.python_requires"] = parser["options"]["python_requires"]
    return found


def _parsed(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    return parser


def _with_tables(text: str, baseline: str) -> str | None:
    """Exchange the judge's tables and the required Python; None where the rest would not stay what it is."""
    required = _tables(baseline).get("project.requires-python")
    kept = [
        _with_required(block, required) if name == "project" else block
        for name, block in _blocks(text)
        if not _is_judges(name)
    ]
    theirs = [block for name, block in _blocks(baseline) if _is_judges(name)]
    made = "\n".join([*kept, *theirs]) + "\n"
    try:
        return made if _rest(made) == _rest(text) else None
    except tomllib.TOMLDecodeError:
        return None


def _with_required(block: str, required: object) -> str:
    """The table ``project`` with that for ``requires-python``, or without it where it is no text."""
    header, *lines = [line for line in block.split("\n") if not _REQUIRES.match(line)]
    said = [f"requires-python = {json.dumps(required)}"] if isinstance(required, str) else []
    return "\n".join([header, *said, *lines])


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """A TOML text from header to header, each part with its table's name; the first part has none.

    A line inside a long string may look like a header: whoever puts parts together parses the whole again.
    """
    name = ""
    lines: list[str] = []
    for line in text.splitlines():
        header = _HEADER.fullmatch(line)
        if header:
            yield name, "\n".join(lines)
            name, lines = header["name"], []
        lines.append(line)
    yield name, "\n".join(lines)


def _is_judges(name: str) -> bool:
    parts = [part.strip(" \"'") for part in name.split(".")]
    return parts[0] == "tool" and len(parts) > 1 and parts[1] in JUDGE_TABLES


def _rest(text: str) -> dict[str, Any]:
    data = tomllib.loads(text)
    tool, project = data.pop("tool", {}), data.get("project")
    others = {k: v for k, v in tool.items() if k not in JUDGE_TABLES} if isinstance(tool, dict) else {}
    if isinstance(project, dict):
        project.pop("requires-python", None)
    return {**data, "tool": others}


def _with_sections(text: str, baseline: str) -> str | None:
    parser, theirs = _parsed(text), _parsed(baseline)
    for name in [name for name in parser.sections() if name.startswith(JUDGE_SECTIONS)]:
        parser.remove_section(name)
    for name in theirs.sections():
        if name.startswith(JUDGE_SECTIONS):
            parser[name] = dict(theirs[name])
    if parser.has_section("options"):
        parser.remove_option("options", "python_requires")
    if theirs.has_option("options", "python_requires"):
        if not parser.has_section("options"):
            parser.add_section("options")
        parser["options"]["python_requires"] = theirs["options"]["python_requires"]
    written = io.StringIO()
    parser.write(written)
    return written.getvalue()
