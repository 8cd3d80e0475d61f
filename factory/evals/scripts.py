"""Texts of JavaScript and TypeScript, as far as they are read: what is code, and what is said in comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

SCRIPTS = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".mts", ".cts")

# Strings first: what looks like a comment inside one is none. A string ends with its line, not so a template.
_TOKEN = re.compile(
    r"(?P<text>'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|`(?:\\.|[^`\\])*`)"
    r"|(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))",
    re.DOTALL,
)


class Comment(NamedTuple):
    """A comment: its text without its marks, its first line, from 1, and the code that it stands behind."""

    text: str
    line: int
    code: str


def is_script(path: str) -> bool:
    """Whether a file of that name is a project's own JavaScript or TypeScript."""
    return path.endswith(SCRIPTS) and "node_modules" not in path.split("/")


def comments(text: str) -> Iterator[Comment]:
    """The comments of a script, in order."""
    for found in _TOKEN.finditer(text):
        if found["comment"] is not None:
            start = text.rfind("\n", 0, found.start()) + 1
            line = text.count("\n", 0, found.start()) + 1
            yield Comment(found["comment"].strip("/* \t\r\n"), line, text[start : found.start()].strip())


def code_lines(text: str) -> int:
    """The lines with a word or a number in them that is not in a comment: the size of a script.

    Comments, blank lines and brackets on lines of their own don't count: they are no more code.
    """
    code = _TOKEN.sub(lambda found: found["text"] or re.sub(r"[^\n]", " ", found["comment"]), text)
    return sum(1 for line in code.splitlines() if re.search(r"\w", line))
