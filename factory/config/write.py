"""Settings as the text of a settings file, which reads back as the same settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from factory.config.lines import KeyPath
from factory.config.schema import SETTINGS

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ARRAYS = {
    tuple(setting.section.removesuffix("[]").split(".")) for setting in SETTINGS if "[]" in setting.key
}


def render(values: Mapping[KeyPath, Any], comments: Mapping[KeyPath, str] | None = None) -> str:
    """A settings file that sets these values, by path: ``("eval", "dimension", 0, "name")``.

    ``comments`` are put above what they are about: a value, a table, or an element of an array.
    """
    notes = comments or {}
    tables: dict[KeyPath, dict[str, Any]] = {}
    for path, value in values.items():
        if path not in _ARRAYS:  # its elements say how long it is
            tables.setdefault(path[:-1], {})[str(path[-1])] = value
    blocks = [_table(path, tables[path], notes) for path in sorted(tables, key=_place)]
    return "\n".join(blocks)


def _place(path: KeyPath) -> tuple[Any, ...]:
    """Tables in the order of the schema, elements in their own."""
    sections = list(
        dict.fromkeys(setting.key.partition(".")[0] for setting in SETTINGS if "." in setting.key)
    )
    return (sections.index(str(path[0])) + 1, *map(str, path[1:2]), *path[2:]) if path else (0,)


def _table(path: KeyPath, table: Mapping[str, Any], notes: Mapping[KeyPath, str]) -> str:
    lines = [*_comment(notes.get(path, "")), *_header(path)]
    for name, value in table.items():
        lines += [*_comment(notes.get((*path, name), "")), f"{_key(name)} = {literal(value)}"]
    return "".join(f"{line}\n" for line in lines)


def _comment(text: str) -> list[str]:
    return [f"# {line}".rstrip() for line in text.splitlines()]


def _header(path: KeyPath) -> list[str]:
    if not path:
        return []
    name = ".".join(_key(part) for part in path if isinstance(part, str))
    return [f"[[{name}]]" if isinstance(path[-1], int) else f"[{name}]"]


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else literal(name)


def literal(value: Any) -> str:
    """A value as TOML writes it, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(map(_escaped, value)) + '"'
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {literal(item)}" for key, item in value.items()) + " }"
    if isinstance(value, Iterable):
        return "[" + ", ".join(map(literal, value)) + "]"
    return repr(value)


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return short.get(char) or (f"\\u{ord(char):04x}" if ord(char) < 0x20 or ord(char) == 0x7F else char)
