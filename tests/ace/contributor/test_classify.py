"""Signals, bounds and labels, with the numbers that the design names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.ace.contributor import (
    classify_evolved_playbooks,
    classify_item,
    explain_specificity,
    explain_uncertainty,
    package_evidence,
)
from factory.ace.contributor.classify import Experience, independence, prevalence, strength
from factory.ace.contributor.domain import foreign_words, own_words
from factory.ace.contributor.explain import explain, what_is_missing
from factory.ace.contributor.model import Evidence, Label, Signals, label_of
from factory.ace.contributor.summary import bar, contribution_text
from factory.ace.models import Playbook, PlaybookItem
from factory.insights.matching import matches
from factory.insights.projects import ProjectHistory
from factory.paths import ProjectPaths
from factory.rows import Row
from tests.support.learning import GENERAL_TEXT, SPECIFIC_TEXT, playbook

MATCHING = "Add tests for the error paths of the {} module before changing its behaviour"


def history(name: str, *experiments: tuple[str, str]) -> ProjectHistory:
    rows = tuple(
        Row.of(id=str(number), hypothesis=text, verdict=verdict)
        for number, (text, verdict) in enumerate(experiments, start=1)
    )
    return ProjectHistory(Path("/projects") / name, rows, own=rows)


def histories(count: int, verdict: str = "keep") -> list[ProjectHistory]:
    return [history(f"p{n}", (MATCHING.format("x"), verdict)) for n in range(count)]


def item(text: str = GENERAL_TEXT, helpful: int = 12, harmful: int = 1) -> PlaybookItem:
    return PlaybookItem(id="build-00001", helpful=helpful, harmful=harmful, text=text)


@pytest.mark.parametrize(
    ("projects", "kept", "reverted", "expected"),
    [
        (0, 0, 0, 0.0),
        (1, 1, 1, 1 / 3),
        (2, 7, 3, 2 / 3),
        (2, 8, 2, 2 / 3 + 0.1),
        (1, 1, 0, 1 / 3 + 0.1),
        (3, 0, 9, 1.0),
        (3, 9, 0, 1.0),
        (9, 9, 0, 1.0),
    ],
)
def test_prevalence(projects: int, kept: int, reverted: int, expected: float) -> None:
    found = prevalence(Evidence(projects=projects, kept=kept, reverted=reverted))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("own", "foreign", "expected"),
    [(0, [], 0.5), (3, [], 1.0), (0, ["invoice"], 0.0), (3, ["invoice"], 0.75)],
)
def test_independence(own: int, foreign: list[str], expected: float) -> None:
    assert independence(Evidence(own_words=own, foreign_words=foreign)) == expected


@pytest.mark.parametrize(
    ("text", "own", "foreign"),
    [
        ("Take into account the order of tests, of course", ["tests"], []),
        ("Show patients their invoices", [], ["invoices", "patients"]),
        ("A taxonomy of errors", ["errors"], []),
        ("Keep the diff small", ["diff", "keep"], []),
        ("", [], []),
    ],
)
def test_words_of_domains(text: str, own: list[str], foreign: list[str]) -> None:
    assert own_words(text) == own
    assert foreign_words(text) == foreign


@pytest.mark.parametrize(
    ("helpful", "harmful", "expected"),
    [
        (0, 0, 0.2), (2, 0, 0.2), (1, 1, 0.2),
        (3, 0, 0.58), (10, 0, 1.0), (50, 0, 1.0), (5, 5, 0.0), (1, 9, 0.0), (8, 2, 0.6),
    ],
)  # fmt: skip
def test_strength(helpful: int, harmful: int, expected: float) -> None:
    assert strength(helpful, harmful) == pytest.approx(expected)


def test_the_weights() -> None:
    names = ("prevalence", "independence", "evidence", "category")
    zero = dict.fromkeys(names, 0.0)
    assert [Signals(**{**zero, name: 1.0}).score for name in names] == [0.40, 0.25, 0.20, 0.15]


@pytest.mark.parametrize(
    ("score", "projects", "label"),
    [
        (0.65, 3, "general"), (0.6499, 3, "uncertain"), (0.36, 3, "uncertain"), (0.35, 3, "specific"),
        (1.0, 2, "uncertain"), (0.65, 2, "uncertain"), (0.35, 2, "specific"),
        (1.0, 1, "specific"), (1.0, 0, "specific"), (0.5, 1, "specific"),
    ],
)  # fmt: skip
def test_bounds(score: float, projects: int, label: str) -> None:
    assert label_of(score, projects) == label


@pytest.mark.parametrize(
    ("count", "label"), [(0, "specific"), (1, "specific"), (2, "uncertain"), (3, "general")]
)
def test_the_number_of_projects_bounds_the_label(count: int, label: str) -> None:
    found = classify_item(item(), histories(count), role="builder")
    assert (found.label, found.evidence.projects) == (label, count)


def test_the_score_is_the_weighted_sum() -> None:
    found = classify_item(item(), histories(4), role="builder")
    # 1 project in 3 or more; own words only; 11/13 net of 13 observations; testing.
    assert found.score == pytest.approx(0.4 + 0.25 + 0.2 * 11 / 13 + 0.15 * 0.7, abs=1e-4)
    assert found.name == "builder/build-00001"


def test_errors_and_unfinished_experiments_are_no_evidence() -> None:
    found = classify_item(item(), histories(3, "error"))
    assert (found.evidence.projects, found.evidence.known_projects, found.label) == (0, 0, "specific")


def test_logs_that_came_with_a_repository_are_no_evidence() -> None:
    """Their author's word, which could lift any item over the bound of three projects."""
    brought = [replace(one, own=()) for one in histories(3)]
    found = classify_item(item(), [*histories(1), *brought])
    assert (found.evidence.projects, found.evidence.known_projects, found.label) == (1, 1, "specific")


