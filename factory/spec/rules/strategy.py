"""Strategy: valid categories, the order of the phases, what a plan owes to growth and to the backlog."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from factory.globs import matches, pattern_fault
from factory.spec.backlog_entries import entry_named
from factory.spec.document import one_line
from factory.spec.forms import plain, words
from factory.spec.items import category_of, declared_category
from factory.spec.parts import CATEGORIES, Feature, Form, Kind, Phase, is_nothing
from factory.spec.rules.base import Plan, Problem, Rule
from factory.strategy import hypothesis_similarity

_PRIORITIES = ("high", "medium", "low")


def categories(plan: Plan) -> Iterator[Problem]:
    """Declared categories are of the four."""
    for feature in plan.spec.features:
        field = feature.field("Category")
        if field and feature.category and feature.category not in CATEGORIES:
            yield Problem(field.line, f'"{field.text}" is no category')
    for phase in plan.spec.phases:
        for word in phase.words:
            if word.upper() not in CATEGORIES:
                yield Problem(phase.line, f'"{word}" in the reference of Phase {phase.label} is no category')


def priorities(plan: Plan) -> Iterator[Problem]:
    """Priorities are of the form's words."""
    for feature in plan.spec.features:
        field = feature.field("Priority")
        if field and field.value and field.value.lower() not in _PRIORITIES:
            mend = "Write high, medium or low; the category goes into Category."
            yield Problem(field.line, f'"{field.text}" is no priority of {feature.label}', mend)
    allowed = CATEGORIES if plan.spec.form is Form.PROJECT else (*CATEGORIES, *map(str.upper, _PRIORITIES))
    for phase in plan.spec.phases:
        field = phase.field("Priority")
        if field and phase.priority and phase.priority.upper() not in allowed:
            yield Problem(field.line, f'"{field.text}" is no priority of Phase {phase.label}')


def agreeing_categories(plan: Plan) -> Iterator[Problem]:
    """A phase's reference and the item it serves name the same category."""
    for phase in plan.spec.phases:
        own = next((w.upper() for w in phase.words if w.upper() in CATEGORIES), "")
        declared = {f.category for f in plan.spec.features_of(phase)} & set(CATEGORIES)
        if own and declared and own not in declared:
            theirs = " and ".join(sorted(declared, key=CATEGORIES.index))
            yield Problem(phase.line, f"Phase {phase.label} says {own}, what it serves says {theirs}")


def _needs(plan: Plan) -> dict[int, set[int]]:
    """For each phase all phases it needs, directly or through others. A scaffold is needed by all."""
    direct = {p.number: set(p.depends_on) for p in plan.spec.phases}
    first = plan.spec.phases[0] if plan.spec.phases else None
    if first and plan.spec.form is Form.PROJECT and not first.refs:
        for number in direct:
            direct[number] |= {first.number} - {number}
    needs = {number: set(others) for number, others in direct.items()}
    for _ in direct:
        for others in needs.values():
            others |= {far for near in list(others) for far in needs.get(near, ())}
    return needs


def _ranks(plan: Plan) -> dict[int, int]:
    return {p.number: _rank(plan, p) for p in plan.spec.phases}


def _rank(plan: Plan, phase: Phase) -> int:
    return CATEGORIES.index(category_of(phase, plan.spec.features_of(phase)))


def _overtaken(plan: Plan, phases: Sequence[Phase]) -> Iterator[tuple[Phase, Phase]]:
    """Phases that stand before one of an earlier category which could have been built in their place.

    A phase counts with the best category among itself and all that wait for it.
    """
    needs, ranks = _needs(plan), _ranks(plan)
    known = {p.number for p in phases}
    built: set[int] = set()
    for at, phase in enumerate(phases):
        waiting = [ranks[n] for n in known if phase.number in needs[n]]
        best = min([ranks[phase.number], *waiting])
        for other in phases[at + 1 :]:
            if needs[other.number] & known <= built and ranks[other.number] < best:
                yield phase, other
                break
        built.add(phase.number)


def feec_order(plan: Plan) -> Iterator[Problem]:
    """FIX, EXPLOIT, EXPLORE, COMBINE where dependencies leave a choice, by declared categories."""
    yield from _order_problems(plan, declared=True)


def feec_order_by_words(plan: Plan) -> Iterator[Problem]:
    """The same where a category is only computed from a title."""
    yield from _order_problems(plan, declared=False)


def _order_problems(plan: Plan, *, declared: bool) -> Iterator[Problem]:
    for phase, other in _overtaken(plan, plan.spec.phases):
        if declared == all(declared_category(p, plan.spec.features_of(p)) for p in (phase, other)):
            first, second = (f"Phase {p.label} ({_category(plan, p)})" for p in (phase, other))
            yield Problem(phase.line, f"{first} comes before {second}, which waits for nothing")


def _category(plan: Plan, phase: Phase) -> str:
    return category_of(phase, plan.spec.features_of(phase))


