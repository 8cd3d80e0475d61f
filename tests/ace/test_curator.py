"""What leaves a playbook, what joins it, and that the same facts change nothing more."""

from __future__ import annotations

import pytest

from factory.ace.curator import (
    MAX_ITEMS,
    TRIAL_EACH,
    TRIAL_MOST,
    Curated,
    Standing,
    alike,
    curate,
    helps,
    hurts,
    is_net_negative,
    on_trial,
)
from factory.ace.models import Playbook, PlaybookItem, Section
from factory.ace.records import ItemRecord, RoleRecord, Tally
from factory.ace.reflector import Candidate

NOW = "2026-01-01T00:00:00+00:00"
EMPTY = Playbook(role="builder")


def item(number: int, helpful: int = 0, harmful: int = 0, text: str = "") -> PlaybookItem:
    letters = chr(ord("a") + number % 26) * 4
    text = text or f"Mind the {letters}"
    return PlaybookItem(id=f"build-{number:05d}", helpful=helpful, harmful=harmful, text=text)


def known(playbook: Playbook, **about: object) -> RoleRecord:
    items = {
        one.id: ItemRecord(id=one.id, section=section, text=one.text, origin="written", since="2025")
        for section in ("do", "dont")
        for one in playbook.section(section)
    }
    return RoleRecord(role="builder", items={id: r.model_copy(update=about) for id, r in items.items()})


def curated(
    playbook: Playbook,
    *candidates: Candidate,
    tallies: dict[str, Tally] | None = None,
    share: float = 0.0,
    record: RoleRecord | None = None,
    defaults: Playbook = EMPTY,
) -> Curated:
    return curate(
        playbook,
        known(playbook) if record is None else record,
        candidates,
        Standing(tallies or {}, share),
        defaults=defaults,
        now=NOW,
    )


def actions(result: Curated) -> list[tuple[str, str]]:
    return [(change.action, change.id) for change in result.changes]


def candidate(
    key: str = "topic:testing", section: Section = "do", text: str = "Prefer testing."
) -> Candidate:
    return Candidate("builder", section, key, text, ("p#1", "p#2"), kept=9, reverted=1)


def test_what_does_harm_leaves() -> None:
    playbook = Playbook(role="builder", do=[item(1, 1, 9), item(2, 9, 1), item(3, 0, 4), item(4, 3, 5)])
    result = curated(playbook)
    assert actions(result) == [("dropped", "build-00001")]
    assert result.changes[0].why == "helpful 1, harmful 9"
    assert result.record.items["build-00001"].out == "dropped: helpful 1, harmful 9"


def test_where_most_experiments_fail_failing_is_no_items_fault() -> None:
    assert is_net_negative(item(1, 1, 9), 0.5)
    assert not is_net_negative(item(1, 1, 9), 0.8)
    assert not is_net_negative(item(1, 0, 4), 0.0)


def test_an_item_is_compared_with_doing_without_it() -> None:
    harm = Tally(helpful=9, harmful=20, with_kept=9, with_n=30, without_kept=10, without_n=12)
    good = Tally(with_kept=25, with_n=30, without_kept=4, without_n=12)
    alone = Tally(with_kept=0, with_n=30, without_kept=7, without_n=7)
    assert (hurts(harm), helps(harm)) == (True, False)
    assert (hurts(good), helps(good)) == (False, True)
    assert (hurts(alone), helps(alone)) == (False, False)
    playbook = Playbook(role="builder", do=[item(1, 9, 9)])
    (change,) = curated(playbook, tallies={"build-00001": harm}).changes
    assert change.why == "kept in 9 of 30 experiments with it and in 10 of 12 without it"


def test_what_is_missed_when_it_is_not_there_stays_whatever_was_counted() -> None:
    playbook = Playbook(role="builder", do=[item(1, 1, 9)])
    assert actions(curated(playbook, tallies={"build-00001": Tally(0, 0, 30, 25, 30, 4, 12)})) == []


def test_a_trial_ends_and_later_for_what_looks_harmful() -> None:
    assert on_trial(Tally())
    assert on_trial(Tally(with_n=90, without_n=TRIAL_EACH - 1))
    assert not on_trial(Tally(with_n=TRIAL_EACH, without_n=TRIAL_EACH))
    doubted = Tally(with_kept=50, with_n=120, without_kept=32, without_n=TRIAL_EACH)
    assert (on_trial(doubted), hurts(doubted)) == (True, False)
    assert not on_trial(Tally(with_kept=90, with_n=TRIAL_MOST, without_kept=105, without_n=TRIAL_MOST))


def test_what_was_never_right_expires() -> None:
    playbook = Playbook(role="builder", do=[item(1, 0, 2), item(2, 1, 2)])
    seen = Tally(0, 2, shown=30)
    result = curated(playbook, tallies={"build-00001": seen, "build-00002": seen})
    assert actions(result) == [("expired", "build-00001")]


def test_a_candidate_joins_once_and_its_evidence_grows() -> None:
    first = curated(EMPTY, candidate())
    assert actions(first) == [("learned", "build-01001")]
    about = first.record.items["build-01001"]
    assert (about.origin, about.key, about.evidence) == ("learned", "topic:testing", ["p#1", "p#2"])
    again = curated(first.playbook, candidate(), record=first.record)
    assert (again.playbook, again.record, again.changes) == (first.playbook, first.record, ())
    grown = Candidate("builder", "do", "topic:testing", "Prefer testing.", ("p#1", "p#2", "p#3"), 10, 1)
    later = curated(first.playbook, grown, record=first.record)
    assert later.changes == ()
    assert later.record.items["build-01001"].evidence == ["p#1", "p#2", "p#3"]


