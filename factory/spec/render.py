"""From the model of a plan back to its text, in the canonical way of writing it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import indent

from factory.spec.forms import PARENT
from factory.spec.model import Spec
from factory.spec.parts import (
    BlockedItem,
    ChecklistItem,
    Entry,
    Feature,
    Field,
    Form,
    Kind,
    MatrixRow,
    Phase,
    Section,
)


def render(spec: Spec) -> str:
    """The document of a plan; ``parse`` gives the same model again."""
    blocks = [f"# {spec.heading}".rstrip()] if spec.heading else []
    blocks += [spec.preamble]
    done: set[Kind] = set()
    for section in spec.sections:
        blocks += [_section_heading(spec.form, section), section.prose]
        if section.kind not in done:
            blocks += _content(spec, section.kind)
        done.add(section.kind)
    return "\n\n".join(block for block in blocks if block) + "\n"


def _section_heading(form: Form, section: Section) -> str:
    if section.kind is Kind.OTHER:
        return f"{'#' * section.level} {section.title}".rstrip()
    is_sub = section.kind in PARENT or (section.kind is Kind.BLOCKED and form is Form.PROJECT)
    number = section.number and section.number + (" " if "." in section.number else ". ")
    return f"{'###' if is_sub else '##'} {number}{section.kind.value}"


def _content(spec: Spec, kind: Kind) -> Iterator[str]:
    match kind:
        case Kind.GOALS:
            yield _list(map(_entry, spec.goals))
        case Kind.NON_GOALS:
            yield _list(map(_entry, spec.non_goals))
        case Kind.ANTI_PATTERNS:
            yield _list(map(_entry, spec.anti_patterns))
        case Kind.ADDITIONS:
            yield _list(map(_entry, spec.backlog_additions))
        case Kind.BLOCKED:
            yield _list(map(_blocked, spec.blocked))
        case Kind.MATRIX:
            yield _matrix(spec.matrix)
        case Kind.RESEARCH if spec.research:
            yield "\n".join(map(_field, spec.research.fields))
        case Kind.SPECIFICATION:
            for feature in spec.features:
                yield from _feature(spec.form, feature)
        case Kind.PLAN:
            for phase in spec.phases:
                yield from _phase(phase)


def _list(items: Iterable[str]) -> str:
    return "\n".join(items) or "- (none)"


def _item(text: str, more: str) -> str:
    """A list item; what follows its first paragraph is moved to where the item's content begins."""
    below = indent(more, "  ")
    if not text:
        return f"-\n{below}"
    return f"- {text}\n\n{below}" if more else f"- {text}"


def _entry(entry: Entry) -> str:
    return _item(entry.text, entry.more)


def _blocked(item: BlockedItem) -> str:
    return _item(f"{item.item} — {item.needed}" if item.needed else item.item, item.more)


def _step(step: ChecklistItem) -> str:
    return _item(f"[{'x' if step.done else ' '}] {step.text}".rstrip(), step.more)


def _field(field: Field) -> str:
    remark = f"({field.remark})" if field.remark else ""
    return _item(" ".join(part for part in (f"**{field.name}:**", field.text, remark) if part), field.more)


def _matrix(rows: Iterable[MatrixRow]) -> str:
    lines = ["| Feature | Command | Expectation |", "|---|---|---|"]
    for row in rows:
        command = f"`{row.command}`" if row.command and "`" not in row.command else row.command
        cells = (row.feature, command, row.expectation)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _feature(form: Form, feature: Feature) -> Iterator[str]:
    prefix = "Feature: " if form is Form.PROJECT else ""
    yield f"### {feature.number} {prefix}{feature.title}".replace("###  ", "### ")
    yield feature.notes
    yield "\n".join(map(_field, feature.fields))


def _phase(phase: Phase) -> Iterator[str]:
    reference = f" ({phase.reference})" if phase.reference else ""
    heading = f"### Phase {phase.label}".rstrip()
    yield f"{heading}: {phase.title}{reference}".rstrip()
    yield phase.notes
    yield "\n".join([*map(_step, phase.checklist), *map(_field, phase.fields)])
