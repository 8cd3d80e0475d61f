"""Drafts of a new project's specification, without a model."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from factory.offline.idea import take_apart
from factory.spec import PlanContext, Spec, check, parse, render
from tests.offline.support import ask
from tests.spec.examples import IMPROVEMENT, PROJECT

IDEA = "a command-line tool that converts CSV to JSON, validates the header, and prints statistics"


def research(cwd: Path, idea: str) -> str:
    return ask("researcher", cwd, form="project", idea=idea).text


def draft(cwd: Path, idea: str, *feedback: str, previous: str = "") -> str:
    result = ask(
        "strategist",
        cwd,
        form="project",
        idea=idea,
        research=research(cwd, idea),
        feedback=list(feedback),
        draft=previous,
    )
    assert result.status == "done", result.text
    return result.text


def errors(spec: Spec, *findings: str) -> list[str]:
    context = PlanContext(findings=set(findings)) if findings else None
    return [f"{f.line}: {f.rule}: {f.message}" for f in check(spec, None, context) if f.severity == "error"]


def test_research_on_an_idea_says_what_the_idea_says_and_nothing_else(tmp_path: Path) -> None:
    assert research(tmp_path, "a tool that counts words") == (
        "# Research\n\n"
        "By the offline runner: from the text of the idea alone. Nothing was looked up, no web.\n\n"
        "### R1: the idea as a whole\n\n"
        "- It says: `a tool that counts words`\n- Source: the text of the idea\n\n"
        "### R2: the idea asks for one thing\n\n- `counts words`\n- Source: the text of the idea\n"
    )


def test_a_draft_has_a_phase_for_each_thing_the_idea_asks_for(tmp_path: Path) -> None:
    spec = parse(draft(tmp_path, IDEA))
    assert errors(spec, "R1", "R2", "R3", "R4", "R5") == []
    assert spec.title == "Converts csv json"
    assert [(f.number, f.title) for f in spec.features] == [
        ("5.1", "Converts CSV to JSON"),
        ("5.2", "Validates the header"),
        ("5.3", "Prints statistics"),
    ]
    assert [f.citations for f in spec.features] == [("R3",), ("R4",), ("R5",)]
    assert [(p.title, p.refs) for p in spec.phases] == [
        ("Scaffold and evaluation harness", ()),
        ("Converts CSV to JSON", ("5.1",)),
        ("Validates the header", ("5.2",)),
        ("Prints statistics", ("5.3",)),
    ]
    assert spec.matrix[0].command == "python -m pytest -q tests/test_converts_csv_to_json.py"


def test_what_the_idea_leaves_open_waits_for_the_user(tmp_path: Path) -> None:
    def open_questions(idea: str) -> list[str]:
        return [item.item for item in parse(draft(tmp_path, idea)).blocked]

    assert open_questions("something that counts words") == [
        "Examples for acceptance",
        "Behaviour at the limits",
        "Kind of program",
        "Programming language",
        "License",
    ]
    assert open_questions("a Python library that counts words") == [
        "Examples for acceptance",
        "Behaviour at the limits",
        "License",
    ]


def test_another_language_is_not_scaffolded_in_python(tmp_path: Path) -> None:
    spec = parse(draft(tmp_path, "a web service in Rust that stores notes"))
    assert spec.phases[0].checklist[0].text == "A package in Rust that builds, with one passing test"
    assert "Scaffold in Rust" in [item.item for item in spec.blocked]
    assert [row.command for row in spec.matrix] == ["sh tests/stores_notes.sh"]
    assert [entry.text for entry in spec.phases[1].checklist] == [
        "`tests/stores_notes.sh`, with the examples that the user gives",
        "a part of its own in Rust",
    ]
    assert ".py" not in render(spec)
    assert errors(spec) == []


def test_a_file_gives_its_heading_as_name_and_its_list_as_features(tmp_path: Path) -> None:
    idea = "# Habit keeper\n\nTracks habits.\n\n- add a habit\n- mark it done\n- add a habit\n"
    spec = parse(draft(tmp_path, idea))
    assert spec.title == "Habit keeper"
    assert [f.title for f in spec.features] == ["Add a habit", "Mark it done"]


def test_feedback_is_placed_word_for_word_and_once(tmp_path: Path) -> None:
    first = draft(tmp_path, IDEA)
    feedback = "make it faster — (later)\n- it must read stdin\nnon-goal: Excel\ngoal: streaming"
    second = draft(tmp_path, IDEA, feedback, previous=first)
    before, after = parse(first), parse(second)
    assert [e.text for e in after.goals[len(before.goals) :]] == ["`it must read stdin`", "`streaming`"]
    assert [f.title for f in after.features[len(before.features) :]] == ["Read stdin", "Streaming"]
    assert [e.text for e in after.non_goals[len(before.non_goals) :]] == ["`Excel`"]
    assert [b.item for b in after.blocked[len(before.blocked) :]] == ["Feedback `make it faster, [later]`"]
    assert errors(after) == []
    assert draft(tmp_path, IDEA, feedback, previous=second) == second


def test_what_the_person_wrote_into_the_draft_before_stays(tmp_path: Path) -> None:
    text = draft(tmp_path, IDEA, "it must be quiet", previous=PROJECT)
    spec = parse(text)
    assert spec.title == "Skylark"
    assert spec.goals[-1].text == "`it must be quiet`"
    assert spec.features[:-1] == parse(PROJECT).features
    assert spec.features[-1].title == "Be quiet"


def test_a_demand_becomes_a_feature_with_a_phase_and_a_row_like_those_of_the_idea(tmp_path: Path) -> None:
    first = parse(draft(tmp_path, IDEA))
    spec = parse(draft(tmp_path, IDEA, "it must read standard input", previous=draft(tmp_path, IDEA)))
    feature, phase, row = spec.features[-1], spec.phases[-1], spec.matrix[-1]
    number = f"5.{len(first.features) + 1}"
    assert (feature.number, feature.title) == (number, "Read standard input")
    assert "these words of the feedback say: `it must read standard input`" in feature.text("What")
    assert (phase.number, phase.refs, phase.depends_on) == (len(first.phases) + 1, (number,), (1,))
    assert row.refs == (number,)
    assert row.command == "python -m pytest -q tests/test_read_standard_input.py"
    assert spec.blocked == first.blocked
    assert errors(spec) == []


def test_a_demand_that_no_feature_can_be_made_of_waits_for_the_user(tmp_path: Path) -> None:
    bare = PROJECT.replace("pytest", "check")
    spec = parse(draft(tmp_path, "an idea", "it must be quiet", previous=bare))
    assert spec.goals == parse(bare).goals
    assert spec.blocked[-1].item == "Feedback `it must be quiet`"


def test_a_file_that_is_a_specification_already_is_the_draft(tmp_path: Path) -> None:
    assert parse(draft(tmp_path, PROJECT)) == parse(PROJECT)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"idea": " "}, "there is no idea"),
        ({"idea": IDEA}, "the research has no finding"),
        ({"idea": IDEA, "research": "# Research\n\n(no findings)\n"}, "the research has no finding"),
    ],
)
def test_what_a_draft_cannot_rest_on(tmp_path: Path, facts: dict[str, str], why: str) -> None:
    result = ask("strategist", tmp_path, form="project", **facts)
    assert result.status == "refused"
    assert why in result.text


def test_an_improvement_as_previous_draft_is_not_continued_as_a_project(tmp_path: Path) -> None:
    assert parse(draft(tmp_path, IDEA, previous=IMPROVEMENT)).form == "project"


@pytest.mark.parametrize(
    "spoil", [("- **Scope:** one PR\n", ""), ("## 2. Goals", "## 2. Aims"), ("## 8.", "## 9.")]
)
def test_what_the_rules_say_is_no_feedback_of_a_person(tmp_path: Path, spoil: tuple[str, str]) -> None:
    """A draft that somebody's edit has spoiled comes back as it is: nothing here can mend it."""
    spoiled = draft(tmp_path, IDEA).replace(*spoil, 1).replace("# Converts", "#  Converts", 1)
    told = ["line 42: phase.scope: Phase 1 has no scope (Write it.)"]
    result = ask(
        "strategist", tmp_path, form="project", idea=IDEA, research=research(tmp_path, IDEA),
        corrections=told, feedback=[], draft=spoiled,
    )  # fmt: skip
    assert (result.status, result.text) == ("done", spoiled)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(idea=st.text(min_size=1).filter(lambda t: t.strip()), feedback=st.text())
