"""The kinds of value a setting can have: how each is checked, read from a string, and named for people."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from factory.globs import pattern_fault

PARSERS = ("exit_code", "json", "results", "junit", "jest", "eslint", "tsc", "istanbul")
SWITCH_WORDS = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value.

    ``name`` is what people read ("a number"); ``read`` gives the value in its canonical form or raises
    ValueError with what was expected, if that is more precise than the name; ``from_word`` turns a string of
    the environment into what TOML would have given, or raises ValueError.
    """

    name: str
    read: Callable[[Any], Any]
    from_word: Callable[[str], Any]


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    try:
        number = float(value)
    except OverflowError:
        raise ValueError from None
    if not math.isfinite(number):
        raise ValueError
    return number


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError
    return tuple(_text(item) for item in value)


def _patterns(value: Any) -> tuple[str, ...]:
    patterns = _texts(value)
    for pattern in patterns:
        if fault := pattern_fault(pattern):
            raise ValueError(f"file patterns as in .gitignore ({pattern!r} {fault})")
    return patterns


def _file(value: Any) -> str:
    path = PurePosixPath(_text(value))
    if path.is_absolute() or ".." in path.parts or path.parts[:1] == (".git",):
        raise ValueError("a file of the project, by its path from the root")
    return str(value)


def _parser(value: Any) -> str:
    kind, colon, file = _text(value).partition(":")
    if kind not in PARSERS or (colon and (kind == "exit_code" or not file)):
        raise ValueError
    if file:
        _file(file)
    return str(value)


def _table(read: Callable[[Any], Any]) -> Callable[[Any], dict[str, Any]]:
    def read_table(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValueError
        return {_text(key): read(item) for key, item in value.items()}

    return read_table


def _switch_word(word: str) -> bool:
    if word.lower() not in SWITCH_WORDS:
        raise ValueError
    return SWITCH_WORDS[word.lower()]


def _list_word(word: str) -> list[str]:
    return [part.strip() for part in word.split(",") if part.strip()]


def _no_word(word: str) -> Any:
    raise ValueError


TEXT = Kind("a text in quotes", _text, str)
FILE = Kind("a file of the project, by its path from the root", _file, str)
PARSER = Kind(f"one of {', '.join(PARSERS)}; all but exit_code may name a file, as json:FILE", _parser, str)
WHOLE = Kind("a whole number", _whole, int)
NUMBER = Kind("a number", _number, float)
SWITCH = Kind("true or false", _switch, _switch_word)
TEXTS = Kind("a list of texts", _texts, _list_word)
PATTERNS = Kind("a list of file patterns", _patterns, _list_word)
TEXT_TABLE = Kind("a table of texts", _table(_text), _no_word)
NUMBER_TABLE = Kind("a table of numbers", _table(_number), _no_word)
