"""Playbooks: read from Markdown and written to it, without losing a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from factory.ace.models import DamagedLine, Playbook, PlaybookItem, id_prefix
from factory.agents.roles import ROLES

PLAYBOOK = """\
# Playbook: strategist

### DO

- [strat-00001] helpful=15 harmful=2 :: text

### DON'T

- [strat-00002] helpful=0 harmful=0 :: a :: b
"""

texts = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: bool(text.split()))
counts = st.integers(0, 999_999_999)


@st.composite
def playbooks(draw: st.DrawFn) -> Playbook:
    """Playbooks with items of any text."""
    made = draw(st.lists(st.tuples(counts, counts, texts, st.booleans()), max_size=8))
    items = [
        (PlaybookItem(id=f"strat-{n:05d}", helpful=h, harmful=x, text=text), do)
        for n, (h, x, text, do) in enumerate(made, start=1)
    ]
    return Playbook(
        role="strategist",
        do=[item for item, do in items if do],
        dont=[item for item, do in items if not do],
    )


def damaged(playbook: Playbook) -> list[tuple[str, str | None]]:
    return [(line.text, line.section) for line in playbook.damaged]


def test_a_playbook_is_read() -> None:
    playbook = Playbook.from_markdown(PLAYBOOK, "strategist")
    assert playbook == Playbook(
        role="strategist",
        do=[PlaybookItem(id="strat-00001", helpful=15, harmful=2, text="text")],
        dont=[PlaybookItem(id="strat-00002", text="a :: b")],
    )
    assert playbook.to_markdown() == PLAYBOOK
    assert playbook.item("strat-00002") == playbook.dont[0]
    assert playbook.item("strat-00003") is None


@given(playbooks())
def test_items_survive_writing_and_reading(playbook: Playbook) -> None:
    assert Playbook.from_markdown(playbook.to_markdown(), "strategist") == playbook


@given(st.text())
def test_any_text_is_read_and_what_was_read_survives(text: str) -> None:
    once = Playbook.from_markdown(text, "ceo")
    again = Playbook.from_markdown(once.to_markdown(), "ceo")
    assert (again.do, again.dont, damaged(again)) == (once.do, once.dont, damaged(once))


@given(st.lists(st.sampled_from([*PLAYBOOK.splitlines(), "note", "- [strat-9] helpful=1"]), max_size=12))
def test_every_line_is_an_item_a_heading_or_kept_as_damaged(lines: list[str]) -> None:
    playbook = Playbook.from_markdown("\n".join(lines), "strategist")
    told = [line for line in lines if line and not line.startswith("#")]
    assert len(playbook.items) + len(playbook.damaged) == len(told)


def test_a_damaged_line_is_reported_with_its_number_and_kept() -> None:
    text = PLAYBOOK.replace(
        "\n\n### DON'T",
        "\n- [strat-1] helpful=x :: no\n- [strat-00001] helpful=1 harmful=0 :: b\n\n### DON'T",
    )
    playbook = Playbook.from_markdown(text, "strategist")
    assert playbook.damaged == [
        DamagedLine(
            line=6,
            text="- [strat-1] helpful=x :: no",
            problem="not of the form `- [id] helpful=N harmful=N :: text`",
            section="do",
        ),
        DamagedLine(
            line=7,
            text="- [strat-00001] helpful=1 harmful=0 :: b",
            problem="the id strat-00001 is taken by line 5",
            section="do",
        ),
    ]
    assert playbook.to_markdown() == text


def test_reading_is_tolerant_of_how_people_write() -> None:
    text = (
        "## do:\r\n* [a-1] helpful=1 harmful=0 ::  x  y \r\n# Don’t\r\n- [a-2]  helpful=0 harmful=3 :: z\r\n"
    )
    playbook = Playbook.from_markdown(text)
    assert [item.to_line() for item in playbook.do] == ["- [a-1] helpful=1 harmful=0 :: x y"]
    assert [item.to_line() for item in playbook.dont] == ["- [a-2] helpful=0 harmful=3 :: z"]
    assert playbook.damaged == []


def test_an_item_outside_the_sections_is_damaged() -> None:
    playbook = Playbook.from_markdown("- [a-1] helpful=1 harmful=0 :: x\n")
    assert playbook.items == []
    assert playbook.damaged[0].problem == "an item before `### DO` or `### DON'T`"


def test_an_item_is_closed_to_unknown_fields_and_to_nonsense() -> None:
    for wrong in ({"source": "x"}, {"helpful": -1}, {"text": "\n"}, {"id": "x"}, {"id": "a-1\n"}):
        with pytest.raises(ValidationError):
            PlaybookItem.model_validate({"id": "a-1", "text": "t", **wrong})


def test_every_role_has_a_prefix_of_its_own() -> None:
    prefixes = [id_prefix(role) for role in ROLES]
    assert len(set(prefixes)) == len(ROLES)
    assert id_prefix("strategist") == "strat"
    assert (id_prefix("designer"), id_prefix("42")) == ("desig", "item")


def test_a_heading_of_a_person_that_begins_like_the_title_is_kept() -> None:
    text = Playbook(role="builder").to_markdown() + "## Playbook notes of mine\n"
    read = Playbook.from_markdown(text, "builder")
    assert [line.text for line in read.damaged] == ["## Playbook notes of mine"]
    assert "## Playbook notes of mine\n" in read.to_markdown()
