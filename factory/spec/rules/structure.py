"""Structure: sections, numbers, references, dependencies, the shape of phases."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from factory.spec.configuration import unreadable
from factory.spec.forms import FEATURE_FIELDS, PHASE_FIELDS, REQUIRED, chapter_of, plain
from factory.spec.parts import Feature, Kind, Phase
from factory.spec.rules.base import Plan, Problem, Rule

_ONE_PR = re.compile(
    r"(?:(?:one|a|1)(?:\s+single)?|single)\s+(?:small\s+)?(?:PR|pull request|merge request)\b", re.IGNORECASE
)
_SEVERAL = re.compile(r"\b(?:per|each|or more|and (?:a|one|another))\b", re.IGNORECASE)
_DEPENDS_WORDS = re.compile(r"\bphases?\b|\band\b|[0-9]+|[,;&+.\s#]", re.IGNORECASE)
# A field may be given more than once where each adds a value.
_REPEATABLE = ("Allows", "Backlog item", "Mutable surface")


def title(plan: Plan) -> Iterator[Problem]:
    """The title line names the plan and says that it is a specification."""
    if not plan.spec.heading.endswith("— Specification"):
        written = f'the title is "{plan.spec.heading}"' if plan.spec.heading else "there is no title line"
        yield Problem(plan.spec.line, written)


def missing_sections(plan: Plan) -> Iterator[Problem]:
    """Every section of the form is there."""
    present = {s.kind for s in plan.spec.sections}
    for kind, number in REQUIRED[plan.spec.form]:
        if kind not in present:
            near = _near_section(plan, kind)
            name = f"{number} {kind.value}".strip()
            hint = f'; is line {near[0]}, "{near[1]}", meant to be it?' if near else ""
            mend = f'Add the heading "{_heading(kind, number)}"{hint or "."}'
            yield Problem(near[0] if near else plan.spec.line, f'section "{name}" is missing', mend)


def _heading(kind: Kind, number: str) -> str:
    dotted = "." in number
    return f"{'###' if dotted else '##'} {number}{'' if dotted or not number else '.'} {kind.value}".replace(
        "##  ", "## "
    )


def _near_section(plan: Plan, kind: Kind) -> tuple[int, str] | None:
    unknown = {re.sub(r"^[\d. ]+", "", plain(s.title)): s for s in plan.spec.sections if s.kind is Kind.OTHER}
    close = get_close_matches(plain(kind.value), unknown, n=1, cutoff=0.75)
    return (unknown[close[0]].line, unknown[close[0]].title) if close else None


def section_numbers(plan: Plan) -> Iterator[Problem]:
    """Sections carry the numbers of the form."""
    numbers = dict(REQUIRED[plan.spec.form])
    for section in plan.spec.sections:
        wanted = numbers.get(section.kind)
        if wanted and section.number != wanted:
            has = f"has the number {section.number}" if section.number else "has no number"
            yield Problem(
                section.line,
                f'section "{section.kind.value}" {has}, its number is {wanted}',
                f'Write "{_heading(section.kind, wanted)}".',
            )


def section_order(plan: Plan) -> Iterator[Problem]:
    """Sections stand in the order of the form."""
    order = [kind for kind, _ in REQUIRED[plan.spec.form]]
    known = [s for s in plan.spec.sections if s.kind in order]
    highest = -1
    for section in known:
        at = order.index(section.kind)
        if at < highest:
            after = order[highest].value
            yield Problem(section.line, f'section "{section.kind.value}" comes after "{after}"')
        highest = max(highest, at)


def repeated_sections(plan: Plan) -> Iterator[Problem]:
    """No section is there twice."""
    seen: dict[Kind, int] = {}
    for section in plan.spec.sections:
        if section.kind is Kind.OTHER:
            continue
        if section.kind in seen:
            message = f'section "{section.kind.value}" is there already, at line {seen[section.kind]}'
            yield Problem(section.line, message)
        seen.setdefault(section.kind, section.line)


def no_features(plan: Plan) -> Iterator[Problem]:
    """There is something specified."""
    section = plan.spec.section(Kind.SPECIFICATION)
    if section and not plan.spec.features:
        chapter = chapter_of(plan.spec.form)
        mend = f'Add a heading such as "### {chapter}.1 <title>" with What, How and Why below it.'
        yield Problem(section.line, "the Detailed Specification has no item", mend)


def no_phases(plan: Plan) -> Iterator[Problem]:
    """There is something planned."""
    section = plan.spec.section(Kind.PLAN)
    if section and not plan.spec.phases:
        yield Problem(section.line, "the Implementation Plan has no phase")


def feature_numbers(plan: Plan) -> Iterator[Problem]:
    """Items are numbered within their section, each number once."""
    chapter = chapter_of(plan.spec.form)
    seen: dict[str, int] = {}
    for feature in plan.spec.features:
        if not feature.number:
            yield Problem(feature.line, f'"{feature.title}" has no number')
        elif feature.number.split(".")[0] != chapter:
            yield Problem(feature.line, f"{feature.label} does not belong to section {chapter}")
        elif feature.number in seen:
            yield Problem(feature.line, f"{feature.label} is there already, at line {seen[feature.number]}")
        seen.setdefault(feature.number, feature.line)


def feature_titles(plan: Plan) -> Iterator[Problem]:
    """Items and phases have titles: an experiment's hypothesis is its phase's title."""
    for feature in plan.spec.features:
        if not feature.title:
            yield Problem(feature.line, f"{feature.label} has no title")
    for phase in plan.spec.phases:
        if not phase.title:
            yield Problem(phase.line, f"Phase {phase.label} has no title".replace("  ", " "))


def phase_numbers(plan: Plan) -> Iterator[Problem]:
    """Phases are numbered from 1 without gaps, in order."""
    for wanted, phase in enumerate(plan.spec.phases, start=1):
        if phase.number != wanted:
            named = f"Phase {phase.label}" if phase.label else "a phase without a number"
            yield Problem(phase.line, f"{named} stands where Phase {wanted} is expected")


def phase_references(plan: Plan) -> Iterator[Problem]:
    """What a phase refers to is specified."""
    for phase in plan.spec.phases:
        for ref in phase.refs:
            if plan.spec.feature(ref) is None:
                yield Problem(phase.line, f"Phase {phase.label} refers to §{ref}, which is not specified")


def matrix_references(plan: Plan) -> Iterator[Problem]:
    """What the matrix refers to is specified."""
    for row in plan.spec.matrix:
        for ref in row.refs:
            if plan.spec.feature(ref) is None:
                yield Problem(row.line, f"the matrix refers to §{ref}, which is not specified")
        if not row.refs:
            yield Problem(row.line, f'the matrix row "{row.feature}" names no feature')


def readable_dependencies(plan: Plan) -> Iterator[Problem]:
    """``Depends on`` can be read."""
    for phase in plan.spec.phases:
        found = phase.field("Depends on")
        if found and phase.value("Depends on") and _DEPENDS_WORDS.sub("", found.text):
            yield Problem(found.line, f'"{found.text}" does not say which phases')


def known_dependencies(plan: Plan) -> Iterator[Problem]:
    """Phases depend on phases that exist."""
    for phase, line, other in _dependencies(plan):
        if plan.spec.phase(other) is None:
            yield Problem(line, f"Phase {phase.label} depends on Phase {other}, which does not exist")


def forward_dependencies(plan: Plan) -> Iterator[Problem]:
    """A phase depends only on earlier ones."""
    for phase, line, other in _dependencies(plan):
        if phase.number < other and plan.spec.phase(other) and not _leads(plan, other, phase.number):
            yield Problem(line, f"Phase {phase.label} depends on Phase {other}, which comes later")


def dependency_cycles(plan: Plan) -> Iterator[Problem]:
    """No phase waits for itself, directly or through others."""
    for phase, line, other in _dependencies(plan):
        if phase.number == other:
            yield Problem(line, f"Phase {phase.label} depends on itself")
        elif phase.number < other and _leads(plan, other, phase.number):
            yield Problem(line, f"Phase {phase.label} and Phase {other} wait for each other")


def _dependencies(plan: Plan) -> Iterator[tuple[Phase, int, int]]:
    for phase in plan.spec.phases:
        found = phase.field("Depends on")
        for other in phase.depends_on:
            yield phase, found.line if found else phase.line, other


def _leads(plan: Plan, start: int, goal: int) -> bool:
    """Whether following dependencies from ``start`` arrives at ``goal``."""
    graph: Mapping[int, Sequence[int]] = {p.number: p.depends_on for p in plan.spec.phases}
    open_, seen = [start], set[int]()
    while open_:
        at = open_.pop()
        if at == goal:
            return True
        if at not in seen:
            seen.add(at)
            open_ += graph.get(at, ())
    return False


def one_pull_request(plan: Plan) -> Iterator[Problem]:
    """Each phase is one PR. A phase that says nothing about its scope is one."""
    for phase in plan.spec.phases:
        found = phase.field("Scope")
        if found and phase.scope and (not _ONE_PR.match(phase.scope) or _SEVERAL.search(phase.scope)):
            yield Problem(found.line, f'the scope of Phase {phase.label} is "{phase.scope}", not one PR')


def checklists(plan: Plan) -> Iterator[Problem]:
    """Each phase has at least one step."""
    for phase in plan.spec.phases:
        if not any(step.text for step in phase.checklist):
            yield Problem(phase.line, f"Phase {phase.label} has no checklist item")


def repeated_fields(plan: Plan) -> Iterator[Problem]:
    """A field is given once."""
    for part in (*plan.spec.features, *plan.spec.phases):
        counts = Counter(f.name for f in part.fields if f.name not in _REPEATABLE)
        for field in reversed(part.fields):
            if counts[field.name] > 1:
                counts[field.name] = 1
                yield Problem(field.line, f'"{field.name}" is given more than once; the first counts')


def unknown_fields(plan: Plan) -> Iterator[Problem]:
    """A field whose name is nearly a known one is probably meant to be that."""
    parts: list[tuple[Feature | Phase, tuple[str, ...]]] = [(f, FEATURE_FIELDS) for f in plan.spec.features]
    parts += [(p, PHASE_FIELDS) for p in plan.spec.phases]
    for part, known in parts:
        for field in part.fields:
            near = [] if field.name in known else get_close_matches(field.name.capitalize(), known, 1, 0.75)
            if near:
                mend = f'Write "**{near[0]}:**" if that is meant.'
                yield Problem(field.line, f'"{field.name}" is no field of a plan', mend)


def research_configuration(plan: Plan) -> Iterator[Problem]:
    """The research configuration names what research needs, where there is one."""
    section, research = plan.spec.section(Kind.RESEARCH), plan.spec.research
    if section is None or research is None:
        return
    for name in ("Objective", "Metric", "Target", "Run command", "Result path", "Mutable surfaces"):
        if not research.field(name):
            yield Problem(
                section.line, f'the Research Configuration has no "{name}"', f'Add "- **{name}:** …".'
            )


def readable_configuration(plan: Plan) -> Iterator[Problem]:
    """There is one way only to read what research is started with."""
    if plan.spec.research:
        yield from (Problem(*found) for found in unreadable(plan.spec.research))


_RENUMBER = "Number the phases 1, 2, 3 … in the order in which they are to be built."
_SPECIFY = "Correct the reference, or specify the feature."

RULES = (
    Rule(
        "structure.title",
        "the title line names the plan and says that it is a specification",
        'Begin with "# <Name> — Specification", or "# Improvement Cycle — Specification".',
        title,
    ),
    Rule("structure.section-missing", "every section of the form is there", "Add it.", missing_sections),
    Rule(
        "structure.section-number", "sections carry the numbers of the form", "Correct it.", section_numbers
    ),
    Rule(
        "structure.section-order",
        "sections stand in the order of the form",
        "Move it to its place in the order of the numbers.",
        section_order,
    ),
    Rule("structure.section-repeated", "no section is there twice", "Merge the two.", repeated_sections),
    Rule("structure.features", "at least one item is specified", "Add one.", no_features),
    Rule(
        "structure.feature-number",
        "items are numbered within their section, each number once",
        "Give it the next free number of the Detailed Specification, and correct the references.",
        feature_numbers,
    ),
    Rule(
        "structure.item-title",
        "items and phases have a title",
        "Say in one phrase what it does.",
        feature_titles,
    ),
    Rule(
        "structure.phases",
        "at least one phase is planned",
        'Add a heading such as "### Phase 1: <title> (§N.1)" with a checklist below it.',
        no_phases,
    ),
    Rule("structure.phase-number", "phases are numbered from 1 without gaps", _RENUMBER, phase_numbers),
    Rule(
        "structure.phase-reference", "a phase refers to items that are specified", _SPECIFY, phase_references
    ),
    Rule(
        "structure.matrix-reference",
        "the matrix refers to features that are specified",
        _SPECIFY,
        matrix_references,
    ),
    Rule(
        "structure.depends-unreadable",
        "Depends on names phases or none",
        'Write "Phase 1", "Phase 1, Phase 2" or "none"; remarks go in parentheses.',
        readable_dependencies,
    ),
    Rule(
        "structure.depends-unknown",
        "phases depend on phases that exist",
        "Correct the number, or add the phase.",
        known_dependencies,
    ),
    Rule(
        "structure.depends-forward",
        "a phase depends only on earlier ones",
        "Move the phase behind the one it needs, and renumber.",
        forward_dependencies,
    ),
    Rule(
        "structure.depends-cycle",
        "dependencies have no cycle",
        "Take out one of the dependencies, or make one phase of them.",
        dependency_cycles,
    ),
    Rule(
        "structure.one-pr",
        "each phase is one PR",
        'Split the phase until each part is one PR, and write "- **Scope:** one PR".',
        one_pull_request,
    ),
    Rule(
        "structure.checklist", "each phase has at least one checklist item", 'Add "- [ ] <step>".', checklists
    ),
    Rule(
        "structure.research",
        "a Research Configuration names objective, metric, target, run command, "
        "result path and mutable surfaces",
        "Add it.",
        research_configuration,
    ),
    Rule(
        "structure.research-unreadable",
        "a Research Configuration says which direction is better, and its target and cost budget are one "
        "plain number each, or none",
        "Say it so that there is one way only to read it.",
        readable_configuration,
    ),
    Rule(
        "structure.field-repeated",
        "a field is given once",
        "Merge them into one.",
        repeated_fields,
        "warning",
    ),
    Rule(
        "structure.field-unknown",
        "a field's name is not nearly a known one",
        "Correct the name.",
        unknown_fields,
        "warning",
    ),
)
