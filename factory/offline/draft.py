"""The draft of a project's specification: from an idea and research notes, or from the draft before.

It holds what the person's words say, quoted, and the mechanical part of a plan. What takes judgement is an
open question under Blocked, with what is needed from the user.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from factory.errors import BadInput
from factory.offline.answers import done, refused
from factory.offline.facts import text_of, texts_of
from factory.offline.idea import Clause, Idea, package_name, slug, take_apart
from factory.runners.base import AgentResult, Invocation
from factory.spec import BlockedItem, Entry, Form, Spec, check, parse, render
from factory.spec.rules.estimates import estimates, planned_time

_FINDING = re.compile(r"^#+\s*(R\d+)\b(.*?)(?=^#+\s*R\d+\b|\Z)", re.MULTILINE | re.DOTALL)
_BULLET = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+")
_NON_GOAL = re.compile(r"^(?:non-?goals?|not a goal)\s*:\s*", re.IGNORECASE)
_GOAL = re.compile(r"^goals?\s*:\s*", re.IGNORECASE)
_DEMAND = re.compile(r"\b(?:must|should|shall|has to|have to|needs? to)\b", re.IGNORECASE)

DECIDED_BY_USER = "the user's decision how the draft is to follow it, by an edit or a runner with a model"


@dataclass(frozen=True, slots=True)
class Named:
    """A clause as a feature: its number in the plan, its module's name, the finding that it rests on."""

    number: str
    clause: Clause
    title: str
    module: str
    finding: str


@dataclass(frozen=True, slots=True)
class Ground:
    """What a feature from feedback is written on: the idea's language and a finding, empty for none."""

    language: str
    finding: str


def draft(invocation: Invocation) -> AgentResult:
    """Write a project-form draft that keeps every rule, or refuse with what is lacking.

    A draft that is there already gets what a person has said of it, and nothing else: to mend what breaks a
    rule takes judgement, so it comes back as it was.
    """
    facts = invocation.facts
    text, before = text_of(facts, "idea"), text_of(facts, "draft")
    ground = Ground(take_apart(text).language, next(iter(_findings(text_of(facts, "research"))), ""))
    if before.strip() and not _is_improvement(before):
        return done(_heard(before, texts_of(facts, "feedback"), ground))
    earlier = _spec_of(text)
    if earlier is None:
        if not text.strip():
            return refused("nothing to propose: there is no idea to write a specification from")
        findings = _findings(text_of(facts, "research"))
        if not findings:
            return refused("nothing to propose: the research has no finding (R1, …) to rest on")
        earlier = parse(_fresh(take_apart(text), findings))
        wrong = [f for f in check(earlier) if f.severity == "error"]
        if wrong:
            return refused(f"nothing to propose: the idea gives no sound draft: {wrong[0].message}")
    return done(render(_with_feedback(earlier, texts_of(facts, "feedback"), ground)))


def _heard(before: str, feedback: Sequence[str], ground: Ground) -> str:
    """A draft with the feedback that it lacks; as it was where it lacks none, or has no form."""
    spec = _spec_of(before)
    mended = _with_feedback(spec, feedback, ground) if spec is not None else None
    return before if mended is None or mended == spec else render(mended)


def _is_improvement(text: str) -> bool:
    try:
        return parse(text).form is Form.IMPROVEMENT
    except BadInput:
        return False


def _spec_of(text: str) -> Spec | None:
    """The specification that a text is, if it is one of a project."""
    try:
        spec = parse(text)
    except BadInput:
        return None
    return spec if spec.form is Form.PROJECT else None


def _findings(research: str) -> dict[str, str]:
    sections = dict(_FINDING.findall(research))
    return sections or dict.fromkeys(re.findall(r"\bR\d+\b", research), "")


def _fresh(idea: Idea, findings: Mapping[str, str]) -> str:
    named = list(_named(idea, findings))
    parts = [
        *_opening(idea, named, next(iter(findings))),
        "## 5. Detailed Specification",
        *(_feature(feature, idea) for feature in named),
        "## 6. Reference Algorithms",
        "None is given by the idea.",
        "## 7. Test and Validation Matrix",
        _matrix(named, idea),
        "## 8. Implementation Plan",
        _scaffold(idea),
        *(_phase(at, feature, idea) for at, feature in enumerate(named, start=2)),
        "### Blocked (requires user input)",
        "\n".join(f"- {item}" for item in _questions(idea)),
    ]
    return "\n\n".join(parts) + "\n"


