"""Completeness: what is specified is planned or blocked and validated, what is planned is specified."""

from __future__ import annotations

from collections.abc import Iterator

from factory.spec.forms import without_remark, words
from factory.spec.model import Spec
from factory.spec.parts import Feature, Form, Kind, marked_references, mask_code
from factory.spec.rules.base import Plan, Problem, Rule


def is_blocked(spec: Spec, feature: Feature) -> bool:
    """Whether Blocked names the feature: by its number behind a "§", or as an item of its own."""
    number, title = feature.number, feature.title
    names = {words(name) for name in (number, title, f"{number} {title}", f"{number} Feature {title}")} - {""}
    return any(
        number in marked_references(mask_code(f"{b.item} {b.more}"))
        or not names.isdisjoint((words(b.item), words(without_remark(b.item))))
        for b in spec.blocked
    )


def planned(plan: Plan) -> Iterator[Problem]:
    """Every feature is in a phase or in Blocked."""
    in_phases = {ref for phase in plan.spec.phases for ref in phase.refs}
    for feature in plan.spec.features:
        if feature.number not in in_phases and not is_blocked(plan.spec, feature):
            yield Problem(feature.line, f"{feature.label} is in no phase and not blocked")


def purposeful(plan: Plan) -> Iterator[Problem]:
    """Every phase names a feature, except the scaffold of a new project."""
    for phase in plan.spec.phases:
        is_scaffold = plan.spec.form is Form.PROJECT and phase.number == 1
        if not phase.refs and not is_scaffold:
            yield Problem(phase.line, f"Phase {phase.label} names no feature")


def validated(plan: Plan) -> Iterator[Problem]:
    """Every feature has a row in the matrix."""
    section = plan.spec.section(Kind.MATRIX)
    if plan.spec.form is not Form.PROJECT or section is None:
        return
    rows = {ref for row in plan.spec.matrix for ref in row.refs}
    for feature in plan.spec.features:
        if feature.number not in rows:
            yield Problem(feature.line, f"{feature.label} has no row in the validation matrix")


def full_rows(plan: Plan) -> Iterator[Problem]:
    """Every row says what is run and what is expected, and was read as it was meant."""
    for row in plan.spec.matrix:
        for name, cell in (("command", row.command), ("expectation", row.expectation)):
            if not cell:
                yield Problem(row.line, f'the matrix row "{row.feature}" has no {name}')
        # A pipe ends a cell in backticks, too, and a shell would run what a stray backtick begins.
        mend = r"Put one command into backticks; write \| for a pipe, and $(…) for backticks in it."
        here = f'the matrix row "{row.feature}"'
        if "`" in row.command:
            yield Problem(row.line, f"the command of {here} is not one code span", mend)
        elif any(cell.count("`") % 2 for cell in (row.feature, row.expectation)):
            yield Problem(row.line, f"a code span of {here} is cut off", mend)


def not_both(plan: Plan) -> Iterator[Problem]:
    """A feature is planned or blocked, not both."""
    in_phases = {ref for phase in plan.spec.phases for ref in phase.refs}
    for feature in plan.spec.features:
        if feature.number in in_phases and is_blocked(plan.spec, feature):
            yield Problem(feature.line, f"{feature.label} is in a phase and in Blocked")


RULES = (
    Rule(
        "completeness.planned",
        "every feature is in at least one phase or in Blocked",
        "Name it in a phase's reference, or by its § number in Blocked with what is needed from the user.",
        planned,
    ),
    Rule(
        "completeness.purpose",
        "every phase names a feature, except Phase 1 of a new project",
        'Put the number after the title, such as "(§4.1, FIX)" or "(§5.1)".',
        purposeful,
    ),
    Rule(
        "completeness.validated",
        "every feature has a row in the matrix",
        "Add a row with its number, a command and what is expected of it.",
        validated,
    ),
    Rule(
        "completeness.matrix-row",
        "every row of the matrix has one command and an expectation, and no pipe cuts them off",
        "Fill the cell: a command in backticks, and an observable result.",
        full_rows,
    ),
    Rule(
        "completeness.both",
        "a feature is planned or blocked, not both",
        "Take it out of one, or split off the part that waits for the user.",
        not_both,
        "warning",
    ),
)
