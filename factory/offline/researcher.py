"""The Researcher: numbered findings with their sources, from the measurement and the checkout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from factory.offline.answers import done
from factory.offline.draft import quoted
from factory.offline.facts import Scope, mapping_of, mappings_of, text_of
from factory.offline.handlers import Handler
from factory.offline.idea import Idea, take_apart
from factory.offline.opportunities import Opportunity, opportunities
from factory.offline.ruff import Finding
from factory.offline.survey import Survey, survey
from factory.offline.tasks import family
from factory.runners.base import AgentResult, Invocation

#: Sources listed for a finding; the rest is counted.
SHOWN = 12

Section = tuple[str, list[str]]


def research(invocation: Invocation) -> AgentResult:
    """Look at the checkout, and write down what was seen as Markdown, ``### R1`` and on."""
    facts = invocation.facts
    if text_of(facts, "idea"):
        return done(_of_idea(take_apart(text_of(facts, "idea"))))
    seen = survey(invocation.cwd)
    scope = Scope.of(mapping_of(facts, "config"))
    sections = [
        *_dimensions(mapping_of(facts, "measurement")),
        *(_mechanical(o, seen) for o in opportunities(invocation.cwd, seen, scope)),
        *_judgement(_without_read_only(seen, scope)),
    ]
    return done(_render(sections, seen))


def _without_read_only(seen: Survey, scope: Scope) -> Survey:
    """What was seen but for the files that no change may touch, such as the project's own judge."""
    mine = Scope(read_only=scope.read_only)
    handlers = {
        package: tuple(handler for handler in found if mine.covers(handler.path))
        for package, found in seen.handlers.items()
    }
    return replace(seen, lint=tuple(f for f in seen.lint if mine.covers(f.path)), handlers=handlers)


def _of_idea(idea: Idea) -> str:
    """What the text of an idea says, and nothing that it does not say."""
    source = "- Source: the text of the idea"
    sections: list[Section] = [("the idea as a whole", [f"- It says: {quoted(idea.text)}", source])]
    if idea.language:
        sections.append((f"the idea names the language {idea.language}", [source]))
    if idea.shape:
        sections.append((f"the idea asks for {idea.shape}", [source]))
    sections += [("the idea asks for one thing", [f"- {quoted(c.words)}", source]) for c in idea.clauses]
    head = "By the offline runner: from the text of the idea alone. Nothing was looked up, no web."
    lines = ["# Research", "", head]
    for number, (title, body) in enumerate(sections, start=1):
        lines += ["", f"### R{number}: {title}", "", *body]
    return "\n".join(lines) + "\n"


def _render(sections: Sequence[Section], seen: Survey) -> str:
    lines = [
        "# Research",
        "",
        "By the offline runner: deterministic, from the measurement and the checkout alone, no web.",
    ]
    if seen.trouble:
        lines += ["", f"Lint findings could not be looked at: {seen.trouble}"]
    for number, (title, body) in enumerate(sections, start=1):
        lines += ["", f"### R{number}: {title}", "", *body]
    if not sections:
        lines += ["", "(no findings)"]
    return "\n".join(lines) + "\n"


def _dimensions(measurement: Mapping[str, Any]) -> Iterator[Section]:
    """The dimensions below 1, weakest first."""
    measured = [d for d in mappings_of(measurement, "dimensions") if isinstance(d.get("score"), int | float)]
    commit = str(measurement.get("commit", ""))[:12] or "the baseline"
    for dimension in sorted(measured, key=lambda d: (float(d["score"]), str(d.get("name")))):
        if float(dimension["score"]) < 1.0:
            title = f"dimension `{dimension.get('name')}` stands at {float(dimension['score']):.3f}"
            details = [f"- {key}: {value}" for key, value in _plain(mapping_of(dimension, "details"))]
            yield title, [*details, f"- Source: measurement of {commit}"]


def _plain(details: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(k, v) for k, v in sorted(details.items()) if isinstance(v, int | float | str) and str(v)]


def _mechanical(opportunity: Opportunity, seen: Survey) -> Section:
    count = len(opportunity.places)
    body = [
        f"- Mendable by a tool: {_plural(count, 'place')} in {_plural(len(opportunity.files), 'file')}",
        f"- Dimension: {opportunity.dimension}",
    ]
    codes = opportunity.task.codes
    if codes:
        body += [f"- {line}" for line in _by_rule(seen.lint, codes)]
    return f"`{opportunity.task.command}` {opportunity.title}", body + _sources(opportunity.places)


def _by_rule(findings: Sequence[Finding], codes: Sequence[str]) -> Iterator[str]:
    for code in codes:
        mine = [f for f in findings if f.code == code]
        yield f"{code}: {len(mine)} found, {sum(f.fixable for f in mine)} safely fixable"


def _judgement(seen: Survey) -> Iterator[Section]:
    """What the tools see and nobody should change by rule."""
    rest = [f for f in seen.lint if not f.fixable]
    for name in sorted({family(f.code) for f in rest}):
        mine = [f for f in rest if family(f.code) == name]
        codes = ", ".join(sorted({f.code for f in mine}))
        places = [f"{f.path}:{f.line}" for f in mine]
        yield (
            f"lint {name}: {_plural(len(mine), 'finding')} without a safe fix ({codes})",
            ["- Needs judgement: the offline runner leaves these alone", *_sources(places)],
        )
    handlers = [h for found in seen.handlers.values() for h in found if h.obstacle or not seen.has_logger]
    if handlers:
        yield "silent exception handlers that need judgement", _handler_lines(handlers)


def _handler_lines(handlers: Sequence[Handler]) -> list[str]:
    lines = [
        f"- {h.what}: {h.obstacle or 'the project has no logger'} (`{h.path}:{h.line}`)"
        for h in handlers[:SHOWN]
    ]
    return lines + ([f"- and {len(handlers) - SHOWN} more"] if len(handlers) > SHOWN else [])


def _sources(places: Sequence[str]) -> list[str]:
    shown = ", ".join(f"`{place}`" for place in places[:SHOWN])
    more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return [f"- Source: {shown}{more}"]


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
