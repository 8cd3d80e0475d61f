"""Reading a plan: the parts, their lines, and the tolerance promised to people."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import BadInput
from factory.spec import Form, Impact, Kind, Spec, check, parse
from tests.spec.examples import BOTH, IMPROVEMENT, PROJECT, line_of, replaced


def first_item(field_text: str) -> str:
    """The improvement example, the fields of its first item replaced."""
    start = IMPROVEMENT.index("- **What:** The test waits")
    end = IMPROVEMENT.index("### 4.2")
    return IMPROVEMENT[:start] + field_text + "\n\n" + IMPROVEMENT[end:]


def what_how_why(text: str) -> tuple[str, str, str]:
    feature = parse(text).features[0]
    return feature.text("What"), feature.text("How"), feature.text("Why")


def test_improvement_example() -> None:
    spec = parse(IMPROVEMENT)
    assert (spec.form, spec.title) == (Form.IMPROVEMENT, "Improvement Cycle")
    assert [g.text for g in spec.goals] == [
        "Observability from 0.28 to 0.55",
        "The upload test that fails on slow machines is fixed",
    ]
    assert [g.text for g in spec.non_goals] == ["Upload speed is left alone this cycle"]
    assert [(f.number, f.category) for f in spec.features] == [("4.1", "FIX"), ("4.2", "EXPLOIT")]
    first, second = spec.features
    assert first.command == "pytest tests/test_upload.py -q"
    assert first.impacts == (Impact("tests", "0.98", "1.0"),)
    assert second.impacts == (Impact("observability", "0.28", "0.55"),)
    assert second.value("Backlog item") == "log failures in the network modules"
    assert [(p.number, p.refs, p.category, p.depends_on) for p in spec.phases] == [
        (1, ("4.1",), "FIX", ()),
        (2, ("4.2",), "EXPLOIT", (1,)),
    ]
    assert spec.blocked == ()
    assert [e.text for e in spec.anti_patterns] == ["Raising the test's timeout (reverted twice)"]
    assert [e.text for e in spec.backlog_additions] == ["Rate limiting for uploads"]


def test_project_example() -> None:
    spec = parse(PROJECT)
    assert (spec.form, spec.title) == (Form.PROJECT, "Skylark")
    assert [f.title for f in spec.features] == ["Place lookup", "Forecast table"]
    assert [f.citations for f in spec.features] == [("R2",), ("R3",)]
    assert [(r.refs, r.command, r.expectation) for r in spec.matrix] == [
        (("5.1",), "pytest tests/test_places.py", "exit 0"),
        (("5.2",), "pytest tests/test_table.py", "exit 0"),
    ]
    assert [p.priority for p in spec.phases] == ["FIX", "EXPLORE", "EXPLORE"]
    priority = spec.phases[0].field("Priority")
    assert priority and priority.remark == "nothing can be measured before it stands"
    assert [(b.item, b.needed) for b in spec.blocked] == [
        ("Severe weather alerts", "the service needs a key from the user")
    ]


def test_source_lines() -> None:
    spec = parse(IMPROVEMENT)
    verify, depends = spec.features[0].field("Verify"), spec.phases[1].field("Depends on")
    assert verify and verify.line == line_of(IMPROVEMENT, "- **Verify")
    assert depends and depends.line == line_of(IMPROVEMENT, "- **Depends")
    assert spec.phases[1].checklist[1].line == line_of(IMPROVEMENT, "- [ ] Its call")
    assert spec.goals[0].line == line_of(IMPROVEMENT, "- Observability from")
    section = spec.section(Kind.SPACE)
    assert section and section.line == line_of(IMPROVEMENT, "## 3.")


def test_items_are_phases_with_what_they_serve() -> None:
    first, second = parse(IMPROVEMENT).items()
    assert (first.phase, first.title, first.category) == (
        1,
        "Fix the upload test that depends on the clock",
        "FIX",
    )
    assert first.verify == "pytest tests/test_upload.py -q"
    assert first.checklist == ["Subscribe to the completion event", "Run the file twenty times"]
    assert (second.depends_on, second.growth_dimension) == ([1], "observability")
    assert second.what == "Each handler that swallows an error logs it with the request's id"


def test_items_of_a_scaffold_and_of_cited_features() -> None:
    scaffold, lookup, _ = parse(PROJECT).items()
    assert (scaffold.category, scaffold.what, scaffold.citations) == ("FIX", "", [])
    assert (lookup.title, lookup.citations) == ("Place lookup", ["R2"])


def test_several_references_merge_into_one_item() -> None:
    item = parse(replaced(PROJECT, "lookup (§5.1)", "lookup and table (§5.1, §5.2)")).items()[1]
    assert item.title == "Place lookup and table"
    assert item.what == (
        "§5.1: A name is resolved to one place; several matches are listed with numbers.\n\n"
        "§5.2: Twelve rows, one an hour, with rain and wind."
    )
    assert item.citations == ["R2", "R3"]


def test_a_declared_category_wins_over_the_computed() -> None:
    declared = replaced(IMPROVEMENT, "- **Category:** FIX", "- **Category:** explore")
    declared = replaced(declared, "(§4.1, FIX)", "(§4.1)")
    assert parse(declared).items()[0].category == "EXPLORE"
    computed = replaced(declared, "- **Category:** explore\n", "")
    assert parse(computed).items()[0].category == "FIX"


@pytest.mark.parametrize(
    "fields",
    [
        "- **What:** a\n- **How:** b\n- **Why:** c",
        "- **What**: a\n- **How**: b\n- **Why**: c",
        "* **What: ** a\n* __How:__ b\n* **Why :** c",
        "- What: a\n- How: b\n- Why: c",
        "**What:** a **How:** b **Why:** c",
        "- **What:** a **How:** b **Why:** c",
        "**What:** a\n**How:** b\n**Why:** c",
        "**What:** a\n\n**How:** b\n\n**Why:** c",
        "#### What\n\na\n\n#### How\n\nb\n\n##### **Why:**\n\nc",
        "1. **What:** a  \n2. **How:** b  \n3. **WHY:** c",
        "Some words first.\n\n- **What:** a\n- **How:** b\n- **Why:** c",
    ],
)
def test_fields_as_people_write_them(fields: str) -> None:
    assert what_how_why(first_item(fields)) == ("a", "b", "c")


def test_fields_on_one_line_have_their_own_lines() -> None:
    text = first_item("**What:** a\n**How:** b\n**Why:** c")
    why = parse(text).features[0].field("Why")
    assert why and why.line == line_of(text, "**Why:** c")


def test_a_field_goes_on_below() -> None:
    text = first_item("**What:** a\n\n**How:**\n- one\n- two\n\nthen more\n\n**Why:** c")
    assert what_how_why(text) == ("a", "\n- one\n- two\n\nthen more", "c")


def test_names_in_code_are_no_fields() -> None:
    assert what_how_why(first_item("- **What:** write `**How:**` here\n- **Why:** c")) == (
        "write `**How:**` here",
        "",
        "c",
    )


@pytest.mark.parametrize("depth", ["##", "####", "#####"])
def test_heading_depth_of_items_and_phases(depth: str) -> None:
    text = IMPROVEMENT.replace("### 4.", f"{depth} 4.").replace("### Phase", f"{depth} Phase")
    assert parse(text) == parse(IMPROVEMENT)


@pytest.mark.parametrize("text", BOTH)
def test_ways_of_writing_make_no_difference(text: str) -> None:
    spec = parse(text)
    assert parse(text.replace("\n", "\r\n")) == spec
    spaced = parse(text.replace("\n\n", "   \n\n"))
    assert replace(spaced, sections=()) == replace(spec, sections=())
    assert parse(text.replace(" — ", " - ")).title == spec.title
    assert parse(text.replace(" — ", " - ")).blocked == spec.blocked
    assert parse("\ufeff" + text) == spec


@pytest.mark.parametrize("value", ["none", "None", "(none)", "—", "n/a", "none (it is the first)", ""])
def test_no_dependency(value: str) -> None:
    text = replaced(IMPROVEMENT, "**Depends on:** Phase 1", f"**Depends on:** {value}")
    assert parse(text).phases[1].depends_on == ()
    assert check(parse(text)) == []


@pytest.mark.parametrize("value", ["Phase 1", "1", "phase 1 (its helper)", "Phases 1", "Phase 1."])
def test_a_dependency(value: str) -> None:
    text = replaced(IMPROVEMENT, "**Depends on:** Phase 1", f"**Depends on:** {value}")
    assert parse(text).phases[1].depends_on == (1,)
    assert check(parse(text)) == []


@pytest.mark.parametrize(
    ("heading", "title", "refs"),
    [
        ("Phase 1: Do it (§4.1, FIX)", "Do it", ("4.1",)),
        ("Phase 1 — Do it (§4.1)", "Do it", ("4.1",)),
        ("Phase 1 - Do it (4.1, 4.2)", "Do it", ("4.1", "4.2")),
        ("Phase 1. Do it (§4.1–§4.2)", "Do it", ("4.1", "4.2")),
        ("Phase 1: Do it (again)", "Do it (again)", ()),
        ("Phase 1: Do it (again) (§4.2)", "Do it (again)", ("4.2",)),
        ("**Phase 1: Do it**", "Do it", ()),
    ],
)
def test_phase_headings(heading: str, title: str, refs: tuple[str, ...]) -> None:
    mark = "Phase 1: Fix the upload test that depends on the clock (§4.1, FIX)"
    phase = parse(replaced(IMPROVEMENT, mark, heading)).phases[0]
    assert (phase.number, phase.title, phase.refs) == (1, title, refs)


@pytest.mark.parametrize("none", ["- (none)", "- none", "(none this cycle)", "*(none)*", "None.", "- n/a"])
def test_an_empty_list(none: str) -> None:
    spec = parse(replaced(IMPROVEMENT, "- Rate limiting for uploads", none))
    assert spec.backlog_additions == ()
    section = spec.section(Kind.ADDITIONS)
    assert section and section.prose == ""


def test_done_flags_and_nested_steps() -> None:
    text = replaced(IMPROVEMENT, "- [ ] The helper", "- [x] The helper\n  - in the client")
    step = parse(text).phases[1].checklist[0]
    assert (step.done, step.text, step.more) == (True, "The helper", "- in the client")


def test_research_configuration() -> None:
    config = """## Research Configuration

