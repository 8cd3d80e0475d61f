"""Texts of JavaScript and TypeScript, as far as they are read: what is code, and what is said in comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

SCRIPTS = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".mts", ".cts")

# Strings first: what looks like a comment inside one is none. A string ends with its line, not so a template.
# A comment before a regular expression, which is never empty.
_STRING = r"'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\""
_TOKEN = re.compile(
    # What is put into a template is code, with strings of its own; deeper than one level it is not followed.
    rf"(?P<text>{_STRING}|`(?:\\.|\$\{{(?:[^{{}}'\"`]|{_STRING}|`(?:\\.|[^`\\])*+`)*+\}}|[^`\\])*+`)"
    r"|(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<pattern>/(?:\\[^\n]|\[(?:\\[^\n]|[^\]\\\n]){0,200}+\]|[^/\\\[\n])+/)",
    re.DOTALL,
)
_AWAITS_VALUE = re.compile(
    r"(?:^|[(,=:\[!&|?{;*%~^>]|(?<!\+)\+|(?<!-)-|(?<![.\w$])(?:return|typeof|case|in|of|delete|void|throw|new"
    r"|else|do|yield|await|instanceof))\Z"
)
"""Code after which a slash begins a regular expression."""
_LOOKED_BACK = 20


class Comment(NamedTuple):
    """A comment: its text without its marks, its first line, from 1, and the code that it stands behind."""

    text: str
    line: int
    code: str


def is_script(path: str) -> bool:
    """Whether a file of that name is a project's own JavaScript or TypeScript."""
    return path.endswith(SCRIPTS) and "node_modules" not in path.split("/")


def _tokens(text: str) -> Iterator[re.Match[str]]:
    """The strings, comments and regular expressions of a script, in order.

    Whether a slash divides is guessed from the code before it, for only a parser knows it after ``)`` and
    ``}``. There it divides, unless it would divide by half a string: else a quote in a regular expression
    could pass off all that follows, comments too, for text.
    """
    at, code = 0, ""
    while found := _TOKEN.search(text, at):
        code = (code + text[at : found.start()]).rstrip()[-_LOOKED_BACK:]
        if found["pattern"] is not None and not _begins_pattern(code, found["pattern"]):
            at, code = found.start() + 1, f"{code}/"
            continue
        yield found
        at = found.end()
        if found["comment"] is None:
            code = "value"


def _begins_pattern(code: str, pattern: str) -> bool:
    half_a_string = any(pattern.count(quote) % 2 for quote in "'\"`")
    return bool(_AWAITS_VALUE.search(code)) or (code.endswith((")", "}")) and half_a_string)


def comments(text: str) -> Iterator[Comment]:
    """The comments of a script, in order."""
    for found in _tokens(text):
        if found["comment"] is not None:
            start = text.rfind("\n", 0, found.start()) + 1
            line = text.count("\n", 0, found.start()) + 1
            yield Comment(found["comment"].strip("/* \t\r\n"), line, text[start : found.start()].strip())


def code_lines(text: str) -> int:
    """The lines with a word or a number in them that is not in a comment: the size of a script.

    Comments, blank lines and brackets on lines of their own don't count: they are no more code.
    """
    code, at = "", 0
    for found in _tokens(text):
        if found["comment"] is not None:
            code += text[at : found.start()] + "\n" * found["comment"].count("\n")
            at = found.end()
    return sum(1 for line in (code + text[at:]).splitlines() if re.search(r"\w", line))
