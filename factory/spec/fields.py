"""Fields as people write them: list items, paragraphs, several on one line, or small headings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from factory.spec.document import Block, Document, ListItem, one_line
from factory.spec.forms import LONG, WITH_REMARK, field_name
from factory.spec.parts import Field, mask_code

_BOLD = re.compile(r"(?:\*\*|__)\s*([A-Za-z][A-Za-z /-]{0,38}?)\s*(?::\s*(?:\*\*|__)|(?:\*\*|__)\s*:)")
_PLAIN = re.compile(r"([A-Za-z][A-Za-z -]{0,38}?)\s*:(?=\s|$)")
_REMARK = re.compile(r"([^(]*?)\s*\((.*)\)\.?", re.DOTALL)
_CHECKBOX = re.compile(r"\[[ xX]\](?:\s|$)")


@dataclass
class Harvest:
    """The fields found in a run of blocks, and the lines that they took."""

    fields: list[Field] = field(default_factory=list)
    taken: list[tuple[int, int]] = field(default_factory=list)


def harvest(document: Document, blocks: Sequence[Block], known: tuple[str, ...]) -> Harvest:
    """The fields in ``blocks``. What follows a field given as a paragraph or heading belongs to it."""
    found = Harvest()
    is_open = False
    for block in blocks:
        if block.kind == "heading":
            is_open = _heading(found, block, known)
        elif block.kind == "list":
            is_open = _list(found, document, block, known, is_open)
        elif block.kind == "paragraph" and (fields := split_fields(block.text, block.line, known, bold=True)):
            _take(found, fields, block)
            is_open = fields[-1].name in LONG
        elif is_open:
            _attach(found, document.source(block.line, block.end), block)
    return found


def split_fields(text: str, line: int, known: tuple[str, ...], *, bold: bool) -> list[Field]:
    """The fields of a paragraph that begins with one; empty when it doesn't.

    In a list item's start any name in bold counts, and a known one needs no marks; elsewhere, and everywhere
    with ``bold``, only known names in bold do.
    """
    masked = mask_code(text)
    marks = [m for m in _BOLD.finditer(masked) if m.start() == 0 or field_name(m.group(1), known)]
    if not marks or marks[0].start() != 0:
        plain_start = None if bold else _PLAIN.match(masked)
        if plain_start is None or not field_name(plain_start.group(1), known):
            return []
        marks.insert(0, plain_start)
    if bold and not field_name(marks[0].group(1), known):
        return []
    ends = [m.start() for m in marks[1:]] + [len(text)]
    return [
        _field(m.group(1), text[m.end() : end], line + text.count("\n", 0, m.start()), known)
        for m, end in zip(marks, ends, strict=True)
    ]


def _field(written: str, text: str, line: int, known: tuple[str, ...]) -> Field:
    name = field_name(written, known) or " ".join(written.split())
    value, remark = one_line(text), ""
    if name in WITH_REMARK and (found := _REMARK.fullmatch(value)):
        value, remark = found.group(1).strip(), found.group(2).strip()
    return Field(name, value, remark, line=line)


def _heading(found: Harvest, block: Block, known: tuple[str, ...]) -> bool:
    name = field_name(block.text.strip(" *_:"), known)
    if not name:
        return False
    _take(found, [Field(name, "", line=block.line)], block)
    return True


def _list(found: Harvest, document: Document, block: Block, known: tuple[str, ...], is_open: bool) -> bool:
    for item in block.items:
        fields = split_fields(item.text, item.line, known, bold=False)
        if fields:
            fields[-1] = replace(fields[-1], more=item.more)
            _take(found, fields, item)
            is_open = False
        elif is_open and not _CHECKBOX.match(item.text):
            _attach(found, document.source(item.line, item.end), item)
    return is_open


def _take(found: Harvest, fields: Sequence[Field], source: Block | ListItem) -> None:
    found.fields.extend(fields)
    found.taken.append((source.line, source.end))


def _attach(found: Harvest, source: str, block: Block | ListItem) -> None:
    """Add Markdown to the last field: its first paragraph becomes the text of a field that has none."""
    last = found.fields[-1]
    if not last.text and not last.more and isinstance(block, Block) and block.kind == "paragraph":
        grown = _field(last.name, block.text, last.line, (last.name,))
    else:
        gap = "\n" if isinstance(block, ListItem) else "\n\n"
        grown = replace(last, more=f"{last.more}{gap}{source}" if last.more else source)
    found.fields[-1] = grown
    found.taken.append((block.line, block.end))


def plain_items(blocks: Sequence[Block], taken: Sequence[tuple[int, int]]) -> Iterator[ListItem]:
    """The list items that no field has taken."""
    gone = {line for line, _ in taken}
    for block in blocks:
        yield from (item for item in block.items if item.line not in gone)
