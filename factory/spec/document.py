"""Markdown as the blocks that a plan is made of, each with its source lines.

Only what stands at the top level of the document counts: a heading inside a quotation or a list item is text.
Lines are counted from 1; a block covers ``line`` up to and without ``end``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

_LIST_MARKER = re.compile(r"\s*(?:[-+*]|\d{1,9}[.)])(\s*)")
# What ends a block that would otherwise swallow the rest of the document.
_CLOSERS = ("```", "~~~", "-->", "?>", "]]>", ">", "</script>", "</pre>", "</style>", "</textarea>")


@dataclass(frozen=True, slots=True)
class ListItem:
    """A top-level list item: its first paragraph, and the Markdown that follows in the same item."""

    text: str
    more: str
    line: int
    end: int


@dataclass(frozen=True, slots=True)
class TableRow:
    """The cells of one table row, as written."""

    cells: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """A top-level block. ``kind`` is heading, paragraph, list, table or other.

    ``text`` is the inline source of a heading or paragraph, ``level`` a heading's depth, ``rows`` a table's
    rows with the header first.
    """

    kind: str
    line: int
    end: int
    text: str = ""
    level: int = 0
    items: tuple[ListItem, ...] = ()
    rows: tuple[TableRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The blocks of a text, and its lines."""

    lines: tuple[str, ...]
    blocks: tuple[Block, ...]

    def source(self, line: int, end: int) -> str:
        """The raw text from ``line`` up to and without ``end``, without blank lines around it."""
        return trim("\n".join(self.lines[line - 1 : end - 1]))

    def without(self, line: int, end: int, taken: Iterable[tuple[int, int]]) -> str:
        """The raw text from ``line`` up to and without ``end``, less the line ranges that were taken."""
        gone = {n for first, after in taken for n in range(first, after)}
        return "\n\n".join(self._runs(line, end, gone))

    def _runs(self, line: int, end: int, gone: set[int]) -> Iterator[str]:
        start = line
        for n in range(line, end + 1):
            if n == end or n in gone:
                if text := self.source(start, n):
                    yield text
                start = n + 1


def trim(text: str) -> str:
    """The text without blank lines around it and spaces at its end; its first line's indentation stays."""
    lines = text.split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(lines).rstrip()


def one_line(text: str) -> str:
    """The text of a paragraph on one line."""
    return re.sub(r"\s*\n\s*", " ", text).strip()


def read_document(text: str) -> Document:
    """The blocks of a Markdown text. Never fails: every text is Markdown."""
    md = MarkdownIt("commonmark").enable("table")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    text = _closed(md, text)
    lines = tuple(text.split("\n"))
    tokens = md.parse(text)
    blocks = tuple(_block(group, lines) for group in _top_level(tokens))
    return Document(lines, blocks)


def _closed(md: MarkdownIt, text: str) -> str:
    """The text with its last block ended, so that what is rendered after it is not swallowed by it."""
    for closer in ("", *_CLOSERS):
        candidate = f"{text}\n{closer}" if closer else text
        if _heading_ends(md, candidate):
            return candidate
    longest = max(re.findall(r"`{3,}|~{3,}", text), key=len, default="")
    return f"{text}\n{longest}"


def _heading_ends(md: MarkdownIt, text: str) -> bool:
    tokens = md.parse(text + "\n\n# end\n")
    return tokens[-1].type == "heading_close" and tokens[-1].level == 0


def _top_level(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """The tokens of each top-level block."""
    group: list[Token] = []
    for token in tokens:
        group.append(token)
        if token.level == 0 and token.nesting <= 0:
            yield group
            group = []


def _span(token: Token, lines: Sequence[str]) -> tuple[int, int]:
    """First line and the line after the last that is not blank."""
    start, end = token.map or (0, 1)
    while end > start + 1 and not lines[min(end, len(lines)) - 1].strip():
        end -= 1
    return start + 1, end + 1


def _block(tokens: Sequence[Token], lines: Sequence[str]) -> Block:
    opening = tokens[0]
    line, end = _span(opening, lines)
    match opening.type:
        case "heading_open":
            return Block("heading", line, end, text=_title(tokens[1].content), level=int(opening.tag[1]))
        case "paragraph_open":
            return Block("paragraph", line, end, text=tokens[1].content)
        case "bullet_list_open" | "ordered_list_open":
            return Block("list", line, end, items=tuple(_items(tokens, lines)))
        case "table_open":
            return Block("table", line, end, rows=tuple(_rows(tokens)))
        case _:
            return Block("other", line, end)


def _title(text: str) -> str:
    # Trailing hashes would be read as the heading's closing sequence once they stand on a line with it.
    return re.sub(r"(?:^|\s+)#+\s*$", "", one_line(text)).strip()


def _items(tokens: Sequence[Token], lines: Sequence[str]) -> Iterator[ListItem]:
    for at, token in enumerate(tokens):
        if token.type != "list_item_open" or token.level != 1:
            continue
        line, end = _span(token, lines)
        first = tokens[at + 1]
        has_text = first.type == "paragraph_open" and first.level == 2
        text = tokens[at + 2].content if has_text else ""
        rest = (first.map or (0, 0))[1] if has_text else line - 1
        yield ListItem(text, _more(lines, line, rest, end), line, end)


def _more(lines: Sequence[str], line: int, rest: int, end: int) -> str:
    """The lines of an item from index ``rest`` on, moved left to where the item's content begins."""
    marker = _LIST_MARKER.match(lines[line - 1].expandtabs(4))
    if marker is None:
        return ""
    gap = len(marker.group(1))
    offset = marker.end() - gap + (gap if 1 <= gap <= 4 else 1)
    body = [_leading_tabs_expanded(text) for text in lines[rest : end - 1]]
    if rest == line - 1 and body:
        body[0] = " " * offset + body[0][offset:]
    return trim("\n".join(_outdent(text, offset) for text in body))


def _leading_tabs_expanded(text: str) -> str:
    bare = text.lstrip(" \t")
    return text[: len(text) - len(bare)].expandtabs(4) + bare


def _outdent(text: str, width: int) -> str:
    indent = len(text) - len(text.lstrip(" "))
    return text[min(width, indent) :]


def _rows(tokens: Sequence[Token]) -> Iterator[TableRow]:
    cells: list[str] = []
    line = 0
    for at, token in enumerate(tokens):
        if token.type == "tr_open":
            cells, line = [], (token.map or (0, 0))[0] + 1
        elif token.type in ("th_open", "td_open"):
            cells.append(tokens[at + 1].content.strip())
        elif token.type == "tr_close":
            yield TableRow(tuple(cells), line)
