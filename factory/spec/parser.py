"""From the text of a plan to its model: tolerant where people write, exact where meaning is at stake."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from factory.errors import BadInput
from factory.spec.document import Block, Document, ListItem, one_line, read_document
from factory.spec.fields import harvest, plain_items
from factory.spec.forms import (
    FEATURE_FIELDS,
    IMPROVEMENT_ONLY,
    PARENT,
    PHASE_FIELDS,
    PROJECT_ONLY,
    RESEARCH_FIELDS,
    chapter_of,
    field_name,
    kind_of,
)
from factory.spec.model import TITLE, Spec
from factory.spec.parts import (
    CATEGORIES,
    BlockedItem,
    ChecklistItem,
    Entry,
    Feature,
    Form,
    Kind,
    MatrixRow,
    Phase,
    ResearchConfiguration,
    Section,
    is_nothing,
    references,
    unquoted,
)

NOT_A_SPEC = "This has neither the project nor the improvement form of a specification."
NOT_A_SPEC_HINT = "`factory ceo FILE.md --mode design` writes one from any text."
_NUMBERED = re.compile(r"§?\s*(\d+(?:\.\d+)*)[.):]?(?:\s+(.*))?", re.DOTALL)
_PHASE = re.compile(r"Phase\b\s*([^\s:.—–()-]*)\s*(?:[:.—–-]\s*)*(.*)", re.IGNORECASE | re.DOTALL)
_REFERENCE = re.compile(r"(.*?)\s*\(([^()]*)\)", re.DOTALL)
_CHECKBOX = re.compile(r"\[([ xX])\](?:\s+|$)(.*)", re.DOTALL)
_DASH = re.compile(r"\s*[–-]*—[—–-]*\s*|\s+(?:–|--?)\s+")


@dataclass
class Chunk:
    """A heading that has a meaning, with the blocks that follow it.

    ``role`` is title, section, feature or phase; its text lies between the lines ``start`` and ``end``.
    """

    role: str
    kind: Kind
    number: str
    title: str
    level: int
    line: int
    start: int = 1
    end: int = 1
    blocks: list[Block] = field(default_factory=list)


def parse(text: str) -> Spec:
    """The model of a plan. Raises BadInput when the text has neither form; flaws are left to ``check``."""
    document = read_document(text)
    chunks = _outline(document)
    heading = chunks[0]
    form = _form(heading.title, chunks[1:])
    return _Builder(document, form).build(heading, chunks[1:])


def _outline(document: Document) -> list[Chunk]:
    """The document's chunks; the first is its title, with whatever comes before the first section."""
    chunks = [Chunk("title", Kind.OTHER, "", "", 1, 1)]
    top = Kind.OTHER
    for block in document.blocks:
        chunk = _chunk(block, top, chunks) if block.kind == "heading" else None
        if chunk is None:
            chunks[-1].blocks.append(block)
        elif chunk.role == "title":
            chunks[0].title, chunks[0].line = chunk.title, chunk.line
            chunks[0].blocks.append(block)
        else:
            chunk.start = block.end
            chunks[-1].end = block.line
            chunks.append(chunk)
            # Unknown subsections and the project form's Blocked lie within the section that they interrupt.
            if chunk.role == "section" and (chunk.kind is not Kind.OTHER or chunk.level <= 2):
                top = top if _within(chunk, top) else chunk.kind
    chunks[-1].end = len(document.lines) + 1
    return chunks


def _within(chunk: Chunk, top: Kind) -> bool:
    return PARENT.get(chunk.kind) is top or (
        chunk.kind is Kind.BLOCKED and chunk.level > 2 and top is Kind.PLAN
    )


def _chunk(block: Block, top: Kind, chunks: Sequence[Chunk]) -> Chunk | None:
    """The chunk that a heading opens, or None for one that belongs to the text around it."""
    if (
        block.level == 1
        and len(chunks) == 1
        and not chunks[0].title
        and kind_of(_split(block.text)[1]) is Kind.OTHER
    ):
        return Chunk("title", Kind.OTHER, "", _canonical_title(block.text), 1, block.line)
    number, title = _split(block.text)
    return _feature(block, top, number, title) or _phase(block, top) or _section(block, top, number, title)


def _split(heading: str) -> tuple[str, str]:
    """Number and title of a heading."""
    found = _NUMBERED.fullmatch(heading.strip("*_ "))
    return (found.group(1), (found.group(2) or "").strip()) if found else ("", heading.strip("*_ "))


def _canonical_title(heading: str) -> str:
    found = TITLE.fullmatch(heading)
    return f"{found.group(1).strip()} — Specification" if found and found.group(1).strip() else heading


