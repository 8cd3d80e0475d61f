"""Settings of checkers, parsed and compared: what a change to them asks less of."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from factory.integrity.model import FileChange, Weakening, names

Settings = Mapping[str, Any]
"""Values by dotted key."""

TOOLS = ("pytest", "coverage", "ruff", "mypy", "flake8", "pylint", "pyright", "basedpyright", "bandit", "ty")
INI_TOOLS = (*TOOLS, "tool:pytest", "pycodestyle", "pydocstyle", "pep8", "messages control", "master", "main")

_WHOLE = {
    **dict.fromkeys(("ruff.toml", ".ruff.toml"), "ruff"),
    **dict.fromkeys(("pytest.toml", ".pytest.toml"), "pytest"),
    ".coveragerc.toml": "coverage",
}
_PATTERNS = re.compile(r"[\\()$^].*\n|\n.*[\\()$^]")
_RUFF_SPELLINGS = re.compile(r"\.(?:lint\.)?(?:extend-)?(?!lint\.)")
_INI = names(
    "setup.cfg tox.ini pytest.ini .pytest.ini mypy.ini .mypy.ini .coveragerc .flake8 .pylintrc pylintrc"
    " .bandit .pycodestyle .pydocstyle"
)

# Keys by their last part, with - and _ alike: lists of what is looked at, and of what is not.
_LOOKED_AT = names(
    "select extend_select enable testpaths python_files python_classes python_functions files packages"
    " modules source source_pkgs source_dirs include extend_include required_plugins load_plugins strict"
    " enable_error_code"
)
_LEFT_OUT = names(
    "ignore extend_ignore exclude extend_exclude per_file_ignores extend_per_file_ignores omit exclude_lines"
    " exclude_also partial_branches norecursedirs disable disable_error_code ignore_patterns ignore_paths"
    " ignored_modules ignored_classes skips exclude_dirs collect_ignore"
)
_LARGER_IS_LOOSER = re.compile(r"line_length|max_.*|(.*_)?max_complexity")
_SMALLER_IS_LOOSER = re.compile(r"fail_under|min_.*")
_ON_IS_LOOSER = re.compile(
    r"ignore_errors|ignore_missing_imports|allow_.*|implicit_.*|follow_untyped_imports|exit_zero"
)
_OFF_IS_LOOSER = re.compile(
    r"strict(_.*)?|disallow_.*|warn_.*|check_untyped_defs|no_implicit_.*|extra_checks|local_partial_types"
    r"|xfail_strict|branch|strictParameterNoneValue|report\w+"
)
_MODES = {
    "follow_imports": ("error", "normal", "silent", "skip"),
    "typeCheckingMode": ("strict", "standard", "basic", "off"),
}
_NARROWING = (
    "-k",
    "-m",
    "--ignore",
    "--ignore-glob",
    "--deselect",
    "--co",
    "--collect-only",
    "--lf",
    "--no-cov",
)
_NARROWING_MORE = ("--reruns", "--last-failed", "--setup-only", "--setup-plan", "--no-cov-on-fail", "--sw")


def is_settings_file(path: str) -> bool:
    """Whether a file of this name holds settings of checkers."""
    return _reader(path) is not None


def loosened_settings(change: FileChange) -> Iterator[Weakening]:
    """What a change to a file of settings asks less of; nothing for any other file."""
    read = _reader(change.path)
    if read is None:
        return
    before, after = (_read(read, text) for text in (change.before, change.after))
    if after is None and before:
        said = f"{change.path} cannot be read any more, so none of its settings hold"
        yield Weakening("config_loosened", change.path, 1, "", said)
        return
    before, after = _plainly(before or {}), _plainly(after or {})
    for key in sorted(before.keys() | after.keys()):
        why = _looser(key, before.get(key), after.get(key))
        if why:
            line = _line_of(change.after or "", key)
            said = f"{change.path}: {key} {why}"
            yield Weakening("config_loosened", change.path, line, key, said)


def _plainly(settings: Settings) -> dict[str, Any]:
    """The same with one name for what ruff has several for: with and without ``lint``, to extend or not."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        plain = _RUFF_SPELLINGS.sub(".", key) if key.startswith("tool.ruff.") else key
        both = plain in found and isinstance(value, list) and isinstance(found[plain], list)
        found[plain] = [*found[plain], *value] if both else value
    return found


def _reader(path: str) -> Callable[[str], Settings] | None:
    name = PurePosixPath(path).name
    if name == "pyproject.toml":
        return _pyproject
    if name in _WHOLE:
        tool = _WHOLE[name]
        return lambda text: _flat({"tool": {tool: tomllib.loads(text)}})
    if name in _INI:
        return lambda text: _ini(text, whole=name in (".coveragerc", "pylintrc", ".pylintrc", ".bandit"))
    return _pyright if name == "pyrightconfig.json" else None


