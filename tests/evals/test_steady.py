"""Scores without tests that waver, or held to those of the baseline, and which tests those are."""

from __future__ import annotations

import pytest

from factory.evals.dimensions import density_score
from factory.evals.steady import (
    as_collected,
    failing_already,
    flipping,
    held_to,
    newly_passing,
    unearned,
    without,
)
from factory.models import DimensionScore, Measurement, Outcome, Tier

P, F, S, X, E = "passed", "failed", "skipped", "xfailed", "error"
COLLECTION = "t/a.py::collection"


def measured(outcomes: dict[str, str], score: float | None = 0.5, void: str = "") -> Measurement:
    base = dict.fromkeys(("commit", "tree", "harness", "environment", "key", "timestamp"), "x")
    dimension = DimensionScore(name="tests", tier=Tier.HYGIENE, score=score, noisy=True)
    return Measurement.model_validate(
        {**base, "tests": outcomes, "dimensions": [dimension], "void": void, "composite": score}
    )


@pytest.mark.parametrize(
    ("outcomes", "flips"),
    [
        (("passed", "failed"), True),
        (("passed", "passed", "skipped"), True),
        (("xfailed", "error"), True),
        (("passed", "xfailed"), False),
        (("failed", "error"), False),
        (("failed", "failed"), False),
    ],
)
def test_a_test_flips_that_passes_in_one_sample_and_not_in_another(
    outcomes: tuple[str, ...], flips: bool
) -> None:
    assert flipping([measured({"t": outcome}) for outcome in outcomes]) == ({"t"} if flips else set())


def test_a_void_sample_and_one_without_the_test_show_no_flip() -> None:
    assert flipping([measured({"t": "passed"}), measured({}), measured({"t": "failed"}, void="cut")]) == set()


def test_the_score_is_that_of_the_other_tests_and_0_where_there_are_none() -> None:
    sample = measured({"a": "passed", "b": "failed", "flaky": "failed"}, 1 / 3)
    scores = [
        without([sample], left_out)[0].dimensions[0].score for left_out in ((), ("flaky",), sample.tests)
    ]
    assert scores == [1 / 3, 0.5, 0.0]


def test_tests_that_fail_already_are_counted_and_named() -> None:
    def told(**outcomes: Outcome) -> str:
        return failing_already(Measurement.model_construct(tests=outcomes))

    assert told(a=Outcome.PASSED, b=Outcome.SKIPPED) == ""
    assert told(a=Outcome.FAILED) == "failing already, and guarding nothing: 1 of 1 test, a"
    many = dict.fromkeys("edcba", Outcome.ERROR)
    assert told(**many) == "failing already, and guarding nothing: 5 of 5 tests, a, b, c"


@pytest.mark.parametrize(
    ("after", "score"),
    [
        ({"a": P, "b": F}, 0.5),
        ({"a": P, "b": P}, 1.0),
        ({"a": P}, 0.5),
        ({"a": P, "b": S}, 0.5),
        ({"a": P, "b": X}, 0.5),
        ({"a": P, "b": F, "c": P, "d": P}, 0.5),
        ({"a": P, "b": P, "c": F}, pytest.approx(2 / 3)),
        ({"a": F, "b": F}, 0.0),
    ],
)
def test_what_failed_and_is_gone_fails_still_and_new_tests_are_no_share(
    after: dict[str, str], score: float
) -> None:
    passing = sum(outcome in (P, X) for outcome in after.values())
    made = measured(after, passing / len([one for one in after.values() if one != S]))
    held = held_to([measured({"a": P, "b": F})], [made])[0]
    assert held.dimensions[0].score == score


def test_first_tests_help() -> None:
    first = measured({"a": P})
    assert held_to([measured({})], [first]) == [first]


@pytest.mark.parametrize(
    ("after", "as_one"),
    [
        ({"t/a.py::x": P, "t/a.py::y": P}, {COLLECTION: P}),
        ({"t/a.py::x": P, "t/a.py::y": F}, {COLLECTION: P}),
        ({"t/a.py::x": F, "t/a.py::y": S}, {COLLECTION: F}),
        ({"t/a.py::x": S, "t/a.py::y": S}, {}),
        ({"t/a.pyc::x": P}, {"t/a.pyc::x": P}),
        ({COLLECTION: E}, {COLLECTION: E}),
        ({}, {}),
    ],
)
def test_a_file_that_could_not_be_collected_stays_the_one_test_that_it_was(
    after: dict[str, str], as_one: dict[str, str]
) -> None:
    made = measured({"other": P, **after})
    before = measured({"other": P, COLLECTION: E}, 0.5)
    assert as_collected(before.tests, made.tests) == {"other": P, **as_one}
    mended = as_one.get(COLLECTION) == P
    assert newly_passing(before.tests, made.tests) == ({COLLECTION} if mended else set())
    assert held_to([before], [made])[0].dimensions[0].score == (1.0 if mended else 0.5)
    assert unearned(before.tests, made.tests, None) == (set() if COLLECTION in as_one else {COLLECTION})


