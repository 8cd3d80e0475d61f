"""Where each key of a TOML text stands, for the standard library's reader doesn't say.

The scanner runs on texts that ``tomllib`` has accepted, so all it has to know
is where tokens end.
"""

from __future__ import annotations

import contextlib
import re
import tomllib

KeyPath = tuple[str | int, ...]
"""Keys from the top, with the position (from 0) in an array."""

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})' + r"|'''.*?'''(?:'{0,2})" + r'|"(?:\\.|[^"\\])*"' + r"|'[^']*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\r\n#]*")


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line (from 1) on which each key, array item and table of a valid TOML text first appears."""
    scanner = _Scanner(text)
    # A key without a line is still reported, by its name.
    with contextlib.suppress(_Lost, RecursionError):
        scanner.document()
    return scanner.lines


class _Lost(Exception):
    """The scanner met something that it doesn't know."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self.line, self.line_at = 1, 0
        self.array_sizes: dict[KeyPath, int] = {}

    def document(self) -> None:
        table: KeyPath = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.take("[["):
                table = self.header("]]", in_array=True)
            elif self.take("["):
                table = self.header("]", in_array=False)
            else:
                self.key_value(table)
            self.skip(_BLANK)

    def header(self, close: str, *, in_array: bool) -> KeyPath:
        self.skip(_SPACE)
        keys = self.key()
        path: KeyPath = ()
        for key in keys[:-1]:
            path = self.newest((*path, key))
        path += (keys[-1],)
        if in_array:
            self.mark(path)
            self.array_sizes[path] = self.array_sizes.get(path, 0) + 1
        path = self.newest(path)
        self.mark(path)
        self.skip(_SPACE)
        self.expect(close)
        return path

    def newest(self, path: KeyPath) -> KeyPath:
        """``path`` itself, or the newest element where it is an array of tables."""
        size = self.array_sizes.get(path)
        return path if size is None else (*path, size - 1)

    def key_value(self, table: KeyPath) -> None:
        keys = self.key()
        path = table + tuple(keys)
        self.mark(path, above=table)
        self.skip(_SPACE)
        self.expect("=")
        self.skip(_SPACE)
        self.value(path)

    def value(self, path: KeyPath) -> None:
        if self.take("["):
            self.array(path)
        elif self.take("{"):
            self.inline_table(path)
        else:
            self.skip(_STRING if self.text[self.at : self.at + 1] in {'"', "'"} else _SCALAR)

    def array(self, path: KeyPath) -> None:
        index = 0
        self.skip(_BLANK)
        while not self.take("]"):
            self.mark((*path, index))
            self.value((*path, index))
            self.next_element("]")
            index += 1

    def inline_table(self, path: KeyPath) -> None:
        self.skip(_BLANK)
        while not self.take("}"):
            self.key_value(path)
            self.next_element("}")

    def next_element(self, close: str) -> None:
        self.skip(_BLANK)
        if not self.take(",") and not self.text.startswith(close, self.at):
            raise _Lost
        self.skip(_BLANK)

    def key(self) -> list[str]:
        keys = [self.simple_key()]
        while self.skip(_DOT):
            keys.append(self.simple_key())
        return keys

    def simple_key(self) -> str:
        if bare := self.skip(_BARE_KEY):
            return bare
        if quoted := self.skip(_STRING):
            return str(tomllib.loads(f"key = {quoted}")["key"])
        raise _Lost

    def mark(self, path: KeyPath, above: KeyPath = ()) -> None:
        """Note the line for ``path`` and for the tables that it opens on the way."""
        self.line += self.text.count("\n", self.line_at, self.at)
        self.line_at = self.at
        for end in range(len(above) + 1, len(path) + 1):
            self.lines.setdefault(path[:end], self.line)

    def skip(self, token: re.Pattern[str]) -> str:
        found = token.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found.group()

    def take(self, literal: str) -> bool:
        here = self.text.startswith(literal, self.at)
        self.at += len(literal) if here else 0
        return here

    def expect(self, literal: str) -> None:
        if not self.take(literal):
            raise _Lost
