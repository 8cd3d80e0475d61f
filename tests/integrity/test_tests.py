"""Tests that are removed, emptied, skipped or made to ask for less; and edits that are none of these."""

from __future__ import annotations

import pytest

from factory.integrity import FileChange, weakenings
from tests.integrity.support import names, told

ADD = """
from calc import add


def test_add():
    assert add(1, 2) == 3
"""


def body(*lines: str) -> str:
    """``ADD`` with another body."""
    return ADD.replace("    assert add(1, 2) == 3\n", "".join(f"    {line}\n" for line in lines))


EMPTIED = "test_emptied::test_add"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["pass"], [EMPTIED]),
        (["add(1, 2)"], [EMPTIED]),
        (["assert True"], [EMPTIED]),
        (["assert (add(1, 2) == 3, 'message')"], [EMPTIED]),
        (["assert add(1, 2) == 3 or True"], [EMPTIED]),
        (["assert add(1, 2) == add(1, 2)"], [EMPTIED]),
        (["assert len([add(1, 2)]) >= 0"], [EMPTIED]),
        (["assert isinstance(add(1, 2), object)"], [EMPTIED]),
        (["return", "assert add(1, 2) == 3"], [EMPTIED]),
        (["if False:", "    assert add(1, 2) == 3"], [EMPTIED]),
        (["for _ in []:", "    assert add(1, 2) == 3"], [EMPTIED]),
        (["try:", "    assert add(1, 2) == 3", "except AssertionError:", "    pass"], [EMPTIED]),
        (["try:", "    assert add(1, 2) == 3", "except:", "    print('no')"], [EMPTIED]),
        (["with suppress(Exception):", "    assert add(1, 2) == 3"], [EMPTIED]),
        (["def inner():", "    assert add(1, 2) == 3"], [EMPTIED]),
        (["lambda: add(1, 2) == 3"], [EMPTIED]),
        (["assert add(1, 2) is not None"], ["assertion_weakened::test_add"]),
        (["assert add(1, 2)"], ["assertion_weakened::test_add"]),
        (["assert isinstance(add(1, 2), int)"], ["assertion_weakened::test_add"]),
        (["assert add(1, 2) != 4"], ["assertion_weakened::test_add"]),
        (["assert add(1, 2) in (3, 4)"], ["assertion_weakened::test_add"]),
        (["assert add(1, 2) in range(9)"], ["assertion_weakened::test_add"]),
        (["assert add(1, 2) == 3 or add(1, 2) == 4"], ["assertion_weakened::test_add"]),
        (["assert add(1, 2) == mock.ANY"], [EMPTIED]),
        (["assert ANY == add(1, 2)"], [EMPTIED]),
        (["assert add(1, 2) == 3", "assert True"], ["assertion_trivial::test_add"]),
        (
            ["pytest.skip('later')", "assert add(1, 2) == 3"],
            ["test_emptied::test_add", "test_skipped::test_add"],
        ),
    ],
)
def test_a_check_that_goes_or_weakens(lines: list[str], expected: list[str]) -> None:
    assert sorted(told(ADD, body(*lines))) == expected


@pytest.mark.parametrize(
    "lines",
    [
        ["assert add(1, 2) == 4"],  # an expectation that changes shows in its outcome
        ["assert add(2, 1) == 3"],
        ["assert add(1, 2) in [3]"],
        ["assert 3 in add(1, 2)"],
        ["assert add(1, 2) == {'id': ANY, 'sum': 3}"],
        ["assert add(1, 2) == Kind.ANY"],
        ["result = add(1, 2)", "assert result == 3"],
        ["assert 3 == add(1, 2), 'a message'"],
        ["expected = 3", "assert add(1, 2) == expected"],
        ["assert add(1, 2) == 3", "assert add(0, 0) == 0"],
        ["for a, b in [(1, 2), (2, 1)]:", "    assert add(a, b) == 3"],
        ["try:", "    assert add(1, 2) == 3", "finally:", "    print('done')"],
        ["try:", "    assert add(1, 2) == 3", "except TypeError:", "    pytest.fail('no')"],
        ["with open('x') as f:", "    assert add(1, 2) == 3"],
        ["check_sum(add(1, 2), 3)"],
        ["def inner():", "    assert add(1, 2) == 3", "inner()"],
        ["async def inner():", "    assert add(1, 2) == 3", "run(inner)"],
        ["if add(1, 2) != 3:", "    pytest.fail('wrong')"],
        ["'''Says more.'''", "assert add(1, 2) == 3"],
    ],
)
def test_an_ordinary_edit(lines: list[str]) -> None:
    assert told(ADD, body(*lines)) == []