def _feature(block: Block, top: Kind, number: str, title: str) -> Chunk | None:
    if top is not Kind.SPECIFICATION:
        return None
    unnumbered = block.level == 3 and not number and not field_name(title.strip(" *_:"), FEATURE_FIELDS)
    if number.count(".") != 1 and not unnumbered:
        return None
    bare = re.sub(r"^Feature\s*:\s*", "", title, flags=re.IGNORECASE)
    return Chunk("feature", Kind.SPECIFICATION, number, bare, block.level, block.line)


def _phase(block: Block, top: Kind) -> Chunk | None:
    found = _PHASE.fullmatch(block.text.strip("*_ ")) if top is Kind.PLAN else None
    if found is None:
        return None
    return Chunk("phase", Kind.PLAN, found.group(1), found.group(2).strip(), block.level, block.line)


def _section(block: Block, top: Kind, number: str, title: str) -> Chunk | None:
    kind = kind_of(title)
    if _is_meant(block, top, number, kind):
        return Chunk("section", kind, number, "", block.level, block.line)
    if block.level > 3:
        return None
    return Chunk("section", Kind.OTHER, "", block.text, block.level, block.line)


def _is_meant(block: Block, top: Kind, number: str, kind: Kind) -> bool:
    """Whether a heading with a section's name is that section: subsections only within theirs."""
    if kind is Kind.OTHER or kind in PARENT:
        return kind is not Kind.OTHER and top is PARENT[kind]
    return block.level <= 2 or kind is Kind.BLOCKED or re.fullmatch(r"\d+", number) is not None


def _form(heading: str, chunks: Sequence[Chunk]) -> Form:
    kinds = {c.kind for c in chunks if c.role == "section"} - {Kind.OTHER}
    named = heading.endswith("Specification") and bool(kinds)
    if not named and not (len(kinds) > 1 and kinds & {Kind.SPECIFICATION, Kind.PLAN}):
        raise BadInput(NOT_A_SPEC, NOT_A_SPEC_HINT)
    if re.match(r"improvement\b", heading, re.IGNORECASE):
        return Form.IMPROVEMENT
    votes = len(kinds.intersection(IMPROVEMENT_ONLY)) - len(kinds.intersection(PROJECT_ONLY))
    return Form.IMPROVEMENT if votes > 0 else Form.PROJECT


class _Builder:
    """Collects the parts of one document."""

    def __init__(self, document: Document, form: Form) -> None:
        self.document = document
        self.form = form
        self.sections: list[Section] = []
        self.entries: dict[Kind, list[Entry]] = {}
        self.features: list[Feature] = []
        self.phases: list[Phase] = []
        self.matrix: list[MatrixRow] = []
        self.blocked: list[BlockedItem] = []
        self.research: ResearchConfiguration | None = None

    def build(self, heading: Chunk, chunks: Sequence[Chunk]) -> Spec:
        """The whole model."""
        titles = [b for b in heading.blocks if heading.title and b.level == 1 and b.line == heading.line]
        preamble = self._prose(heading, [(b.line, b.end) for b in titles])
        for chunk in chunks:
            self._add(chunk)
        return Spec(
            form=self.form,
            heading=heading.title,
            preamble=preamble,
            sections=tuple(self.sections),
            goals=self._entries(Kind.GOALS),
            non_goals=self._entries(Kind.NON_GOALS),
            features=tuple(self.features),
            matrix=tuple(self.matrix),
            phases=tuple(self.phases),
            blocked=tuple(self.blocked),
            anti_patterns=self._entries(Kind.ANTI_PATTERNS),
            backlog_additions=self._entries(Kind.ADDITIONS),
            research=self.research,
            line=heading.line,
        )

    def _entries(self, kind: Kind) -> tuple[Entry, ...]:
        return tuple(self.entries.get(kind, ()))

    def _prose(self, chunk: Chunk, taken: Sequence[tuple[int, int]]) -> str:
        return self.document.without(chunk.start, chunk.end, taken)

    def _add(self, chunk: Chunk) -> None:
        match chunk.role:
            case "feature":
                self._add_feature(chunk)
            case "phase":
                self._add_phase(chunk)
            case _:
                taken = self._structured(chunk)
                prose = self._prose(chunk, taken)
                if re.fullmatch(r"(?i)[(_*]*none\b[^\n]*", prose) and chunk.kind in _LISTS:
                    prose = ""
                self.sections.append(
                    Section(chunk.kind, chunk.number, chunk.title, chunk.level, prose, chunk.line)
                    if chunk.kind is Kind.OTHER
                    else Section(chunk.kind, chunk.number, prose=prose, line=chunk.line)
                )

    def _structured(self, chunk: Chunk) -> list[tuple[int, int]]:
        """Take what a section holds as values; the line ranges that were taken."""
        match chunk.kind:
            case Kind.GOALS | Kind.NON_GOALS | Kind.ANTI_PATTERNS | Kind.ADDITIONS:
                entries = [Entry(one_line(i.text), i.more, i.line) for i in _listed(chunk)]
                self.entries.setdefault(chunk.kind, []).extend(entries)
                return _list_ranges(chunk)
            case Kind.BLOCKED:
                self.blocked.extend(_blocked(item) for item in _listed(chunk))
                return _list_ranges(chunk)
            case Kind.MATRIX:
                tables = [b for b in chunk.blocks if b.kind == "table"]
                for table in tables:
                    self.matrix.extend(_matrix_rows(table))
                return [(t.line, t.end) for t in tables]
            case Kind.RESEARCH:
                found = harvest(self.document, chunk.blocks, RESEARCH_FIELDS)
                earlier = self.research.fields if self.research else ()
                self.research = ResearchConfiguration((*earlier, *found.fields), chunk.line)
                return found.taken
            case _:
                return []

    def _add_feature(self, chunk: Chunk) -> None:
        found = harvest(self.document, chunk.blocks, FEATURE_FIELDS)
        notes = self._prose(chunk, found.taken)
        self.features.append(Feature(chunk.number, chunk.title, tuple(found.fields), notes, chunk.line))

    def _add_phase(self, chunk: Chunk) -> None:
        found = harvest(self.document, chunk.blocks, PHASE_FIELDS)
        steps = [i for i in plain_items(chunk.blocks, found.taken) if _CHECKBOX.fullmatch(i.text)]
        notes = self._prose(chunk, [*found.taken, *((i.line, i.end) for i in steps)])
        title, reference = _title_and_reference(chunk.title, chapter_of(self.form))
        checklist = tuple(_step(i) for i in steps)
        self.phases.append(
            Phase(chunk.number, title, reference, checklist, tuple(found.fields), notes, chunk.line)
        )


