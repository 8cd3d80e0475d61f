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


def test_code_that_stays_or_is_new_is_not_hidden() -> None:
    assert names({"calc/sums.py": (BODY, f"{BODY}\n"), "examples/sums.py": (None, BODY)}) == []
    assert names({"calc/sums.py": ("x = 1\n", "x = 2\n"), "examples/sums.py": (None, BODY)}) == []


def test_a_stub_beside_a_module() -> None:
    stub = FileChange("calc/sums.pyi", None, "def double(a: int) -> int: ...\n")
    assert [w.name for w in weakenings([stub], ["calc/sums.py"])] == ["code_hidden:calc/sums.pyi"]
    assert weakenings([stub], ["calc/sums.c"]) == []
    assert weakenings([FileChange(stub.path, "x: int\n", "x: str\n")], ["calc/sums.py"]) == []
