"""Code that is taken out of sight of what measures it."""

from __future__ import annotations

import pytest

from factory.integrity import FileChange, weakenings
from tests.integrity.support import names

BODY = "def double(a):\n    return a * 2\n"
IMPORT = "from calc._vendor.sums import double\n"


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("calc/_vendor/sums.py", ["code_hidden:calc/_vendor/sums.py"]),
        ("calc/sums_pb2.py", ["code_hidden:calc/sums_pb2.py"]),
        ("testing/sums.py", ["code_hidden:testing/sums.py"]),
        ("calc/testing/sums.py", []),
        ("examples/sums.py", ["code_hidden:examples/sums.py"]),
        ("calc/other.py", []),
        ("tests/test_sums.py", []),
    ],
)
def test_code_that_moves_to_where_nothing_is_measured(place: str, told: list[str]) -> None:
    assert names({"calc/sums.py": (BODY, IMPORT), place: (None, BODY)}) == told


DELEGATING = "from calc._vendor import impl\n\n\ndef double(a):\n    return impl.twice(a)\n"
TWICE = BODY.replace("double", "twice")


@pytest.mark.parametrize(
    ("place", "before", "after", "told"),
    [
        ("calc/_vendor/impl.py", None, TWICE, True),
        ("calc/_vendor/impl.py", "x = 1\n", TWICE, True),
        ("calc/_vendor/impl.py", "def twice(a):\n    ...\n", TWICE, True),
        ("calc/_vendor/impl.py", None, "class Twice:\n    def __call__(self, a):\n        return a\n", True),
        ("calc/_version.py", None, TWICE, True),
        ("calc/sums_pb2.py", None, TWICE, True),
        ("vendor/impl.py", None, TWICE, True),
        ("calc/_vendor/test_impl.py", None, TWICE, True),
        ("calc/_vendor/impl.py", None, "version = '1'\n", False),
        ("calc/_vendor/impl.py", TWICE, TWICE.replace("2", "3"), False),
        ("calc/impl.py", None, TWICE, False),
        ("examples/impl.py", None, TWICE, False),
        ("tests/impl.py", None, TWICE, False),
    ],
)
def test_code_that_a_measured_function_hands_its_work_to(
    place: str, before: str | None, after: str, told: bool
) -> None:
    found = names({"calc/sums.py": (BODY, DELEGATING), place: (before, after)})
    assert found == ([f"code_hidden:{place}"] if told else [])


def test_a_constructor_is_not_known_by_its_name() -> None:
    box = "class Box:\n    def __init__(self):\n        self.a = 1\n"
    assert names({"calc/sums.py": (box, "x = 1\n"), "examples/crate.py": (None, box)}) == []


def test_vendored_code_that_moves_among_its_like_is_not_hidden() -> None:
    assert names({"calc/_vendor/a.py": (TWICE, None), "calc/_vendor/b.py": (None, TWICE)}) == []


def test_code_that_stays_or_is_new_is_not_hidden() -> None:
    assert names({"calc/sums.py": (BODY, f"{BODY}\n"), "examples/sums.py": (None, BODY)}) == []
    assert names({"calc/sums.py": ("x = 1\n", "x = 2\n"), "examples/sums.py": (None, BODY)}) == []


def test_a_stub_beside_a_module() -> None:
    stub = FileChange("calc/sums.pyi", None, "def double(a: int) -> int: ...\n")
    assert [w.name for w in weakenings([stub], ["calc/sums.py"])] == ["code_hidden:calc/sums.pyi"]
    assert weakenings([stub], ["calc/sums.c"]) == []
    assert weakenings([FileChange(stub.path, "x: int\n", "x: str\n")], ["calc/sums.py"]) == []
