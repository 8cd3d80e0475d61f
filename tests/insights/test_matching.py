"""Matching texts: what speaks of the same thing, and that the fast way gives the plain way's answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.insights.matching import Corpus, content_words, matches

WORDS = [
    "test",
    "tests",
    "error",
    "errors",
    "path",
    "module",
    "cover",
    "coverage",
    "retry",
    "the",
    "class",
    "io",
]
TEXTS = st.lists(st.one_of(st.sampled_from(WORDS), st.text("aeost", min_size=1, max_size=5)), max_size=9).map(
    " ".join
)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Add tests for the error paths of a module", "Add a test for error paths of modules first", True),
        ("Add tests for error paths", "add TESTS for the ERROR path", True),
        ("Add tests", "Add tests for the error paths of a module", False),  # two words make no statement
        ("Add tests", "tests: add", True),
        ("Add tests for `a.py`", "Add tests for b/c.py, 3 of them", True),  # names and numbers say nothing
        ("Add tests for the error paths", "Paint the landing page in a new colour", False),
        (
            "Cover retry, error, path, module, class and reader",
            "Retry the error path of another planet",
            False,
        ),
        ("", "", False),
        ("the", "of", False),
    ],
)
def test_what_speaks_of_the_same_thing(one: str, other: str, same: bool) -> None:
    assert matches(one, other) is same
    assert matches(other, one) is same


@given(TEXTS, st.lists(TEXTS, max_size=30))
def test_the_fast_way_finds_what_the_plain_way_finds(query: str, texts: list[str]) -> None:
    plain = [at for at, text in enumerate(texts) if matches(query, text)]
    assert Corpus(texts).find(query) == plain


def test_content_words_are_singular_and_lower_case() -> None:
    assert content_words("The Classes of `x.y` pass 3 tests in src/a.py") == {"classe", "pass", "test"}