def test_what_runs_and_checks_nothing_may_not_become_nothing_at_all() -> None:
    smoke = "def test_smoke():\n    main(['--help'])\n"
    assert told(smoke, "def test_smoke():\n    pass\n") == ["test_emptied::test_smoke"]
    assert told(smoke, "def test_smoke():\n    main(['-h'])\n") == []


THREE = """
def test_box():
    box = make()
    assert box.width == 3
    assert box.height == 4
    assert box.name == "b"
"""


def test_one_of_several_checks_is_removed() -> None:
    assert told(THREE, THREE.replace("    assert box.height == 4\n", "")) == ["assertion_removed::test_box"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    assert box.height == 4\n", "    assert box.depth == 4\n"),
        (
            "    assert box.width == 3\n    assert box.height == 4\n",
            "    assert box.width == 3 and box.height == 4\n",
        ),
        ("    assert box.height == 4\n", "    for side in box.sides:\n        assert side > 0\n"),
        ("    assert box.height == 4\n", "\n\ndef test_height():\n    assert box.height == 4\n"),
    ],
)
def test_checks_that_are_put_otherwise_or_elsewhere(old: str, new: str) -> None:
    assert told(THREE, THREE.replace(old, "") + new if "def " in new else THREE.replace(old, new)) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("pytest.raises(ValueError, match='no'):", "pytest.raises(Exception):", True),
        ("pytest.raises(ValueError, match='no'):", "pytest.raises(TypeError, match='no'):", False),
        ("pytest.raises(ValueError, match='no'):", "pytest.raises(ValueError, match='nope'):", False),
        ("pytest.approx(1, rel=1e-6)", "pytest.approx(1, rel=1e-1)", True),
        ("pytest.approx(1, rel=1e-6)", "pytest.approx(1, rel=1e-9)", False),
        ("pytest.approx(1, 1e-3)", "pytest.approx(1, 1e-2)", True),
        ("pytest.approx(1, 1e-3)", "pytest.approx(1)", False),
        ("pytest.approx(1)", "approx(1, abs=0.5)", True),
        ("1", "pytest.approx(1, 1e9)", True),
        ("1", "pytest.approx(1, rel=1e-3)", True),
        ("1", "pytest.approx(1)", False),
        ("1", "pytest.approx(1, rel=1e-9, abs=1e-9)", False),
        ("1", "pytest.approx(1, near)", False),
        ("1", "pytest.approx(2, 0.1)", False),
    ],
)
def test_errors_and_tolerances(old: str, new: str, expected: bool) -> None:
    def test(part: str) -> str:
        if part.endswith(":"):
            return f"def test_it():\n    with {part}\n        work()\n"
        return f"def test_it():\n    assert work() == {part}\n"

    assert told(test(old), test(new)) == (["assertion_weakened::test_it"] if expected else [])