- **Metric:** ndcg (higher is better)
- **Run command:** `python run.py`
- **Mutable surfaces:**
  - `src/rank.py`
  - `src/model/**`
- **Fixed surfaces:** `data/**`, `eval.py`
"""
    research = parse(PROJECT + "\n" + config).research
    assert research is not None
    assert (research.value("Metric"), research.value("Run command")) == ("ndcg", "python run.py")
    assert research.mutable_surfaces == ("src/rank.py", "src/model/**")
    assert research.fixed_surfaces == ("data/**", "eval.py")


@pytest.mark.parametrize("text", ["lint 0.8→0.9", "`lint` 0.8 -> 0.9 (or so)", "lint: from 0.8 to 0.9"])
def test_expected_impact(text: str) -> None:
    feature = parse(replaced(IMPROVEMENT, "tests 0.98→1.0", text)).features[0]
    assert feature.impacts == (Impact("lint", "0.8", "0.9"),)


def test_allows_are_listed() -> None:
    text = replaced(IMPROVEMENT, "- **Priority:** high", "- **Allows:** skip of test_a, `noqa: E501, E502`")
    assert parse(text).items()[0].allows == ["skip of test_a", "noqa: E501, E502"]


def test_headings_in_quotes_and_code_are_text() -> None:
    spec = parse(replaced(IMPROVEMENT, "## 6.", "> ### Phase 3: no\n\n```\n### Phase 4: no\n```\n\n## 6."))
    assert len(spec.phases) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "Just an idea.",
        "# An idea\n\nDo it.\n",
        "# Strategy\n\n## Hypotheses\n\n1. a\n",
        "\0\1\2",
        "---",
    ],
)
def test_neither_form(text: str) -> None:
    with pytest.raises(BadInput, match="neither the project nor the improvement form"):
        parse(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    read(text)


@given(st.data())
def test_any_damage_is_read_or_refused(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from(BOTH)).split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at : at + data.draw(st.integers(0, 3))] = data.draw(st.lists(st.text(max_size=20), max_size=2))
    spec = read("\n".join(lines))
    if spec:
        assert all(f.line >= 1 for f in check(spec))
        assert len(spec.items()) == len(spec.phases)


def read(text: str) -> Spec | None:
    try:
        return parse(text)
    except BadInput:
        return None
