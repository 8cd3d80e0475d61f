"""Annotations that go from what stays."""

from __future__ import annotations

import pytest

from tests.integrity.support import told

TYPED = """
class Box:
    def __init__(self, size: int) -> None:
        self.size = size

    def grow(self, by: int, *more: int, **named: int) -> int:
        return self.size + by
"""
OVERLOADED = """
@overload
def f(a: int) -> int: ...
@overload
def f(a: str) -> str: ...
def f(a):
    return a
"""


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        (TYPED, TYPED.replace("by: int", "by"), "Box.grow"),
        (TYPED, TYPED.replace("-> int:", ":"), "Box.grow"),
        (TYPED, TYPED.replace("*more: int, **named: int", "*more, **named"), "Box.grow"),
        (TYPED, TYPED.replace("size: int", "size"), "Box.__init__"),
        ("if x:\n    def f(a: int): return a\n", "def f(a): return a\n", "f"),
        ("def f():\n    def g(a: int): return a\n", "def f():\n    def g(a): return a\n", "f.g"),
        (OVERLOADED, "def f(a): return a\n", "f"),
    ],
)
def test_what_stays_and_no_longer_says_its_type(before: str, after: str, where: str) -> None:
    assert told(before, after, "calc/box.py") == [f"annotation_removed::{where}"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TYPED, TYPED.replace("by: int, ", "")),
        (TYPED, TYPED.replace("by: int", "step")),
        (TYPED, TYPED.replace("by: int", "by: float")),
        (TYPED, TYPED.replace(") -> None", ")")),
        (TYPED, TYPED.replace("grow", "swell").replace("by: int", "by")),
        (TYPED, "x = 1\n"),
        ("def f(a): return a\n", "def f(a): return a + 1\n"),
        ("def f(a: int): return a\n", OVERLOADED),
        (TYPED, "def f(:\n"),
    ],
)
def test_what_goes_itself_or_is_said_otherwise(before: str, after: str) -> None:
    assert told(before, after, "calc/box.py") == []


@pytest.mark.parametrize("path", ["calc/_vendor/box.py", "calc/box_pb2.py"])
def test_a_type_checker_reads_what_is_vendored_or_generated_too(path: str) -> None:
    assert told("def f(a: int): return a\n", "def f(a): return a\n", path) == ["annotation_removed::f"]


@pytest.mark.parametrize(
    "path", ["tests/test_box.py", "tests/vendor/box.py", "docs/conf.py", "examples/box.py", "setup.py"]
)
def test_of_what_is_beside_the_product_types_are_not_scored(path: str) -> None:
    assert told("def f(a: int): assert a\n", "def f(a): assert a\n", path) == []
