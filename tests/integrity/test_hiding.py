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
        ("tests/vendor/test_sums.py", []),
        ("calc/tests/vendor/test_sums.py", []),
        ("vendor/tests/test_sums.py", ["code_hidden:vendor/tests/test_sums.py"]),
        ("tests/vendor/sums.py", ["code_hidden:tests/vendor/sums.py"]),
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


VENDORED = "calc/_vendor/impl.py"
CLASS = "class Twice:\n    def __call__(self, a):\n        return a * 2\n"
CALLS = "def double(a):\n    return {}(a)\n"


@pytest.mark.parametrize(
    ("path", "before", "after", "added"),
    [
        ("calc/sums.py", "import calc._vendor.impl\n", "import calc._vendor.impl\nx = impl.twice\n", TWICE),
        ("calc/sums.py", "from calc._vendor.impl import *\n", CALLS.format("twice"), TWICE),
        ("calc/sums.py", "d.twice(1)\n", f"d.twice(1)\n{CALLS.format('impl.twice')}", TWICE),
        ("calc/sums.py", "x = 1\n", "from other import twice as t\n", TWICE),
        ("calc/sums.py", CALLS.format("impl.once"), CALLS.format("impl.Twice()"), CLASS),
        ("calc/sums.py", "x = 1\n", "from calc._vendor.impl import *\n", TWICE),
        ("src/calc/sums.py", "x = 1\n", "import calc._vendor.impl as i\n", TWICE),
        ("calc/sums.py", "x = 1\n", "from ._vendor import impl as i\n", TWICE),
        ("calc/sums.py", "x = 1\n", "from ._vendor.impl import y\n", TWICE),
        ("calc/a/sums.py", "x = 1\n", "from .._vendor import impl\n", TWICE),
        ("calc/sums.py", None, "from . import _vendor\nx = _vendor.impl.twice(1)\n", TWICE),
    ],
)
def test_vendored_code_that_a_source_can_hand_work_to(
    path: str, before: str | None, after: str, added: str
) -> None:
    assert names({path: (before, after), VENDORED: (None, added)}) == [f"code_hidden:{VENDORED}"]


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("calc/other.py", "x = 1\n", "x = 2\n"),
        ("calc/other.py", "from . import impl\n", "from . import impl\nimpl.once()\n"),
        ("calc/other.py", "x = 1\n", "from . import impl\n"),
        ("calc/other.py", "import calc._vendor.impl as i\n", "import calc._vendor.impl as i\ni.once()\n"),
        ("calc/other.py", "from ._vendor import impl\n", "from calc._vendor import impl\n"),
        ("calc/other.py", "x = 1\n", "twice = 2\nx = twice\n"),
        ("tests/test_impl.py", None, "from calc._vendor.impl import twice\n"),
    ],
)
def test_vendored_code_that_no_source_hands_work_to(path: str, before: str | None, after: str) -> None:
    assert names({VENDORED: ("y = 1\n", TWICE), path: (before, after)}) == []
    assert names({"calc/sums_pb2_grpc.py": (BODY, BODY + TWICE), "calc/other.py": ("x = 1\n", None)}) == []


def test_what_is_found_says_why() -> None:
    changes = [
        FileChange(VENDORED, None, TWICE),
        FileChange("calc/sums.py", None, "from ._vendor import impl\n"),
    ]
    told = f"{VENDORED} is measured by nothing, and has twice, which a source can hand its work to now"
    assert [w.message for w in weakenings(changes)] == [told]


def test_a_test_below_a_folder_of_tests_named_vendor_is_not_hidden() -> None:
    test = "def test_a():\n    assert double(1) == 2\n"
    more = test.replace("test_a", "test_b")
    uses = (BODY, f"from tests.vendor.test_views import test_b\n{BODY}")
    assert names({"tests/vendor/test_views.py": (test, test + more), "calc/sums.py": uses}) == []
    assert names({"tests/vendor/test_new.py": (None, more), "calc/sums.py": uses}) == []


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
