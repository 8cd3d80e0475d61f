"""What histories suggest, and what they do not: small samples are not evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import pytest

from factory.ace.reflector import (
    GUARD_TEXTS,
    REASON_TEXTS,
    Candidate,
    Told,
    Tried,
    reflect,
    same_lesson,
)
from factory.agents.roles import ROLES
from factory.guard import TEST_FILE_DELETED
from factory.integrity.model import RULES
from factory.models import GuardName, Reason


def tried(
    kept: int, reverted: int, text: str, category: str = "FIX", reason: str = "inconclusive_not"
) -> list[Tried]:
    """Experiments whose hypotheses have nothing in common but ``text``'s topic."""
    verdicts = [*["keep"] * kept, *["revert"] * reverted]
    return [
        Tried(
            f"p#{text}-{n}",
            f"{text} {chr(97 + n) * 5} {chr(97 + n) * 7} {chr(97 + n) * 9}",
            v,
            reason,
            category,
        )
        for n, v in enumerate(verdicts)
    ]


def keys(experiments: Sequence[Tried], told: Sequence[Told] = ()) -> set[str]:
    return {candidate.key for candidate in reflect(experiments, told).candidates}


def one(experiments: Sequence[Tried], told: Sequence[Told] = ()) -> Candidate:
    (candidate,) = reflect(experiments, told).candidates
    return candidate


BALANCED = [*tried(6, 6, "Support"), *tried(5, 5, "Cache", "EXPLOIT"), *tried(5, 5, "Repair", "EXPLORE")]


def test_too_little_is_said_and_nothing_concluded() -> None:
    reflection = reflect(tried(9, 0, "Test"))
    assert reflection.candidates == ()
    assert reflection.missing == "10 experiments that were kept or reverted are needed, there are 9"


def test_what_is_kept_and_reverted_alike_teaches_nothing() -> None:
    assert keys(BALANCED) == set()


def test_a_topic_that_is_kept_more_often_than_others() -> None:
    candidate = one([*BALANCED, *tried(12, 1, "Test", "COMBINE"), *tried(1, 8, "Support", "COMBINE")])
    assert (candidate.role, candidate.section, candidate.key) == ("strategist", "do", "topic:testing")
    assert (candidate.kept, candidate.reverted, len(candidate.evidence)) == (12, 1, 13)
    assert candidate.evidence[0] == "p#Test-0"


@pytest.mark.parametrize(("kept", "reverted"), [(7, 0), (8, 3), (20, 15)])
def test_few_or_mixed_outcomes_are_no_evidence(kept: int, reverted: int) -> None:
    assert "topic:testing" not in keys([*BALANCED, *tried(kept, reverted, "Test", "COMBINE")])


def test_a_rate_has_to_differ_from_that_of_the_others() -> None:
    everywhere = [
        *tried(12, 1, "Test"),
        *tried(19, 1, "Support", "EXPLOIT"),
        *tried(19, 1, "Cache", "EXPLORE"),
    ]
    assert keys(everywhere) == set()


def test_a_category_that_fails() -> None:
    failing = tried(0, 6, "Support", "EXPLORE") + tried(1, 6, "Cache", "EXPLORE")
    fine = tried(9, 1, "Support") + tried(8, 1, "Cache", "EXPLOIT")
    found = {c.key: c.section for c in reflect([*failing, *fine]).candidates}
    assert found["category:EXPLORE"] == "dont"


@pytest.mark.parametrize(("times", "expected"), [(4, set()), (5, {"reason:new_failures"})])
def test_a_reason_that_comes_again_and_again(times: int, expected: set[str]) -> None:
    failing = tried(0, times, "Support", reason="new_failures")
    assert (
        keys([*tried(5, 0, "Repair"), *tried(5, 0, "Cache"), *failing]) & {"reason:new_failures"} == expected
    )


def test_five_of_a_hundred_are_not_often() -> None:
    most = [
        t for n in range(5) for t in tried(10, 10, f"{['Support', 'Cache', 'Repair', 'Command', 'Merge'][n]}")
    ]
    assert "reason:new_failures" not in keys([*most, *tried(0, 5, "Support", reason="new_failures")])


def test_bad_luck_is_not_counted() -> None:
    luck = [Tried(f"p#{n}", "Rename the reader", "revert", "inconclusive") for n in range(30)]
    assert keys([*BALANCED, *luck]) == set()
    assert reflect(luck).decided == 0