def research_fix_first(plan: Plan) -> Iterator[Problem]:
    """In research mode every FIX comes first, after what it needs."""
    if not plan.context.research_mode:
        return
    needs, ranks = _needs(plan), _ranks(plan)
    for at, phase in enumerate(plan.spec.phases):
        if ranks[phase.number] != 0:
            continue
        for earlier in plan.spec.phases[:at]:
            if ranks[earlier.number] != 0 and earlier.number not in needs[phase.number]:
                yield Problem(phase.line, f"Phase {phase.label} (FIX) comes after Phase {earlier.label}")
                break


def operational(plan: Plan) -> Iterator[Problem]:
    """Operational items say what is executed."""
    for feature in plan.spec.features:
        if feature.operational and is_nothing(feature.text("Execution step")):
            yield Problem(feature.line, f"{feature.label} is operational and has no execution step")


def research_items(plan: Plan) -> Iterator[Problem]:
    """In research mode items name the failure they address and the surface they change."""
    if not plan.context.research_mode or plan.spec.form is Form.PROJECT:
        return
    for feature in plan.spec.features:
        for name in ("Failure mode", "Mutable surface"):
            if is_nothing(feature.text(name)):
                yield Problem(feature.line, f"{feature.label} has no {name}", f'Add "- **{name}:** …".')


def surfaces(plan: Plan) -> Iterator[Problem]:
    """Mutable surfaces lie within the configured set."""
    configured = plan.context.mutable_surfaces
    if configured is None and plan.spec.research:
        configured = plan.spec.research.mutable_surfaces
    if configured is None:
        return
    allowed = [p for p in configured if not pattern_fault(p)]
    for feature in plan.spec.features:
        field = feature.field("Mutable surface")
        for surface in feature.all_values("Mutable surface"):
            if field and not _lies_within(surface, allowed):
                mend = f"Stay within {', '.join(configured) or 'the configured set, which is empty'}."
                yield Problem(field.line, f'the surface "{surface}" of {feature.label} may not change', mend)


def _lies_within(surface: str, allowed: Sequence[str]) -> bool:
    # A pattern lies within others when a file that stands for all it covers does.
    path = re.sub(r"\*+|\?", "any", surface.removeprefix("./"))
    path = path + "any" if path.endswith("/") else path
    return surface in allowed or matches(allowed, path)


def new_approach(plan: Plan) -> Iterator[Problem]:
    """An item resembling a reverted experiment says what is different."""
    for phase in plan.spec.phases:
        features = plan.spec.features_of(phase)
        if any(not is_nothing(f.text("New approach")) for f in features):
            continue
        for number, tried in (plan.context.anti_patterns or {}).items():
            likeness = hypothesis_similarity(phase.title, tried)
            if likeness >= plan.limits.similarity:
                line = features[0].line if features else phase.line
                like = f"experiment #{number}, which was reverted ({likeness:.2f} alike)"
                yield Problem(line, f'Phase {phase.label} resembles {like}: "{one_line(tried)}"')
                break


def unstuck(plan: Plan) -> Iterator[Problem]:
    """When stuck, the plan tries another category or combines near misses."""
    stuck = {c.upper() for c in plan.context.stuck_categories or ()} - {"COMBINE"}
    phases = plan.spec.phases
    if stuck and phases and all(_category(plan, p) in stuck for p in phases):
        names = ", ".join(c for c in CATEGORIES if c in stuck)
        yield Problem(phases[0].line, f"every phase is in a category that is stuck ({names})")


def _binds(plan: Plan) -> bool:
    """Whether the rules on growth, novelty and convergence bind this plan."""
    spec, limits = plan.spec, plan.limits
    is_free = limits.lite or limits.focus or plan.context.research_mode or spec.section(Kind.RESEARCH)
    return spec.form is Form.IMPROVEMENT and len(spec.features) > 1 and not is_free


def _specification_line(plan: Plan) -> int:
    section = plan.spec.section(Kind.SPECIFICATION)
    return section.line if section else plan.spec.line


def growth(plan: Plan) -> Iterator[Problem]:
    """Enough items grow the project."""
    if not _binds(plan):
        return
    count = sum(1 for f in plan.spec.features if f.value("Growth dimension"))
    if count < plan.limits.min_growth:
        message = f"{count} of at least {plan.limits.min_growth} items name a growth dimension"
        yield Problem(_specification_line(plan), message)


def growth_measured(plan: Plan) -> Iterator[Problem]:
    """Growth dimensions are measured ones."""
    known = plan.context.dimensions
    if known is None:
        return
    for feature in plan.spec.features:
        field, name = feature.field("Growth dimension"), feature.value("Growth dimension")
        if (
            field
            and name
            and plain(name.replace("_", " ")) not in {plain(k.replace("_", " ")) for k in known}
        ):
            near = get_close_matches(name, known, 1)
            mend = f"Name a measured dimension, such as {near[0]}." if near else ""
            yield Problem(field.line, f'"{name}" is not measured', mend)


def served(plan: Plan, feature: Feature) -> bool:
    """Whether an item serves the backlog, as far as the backlog is known."""
    if plan.context.backlog is None:
        return bool(feature.backlog_items)
    return any(entry_named(text, plan.context.backlog) for text in feature.backlog_items)


