"""A contribution as a specification: files, message, pull request, and what stays out of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from factory.ace.contributor import classify_item, prepare_contribution
from factory.ace.contributor.model import ClassifiedItem
from factory.ace.contributor.prepare import ContributedItem, duplicate_of, with_item
from factory.ace.contributor.scrub import Private
from factory.ace.contributor.upstream import Upstream
from factory.ace.models import Playbook, PlaybookItem
from factory.insights.projects import ProjectHistory
from factory.rows import Row
from tests.support.learning import GENERAL_HISTORY, GENERAL_TEXT

ROWS = tuple(Row.of(hypothesis=text, verdict=verdict) for text, verdict in GENERAL_HISTORY)
KNOWN = [ProjectHistory(Path("/p") / name, ROWS, own=ROWS) for name in "abc"]
NEW = ContributedItem(
    role="builder", section="do", id="build-00002", text="New.", topic="t", projects=3, evidence=""
)


def general(role: str = "builder", text: str = GENERAL_TEXT, section: str = "do") -> ClassifiedItem:
    item = PlaybookItem(id="x-00007", helpful=12, harmful=1, text=text)
    return classify_item(item, KNOWN, role=role, section=section)  # type: ignore[arg-type]


def upstream(**playbooks: str) -> Upstream:
    return Upstream("owner/name", "main", "0" * 40, playbooks=playbooks)


def test_the_same_input_gives_the_same_contribution() -> None:
    first = prepare_contribution([general()], upstream(), Private())
    assert prepare_contribution([general()], upstream(), Private()) == first
    other = prepare_contribution([general(section="dont")], upstream(), Private())
    assert other.branch != first.branch
    assert first.branch.startswith("factory-contribution-")


def test_a_role_without_a_playbook_upstream_gets_one() -> None:
    made = prepare_contribution([general()], upstream(), Private())
    text = made.files["factory/agents/playbooks/builder.md"]
    (item,) = Playbook.from_markdown(text, "builder").do
    assert (item.id, item.helpful, item.harmful, item.text) == ("build-00001", 0, 0, GENERAL_TEXT)


def test_a_role_that_nobody_knows_is_refused_for_it_may_be_a_name() -> None:
    made = prepare_contribution([general("acme_helper")], upstream(), Private())
    assert [left.why for left in made.refused] == ["upstream has no role 'acme_helper'"]
    assert made.files == {}


def test_an_item_twice_in_one_contribution_is_sent_once() -> None:
    made = prepare_contribution([general(), general()], upstream(), Private())
    assert (len(made.items), len(made.duplicates)) == (1, 1)


def test_of_what_was_recorded_before_a_push_only_what_arrived_was_sent_earlier() -> None:
    arrived, lost = NEW, NEW.model_copy(update={"id": "build-00003", "text": GENERAL_TEXT})
    playbook = with_item("", arrived)
    there = replace(upstream(builder=playbook), branch="factory-contribution-1")
    made = prepare_contribution([general()], there, Private(), earlier=[arrived, lost])
    assert [one.text for one in made.earlier] == ["New."]
    assert [one.text for one in made.items] == [GENERAL_TEXT]
    assert made.title == "Add 2 learned items to the default playbooks (builder)"
    assert made.body.count("- **builder**") == 2


def test_nothing_but_files_of_its_items_is_in_it() -> None:
    old = "# Playbook: ceo\n\n### DO\n\n- [ceo-00001] helpful=0 harmful=0 :: Decide.\n"
    made = prepare_contribution([general()], upstream(ceo=old), Private())
    assert list(made.files) == ["factory/agents/playbooks/builder.md"]


def test_a_text_stays_within_its_fence() -> None:
    text = f"{GENERAL_TEXT} ```` @everyone closes #1 </details>"
    made = prepare_contribution([general(text=text)], upstream(), Private())
    assert "\n`````text\n- [build-00001]" in made.body


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "# T\n\n### DO\n\n- [build-00001] helpful=0 harmful=0 :: Old.\n\ntail\n",
            "# T\n\n### DO\n\n- [build-00001] helpful=0 harmful=0 :: Old.\nNEW\n\ntail\n",
        ),
        ("# T\n\n### DO\n\n### DON'T\n", "# T\n\n### DO\n\nNEW\n\n### DON'T\n"),
        ("# T\n", "# T\n\n### DO\n\nNEW\n"),
    ],
)
def test_a_new_item_leaves_every_other_line_alone(before: str, after: str) -> None:
    assert with_item(before, NEW) == after.replace("NEW", "- [build-00002] helpful=0 harmful=0 :: New.")


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("Read the failing test before the code.", "build-00001"),
        ("Before the code, read the test that is failing!", "build-00001"),
        ("Write the changelog last.", ""),
        ("Read.", ""),
    ],
)
def test_duplicates_are_recognised_in_other_words(text: str, id: str) -> None:
    known = "### DO\n- [build-00001] helpful=0 harmful=0 :: Read the failing test before the code.\n"
    assert duplicate_of(text, known) == id