def _named(idea: Idea, findings: Mapping[str, str]) -> Iterator[Named]:
    first = next(iter(findings))
    modules: set[str] = set()
    for at, clause in enumerate(idea.clauses, start=1):
        title = clause.title
        # A heading is not quoted, so what it says counts as the plan's own words.
        if not title or planned_time(title) or next(estimates(title), None):
            title = f"Part {at} of the idea"
        module = package_name(title) if slug(title) else f"part_{at}"
        module = f"part_{at}" if module in modules else module
        modules.add(module)
        # The shortest that holds the words, for the first holds them all.
        about = [r for r, body in findings.items() if clause.words in " ".join(body.split())]
        rests_on = min(about, key=lambda r: len(findings[r]), default=first)
        yield Named(f"5.{at}", clause, title, module, rests_on)


def quoted(text: str) -> str:
    """A person's words as a code span: nothing in them is taken for a rule, a reference or a date."""
    flat = one_line(text)
    longest = max(map(len, re.findall(r"`+", flat)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{pad}{flat}{pad}{fence}"


def one_line(text: str) -> str:
    """A person's words on one line, without what cannot be printed."""
    return " ".join("".join(ch if ch.isprintable() else " " for ch in text).split())


def _fenced(text: str) -> str:
    longest = max(map(len, re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _opening(idea: Idea, named: Sequence[Named], first: str) -> list[str]:
    goals = "\n".join(f"- {quoted(feature.clause.words)}" for feature in named)
    return [
        f"# {idea.name} — Specification",
        "## Normative Language",
        "MUST, SHOULD and MAY are used as RFC 2119 defines them.",
        "## 1. Problem Statement",
        "The idea, as it was given:",
        _fenced(idea.text),
        "## 2. Goals and Non-Goals",
        "### 2.1 Goals",
        goals,
        "### 2.2 Non-Goals",
        "- What the idea does not name.",
        "## 3. System Overview",
        "### 3.1 Architecture",
        _architecture(idea),
        "### 3.2 Tech Stack",
        _stack(idea, first),
        "## 4. Core Domain Model",
        "The idea names no entities of its own beyond the words of its goals; see the open questions.",
    ]


def _is_python(idea: Idea) -> bool:
    """Whether the draft is of a Python project; where the idea names no language it is."""
    return idea.language in ("", "Python")


def _code_of(feature: Named, idea: Idea) -> str:
    """Where the code of a feature goes; how other languages are laid out is not known here."""
    if _is_python(idea):
        return f"`src/{package_name(idea.name)}/{feature.module}.py`"
    return f"a part of its own in {idea.language}"


def _test_of(feature: Named, idea: Idea) -> str:
    """The file that shows a feature: its tests, else a script, which any language can be tried by."""
    return f"tests/test_{feature.module}.py" if _is_python(idea) else f"tests/{feature.module}.sh"


def _architecture(idea: Idea) -> str:
    shape = (
        f"The idea asks for {idea.shape}."
        if idea.shape
        else "The idea does not say what kind of program it is."
    )
    if not _is_python(idea):
        return f"{shape} Each feature is a part of its own, with a script that tries it."
    return f"{shape} Each feature is a module of its own in one package, with a test file of its own."


def _stack(idea: Idea, first: str) -> str:
    if idea.language and idea.language != "Python":
        return f"- {idea.language}, because the idea names it [{first}]."
    if idea.language:
        return f"- Python, because the idea names it [{first}].\n- pytest, for the tests."
    assumed = f"- Python, an assumption of this draft: the idea names no language [{first}]."
    return f"{assumed}\n- pytest, for the tests."


def _feature(feature: Named, idea: Idea) -> str:
    return "\n".join(
        (
            f"### {feature.number} Feature: {feature.title}",
            "",
            f"- **What:** It does what these words of the idea say: {quoted(feature.clause.words)}.",
            f"- **How:** By {_code_of(feature, idea)}, called from the program's front. "
            "Input that it cannot work with ends with one clear sentence and a failure.",
            f"- **Why:** The idea asks for it [{feature.finding}].",
        )
    )


def _matrix(named: Sequence[Named], idea: Idea) -> str:
    rows = [f"| §{f.number} | `{_test_command(f, idea)}` | exit 0 |" for f in named]
    return "\n".join(("| Feature | Command | Expectation |", "|---|---|---|", *rows))


def _test_command(feature: Named, idea: Idea) -> str:
    return f"{'python -m pytest -q' if _is_python(idea) else 'sh'} {_test_of(feature, idea)}"


def _scaffold(idea: Idea) -> str:
    package = package_name(idea.name)
    steps = [
        f"package {package}",
        f"command {package}",
        f"pyproject {package}",
        f"test {package}",
        "readme",
        "harness",
    ]
    if idea.shape == "a library":
        steps.remove(f"command {package}")
    lines = [f"- [ ] Scaffold: `{step}`" for step in steps]
    if not _is_python(idea):
        lines = [
            f"- [ ] A package in {idea.language} that builds, with one passing test",
            "- [ ] `eval/`: a harness that runs every command of the validation matrix",
        ]
    return "\n".join(
        (
            "### Phase 1: Scaffold and evaluation harness",
            "",
            *lines,
            "- **Scope:** one PR",
            "- **Priority:** FIX (nothing can be measured before it stands)",
        )
    )


def _phase(at: int, feature: Named, idea: Idea) -> str:
    return "\n".join(
        (
            f"### Phase {at}: {feature.title} (§{feature.number})",
            "",
            f"- [ ] `{_test_of(feature, idea)}`, with the examples that the user gives",
            f"- [ ] {_code_of(feature, idea)}",
            "- **Depends on:** Phase 1",
            "- **Scope:** one PR",
            "- **Priority:** EXPLORE",
        )
    )


def _questions(idea: Idea) -> Iterator[str]:
    """What the idea leaves open, each with what the user has to give."""
    yield "Examples for acceptance — for each feature an input, and the outcome that is expected of it"
    yield "Behaviour at the limits — which input is wrong, how large it may be, and what happens then"
    if not idea.shape:
        yield "Kind of program — whether it is a command, a library or a service"
    if not idea.language:
        yield "Programming language — a word on whether Python, which this draft assumes, is wanted"
    if not _is_python(idea):
        yield f"Scaffold in {idea.language} — made by the user, or by a runner with a model"
    yield "License — the user's choice; the scaffold leaves it out"


# Feedback.


def _with_feedback(spec: Spec, feedback: Sequence[str], ground: Ground) -> Spec:
    """The draft with each line of feedback in its place, word for word; none is entered twice."""
    for line in feedback_lines(feedback):
        spec = _placed(spec, line, ground)
    return spec


def feedback_lines(feedback: Sequence[str]) -> Iterator[str]:
    """The lines of all feedback, without the marks of a list."""
    for text in feedback:
        for line in text.splitlines():
            bare = one_line(_BULLET.sub("", line))
            if bare:
                yield bare


def _placed(spec: Spec, line: str, ground: Ground) -> Spec:
    """As a feature where it is a goal or makes a demand, as a non-goal where it says so; else as an open
    question.
    """
    if _NON_GOAL.match(line):
        return replace(spec, non_goals=_added(spec.non_goals, _NON_GOAL.sub("", line)))
    if _GOAL.match(line) or _DEMAND.search(line):
        wanted = _with_feature(spec, _GOAL.sub("", line), ground)
        if wanted is not None:
            return wanted
    words = open_feedback(line)
    if any(item.item == words for item in spec.blocked):
        return spec
    return replace(spec, blocked=(*spec.blocked, BlockedItem(words, DECIDED_BY_USER)))


def _with_feature(spec: Spec, words: str, ground: Ground) -> Spec | None:
    """The draft with one feature more, with goal, phase and row of the matrix; None where that breaks a rule.

    A demand that stands among the goals has its feature already.
    """
    if Entry(quoted(words)) in spec.goals:
        return spec
    cited = re.findall(r"\[(R\d+)\]", " ".join(feature.text("Why") for feature in spec.features))
    finding = ground.finding or next(iter(cited), "")
    is_python = any("pytest" in row.command for row in spec.matrix)
    language = "Python" if is_python else ground.language
    if not words or not spec.phases or not finding or not language:
        return None
    number, phase = f"5.{len(spec.features) + 1}", len(spec.phases) + 1
    # Written by the hand that writes those of an idea, as the one feature of a project of that name.
    idea = Idea(words, spec.title, (_clause(spec, words, number),), language, "")
    alone = parse(_fresh(idea, {finding: ""}))
    feature, row, step = alone.features[0], alone.matrix[0], alone.phases[1]
    fields = tuple(replace(f, text=f.text.replace("he idea", "he feedback")) for f in feature.fields)
    made = replace(
        spec,
        goals=_added(spec.goals, words),
        features=(*spec.features, replace(feature, number=number, fields=fields)),
        matrix=(*spec.matrix, replace(row, feature=f"§{number}")),
        phases=(*spec.phases, replace(step, label=str(phase), reference=f"§{number}")),
    )
    return made if _broken(parse(render(made))) <= _broken(spec) else None


def _clause(spec: Spec, words: str, number: str) -> Clause:
    """The words with a title that no feature has."""
    title = take_apart(words).clauses[0].title
    if title in {feature.title for feature in spec.features}:
        title = f"Feature {number}"
    return Clause(words, title)


def _broken(spec: Spec) -> int:
    return sum(1 for finding in check(spec) if finding.severity == "error")


def open_feedback(line: str) -> str:
    """A line of feedback as an item of Blocked."""
    # There a dash stands between an item and what it needs, and a remark in parentheses is a reason.
    return "Feedback " + quoted(
        re.sub(r"\s*[–—]+\s*|\s+-+\s+", ", ", line).translate(str.maketrans("()", "[]"))
    )


def _added(entries: Sequence[Entry], words: str) -> tuple[Entry, ...]:
    entry = Entry(quoted(words))
    return tuple(entries) if entry in entries else (*entries, entry)
