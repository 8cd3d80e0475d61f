"""Rendering a plan and reading it again gives the same plan."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.errors import BadInput
from factory.spec import parse, render
from tests.spec.examples import BOTH, IMPROVEMENT, PROJECT, replaced

WORDS = st.text(st.sampled_from("abc §#*_`~-+1.)(|[]<>&\\: é—→"), max_size=24)
MARKS = ["- ", "  - ", "1. ", "> ", "    ", "* ", "- [ ] ", "- [x] "]
LINES = st.one_of(
    WORDS,
    st.builds("{}{}".format, st.sampled_from(MARKS), WORDS),
    st.builds(
        "{}**{}:** {}".format,
        st.sampled_from(["", "- ", "  - "]),
        st.sampled_from(["What", "How", "Why", "Depends on", "Scope", "Allows", "Note", "Mutable surface"]),
        WORDS,
    ),
    st.sampled_from(
        [
            "", "", "```", "~~~", "<!--", "-->", "***", "===", "---", "(none)", "#### How", "#### Notes",
            "### 4.3 More", "### 5.3 Feature: More", "### More", "### Phase 3: More (§4.3)", "### Phase x",
            "## 9. Extra", "### Blocked", "| a | b |", "|---|---|", "| §5.1 | `a \\| b` | c |", "[R1]: there",
            "## Research Configuration", "- **Metric:** a (b) (c)", "### 2.1 Goals", "# Again",
        ]
    ),
)  # fmt: skip


def test_the_project_example_is_canonical() -> None:
    assert render(parse(PROJECT)) == PROJECT


def test_the_improvement_example_is_canonical_but_for_its_remark() -> None:
    assert render(parse(IMPROVEMENT)) == replaced(IMPROVEMENT, "(none this cycle)", "(none)")


@pytest.mark.parametrize(
    "insertion",
    [
        "```\nopen code", "<!-- open comment", "- item\n\n      code", "- **How:**\n  - one\n\n  two",
        "para\n===", "- # heading\n- - nested", "### More\n\n#### Notes\n\ntext", "[R1]: http://example.org", "    code",
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", BOTH)
def test_what_is_hard_to_keep_is_kept(text: str, insertion: str) -> None:
    for mark in ("## 5.", "### Phase 2", "### 2.2", "- [ ] "):
        round_trip(replaced(text, mark, f"{insertion}\n\n{mark}"))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_round_trip(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from(BOTH)).split("\n")
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        gone = data.draw(st.integers(0, 2))
        lines[at : at + gone] = data.draw(st.lists(LINES, max_size=4))
    round_trip("\n".join(lines))


def round_trip(text: str) -> None:
    try:
        spec = parse(text)
    except BadInput:
        return
    assert parse(render(spec)) == spec
