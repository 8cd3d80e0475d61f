"""From a TOML document to checked values: each key against the table of settings, no mistake unreported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from factory.config.kinds import NUMBER, NUMBER_TABLE, PATTERNS, TEXT, TEXT_TABLE, TEXTS, WHOLE
from factory.config.lines import KeyPath
from factory.config.mistakes import Mistake, key_text, nearest, shown
from factory.config.model import Given
from factory.config.schema import (
    BUILT_IN_DIMENSIONS,
    PLACEHOLDERS,
    ROLES,
    RUNNERS,
    SETTINGS,
    File,
    Setting,
    expectation,
)

ROLE, NAME, ELEMENT = "<role>", "<name>", "[]"
WHERE_IT_BELONGS = {
    File.PROJECT: "it in the project's factory.toml",
    File.USER: "it in config.toml in the factory home, for it is yours to decide",
}

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")

Tree = dict[str, Any]
"""Settings by the parts of their keys."""


def _tree() -> Tree:
    tree: Tree = {}
    for setting in SETTINGS:
        *sections, name = setting.key.replace(ELEMENT, f".{ELEMENT}").split(".")
        node = tree
        for part in sections:
            node = node.setdefault(part, {})
        node[name] = setting
    return tree


TREE = _tree()


class Checker:
    """Walks one document. Afterwards ``given`` holds what is valid, ``mistakes`` what is not."""

    def __init__(self, source: str, lines: Mapping[KeyPath, int], file: File) -> None:
        """``source`` is the name of the file as people see it."""
        self.source = source
        self.lines = lines
        self.file = file
        self.given: dict[KeyPath, Given] = {}
        self.mistakes: list[Mistake] = []

    def document(self, document: Mapping[str, Any]) -> None:
        """Check everything in the document."""
        self._table(TREE, document, ())
        self._names_differ(("eval", "dimension"))
        self._commands_given()
        self._names_differ(("eval", "constraint"))
        self.mistakes += runner_mistakes(self.given, commands_of(self.given))
        self.mistakes += template_mistakes(self.given)
        if self.file is File.PROJECT:
            self.mistakes += reference_mistakes(self.given)
        self.mistakes.sort(key=lambda mistake: _line_of(mistake.where))

    def where(self, path: KeyPath) -> str:
        """``file:line`` of a key, or of the nearest table around it."""
        for end in range(len(path), 0, -1):
            if line := self.lines.get(path[:end]):
                return f"{self.source}:{line}"
        return self.source

    def mistake(self, path: KeyPath, got: str, expected: str, meant: str = "") -> None:
        """Note a mistake at a key."""
        self.mistakes.append(Mistake(self.where(path), key_text(path), got, expected, meant))

    def _node(self, node: Tree | Setting, value: Any, path: KeyPath) -> None:
        if isinstance(node, Setting):
            self._setting(node, value, path)
        elif ELEMENT in node:
            self._array(node[ELEMENT], value, path)
        elif not isinstance(value, dict):
            self.mistake(path, shown(value), f"a table, [{key_text(path)}]")
        else:
            self._table(node, value, path)

    def _table(self, node: Tree, table: Mapping[str, Any], path: KeyPath) -> None:
        for key, value in table.items():
            child = node.get(key) or (node.get(ROLE) if key in ROLES else node.get(NAME))
            if child is None:
                self._unknown(node, path, key)
            else:
                self._node(child, value, (*path, key))
        for name, setting in node.items():
            if isinstance(setting, Setting) and setting.required and name not in table:
                self.mistake((*path, name), "nothing", expectation(setting))

    def _array(self, node: Tree, value: Any, path: KeyPath) -> None:
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.mistake(path, shown(value), f"tables, each under [[{key_text(path)}]]")
            return
        self.given[path] = Given(len(value), self.where(path))
        for index, item in enumerate(value):
            self._table(node, item, (*path, index))

    def _unknown(self, node: Tree, path: KeyPath, key: str) -> None:
        names = [name for name in node if name not in {ROLE, NAME}] + (list(ROLES) if ROLE in node else [])
        meant = nearest(key, names) or _elsewhere(key)
        self.mistake((*path, key), "an unknown key", f"one of {', '.join(names)}", meant)

    def _setting(self, setting: Setting, value: Any, path: KeyPath) -> None:
        if self.file not in setting.files:
            self.mistake(path, shown(value), WHERE_IT_BELONGS[setting.files])
            return
        try:
            self.given[path] = Given(checked(setting, value), self.where(path))
        except WrongValue as wrong:
            self.mistake(path, wrong.got, wrong.expected, wrong.meant)

    def _commands_given(self) -> None:
        """Only a built-in dimension is measured without a command."""
        path: KeyPath = ("eval", "dimension")
        for index in range(self.given[path].value if path in self.given else 0):
            name, command = (self.given.get((*path, index, key)) for key in ("name", "command"))
            if name is None or name.value in BUILT_IN_DIMENSIONS or (command and command.value):
                continue
            expected = f"a command, for {shown(name.value)} is no built-in dimension"
            self.mistake(
                (*path, index, "command"), "nothing", expected, nearest(name.value, BUILT_IN_DIMENSIONS)
            )

    def _names_differ(self, path: KeyPath) -> None:
        seen: dict[str, str] = {}
        for index in range(self.given[path].value if path in self.given else 0):
            name = self.given.get((*path, index, "name"))
            if name is None:
                continue
            if first := seen.get(name.value):
                self.mistake(
                    (*path, index, "name"), f"{shown(name.value)} again", f"another name than at {first}"
                )
            seen.setdefault(name.value, name.source)


def commands_of(given: Mapping[KeyPath, Given]) -> tuple[str, ...]:
    """The names of the commands that are defined as runners."""
    names = (str(path[2]) for path in given if path[:2] == ("runner", "commands") and len(path) > 2)
    return tuple(dict.fromkeys(names))


def runner_mistakes(given: Mapping[KeyPath, Given], commands: tuple[str, ...]) -> list[Mistake]:
    """Runners that are named and don't exist, and commands that take the name of one that does."""
    known = tuple(dict.fromkeys((*RUNNERS, *commands)))
    mistakes = []
    for path, value in given.items():
        names_a_runner = path == ("runner", "default") or (path[:1] == ("runner",) and path[2:] == ("name",))
        if names_a_runner and value.value and value.value not in known:
            expected = f"one of {', '.join(known)}"
            meant = nearest(value.value, known)
            mistakes.append(Mistake(value.source, key_text(path), shown(value.value), expected, meant))
        if path[:2] == ("runner", "commands") and path[3:] == ("argv",) and path[2] in RUNNERS:
            got = "the name of a built-in runner"
            mistakes.append(Mistake(value.source, key_text(path[:3]), got, "a name of its own"))
    return mistakes