def test_a_folder_that_could_not_be_collected_is_mended_by_what_runs_in_it() -> None:
    before, after = measured({"t::collection": E}), measured({"t/a.py::x": P, "tt/b.py::y": P})
    assert as_collected(before.tests, after.tests) == {"t::collection": P, "tt/b.py::y": P}


def test_a_test_that_is_called_collection_stands_for_itself() -> None:
    before, after = measured({COLLECTION: F, "t/a.py::x": P}), measured({"t/a.py::x": P})
    assert as_collected(before.tests, after.tests) == after.tests
    assert unearned(before.tests, after.tests, None) == {COLLECTION}


@pytest.mark.parametrize(
    ("as_it_was", "earned"),
    [({"t/a.py::x": P}, True), ({COLLECTION: E}, False), ({"t/a.py::x": F}, False), ({}, False)],
)
def test_a_file_that_is_collected_only_as_it_was_edited_is_no_gain(
    as_it_was: dict[str, str], earned: bool
) -> None:
    before, after, old = (measured(told).tests for told in ({COLLECTION: E}, {"t/a.py::x": P}, as_it_was))
    assert unearned(before, after, old) == (set() if earned else {COLLECTION})


def two_suites(py: dict[str, str], ui: dict[str, str]) -> Measurement:
    """A measurement in which two dimensions are shares of tests, each of its own, and one is of none."""
    scored = [
        DimensionScore(
            name=name, tier=Tier.HYGIENE, score=list(own.values()).count(P) / len(own), tests=[*own]
        )
        for name, own in (("tests", py), ("ui", ui))
    ]
    bare = DimensionScore(name="lint", tier=Tier.HYGIENE, score=0.25, tests=[])
    return measured({**py, **ui}).model_copy(update={"dimensions": [*scored, bare]})


def test_each_suite_is_scored_by_its_own_tests() -> None:
    py, ui = {"a": P, "b": P}, {"x": P, "y": F}
    before = two_suites(py, ui)
    scores = [
        [d.score for d in held_to([before], [after])[0].dimensions]
        for after in (two_suites({**py, "new": P}, ui), two_suites(py, {"x": P}), two_suites({"a": F}, ui))
    ]
    assert scores == [[1.0, 0.5, 0.25], [1.0, 0.5, 0.25], [0.0, 0.5, 0.25]]


def test_a_test_that_is_left_out_moves_its_own_suite_alone() -> None:
    steady = without([two_suites({"a": P, "b": P}, {"x": P, "y": F})], {"y"})[0]
    assert [d.score for d in steady.dimensions] == [1.0, 1.0, 0.25]
    assert set(steady.tests) == {"a", "b", "x"}


def test_a_score_that_is_no_share_of_tests_stays_what_it_is() -> None:
    own = two_suites({"a": P}, {"x": P, "y": F})
    by_exit_code = own.dimensions[0].model_copy(update={"tests": []})
    made = own.model_copy(update={"dimensions": [by_exit_code, *own.dimensions[1:]]})
    assert without([made], {"x"})[0].dimensions[0] == by_exit_code


def by_problems(kind: str, score: float | None, problems: int, size: int = 100) -> Measurement:
    """A measurement with one dimension that is told by its problems."""
    details = {"problems": problems, "size": size}
    dimension = DimensionScore.model_validate(
        {"name": "d", "tier": Tier.HYGIENE, "score": score, "details": details, "by_problems": kind}
    )
    return measured({}).model_copy(update={"dimensions": [dimension]})


@pytest.mark.parametrize(
    ("kind", "score", "problems", "held"),
    [
        ("share", 0.4, 5, 0.5),
        ("share", 0.4, 6, 0.4),
        ("share", 0.6, 5, 0.6),
        ("density", 0.4, 5, 0.5),
        ("density", 0.4, 6, 0.4),
        ("density", 0.9, 5, 0.5),
        ("density", 0.9, 6, 0.5),
        ("density", 0.9, 4, pytest.approx(density_score(4, 100))),
        ("density", 0.52, 4, 0.52),
        ("density", 0.45, 4, 0.5),
        ("density", 1.0, 0, 1.0),
        ("", 0.4, 5, 0.4),
        ("", 0.9, 5, 0.9),
    ],
)
def test_size_alone_makes_nothing_better_or_worse(
    kind: str, score: float, problems: int, held: float
) -> None:
    """The baseline has five problems in a hundred statements, and half of what can be had."""
    found = held_to([by_problems(kind, 0.5, 5)], [by_problems(kind, score, problems)])
    assert found[0].dimensions[0].score == held


def test_what_was_not_measured_on_both_sides_is_held_to_nothing() -> None:
    for before, after in ((None, 0.9), (0.5, None)):
        made = by_problems("density", after, 5)
        assert held_to([by_problems("density", before, 5)], [made]) == [made]


def test_a_type_checker_that_gives_up_on_less_code_falls_to_nothing() -> None:
    found = held_to([by_problems("density", 0.1, 60)], [by_problems("", 0.0, 1, 30)])
    assert found[0].dimensions[0].score == 0.0