def _read(read: Callable[[str], Settings], text: str | None) -> Settings | None:
    """The settings in a text; none where there is no file, None where it cannot be read."""
    if text is None:
        return {}
    try:
        return read(text)
    except (tomllib.TOMLDecodeError, configparser.Error, ValueError, RecursionError):
        return None


def _pyproject(text: str) -> Settings:
    tool = tomllib.loads(text).get("tool", {})
    chosen = {name: tool[name] for name in TOOLS if isinstance(tool, dict) and name in tool}
    return _flat({"tool": chosen})


def _pyright(text: str) -> Settings:
    data = json.loads(text)
    return _flat({"tool": {"pyright": data}}) if isinstance(data, dict) else {}


def _ini(text: str, *, whole: bool) -> Settings:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    return {
        f"{section}.{key}": value
        for section in parser.sections()
        if whole or section.lower().startswith(INI_TOOLS)
        for key, value in parser[section].items()
    }


def _flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted keys; a table of lists that names what is left out stays one value."""
    found: dict[str, Any] = {}
    for key, value in data.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and _plain(name) in _LEFT_OUT:
            found[name] = [f"{at}:{rule}" for at, rules in value.items() for rule in _words(rules)]
        elif isinstance(value, dict):
            found |= _flat(value, f"{name}.")
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            for item in value:
                found |= _flat(item, f"{name}[{_module(item)}].")
        else:
            found[name] = value
    return found


def _module(item: Mapping[str, Any]) -> str:
    return ",".join(_words(item.get("module", "")))


def _plain(key: str) -> str:
    """The last part of a dotted key, with underscores."""
    return key.rpartition(".")[2].replace("-", "_")


def _words(value: Any) -> list[str]:
    """A list, or a text of lines, commas and spaces, as a list of texts."""
    if isinstance(value, str):
        apart = r"\n\s*" if _PATTERNS.search(value) else r"[,\s]+"
        return [word for word in re.split(apart, re.sub(r"(?m)\s+#.*$", "", value)) if word]
    if isinstance(value, list):
        return [str(item) for item in value]
    return [] if value is None else [str(value)]


def _looser(key: str, before: Any, after: Any) -> str:
    """Why the new value asks less; empty where it does not, or where nobody can say."""
    if before == after:
        return ""
    name = _plain(key)
    if name in _MODES:
        return _looser_mode(name, before, after)
    if _truth(before) is not None or _truth(after) is not None:
        return _looser_switch(name, before, after)
    if name in _LOOKED_AT:
        lost = _lost(_words(before), _words(after), narrowing=after is not None)
        return f"no longer has {', '.join(lost[:5])}" if lost else ""
    if name in _LEFT_OUT:
        more = [w for w in _words(after) if w not in _words(before)]
        return f"leaves out {', '.join(more[:5])}" if more else ""
    if name == "addopts":
        more = _narrowing(_words(after), _words(before))
        return f"runs less: {' '.join(more)}" if more else ""
    return _looser_number(name, before, after)


def _looser_mode(name: str, before: Any, after: Any) -> str:
    order = _MODES[name]
    if before is None and name == "typeCheckingMode" and after != "off":
        return ""
    was, now = (order.index(value) if value in order else 1 for value in (before, after))
    return f"is {after}, was {before}" if now > was else ""


def _lost(before: list[str], after: list[str], *, narrowing: bool) -> list[str]:
    """What was looked at and is not. A broader word covers a narrower one: F covers F401, ALL everything."""
    if not after and not narrowing and not before:
        return []
    covering = tuple(after)
    return [w for w in before if "ALL" not in after and not (covering and w.startswith(covering))]


def _narrowing(after: list[str], before: list[str]) -> list[str]:
    return [
        word
        for word in after
        if word not in before
        and (word.split("=")[0] in (*_NARROWING, *_NARROWING_MORE) or word.startswith(("-k", "-m", "no:")))
    ]


def _truth(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    known = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False, "none": False}
    return known.get(value.strip().lower()) if isinstance(value, str) else None


def _looser_switch(name: str, before: Any, after: Any) -> str:
    was, now = _truth(before), _truth(after)
    if _ON_IS_LOOSER.fullmatch(name) and now and not was:
        return "is on, and was not"
    if _OFF_IS_LOOSER.fullmatch(name) and was and not now:
        return "is off, and was on"
    return ""


def _looser_number(name: str, before: Any, after: Any) -> str:
    try:
        was, now = float(before), float(after if after is not None else "nan")
    except (TypeError, ValueError):
        return ""
    if _SMALLER_IS_LOOSER.fullmatch(name) and not now >= was:
        return f"is {after}, was {before}" if after is not None else f"is gone, was {before}"
    if _LARGER_IS_LOOSER.fullmatch(name) and now > was:
        return f"is {after}, was {before}"
    return ""


def _line_of(text: str, key: str) -> int:
    """The first line that sets a key of this name, for the reader; 1 where there is none."""
    name = re.escape(key.rpartition(".")[2])
    pattern = re.compile(rf"\s*[\"']?{name}[\"']?\s*[=:]")
    return next((n for n, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)
