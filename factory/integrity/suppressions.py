"""Comments that turn a checker off: found as the checker finds them, most as comments and two as text."""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from factory.evals.scripts import comments, is_script
from factory.integrity.model import FileChange, Weakening

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ruff: noqa", re.compile(r"#\s*(?:ruff|flake8)\s*:\s*noqa\b(?::?\s*(?P<codes>[\w, ]+))?", re.I)),
    ("ruff: ignore", re.compile(r"#\s*ruff\s*:\s*(?:disable|ignore|file-ignore)\s*\[(?P<codes>[^\]#]*)")),
    ("isort", re.compile(r"#\s*(?:ruff\s*:\s*)?isort\s*:\s*(?P<codes>skip_file|skip|off)\b")),
    ("noqa", re.compile(r"#\s*noqa\b(?:\s*:\s*(?P<codes>[A-Z]+\d+(?:[, ]+[A-Z]+\d+)*))?", re.I)),
    ("type: ignore", re.compile(r"#\s*type:\s*ignore\b(?:\[(?P<codes>[^\]]*)\])?")),
    (
        "pyright",
        re.compile(r"#\s*pyright:\s*(?P<codes>(?:ignore|basic|report\w+\s*=\s*(?:false|none))[^#]*)"),
    ),
    ("pylint", re.compile(r"#\s*pylint\s*:\s*(?P<codes>(?:disable|skip-file)[^#]*)")),
    ("nosec", re.compile(r"#\s*nosec\b(?:[: ]\s*(?P<codes>B\d+(?:[, ]+B\d+)*))?")),
    ("pyre", re.compile(r"#\s*(?:pyre-(?:ignore|fixme)|pytype:\s*disable|ty:\s*ignore)(?P<codes>[^#]*)")),
)
_COVERAGE = re.compile(r"#\s*pragma[:\s]?\s*no\s*(?P<what>cover|branch)", re.I)
"""coverage looks for this in the text of a file, in strings and over the ends of lines too."""

_MYPY = re.compile(r"^# mypy: (?P<options>.*)", re.M)
"""mypy looks for this where a line begins, whatever the line is."""
_OPTION = re.compile(r'[\w-]+(?:\s*=\s*(?:"[^"]*"|[^,"]*))?')
_STRICTER = re.compile(
    r"(?:disallow|warn|check|strict|extra|no[-_]implicit)[\w-]*(?:\s*=\s*(?:true|yes|on|1)\s*)?"
    r"|enable[-_]error[-_]code\s*=.*|(?:allow|ignore|implicit)[\w-]*\s*=\s*(?:false|no|off|0)\s*",
    re.I,
)
"""The options of mypy that turn nothing off."""

_IN_SCRIPTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "eslint-disable",
        re.compile(r"(?:eslint|oxlint)-disable(?:-next-line|-line)?(?![\w-])(?P<codes>.*)", re.S),
    ),
    ("eslint", re.compile(r"eslint\s+(?P<codes>[\w@/-]+\s*:.*)", re.S)),
    ("ts", re.compile(r"@ts-(?P<codes>ignore|expect-error|nocheck)\b")),
    (
        "coverage",
        re.compile(r"(?:istanbul|c8|v8)\s+(?P<codes>ignore)\b|node:coverage\s+(?:disable|ignore)\b"),
    ),
    ("biome-ignore", re.compile(r"biome-ignore(?:-all|-start)?\s+(?P<codes>[\w/]+)")),
)
"""What a comment of JavaScript or TypeScript begins with that turns a checker off."""

_DECORATOR = "no_type_check"
"""What turns the type checker off for a function, and is no comment."""
_DECORATOR_AS = re.compile(rf"\b{_DECORATOR} +as +(\w+)")

BLANKET = "(all)"


class Suppression(NamedTuple):
    """One comment that turns something off: what, the code on its line, and where."""

    what: str
    code: str
    line: int


_Side = dict[str, list[Suppression]]
"""The suppressions of the changed files, before or after, by path."""