UNIT = """
import unittest


class SumTest(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(1, 2), 3)

    def test_other(self):
        self.assertIn(1, [1])
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("self.assertEqual(add(1, 2), 3)", "self.assertTrue(True)", "test_emptied::SumTest.test_add"),
        (
            "self.assertEqual(add(1, 2), 3)",
            "self.assertTrue(add(1, 2))",
            "assertion_weakened::SumTest.test_add",
        ),
        (
            "self.assertEqual(add(1, 2), 3)",
            "self.assertEqual(add(1, 2), ANY)",
            "test_emptied::SumTest.test_add",
        ),
        (
            "self.assertEqual(add(1, 2), 3)",
            "self.assertIn(add(1, 2), (3, 4))",
            "assertion_weakened::SumTest.test_add",
        ),
        ("self.assertEqual(add(1, 2), 3)", "self.skipTest('x')", "test_skipped::SumTest.test_add"),
        ("    def test_add", "    @unittest.skip('x')\n    def test_add", "test_skipped::SumTest.test_add"),
        (
            "    def test_add",
            "    @unittest.expectedFailure\n    def test_add",
            "test_skipped::SumTest.test_add",
        ),
        ("class SumTest", "@unittest.skipIf(True, 'x')\nclass SumTest", "test_skipped::SumTest"),
        ("    def test_add", "    __test__ = False\n\n    def test_add", "test_removed::SumTest.test_add"),
        ("def test_add", "def not_test_add", "test_removed::SumTest.test_add"),
        ("class SumTest(unittest.TestCase)", "class SumTest", "test_removed::SumTest.test_add"),
    ],
)
def test_unittest(old: str, new: str, expected: str) -> None:
    assert expected in told(UNIT, UNIT.replace(old, new))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("@pytest.mark.skip", True),
        ("@pytest.mark.skipif(sys.platform == 'win32', reason='x')", True),
        ("@pytest.mark.xfail(strict=True)", True),
        ("@mark.xfail", True),
        ("@skip_on_windows", True),
        ("@pytest.mark.slow", False),
        ("@pytest.mark.usefixtures('skip')", False),
        ("@patch('calc.skip')", False),
    ],
)
def test_marks(line: str, expected: bool) -> None:
    marked = ADD.replace("def test_add", f"{line}\ndef test_add")
    assert told(ADD, marked) == (["test_skipped::test_add"] if expected else [])


def test_a_whole_file_is_skipped() -> None:
    assert told(ADD, "pytestmark = pytest.mark.skip\n" + ADD) == ["test_skipped"]
    assert told(ADD, "pytest.importorskip('numpy')\n" + ADD) == ["test_skipped"]


def test_a_mark_under_another_name() -> None:
    named = "later = pytest.mark.skip(reason='x')\n"
    found = told(named + ADD, named + ADD.replace("def test_add", "@later\ndef test_add"))
    assert found == ["test_skipped::test_add"]
    assert told(ADD, named + ADD) == []


def test_one_skip_for_another_is_no_more_skipping_but_always_is_more_than_sometimes() -> None:
    def marked(mark: str) -> str:
        return ADD.replace("def test_add", f"@pytest.mark.{mark}\ndef test_add")

    assert told(marked("skipif(OLD, reason='x')"), marked("skipif(NEW, reason='y')")) == []
    assert told(marked("skipif(OLD, reason='x')"), marked("skip")) == ["test_skipped::test_add"]
    assert told(marked("skipif(OLD, reason='x')"), marked("skipif(True, reason='x')")) == [
        "test_skipped::test_add"
    ]
    assert told(marked("skip"), ADD) == []


def test_a_new_test_that_is_skipped_takes_nothing_away() -> None:
    assert told(ADD, ADD + "\n\n@pytest.mark.skip\ndef test_new():\n    assert f() == 1\n") == []


CASES = """
@pytest.mark.parametrize("a", [1, 2, 3])
def test_it(a):
    assert work(a) == a
