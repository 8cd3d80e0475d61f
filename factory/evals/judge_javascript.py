"""Settings of the measuring tools of JavaScript and TypeScript: files of their own, and parts of shared ones.

``package.json`` and npm's lock files say what a measuring tool is, how it is called, and how it is set up;
everything else in them is a change's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
SHARED_JSON = ("package.json", *LOCKS)

_FILES = re.compile(
    r"(jest|vitest|vite|eslint|nyc)\.config\.([cm]?[jt]s|json)|vitest\.workspace\.([cm]?[jt]s|json)"
    r"|\.eslintrc(\.\w+)?|\.eslintignore|[jt]sconfig[\w.-]*\.json|\.(nyc|c8|mocha)rc(\.\w+)?|\.npmrc"
)
_TOOL = re.compile(
    r"(@(jest|vitest|eslint|typescript-eslint)/.+|jest(-.+)?|(babel|ts)-jest|vitest|vite|eslint(-.+)?"
    r"|typescript(-eslint)?|nyc|c8|mocha|ava|tap|jasmine|ts-node|tsx)"
)
"""Packages that measure, or that a measuring tool loads."""

_SECTIONS = ("jest", "eslintConfig", "eslintIgnore", "nyc", "c8", "mocha", "ava", "tap")
_DEPENDENCIES = (
    *("dependencies", "devDependencies", "optionalDependencies", "peerDependencies"),
    *("overrides", "resolutions"),
)
_RUN_UNASKED = re.compile(r"(pre|post).+|install|prepare|prepublish|dependencies")
_PINNED = ("version", "resolved", "integrity", "link")


def configures_javascript(path: str) -> bool:
    """Whether a file is settings of a tool alone, wherever it lies, or a committed copy of a tool."""
    parts = PurePosixPath(path).parts
    if "node_modules" in parts[:-1]:
        installed = "/".join(parts[parts.index("node_modules") + 1 :])
        return installed.startswith(".bin/") or is_tool("/".join(installed.split("/")[: _depth(installed)]))
    return bool(_FILES.fullmatch(parts[-1]))


def _depth(package: str) -> int:
    return 2 if package.startswith("@") else 1


def is_tool(package: str) -> bool:
    """Whether a package of that name measures."""
    return bool(_TOOL.fullmatch(package))


def json_settings(path: str, text: str) -> dict[str, Any]:
    """The judge's part of a ``package.json`` or of a lock file, by dotted names. Raises ValueError."""
    data = json.loads(text or "{}")
    if not isinstance(data, dict):
        raise ValueError(f"{path} is no object")
    return {".".join(keys): value for keys, value in _parts(path, data)}


def _parts(path: str, data: Mapping[str, Any]) -> list[tuple[tuple[str, ...], Any]]:
    """The judge's entries of a file, each with the keys that lead to it."""
    if PurePosixPath(path).name in LOCKS:
        return [*_locked(data, "packages", "node_modules/"), *_locked(data, "dependencies", "")]
    sections = [((name,), data[name]) for name in _SECTIONS if name in data]
    scripts = [(("scripts", name), text) for name, text in _table(data, "scripts").items()]
    return [*sections, *scripts, *_entries(data)]


def _entries(data: Mapping[str, Any]) -> list[tuple[tuple[str, ...], Any]]:
    return [
        ((kind, name), wanted)
        for kind in _DEPENDENCIES
        for name, wanted in _table(data, kind).items()
        if is_tool(name)
    ]


def _locked(data: Mapping[str, Any], table: str, prefix: str) -> list[tuple[tuple[str, ...], Any]]:
    """What is installed of each tool; what else a lock file says of it changes with other packages."""
    return [
        ((table, name), {key: entry[key] for key in _PINNED if key in entry})
        for name, entry in _table(data, table).items()
        if name.startswith(prefix) and is_tool(name.removeprefix(prefix)) and isinstance(entry, dict)
    ]


def _table(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def is_free(name: str) -> bool:
    """Whether a setting may be added: a script that nothing runs before somebody names it."""
    kind, _, script = name.partition(".")
    return kind == "scripts" and not _RUN_UNASKED.fullmatch(script)


def with_json(path: str, text: str, baseline: str) -> str:
    """The text with the judge's entries of the baseline; scripts that are new and free stay.

    Raises ValueError where one of them is no JSON object.
    """
    data, theirs = json.loads(text), json.loads(baseline or "{}")
    if not isinstance(data, dict) or not isinstance(theirs, dict):
        raise ValueError(f"{path} is no object")
    wanted = dict(_parts(path, theirs))
    for keys, _ in _parts(path, data):
        if keys not in wanted and not is_free(".".join(keys)):
            _table(data, keys[0]).pop(keys[1], None) if len(keys) > 1 else data.pop(keys[0])
    for keys in wanted:
        if len(keys) == 1:
            data[keys[0]] = theirs[keys[0]]
        else:
            data[keys[0]] = {**_table(data, keys[0]), keys[1]: theirs[keys[0]][keys[1]]}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
