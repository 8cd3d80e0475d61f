"""Depth: What, How and Why are there, say something, rest on something known, and hold no estimates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from factory.spec.backlog_entries import entry_named, is_mentioned
from factory.spec.forms import plain
from factory.spec.parts import Feature, Form, Phase, experiments_cited, is_nothing, mask_code
from factory.spec.rules.base import Plan, Problem, Rule
from factory.spec.rules.estimates import Estimate, estimates, is_date_field, is_effort_field, planned_time

PARTS = ("What", "How", "Why")
MIN_SENTENCES = 3
_PLACEHOLDER = re.compile(
    r"(?:tbd|tba|todo|fixme|to be (?:done|determined|decided|defined)|\?+|…|\.{2,}|x+|<[^>]*>)\W*", re.I
)
_ABBREVIATION = re.compile(r"\b(?:e\.\s?g|i\.\s?e|etc|cf|vs|approx|resp|incl|fig|sec)\.(?=\s)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?]+[\"')\]*_]*(?:\s+|$)")


def is_empty(text: str) -> bool:
    """Whether a field's text says nothing: empty, a placeholder, none."""
    stripped = text.strip()
    return is_nothing(stripped) or _PLACEHOLDER.fullmatch(stripped) is not None


def sentences(text: str) -> int:
    """How many sentences a field's text has; a text without a full stop is one, an empty one none."""
    if is_empty(text):
        return 0
    plain_text = _ABBREVIATION.sub("x", mask_code(text))
    count = 0
    for block in re.split(r"\n\s*\n|\n\s*(?:[-+*]|\d+[.)])\s+", plain_text):
        count += sum(1 for part in _SENTENCE_END.split(block) if re.search(r"[\w\x01]", part))
    return count


def fields_present(plan: Plan) -> Iterator[Problem]:
    """What, How and Why are there and say something."""
    for feature in plan.spec.features:
        for name in PARTS:
            field = feature.field(name)
            if field is None:
                yield Problem(feature.line, f"{feature.label} has no {name}", f'Add "- **{name}:** …".')
            elif is_empty(field.whole):
                yield Problem(
                    field.line, f"{name} of {feature.label} says nothing", f"Write what {name} asks for."
                )


def enough_said(plan: Plan) -> Iterator[Problem]:
    """What, How and Why have three sentences together."""
    for feature in plan.spec.features:
        count = sum(sentences(feature.text(name)) for name in PARTS)
        if count < MIN_SENTENCES:
            yield Problem(
                feature.line,
                f"What, How and Why of {feature.label} have {count} of {MIN_SENTENCES} sentences",
            )


def no_estimates(plan: Plan) -> Iterator[Problem]:
    """No text of the plan estimates calendar time."""
    for line, found in _work_dated(plan):
        yield Problem(line, f'"{found}" is an estimate in calendar time')


def _work_dated(plan: Plan) -> Iterator[tuple[int, str]]:
    for feature in plan.spec.features:
        yield from ((line, e.words) for line, e in _estimates(feature) if e.of_work)
    for phase in plan.spec.phases:
        # A phase may say what its features say: that is no schedule.
        told = " ".join(text for f in plan.spec.features_of(phase) for _, text in _texts(f)).lower()
        for line, found in _estimates(phase):
            if found.of_work or found.words.lower() not in told:
                yield line, found.words


def time_in_features(plan: Plan) -> Iterator[Problem]:
    """Features speak of time only where the program deals with it, which nothing but a reader can tell."""
    for feature in plan.spec.features:
        for line, found in _estimates(feature):
            if not found.of_work:
                yield Problem(line, f'"{found.words}" in {feature.label} may date the work')
        for field in feature.fields:
            if is_date_field(field.name):
                yield Problem(field.line, f'the field "{field.name}" of {feature.label} may date the work')


def no_schedule(plan: Plan) -> Iterator[Problem]:
    """Phases carry no dates and spans, in a field, the title or the scope; features no estimates."""
    for part in (*plan.spec.features, *plan.spec.phases):
        for field in part.fields:
            if is_effort_field(field.name) or (isinstance(part, Phase) and is_date_field(field.name)):
                yield Problem(field.line, f'the field "{field.name}" is an estimate in calendar time')
    for phase in plan.spec.phases:
        scope = phase.field("Scope")
        for line, text in (
            (phase.line, phase.title),
            (scope.line, f"({scope.remark})") if scope else (0, ""),
        ):
            if words := planned_time(text):
                yield Problem(line, f'"{words}" is an estimate in calendar time')


def _estimates(part: Feature | Phase) -> Iterator[tuple[int, Estimate]]:
    """What may be an estimate in a feature or a phase, each with its line."""
    for line, text in _texts(part):
        yield from ((line + found.below, found) for found in estimates(text))