@pytest.mark.parametrize(
    "changed", [Playbook(role="builder", do=[item(1_001, text="Do not prefer testing.")]), None]
)
def test_what_a_person_made_of_a_lesson_rests_on_no_experiment(changed: Playbook | None) -> None:
    """Rewritten or moved; and the lesson that it was neither comes back nor is turned against the line."""
    first = curated(EMPTY, candidate())
    changed = changed or Playbook(role="builder", dont=first.playbook.do)
    theirs = curated(changed, candidate(), record=first.record)
    about = theirs.record.items["build-01001"]
    assert (about.origin, about.key, about.evidence, about.kept) == ("written", "", [], 0)
    assert (theirs.playbook, theirs.changes) == (changed, ())
    lesson = theirs.record.items["build-01002"]
    assert (lesson.key, lesson.out) == ("topic:testing", "rewritten by a person")
    again = curated(theirs.playbook, candidate(), record=theirs.record)
    assert (again.playbook, again.record, again.changes) == (changed, theirs.record, ())


def test_ids_that_a_person_gave_are_no_bound() -> None:
    most = PlaybookItem(id="build-999999999", text="Mind the most.")
    playbook = Playbook(role="builder", do=[item(1), item(1_001, text="Mind the first."), most])
    result = curated(playbook, candidate())
    assert actions(result) == [("learned", "build-01002")]


def test_what_has_left_does_not_come_back_by_itself() -> None:
    first = curated(EMPTY, candidate())
    harmful = first.playbook.model_copy(
        update={"do": [first.playbook.do[0].model_copy(update={"harmful": 9})]}
    )
    gone = curated(harmful, candidate(), record=first.record)
    assert actions(gone) == [("dropped", "build-01001")]
    assert actions(curated(gone.playbook, candidate(), record=gone.record)) == []


def test_the_opposite_takes_the_place_of_what_was_learned() -> None:
    first = curated(EMPTY, candidate())
    turned = curated(first.playbook, candidate(section="dont", text="Plan testing."), record=first.record)
    assert actions(turned) == [("reversed", "build-01001"), ("learned", "build-01002")]
    assert turned.playbook.do == []


def test_near_duplicates_become_one_and_the_counts_go_along() -> None:
    one = item(1, 2, 1, "Run the whole test suite before you finish the change")
    other = item(2, 5, 1, "Run the whole test suite before you finish your change")
    record = known(Playbook(role="builder", do=[one, other]), base_helpful=2, base_harmful=1)
    result = curated(Playbook(role="builder", do=[one, other]), record=record)
    assert actions(result) == [("merged", "build-00001")]
    about = result.record.items["build-00002"]
    assert (about.merged, about.base_helpful) == (["build-00001"], 4)
    assert result.record.survivors == {"build-00001": "build-00002"}


def test_likeness_is_of_content_words_and_sections_keep_opposites_apart() -> None:
    assert alike("Run the whole test suite before you finish", "Before you finish, run your whole test suite")
    assert not alike("Read the logs", "Read the docs")
    assert not alike("Prefer items about testing", "Prefer items about type safety and logging")
    text = "Run the whole test suite"
    playbook = Playbook(role="builder", do=[item(1, text=text)], dont=[item(2, text=text)])
    assert actions(curated(playbook)) == []


def test_lessons_of_one_form_are_not_taken_for_one() -> None:
    lessons = [
        candidate(f"topic:{topic}", text=f"Look for an item about {topic} first: it was kept more often.")
        for topic in ("testing", "lint")
    ]
    assert len(curated(EMPTY, *lessons).playbook.do) == 2


def test_a_candidate_that_is_said_already_is_not_said_again() -> None:
    playbook = Playbook(role="builder", do=[item(1, text="Run the whole test suite before you finish")])
    said = candidate("reason:new_failures", text="Run the whole test suite before you finish.")
    result = curated(playbook, said)
    assert actions(result) == []
    assert result.record.items["build-00001"].key == "reason:new_failures"


def test_the_least_useful_leave_a_full_playbook() -> None:
    full = Playbook(role="builder", do=[item(n, n, 1) for n in range(1, MAX_ITEMS + 3)])
    result = curated(full)
    assert actions(result) == [("crowded out", "build-00001"), ("crowded out", "build-00002")]
    pinned = known(full).with_items([known(full).items["build-00001"].model_copy(update={"pinned": True})])
    assert actions(curated(full, record=pinned)) == [("crowded out", f"build-0000{n}") for n in (2, 3)]


def test_new_defaults_join_and_those_that_a_person_took_out_do_not() -> None:
    playbook = Playbook(role="builder", do=[item(1)])
    record = known(Playbook(role="builder", do=[item(1), item(2)]))
    result = curated(playbook, record=record, defaults=Playbook(role="builder", do=[item(2), item(3)]))
    assert actions(result) == [("shipped", "build-00003")]
    assert result.record.items["build-00002"].out == "taken out by a person"


def test_a_line_that_a_person_changed_is_theirs() -> None:
    record = known(Playbook(role="builder", do=[item(1)]))
    result = curated(Playbook(role="builder", dont=[item(1, text="Mind nothing")]), record=record)
    about = result.record.items["build-00001"]
    assert (about.section, about.text) == ("dont", "Mind nothing")
    assert result.changes == ()
