"""``backlog.md``: a Markdown list that people and the program both write to.

An item is a list entry at the left edge (``-``, ``*``, ``+`` or ``1.``, with or without a check box) with the
indented lines under it. Everything else in the file (headings, prose, fenced code) is kept as it is. An item
with a ticked box is done: it stays in the file and is no longer listed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from factory import fsio
from factory.errors import BadInput

_ITEM = re.compile(r" ?(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[(?P<box>[ xX])\](?:[ \t]+|$))?(?P<text>.*)")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class BacklogItem:
    """An open item: its number from 1 in the order of the file, and its text on one line."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class _Span:
    """An item's lines in the file, from ``start`` to before ``end``."""

    start: int
    end: int
    text: str
    done: bool


def read_backlog(path: Path) -> list[str]:
    """The texts of the open items, in the order of the file; none where there is no file.

    Raises BadInput when it cannot be read.
    """
    return [item.text for item in read_items(path)]


def read_items(path: Path) -> list[BacklogItem]:
    """The open items with their numbers; like ``read_backlog`` otherwise."""
    return _open_items(_read_lines(path))


def add_backlog(path: Path, text: str, common_dir: Path) -> bool:
    """Put an item at the end of the backlog, under the write lock in git's ``common_dir``; whether it is new.

    One with the same text, ignoring case and space, is not added twice. Raises BadInput for an empty text.
    """
    flat = one_line(text)
    if not flat:
        raise BadInput("A backlog item needs a text.", 'factory backlog-add PATH "what should be done"')
    with fsio.write_lock(common_dir):
        lines = _read_lines(path)
        if any(_same(item.text, flat) for item in _open_items(lines)):
            return False
        _write(path, [*_ended(lines), f"- [ ] {flat}{_line_end(lines)}"])
    return True


def remove_backlog(path: Path, which: str, common_dir: Path) -> str:
    """Take out the item with that text, number, or part that only it has; its whole text.

    Under the write lock in git's ``common_dir``. Raises BadInput when there is none, or more than one.
    """
    with fsio.write_lock(common_dir):
        lines = _read_lines(path)
        open_spans = [span for span in _spans(lines) if not span.done]
        item = _find(_numbered(open_spans), which)
        span = open_spans[item.number - 1]
        _write(path, [*lines[: span.start], *lines[span.end :]])
    return item.text


def _write(path: Path, lines: list[str]) -> None:
    target = path.resolve()
    fsio.ensure_private_dir(target.parent)
    fsio.atomic_write(target, "".join(lines).encode("utf-8", "surrogateescape"))


def one_line(text: str) -> str:
    """``text`` as a list item can hold it: one line, single spaces, no control characters."""
    return " ".join(_SURROGATE.sub("?", _UNPRINTABLE.sub(" ", text)).split())


def _read_lines(path: Path) -> list[str]:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as problem:
        raise fsio.unreadable(path, problem) from None
    # Only real line breaks; bytes that are no UTF-8 are written back as they were.
    return _LINE.findall(content.decode("utf-8", "surrogateescape"))


def _spans(lines: list[str]) -> list[_Span]:
    spans: list[_Span] = []
    fenced = _fenced(lines)
    for at, line in enumerate(lines):
        found = None if at in fenced else _ITEM.match(line.lstrip("\ufeff"))
        if found and one_line(found["text"]):
            text = _with_continuation(one_line(found["text"]), lines, at)
            spans.append(_Span(at, _end(lines, at), text, (found["box"] or " ") in "xX"))
    return spans


def _fenced(lines: list[str]) -> set[int]:
    """The lines in fenced code; a fence that is never closed is none, for it would hide what follows."""
    fenced: set[int] = set()
    opened: tuple[int, str] | None = None
    for at, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark and opened is None:
            opened = (at, mark[1])
        elif mark and opened and opened[1] == mark[1]:
            fenced.update(range(opened[0], at + 1))
            opened = None
    return fenced


def _end(lines: list[str], start: int) -> int:
    """Where the item that starts here ends: before the next line that is neither indented nor blank."""
    end = start + 1
    for at in range(start + 1, len(lines)):
        if lines[at].startswith(("  ", "\t")) and lines[at].strip():
            end = at + 1
        elif lines[at].strip():
            break
    return end


def _with_continuation(text: str, lines: list[str], start: int) -> str:
    """The text with the indented lines right below, up to a blank line or a list of its own."""
    parts = [text]
    for line in lines[start + 1 : _end(lines, start)]:
        if not line.strip() or _ITEM.match(line.strip()) or _FENCE.match(line.strip()):
            break
        parts.append(one_line(line))
    return " ".join(parts)


def _numbered(spans: list[_Span]) -> list[BacklogItem]:
    return [BacklogItem(number, span.text) for number, span in enumerate(spans, 1)]


def _open_items(lines: list[str]) -> list[BacklogItem]:
    return _numbered([span for span in _spans(lines) if not span.done])


def _find(items: list[BacklogItem], which: str) -> BacklogItem:
    wanted = one_line(which)
    exact = [item for item in items if wanted and _same(item.text, wanted)]
    by_number = [item for item in items if wanted == str(item.number)]
    part = [item for item in items if wanted and not wanted.isdecimal() and _key(wanted) in _key(item.text)]
    found = exact[:1] or by_number or part
    if len(found) == 1:
        return found[0]
    if found:
        numbers = ", ".join(str(item.number) for item in found)
        raise BadInput(f"{which!r} is in several backlog items: {numbers}.", "Give the number of one.")
    raise BadInput(f"There is no backlog item {which!r}.", "`factory backlog-list` shows them with numbers.")


def _same(one: str, other: str) -> bool:
    return _key(one) == _key(other)


def _key(text: str) -> str:
    return "".join(text.split()).casefold()


def _line_end(lines: list[str]) -> str:
    return "\r\n" if lines and lines[0].endswith("\r\n") else "\n"


def _ended(lines: list[str]) -> list[str]:
    if lines and not lines[-1].endswith("\n"):
        return [*lines[:-1], lines[-1] + _line_end(lines)]
    return lines