def _texts(part: Feature | Phase) -> Iterator[tuple[int, str]]:
    """The texts of a feature or a phase, each with its line."""
    yield part.line, part.title
    yield part.line, part.notes
    for field in part.fields:
        if not is_effort_field(field.name) and not is_date_field(field.name):
            yield field.line, f"{field.name}: {field.text} ({field.remark})"
            yield field.line + 1, field.more
    for step in part.checklist if isinstance(part, Phase) else ():
        yield step.line, step.text
        yield step.line + 1, step.more


def grounded(plan: Plan) -> Iterator[Problem]:
    """Why rests on something known."""
    for feature in plan.spec.features:
        why = feature.field("Why")
        if why is None or is_empty(why.whole):
            continue
        if plan.spec.form is Form.PROJECT:
            if not feature.citations:
                yield Problem(why.line, f"Why of {feature.label} cites no research finding")
        elif not _cites_something(plan, feature):
            yield Problem(
                why.line,
                f"Why of {feature.label} cites no finding, measured dimension, experiment or backlog item",
                "Name what it rests on: [R1], a measured dimension, an experiment (#12), or a backlog item.",
            )


def _cites_something(plan: Plan, feature: Feature) -> bool:
    context, why = plan.context, feature.text("Why")
    if feature.citations:
        return True
    known = (context.dimensions, context.experiments, context.backlog)
    if any(facts is None for facts in known):
        return True  # it may cite what we don't know
    named = any(_mentions(why, name) for name in context.dimensions or ())
    tried = any(n in (context.experiments or ()) for n in experiments_cited(why))
    return named or tried or _cites_backlog(plan, feature, why)


def _cites_backlog(plan: Plan, feature: Feature, why: str) -> bool:
    backlog = plan.context.backlog or ()
    named = any(entry_named(text, backlog) for text in feature.backlog_items)
    return named or any(is_mentioned(entry, why) for entry in backlog)


def _mentions(text: str, name: str) -> bool:
    words = f" {plain(text)} "
    return f" {plain(name.replace('_', ' '))} " in words.replace("_", " ")


def findings_exist(plan: Plan) -> Iterator[Problem]:
    """Cited research findings exist."""
    known = plan.context.findings
    if known is None:
        return
    for feature in plan.spec.features:
        why = feature.field("Why")
        for finding in feature.citations:
            if why and finding not in known:
                near = get_close_matches(finding, known, 1)
                mend = f"Cite a finding that exists, such as [{near[0]}]." if near else ""
                yield Problem(
                    why.line, f"{feature.label} cites {finding}, which the research does not have", mend
                )


def experiments_exist(plan: Plan) -> Iterator[Problem]:
    """Cited experiments exist."""
    known = plan.context.experiments
    if known is None or plan.spec.form is Form.PROJECT:
        return
    for feature in plan.spec.features:
        why = feature.field("Why")
        for number in re.findall(r"\bexperiments?\s+#?(\d+)\b", why.whole if why else "", re.IGNORECASE):
            if why and int(number) not in known:
                yield Problem(
                    why.line, f"{feature.label} cites experiment #{number}, which the log does not have"
                )


def readable_impact(plan: Plan) -> Iterator[Problem]:
    """An expected impact names a dimension and its move, so that it can be compared with what came."""
    for feature in plan.spec.features:
        field = feature.field("Expected impact")
        if field and not is_empty(field.text) and not feature.impacts:
            yield Problem(field.line, f'"{field.text}" names no dimension with its score before and after')


RULES = (
    Rule("depth.field-missing", "What, How and Why are there", "Add it.", fields_present),
    Rule(
        "depth.sentences",
        "What, How and Why have three sentences together",
        "Say more: what changes for the user, by which means, and on what evidence.",
        enough_said,
    ),
    Rule(
        "depth.estimate",
        "no estimates in calendar time",
        "Take it out: a plan orders work, it does not date it.",
        no_estimates,
    ),
    Rule(
        "depth.schedule",
        "no dates and spans on phases, and no field for an estimate anywhere",
        "Take it out: a plan orders work, it does not date it.",
        no_schedule,
    ),
    Rule(
        "depth.time",
        "where a feature speaks of time, the program deals with it",
        "Take it out if it says when the work is done; leave it if it is what the program does.",
        time_in_features,
        "warning",
    ),
    Rule(
        "depth.grounding",
        "Why cites research; in an improvement a dimension, experiment or backlog item will do",
        "Cite the findings it rests on, such as [R1].",
        grounded,
    ),
    Rule(
        "depth.finding-unknown",
        "cited research findings exist",
        "Cite a finding that the research has.",
        findings_exist,
    ),
    Rule(
        "depth.experiment-unknown",
        "cited experiments exist",
        "Cite an experiment that the log has.",
        experiments_exist,
    ),
    Rule(
        "depth.impact",
        "an expected impact names a dimension, its score before and after",
        'Write "<dimension> <from>→<to>", such as "lint 0.80→0.95".',
        readable_impact,
        "warning",
    ),
)