def template_mistakes(given: Mapping[KeyPath, Given]) -> list[Mistake]:
    """Placeholders of commands that nothing would fill in."""
    mistakes = []
    for path, value in _command_settings(given, ("argv", "env")):
        words = value.value.values() if path[3] == "env" else value.value
        for name in _PLACEHOLDER.findall(" ".join(words)):
            if name not in PLACEHOLDERS:
                expected = f"one of {', '.join(f'{{{known}}}' for known in PLACEHOLDERS)}"
                meant = nearest(name, PLACEHOLDERS)
                mistakes.append(
                    Mistake(value.source, key_text(path), f"the placeholder {{{name}}}", expected, meant)
                )
    return mistakes


def reference_mistakes(given: Mapping[KeyPath, Given]) -> list[Mistake]:
    """Commands of a project that ask for variables of the person's: a repository is no keeper of secrets."""
    return [
        Mistake(
            value.source, key_text((*path, name)), shown(word), "a text, or this command in your config.toml"
        )
        for path, value in _command_settings(given, ("env",))
        for name, word in value.value.items()
        if word.startswith("$")
    ]


def _command_settings(
    given: Mapping[KeyPath, Given], names: tuple[str, ...]
) -> Iterator[tuple[KeyPath, Given]]:
    for path, value in given.items():
        if path[:2] == ("runner", "commands") and len(path) == 4 and path[3] in names:
            yield path, value


class WrongValue(Exception):
    """A value that its setting can't have."""

    def __init__(self, got: str, expected: str, meant: str = "") -> None:
        """In the words of a Mistake."""
        super().__init__(got)
        self.got, self.expected, self.meant = got, expected, meant


def checked(setting: Setting, raw: Any) -> Any:
    """The canonical value for the setting; raises WrongValue."""
    try:
        value = setting.kind.read(raw)
    except ValueError as error:
        raise WrongValue(shown(raw), str(error) or expectation(setting)) from None
    if setting.kind in {NUMBER, WHOLE}:
        _within(setting, value, raw)
    elif setting.kind in {TEXT, TEXTS, PATTERNS} and len(value) < (setting.low or 0):
        raise WrongValue(shown(raw), expectation(setting))
    elif setting.kind is NUMBER_TABLE:
        _table_of_numbers(setting, value)
    words = value.values() if setting.kind is TEXT_TABLE else [value]
    for word in words if setting.choices else ():
        if word not in setting.choices:
            raise WrongValue(shown(word), expectation(setting), nearest(word, setting.choices))
    return value


def _within(setting: Setting, value: float, raw: Any) -> None:
    if (setting.low is not None and value < setting.low) or (
        setting.high is not None and value > setting.high
    ):
        raise WrongValue(shown(raw), expectation(setting))


def _table_of_numbers(setting: Setting, table: Mapping[str, float]) -> None:
    for key, value in table.items():
        if setting.keys and key not in setting.keys:
            raise WrongValue(f"the key {shown(key)}", expectation(setting), nearest(key, setting.keys))
        _within(setting, value, value)
    if table and not any(table.values()):
        raise WrongValue("nothing above 0", "at least one weight above 0")


def _elsewhere(key: str) -> str:
    """The full key of a setting of that name in another table."""
    by_name = {
        setting.name: setting.key for setting in reversed(SETTINGS) if not setting.name.startswith("<")
    }
    return by_name.get(nearest(key, by_name), "")


def _line_of(where: str) -> int:
    line = where.rpartition(":")[2]
    return int(line) if line.isdecimal() else 0