_LISTS = (Kind.GOALS, Kind.NON_GOALS, Kind.ANTI_PATTERNS, Kind.ADDITIONS, Kind.BLOCKED)


def _listed(chunk: Chunk) -> list[ListItem]:
    """The items of a section's lists; none when they only say that there are none."""
    items = [i for b in chunk.blocks for i in b.items if i.text.strip() or i.more]
    return [] if all(is_nothing(i.text) and not i.more for i in items) else items


def _list_ranges(chunk: Chunk) -> list[tuple[int, int]]:
    return [(b.line, b.end) for b in chunk.blocks if b.kind == "list"]


def _blocked(item: ListItem) -> BlockedItem:
    text = one_line(re.sub(r"^\[[ xX]\]\s+(?=[^\W\d_])", "", item.text))
    parts = _DASH.split(text, maxsplit=1)
    if len(parts) == 1 or not re.search(r"[^\W\d_]", parts[0]):
        return BlockedItem(text, "", item.more, item.line)
    return BlockedItem(parts[0].strip(), parts[1].strip(), item.more, item.line)


def _matrix_rows(table: Block) -> list[MatrixRow]:
    header = [cell.lower() for cell in table.rows[0].cells]
    columns = [_column(header, start, at) for at, start in enumerate(("feature", "command", "expect"))]
    return [_matrix_row(row.cells, columns, row.line) for row in table.rows[1:]]


def _column(header: Sequence[str], start: str, default: int) -> int:
    return next((at for at, name in enumerate(header) if name.strip("*_ ").startswith(start)), default)


def _matrix_row(cells: Sequence[str], columns: Sequence[int], line: int) -> MatrixRow:
    feature, command, expectation = (cells[at] if at < len(cells) else "" for at in columns)
    return MatrixRow(feature, unquoted(command), expectation, line)


def _title_and_reference(text: str, chapter: str) -> tuple[str, str]:
    """A phase's title and the content of the parenthesis that names features and category.

    Numbers without a ``§`` are those of features only when they are of the ``chapter`` that these stand in.
    """
    found = _REFERENCE.fullmatch(text)
    if found is None:
        return text, ""
    words = {w.strip(" *`").upper() for w in re.split(r"[,;/&]", found.group(2))}
    is_named = "§" in found.group(2) or not words.isdisjoint(CATEGORIES)
    is_reference = is_named or all(_is_number(word, chapter) for word in words)
    return (found.group(1), found.group(2).strip()) if is_reference else (text, "")


def _is_number(word: str, chapter: str) -> bool:
    named = references(word)
    return re.fullmatch(r"[\d.–—\- ]+", word) is not None and {n.split(".")[0] for n in named} == {chapter}


def _step(item: ListItem) -> ChecklistItem:
    found = _CHECKBOX.fullmatch(item.text)
    mark, text = found.groups() if found else (" ", item.text)
    return ChecklistItem(one_line(text), mark != " ", item.more, item.line)