"""


def test_cases() -> None:
    assert told(CASES, CASES.replace("[1, 2, 3]", "[1, 2]")) == ["cases_removed::test_it"]
    assert told(CASES, CASES.replace("[1, 2, 3]", "[]")) == ["cases_removed::test_it"]
    assert told(CASES, CASES.replace("[1, 2, 3]", "[1, 2, 4]")) == []
    skipped = "[1, 2, pytest.param(3, marks=pytest.mark.skip)]"
    assert told(CASES, CASES.replace("[1, 2, 3]", skipped)) == ["test_skipped::test_it"]
    listed = CASES.replace("[1, 2, 3]", "NUMBERS")
    assert told("NUMBERS = [1, 2]\n" + listed, "NUMBERS = [1]\n" + listed) == ["cases_removed::test_it"]


REMOVED = "test_removed::test_add"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (ADD.strip(), "x = 1", [REMOVED]),
        ("def test_add", "def check_add", [REMOVED]),
        ("def test_add", "def _test_add", [REMOVED]),
        ("def test_add():\n", "if False:\n  def test_add():\n  ", [REMOVED]),
        ("assert add(1, 2) == 3\n", "assert add(1, 2) == 3\n\n\ndel test_add\n", [REMOVED]),
        ("assert add(1, 2) == 3\n", "assert add(1, 2) == 3\n\n\ntest_add = None\n", [REMOVED]),
        ("def test_add", "def test_addition", ["note test_renamed::test_add"]),
        ("assert add(1, 2) == 3\n", "assert add(1, 2) == 3\n\n\ndef test_add():\n    pass\n", [EMPTIED]),
        ("from calc", "__test__ = False\nfrom calc", [REMOVED]),
        ("def test_add", "def test_add(:", ["test_unreadable"]),
    ],
)
def test_a_test_that_is_gone(old: str, new: str, expected: list[str]) -> None:
    assert told(ADD.lstrip(), ADD.lstrip().replace(old, new)) == expected


def test_a_file_of_tests_under_a_name_that_nobody_collects() -> None:
    found = names({"tests/test_a.py": (ADD, None), "tests/a.py": (None, ADD)})
    assert found == ["test_removed:tests/test_a.py::test_add"]


def test_a_test_that_moves_to_another_file() -> None:
    found = names({"tests/test_a.py": (ADD, "x = 1\n"), "tests/test_b.py": (None, ADD)})
    assert found == ["note test_renamed:tests/test_a.py::test_add"]


def test_a_helper_that_checked_and_does_no_more() -> None:
    helper = "def check(x):\n    assert x == 1\n\n\ndef test_it():\n    check(work())\n"
    found = told(helper, helper.replace("assert x == 1", "print(x)"))
    assert found == ["test_emptied::check", "test_emptied::test_it"]


def test_lines_are_those_of_the_new_file() -> None:
    found = weakenings([FileChange("tests/test_a.py", ADD, f"# one more line\n{body('pass')}")])
    assert [(f.line, f.message) for f in found] == [(6, "tests/test_a.py::test_add checks nothing any more")]


DEEP = [
    "    if a: pass\n" + "    elif a: pass\n" * 200,
    f"    assert add(1, 2) == {'+'.join('1' * 400)}\n",
    f"    a{'.b()' * 300}\n",
    f"    a{'.b()' * 9000}\n",
]


@pytest.mark.parametrize("nested", DEEP)
def test_what_is_nested_too_deeply_to_be_compared_is_told(nested: str) -> None:
    deep = f"def test_deep():\n{nested}"
    assert told(ADD, ADD + deep) == ["test_unreadable"]
    assert told(None, deep, "tests/conftest.py") == ["test_unreadable"]
    assert told("x = 1\n", f"import sys\n{deep}", "calc.py") == ["code_hidden"]
    assert told(deep, f"{deep}\nx = 1  # noqa\n", "calc.py") == ["suppression_added::noqa (all)"]
    assert told(deep, ADD) == []


def test_helpers_that_call_each_other_in_a_long_chain_or_many_times() -> None:
    chain = "".join(f"def h{n}():\n    h{n + 1}()\n    h{n + 1}()\n\n\n" for n in range(400))
    file = f"{chain}def h400():\n    assert f() == 1\n\n\ndef test_it():\n    h390()  # last\n"
    assert told(file, file.replace("h390()  # last", "pass")) == ["test_emptied::test_it"]