def repeats(times: int, kept: int = 0) -> list[Tried]:
    verdicts = [*["revert"] * times, *["keep"] * kept]
    return [Tried(f"q#{n}", "Rename the reader module", v, "no_effect") for n, v in enumerate(verdicts)]


def test_the_same_change_reverted_again_and_again() -> None:
    found = [c for c in reflect([*BALANCED, *repeats(4)]).candidates if c.key.startswith("repeat:")]
    (candidate,) = found
    assert candidate.key == "repeat:module reader rename the"
    assert candidate.text == (
        "Plan again “Rename the reader module” or its like: it was reverted each time (no effect)."
    )
    assert candidate.evidence == ("q#0", "q#1", "q#2", "q#3")
    for experiments in (repeats(3), repeats(4, kept=1)):
        assert not [key for key in keys([*BALANCED, *experiments]) if key.startswith("repeat:")]


def told(kind: str, times: int, text: str, role: str = "builder", *, same: bool = False) -> list[Told]:
    return [Told("p#1" if same else f"p#{n}", kind, role, text) for n in range(times)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "text", "key"),
    [
        ("guard", "scope: changes x.py. Put it back.", "guard:scope"),
        ("plan_rule", "line 12: depth.sentences: too few (say more)", "plan_rule:depth.sentences"),
        ("correction", "Add a test of the empty file", "correction:add empty file test the"),
    ],
)
def test_what_work_is_sent_back_for(kind: str, text: str, key: str) -> None:
    assert keys(BALANCED, told(kind, 3, text)) == {key}
    assert keys(BALANCED, told(kind, 2, text)) == set()
    assert keys(BALANCED, told(kind, 9, text, same=True)) == set()


def test_a_correction_goes_to_whose_work_it_was() -> None:
    candidate = one(BALANCED, told("correction", 3, "Open the page that you cite", "researcher"))
    assert (candidate.role, candidate.section) == ("researcher", "do")


def test_the_same_lesson_in_other_words() -> None:
    assert same_lesson("repeat:module reader rename the", "repeat:new module reader rename the")
    assert not same_lesson("repeat:module reader rename the", "correction:module reader rename the")
    assert not same_lesson("topic:testing", "topic:lint")
    assert not same_lesson("repeat:a lot", "repeat:of others")


NOQA = "integrity: suppression_added: `# noqa` is new in line 3. Take it out, or have the plan item allow it"
GONE = "integrity: deletes tests/test_a.py, where 2 tests passed at the baseline. Put it back"


def test_each_rule_of_the_guard_has_a_sentence_and_evidence_of_its_own() -> None:
    objections = [
        Told(f"p#{n}", "guard", "builder", text, final=final)
        for n, (text, final) in enumerate(
            [*[(NOQA, False)] * 3, *[(GONE, True)] * 3, ("scope: adds x", True)]
        )
    ]
    found = {c.key: c for c in reflect(BALANCED, objections).candidates}
    assert {key: c.evidence for key, c in found.items()} == {
        "guard:suppression_added": ("p#0", "p#1", "p#2"),
        "guard:test_file_deleted": ("p#3", "p#4", "p#5"),
    }
    assert found["guard:test_file_deleted"].text == (
        "Delete a file of tests: the guard has objected to it again and again."
    )
    assert [c.reverted for c in found.values()] == [3, 0]


def test_what_a_person_made_by_hand_says_nothing_of_how_a_role_works() -> None:
    failing = [replace(t, by_hand=True) for t in tried(0, 9, "Support", reason="new_failures")]
    others = [*tried(6, 0, "Repair"), *tried(6, 0, "Cache")]
    assert "reason:new_failures" not in keys([*others, *failing])
    assert "topic:lint" in keys([*others, *(replace(t, hypothesis=f"Lint {t.ref}") for t in failing)])


def test_texts_are_of_reasons_rules_and_roles_that_exist() -> None:
    assert REASON_TEXTS.keys() <= set(Reason)
    rules = {*RULES, TEST_FILE_DELETED} - {"test_renamed"}  # which is a note, and no objection
    assert GUARD_TEXTS.keys() == {*get_args(GuardName)} - {"baseline", "integrity"} | rules, (
        "a guard is learned from by its entry in GUARD_TEXTS"
    )
    for role, section, _ in REASON_TEXTS.values():
        assert role in ROLES
        assert section in ("do", "dont")