@example(
    idea="# (§5.1) | `x` ## —\n- build it by Friday\n- takes 2 weeks of work, later\n", feedback="`` later ``"
)
@example(idea="```\nan open fence\n# with a heading", feedback="- [x] a\n\n> b — c (v2)")
@example(idea="a tool that makes §5.2 [R9], Phase 3: <b>, none and tbd", feedback="none")
@example(idea="人们想要一个工具", feedback="\u2028\x00")
@example(idea="json, json\njson json. json json", feedback="should (")
def test_every_idea_gives_a_sound_draft(tmp_path: Path, idea: str, feedback: str) -> None:
    found = research(tmp_path, idea)
    first = draft(tmp_path, idea)
    assert errors(parse(first)) == []
    assert "R1" in found
    assert errors(parse(draft(tmp_path, idea, feedback, previous=first))) == []


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("a tool that counts words and lines in files", ["Counts words and lines in files"]),
        (
            "a library that parses dates in red, green and blue, and prints them. It should format them.",
            ["Parses dates in red, green and blue", "Prints them", "Format them"],
        ),
        (
            "a command-line tool that counts words, lines and characters in text files, and prints a table",
            ["Counts words, lines and characters in text files", "Prints a table"],
        ),
        (
            "A library for parsing recipes: amounts, units. It should scale a recipe to a number of people",
            ["Parsing recipes: amounts, units", "Scale a recipe to a number of people"],
        ),
        (
            "I want a tool to rename photos; never overwrite a file; show what it would do with --dry-run",
            ["Rename photos", "Never overwrite a file", "Show what it would do with --dry-run"],
        ),
        (
            "ein Werkzeug, das Rechnungen als PDF erzeugt und verschickt",
            ["Ein Werkzeug, das Rechnungen als PDF erzeugt und verschickt"],
        ),
        ("Pocket money tracker", ["Pocket money tracker"]),
        ("x", ["X"]),
    ],
)
def test_clauses(text: str, titles: list[str]) -> None:
    assert [clause.title for clause in take_apart(text).clauses] == titles
