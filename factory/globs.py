"""The one matcher for file patterns: those of ``.gitignore``, relative to the project's root.

``*`` and ``?`` stay within a folder, ``**`` as a whole segment crosses folders, a pattern with a slash at
its start or in its middle is anchored at the root, one that ends in a slash covers a folder with all in it,
``!`` takes back what an earlier pattern covered. As in git, nothing inside a covered folder can be taken
back. Unlike git, ``?`` and brackets stand for a character, not for a byte, and case always matters.

Rules: https://git-scm.com/docs/gitignore#_pattern_format. Written here because the guards rest on it:
pathspec lets ``[!a]`` match a slash, and takes longer to import than a reading command may last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from factory.errors import BadInput

HINT = "File patterns are those of .gitignore, such as src/** or *.md."
_BRACKET = re.compile(r"\[[!^]?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_TRAILING_SPACES = re.compile(r"(?<!\\) +$")


@dataclass(frozen=True, slots=True)
class _Rule:
    """One compiled pattern."""

    regex: re.Pattern[str]
    takes_back: bool
    folders_only: bool


def matches(patterns: Sequence[str], path: str) -> bool:
    """Whether ``patterns`` cover the file ``path`` (from the root, with ``/``), as git would ignore it.

    Raises BadInput for a pattern that ``pattern_fault`` objects to.
    """
    return _covered(tuple(patterns), path)


def pattern_fault(pattern: str) -> str:
    """What is wrong with a pattern, to be read after its text; empty when nothing is.

    Patterns that git accepts but reads in surprising ways count as wrong: ``**`` beside other characters,
    brackets that are not closed, a lone backslash at the end.
    """
    try:
        _rule(pattern)
    except ValueError as fault:
        return str(fault)
    return ""


@lru_cache(maxsize=8192)
def _covered(patterns: tuple[str, ...], path: str) -> bool:
    rules = _rules(patterns)
    # git walks down from the root, and a covered folder ends the walk.
    return any(_decide(rules, step, is_folder) for step, is_folder in _steps(path))


def _steps(path: str) -> Iterator[tuple[str, bool]]:
    """The folders above a file, from the top, then the file."""
    end = path.find("/")
    while end >= 0:
        yield path[:end], True
        end = path.find("/", end + 1)
    yield path, False


def _decide(rules: tuple[_Rule, ...], path: str, is_folder: bool) -> bool:
    """The last rule that matches decides."""
    for rule in reversed(rules):
        if (is_folder or not rule.folders_only) and rule.regex.fullmatch(path):
            return not rule.takes_back
    return False


@lru_cache(maxsize=256)
def _rules(patterns: tuple[str, ...]) -> tuple[_Rule, ...]:
    return tuple(_rule_or_bad_input(pattern) for pattern in patterns)


def _rule_or_bad_input(pattern: str) -> _Rule:
    try:
        return _rule(pattern)
    except ValueError as fault:
        raise BadInput(f"The file pattern {pattern!r} {fault}.", HINT) from None


def _rule(pattern: str) -> _Rule:
    """Compile one pattern; raises ValueError saying what is wrong."""
    if "\n" in pattern or "\0" in pattern:
        raise ValueError("holds a line break or a NUL")
    if pattern.startswith("#"):
        raise ValueError("would be a comment; write \\# for a name that begins with #")
    text = _TRAILING_SPACES.sub("", pattern)
    takes_back = text.startswith("!")
    body = text.removeprefix("!")
    folders_only = body.endswith("/")
    body = body.removesuffix("/")
    if not body.strip("/ "):
        raise ValueError("names no file")
    anchored = "/" in body
    segments = body.removeprefix("/").split("/")
    regex = _segments_regex(segments if anchored else ["**", *segments])
    return _Rule(re.compile(regex, re.DOTALL), takes_back, folders_only)


def _segments_regex(segments: Sequence[str]) -> str:
    out = []
    for segment in segments[:-1]:
        out.append("(?:.*/)?" if segment == "**" else _segment_regex(segment) + "/")
    last = segments[-1]
    out.append(".+" if last == "**" else _segment_regex(last))
    return "".join(out)


def _segment_regex(segment: str) -> str:
    if "**" in segment:
        raise ValueError("has ** beside other characters; ** stands alone between slashes")
    out, at = [], 0
    while at < len(segment):
        token, at = _token(segment, at)
        out.append(token)
    return "".join(out)


def _token(segment: str, at: int) -> tuple[str, int]:
    """The regular expression for what begins at ``at``, and where the next token begins."""
    char = segment[at]
    if char == "*":
        return "[^/]*", at + 1
    if char == "?":
        return "[^/]", at + 1
    if char == "[":
        return _bracket(segment, at)
    if char == "\\":
        if at + 1 == len(segment):
            raise ValueError("has a backslash with nothing after it")
        return re.escape(segment[at + 1]), at + 2
    return re.escape(char), at + 1


def _bracket(segment: str, at: int) -> tuple[str, int]:
    found = _BRACKET.match(segment, at)
    if found is None:
        raise ValueError("has a bracket that is not closed before the next slash")
    if "[:" in found.group()[1:]:
        raise ValueError("names a character class; write out its range, such as [a-z]")
    inner = found.group()[1:-1]
    negated = inner[0] in "!^"
    members = _members(inner[1:] if negated else inner)
    return f"(?!/)[{'^' if negated else ''}{members}]", found.end()


def _members(text: str) -> str:
    """The inside of a bracket, as ranges that the regular expressions read literally."""
    chars = re.findall(r"\\?.", text, re.DOTALL)
    out, at = [], 0
    while at < len(chars):
        is_range = at + 2 < len(chars) and chars[at + 1] == "-"
        low, high = chars[at][-1], chars[at + 2 if is_range else at][-1]
        if low > high:
            raise ValueError(f"has the range {low}-{high}, which runs backwards")
        out.append(f"{re.escape(low)}-{re.escape(high)}")
        at += 3 if is_range else 1
    return "".join(out)