def test_an_application_s_item_is_specific_and_says_why() -> None:
    found = classify_item(item(SPECIFIC_TEXT, 3, 3), histories(3), role="builder")
    assert found.label is Label.SPECIFIC
    assert explain_specificity(found) == explain(found)
    assert explain(found) == (
        'Specific: evidence comes from no project; it speaks of an application: "checkout page", "customer", '
        '"invoice", "tax"; it helped 3 times and harmed 3 times; its topic, feature, is mostly a '
        "project's own."
    )


def test_an_uncertain_item_says_what_would_settle_it() -> None:
    found = classify_item(item(helpful=1, harmful=0), histories(2))
    assert explain_uncertainty(found) == explain(found)
    assert explain(found) == (
        "Uncertain: evidence comes from 2 unrelated projects; it was hardly ever cited. It would be settled "
        "by: matching experiments in 1 more unrelated project; 2 more observations of what it does."
    )


def test_a_general_item_lacks_nothing() -> None:
    found = classify_item(item(), histories(3))
    assert what_is_missing(found) == []
    assert explain(found).startswith("General: experiments of its kind are found in 3 unrelated projects")


def test_packaged_evidence_names_nobody() -> None:
    known = [history("acme-shop", (f"{MATCHING.format('acme')} for pat@acme.example", "keep"))] * 3
    packed = str(package_evidence([classify_item(item(), known, role="builder")]))
    assert "'unrelated_projects': 3" in packed
    assert all(word not in packed for word in ("acme", "pat@", "/projects", GENERAL_TEXT))


def test_only_items_that_differ_from_the_defaults_are_classified() -> None:
    evolved = {
        "builder": playbook("builder", [(GENERAL_TEXT, 5, 0), ("Shipped already, word by word.", 1, 0)])
    }
    defaults = {"builder": Playbook(role="builder", dont=[item("shipped already, word by word.")])}
    found = classify_evolved_playbooks(evolved, defaults, histories(3))
    assert [one.item.text for one in found] == [GENERAL_TEXT]
    assert classify_evolved_playbooks({}, defaults, histories(3)) == []


def test_what_an_item_was_learned_from_counts_whatever_words_it_uses() -> None:
    known = [history(f"p{n}", ("Cover the odd amounts", "keep"), ("Paint it", "revert")) for n in range(3)]
    names = [f"{ProjectPaths(one.path).key}#1" for one in known]
    evolved = {"builder": playbook("builder", [(GENERAL_TEXT, 5, 0)])}
    [unnamed] = classify_evolved_playbooks(evolved, {}, known)
    origins = {"builder": {unnamed.item.id: [*names, "somewhere-else#1"]}}
    [named] = classify_evolved_playbooks(evolved, {}, known, origins)
    assert (unnamed.evidence.projects, unnamed.label) == (0, Label.SPECIFIC)
    assert (named.evidence.projects, named.evidence.kept, named.evidence.reverted) == (3, 3, 0)
    assert named.label is Label.GENERAL


def test_the_section_comes_along() -> None:
    dont = PlaybookItem(id="build-00002", text="Never skip a test.")
    evolved = {"builder": Playbook(role="builder", do=[item()], dont=[dont])}
    found = classify_evolved_playbooks(evolved, {}, [])
    assert {one.item.id: one.section for one in found} == {"build-00001": "do", "build-00002": "dont"}


WORDS = ["test", "error", "path", "module", "cover", "retry", "invoice", "agent", "prompt", "cache"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=7).map(" ".join)
EXPERIMENTS = st.lists(st.tuples(TEXTS, st.sampled_from(["keep", "revert", "error", ""])), max_size=8)


@given(TEXTS, st.lists(EXPERIMENTS, max_size=5))
def test_the_fast_evidence_is_the_plain_evidence(
    text: str, all_experiments: list[list[tuple[str, str]]]
) -> None:
    known = [history(f"p{n}", *experiments) for n, experiments in enumerate(all_experiments)]
    matching = [
        (n, verdict)
        for n, experiments in enumerate(all_experiments)
        for hypothesis, verdict in experiments
        if verdict in ("keep", "revert") and matches(text, hypothesis)
    ]
    found = Experience(known).evidence(text)
    assert (found.projects, found.kept, found.reverted) == (
        len({n for n, _ in matching}),
        sum(verdict == "keep" for _, verdict in matching),
        sum(verdict == "revert" for _, verdict in matching),
    )


@pytest.mark.parametrize(("value", "drawn"), [(0.0, "░░░░"), (0.5, "██░░"), (1.0, "████")])
def test_bars(value: float, drawn: str) -> None:
    assert bar(value, 4) == drawn


def test_the_summary_with_its_offer_for_the_end_of_a_cycle() -> None:
    text = contribution_text([classify_item(item(), histories(3), role="builder")], 3)
    assert text.startswith("1 learned item, judged by 3 unrelated projects\n\nGeneral: may be")
    assert "Nothing is sent unless you say so" in text
    assert "nothing to contribute yet" in contribution_text([classify_item(item(), histories(1))], 1)
    assert max(map(len, text.splitlines())) <= 80
