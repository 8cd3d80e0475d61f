from __future__ import annotations

import pytest

from factory.rows import Row
from factory.strategy import find_anti_patterns, hypothesis_similarity
from tests.strategy.support import Tried


@pytest.mark.parametrize(
    ("a", "b", "similarity"),
    [
        ("Add retry logic", "add RETRY logic!", 1.0),
        ("Add retry logic", "Add retry to it", 2 / 3),
        ("Fix #123 in it", "Fix #456 in it", 1.0),
        ("Füge Größe hinzu", "Größe", 1 / 3),
        ("red fox", "blue hen", 0.0),
        ("", "", 0.0),
        ("a b", "a b", 0.0),
    ],
)
def test_similarity(a: str, b: str, similarity: float) -> None:
    assert hypothesis_similarity(a, b) == pytest.approx(similarity)
    assert hypothesis_similarity(b, a) == hypothesis_similarity(a, b)


HISTORY = [
    Tried(1, "keep", "Add filter flags to status"),
    Tried(2, "revert", "Add filter flags to status", reason="no_effect"),
    Tried(3, "revert", "Add filter flags to status", reason="inconclusive"),
    Tried(4, "error", "Add filter flags to status"),
    Tried(5, "revert", "Add filter flags to list", reason="guard"),
    Tried(6, "revert", "Rewrite the parser"),
    Tried(7, "revert", "", reason="guard"),
]


def test_only_reverts_that_say_something_count() -> None:
    found = find_anti_patterns("Add filter flags to status", HISTORY)
    assert [(pattern.experiment.id, pattern.similarity) for pattern in found] == [(2, 1.0), (5, 0.6)]


def test_the_threshold_is_inclusive_and_can_be_set() -> None:
    assert [p.experiment.id for p in find_anti_patterns("Add filter flags to status", HISTORY, 0.61)] == [2]
    assert find_anti_patterns("Something else entirely", HISTORY) == []
    assert find_anti_patterns("", HISTORY) == []


def test_other_files_make_it_another_thing_where_both_are_known() -> None:
    touched = {2: {"src/a.py"}, 5: None}

    def files(experiment: Tried) -> set[str] | None:
        return touched.get(experiment.id or 0)

    def found(wanted: set[str] | None) -> list[int | None]:
        patterns = find_anti_patterns("Add filter flags to status", HISTORY, files=wanted, files_of=files)
        return [pattern.experiment.id for pattern in patterns]

    assert found({"src/b.py"}) == [5]
    assert found({"src/a.py", "src/b.py"}) == [2, 5]
    assert found(None) == [2, 5]
    assert found(set()) == [2, 5]


def test_rows_of_the_log_will_do() -> None:
    rows = [Row.of(id=1, hypothesis="Add a cache", verdict="revert", reason="regressed")]
    assert [p.experiment.id for p in find_anti_patterns("Add the cache", rows, 0.5)] == [1]