def novelty(plan: Plan) -> Iterator[Problem]:
    """Not too many items serve no backlog item."""
    if not _binds(plan):
        return
    new = [f for f in plan.spec.features if not served(plan, f)]
    if len(new) > plan.limits.max_new:
        labels = ", ".join(f.label for f in new)
        message = f"{len(new)} items serve no backlog item ({labels}), at most {plan.limits.max_new} may"
        yield Problem(new[plan.limits.max_new].line, message)


def convergence(plan: Plan) -> Iterator[Problem]:
    """Some item serves the backlog while that is not empty."""
    if _binds(plan) and plan.context.backlog and not any(served(plan, f) for f in plan.spec.features):
        yield Problem(_specification_line(plan), "no item serves the backlog, which is not empty")


def backlog_items(plan: Plan) -> Iterator[Problem]:
    """A backlog item that is named exists."""
    if plan.context.backlog is None:
        return
    entries = {words(text): text for text in plan.context.backlog}
    for feature in plan.spec.features:
        for field in feature.fields:
            if field.name != "Backlog item" or is_nothing(field.text):
                continue
            if not entry_named(field.text, plan.context.backlog):
                near = get_close_matches(words(field.text), entries, 1)
                mend = f'Quote it as it stands: "{one_line(entries[near[0]])}".' if near else ""
                yield Problem(field.line, f'"{field.text}" is not in the backlog', mend)


def lite_takes_one(plan: Plan) -> Iterator[Problem]:
    """A lite improvement has one item and one phase."""
    if not plan.limits.lite or plan.spec.form is Form.PROJECT:
        return
    for parts, name in ((plan.spec.features, "item"), (plan.spec.phases, "phase")):
        if len(parts) > 1:
            yield Problem(parts[1].line, f"a lite plan has one {name}, this one has {len(parts)}")


_REORDER = "Reorder the phases and renumber them, or name the dependency that keeps this order."

RULES = (
    Rule(
        "strategy.category",
        "categories are FIX, EXPLOIT, EXPLORE or COMBINE",
        "Write one of FIX, EXPLOIT, EXPLORE, COMBINE.",
        categories,
    ),
    Rule(
        "strategy.priority",
        "priorities are high, medium or low, and categories on the phases of a project",
        "Write one of FIX, EXPLOIT, EXPLORE, COMBINE.",
        priorities,
    ),
    Rule(
        "strategy.category-conflict",
        "a phase and what it serves name the same category",
        "Make the two agree.",
        agreeing_categories,
    ),
    Rule(
        "strategy.order",
        "phases stand in the order FIX, EXPLOIT, EXPLORE, COMBINE where dependencies leave a choice",
        _REORDER,
        feec_order,
    ),
    Rule(
        "strategy.order-computed",
        "the same where a category is only computed from a title",
        "Declare the categories, or reorder the phases.",
        feec_order_by_words,
        "warning",
    ),
    Rule(
        "strategy.research-fix-first",
        "in research mode FIX comes first",
        "Move it to the front, behind what it depends on.",
        research_fix_first,
    ),
    Rule(
        "strategy.operational",
        "operational items have an execution step",
        'Add "- **Execution step:** …".',
        operational,
    ),
    Rule(
        "strategy.research-item",
        "items of research mode name failure mode and mutable surface",
        "Add it.",
        research_items,
    ),
    Rule(
        "strategy.surface", "mutable surfaces lie within the configured set", "Stay within the set.", surfaces
    ),
    Rule(
        "strategy.new-approach",
        "an item resembling a reverted experiment names its new approach",
        'Say in "- **New approach:** …" what is different this time, or leave the item out.',
        new_approach,
    ),
    Rule(
        "strategy.stuck",
        "when stuck, another category is tried or near misses are combined",
        "Add a phase of another category, or a COMBINE of near misses.",
        unstuck,
    ),
    Rule(
        "strategy.growth",
        "enough items of an improvement plan grow the project",
        'Add an item with "- **Growth dimension:** …".',
        growth,
    ),
    Rule(
        "strategy.novelty",
        "few items of an improvement plan serve no backlog item",
        'Name the "Backlog item" that they serve, or move them to Proposed Backlog Additions.',
        novelty,
    ),
    Rule(
        "strategy.convergence",
        "an improvement plan serves the backlog while that is not empty",
        'Add an item with "- **Backlog item:** <text>" from the backlog.',
        convergence,
    ),
    Rule(
        "strategy.backlog-unknown",
        "a backlog item that is named exists",
        "Quote an item of the backlog, or leave the field out.",
        backlog_items,
    ),
    Rule(
        "strategy.lite",
        "a lite improvement plan has one item and one phase",
        "Keep the first in FEEC order, and move the rest to Proposed Backlog Additions.",
        lite_takes_one,
    ),
    Rule(
        "strategy.growth-unmeasured",
        "growth dimensions are measured",
        "Name a measured dimension.",
        growth_measured,
        "warning",
    ),
)