def suppressions(path: str, text: str | None) -> list[Suppression]:
    """The suppressions of a file, one for each rule that a comment names, in order."""
    if text is None:
        return []
    if is_script(path):
        return [
            Suppression(what, c.code, c.line) for c in comments(text) for what in _named_in_script(c.text)
        ]
    if not _mentions_one(text):
        return []  # most files, for which tokens would cost a hundred times as much
    found = [*_in_text(text)]
    lines = text.splitlines()
    decorators = {_DECORATOR, *_DECORATOR_AS.findall(text)}
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                code = lines[row - 1][:column].strip() if row <= len(lines) else ""
                found += [Suppression(what, code, row) for what in _named(token.string)]
            elif token.string in decorators and token.line.lstrip().startswith("@"):
                found.append(Suppression(_DECORATOR, "", token.start[0]))
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass  # what was read until there counts; a file that cannot be parsed is told elsewhere
    return sorted(found, key=lambda suppression: suppression.line)


def _in_text(text: str) -> Iterator[Suppression]:
    """What coverage and mypy see, who do not ask whether it is a comment; and mypy's decorator where it gets
    another name, by which other files can import it.
    """
    for match in _DECORATOR_AS.finditer(text):
        yield Suppression(match[0], "", text.count("\n", 0, match.start()) + 1)
    for match in _COVERAGE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        code = text[text.rfind("\n", 0, match.start()) + 1 : match.start()].partition("#")[0].strip()
        yield Suppression(f"pragma no {match['what'].lower()}", code, line)
    for match in _MYPY.finditer(text):
        for option in _OPTION.findall(match["options"]):
            if not _STRICTER.fullmatch(option):
                line = text.count("\n", 0, match.start()) + 1
                yield Suppression(f"mypy {option.strip()}", "", line)


def _mentions_one(text: str) -> bool:
    """Whether a Python file has, anywhere, what a suppression looks like."""
    return _DECORATOR in text or (
        "#" in text and any(pattern.search(text) for pattern in (_COVERAGE, _MYPY, *dict(_KINDS).values()))
    )


def _named_in_script(comment: str) -> Iterator[str]:
    for kind, pattern in _IN_SCRIPTS:
        if match := pattern.match(comment):
            named = (match["codes"] or "").partition("--")[0].strip()
            codes = re.split(r"[,\s]+", named) if kind == "eslint-disable" else [" ".join(named.split())]
            yield from (f"{kind} {code or BLANKET}" for code in codes)


def _named(comment: str) -> Iterator[str]:
    """What a comment turns off: ``noqa F401``, ``type: ignore (all)``; several where it names several."""
    taken: list[tuple[int, int]] = []
    for kind, pattern in _KINDS:
        for match in pattern.finditer(comment):
            if any(start <= match.start() < end for start, end in taken):
                continue
            taken.append(match.span())
            codes = re.split(r"[,\s]+", (match["codes"] or "").strip(" :=\t"))
            for code in [" ".join(codes)] if kind in ("pylint", "pyright") else codes:
                yield f"{kind} {code.strip('[]') or BLANKET}"


def added_suppressions(changes: Sequence[FileChange], test_files: frozenset[str]) -> Iterator[Weakening]:
    """Suppressions that a change adds: more of a kind than before, on code that did not have it.

    Moved code takes its comments along. In files of tests they are notes: what is scored is the project's
    own code.
    """
    old = {c.path: suppressions(c.path, c.before) for c in changes}
    new = {c.path: suppressions(c.path, c.after) for c in changes}
    left_behind = _left_behind(old, new)
    for change in changes:
        more = Counter(s.what for s in new[change.path]) - Counter(s.what for s in old[change.path])
        had = Counter((s.what, s.code) for s in old[change.path])
        for found in new[change.path]:
            key = found.what, found.code
            blanket = f"{found.what.rpartition(' ')[0]} {BLANKET}", found.code
            if had[key] > 0:
                had[key] -= 1
            elif had[blanket] > 0:
                continue  # it turns off less than it did
            elif more[found.what] > 0:
                more[found.what] -= 1
                if left_behind[key] > 0:
                    left_behind[key] -= 1
                else:
                    yield _finding(change.path, found, change.path in test_files)


def _left_behind(old: _Side, new: _Side) -> Counter[tuple[str, str]]:
    """What files had and have no more, with the code of the line: it may have moved to another file."""
    found: Counter[tuple[str, str]] = Counter()
    for path, had in old.items():
        found += Counter((s.what, s.code) for s in had) - Counter((s.what, s.code) for s in new[path])
    return found


def _finding(path: str, found: Suppression, note: bool) -> Weakening:
    place = f" on `{found.code[:60]}`" if found.code else ""
    message = f"{path}:{found.line} turns a checker off: {found.what}{place}"
    return Weakening("suppression_added", path, found.line, found.what, message, note)
