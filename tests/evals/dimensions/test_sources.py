"""Which files count as sources, their size, and their public symbols."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.evals.dimensions.sources import (
    files_named,
    is_source_file,
    is_test_file,
    parse_source,
    public_symbols,
    read_sources,
)


@pytest.mark.parametrize(
    "path",
    [
        "src/a.py",
        "src/a/testing/b.py",
        "a.py",
        "pkg/sub/b.py",
        "build/main.py",
        "pkg/contest.py",
        "pkg/docs/a.py",
        "latest/a.py",
    ],
)
def test_sources(path: str) -> None:
    assert is_source_file(path)


@pytest.mark.parametrize(
    "path",
    [
        "tests/a.py",
        "pkg/tests/a.py",
        "test_a.py",
        "pkg/a_test.py",
        "conftest.py",
        "pkg/_vendor/x.py",
        "node_modules/a.py",
        "docs/conf.py",
        "pkg/_version.py",
        "api_pb2.py",
        "setup.py",
        "a.txt",
        "a.pyi",
    ],
)
def test_no_sources(path: str) -> None:
    assert not is_source_file(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/test_a.py", True),
        ("tests/data/table.json", True),
        ("calc/tests/helpers.py", True),
        ("calc/attests/helpers.py", False),
        ("testing/helpers.py", True),
        ("testing.py", False),
        ("calc/testing/tools.py", False),
        ("calc/testing/test_tools.py", True),
        ("conftest.py", True),
        ("calc/sums_test.go", True),
        ("calc/latest.go", False),
        ("lib/sums_spec.rb", True),
        ("lib/sums_test.rb", True),
        ("gems/a/spec/support/helpers.rb", True),
        ("spec/helpers/tools.js", True),
        ("src/spec/parse.ts", False),
        ("spec/api.yaml", False),
        ("spec/parse.py", False),
        ("calc/spec/parse.py", False),
        ("calc/spec.py", False),
        ("calc/sums_spec.py", False),
        ("calc/spec.rb", False),
        ("test.js", True),
        ("src/test.ts", True),
        ("test-sums.mjs", True),
        ("src/spec.js", True),
        ("src/sums.spec.tsx", True),
        ("src/contest.js", False),
        ("src/latest-sums.js", False),
        ("calc/sums.py", False),
    ],
)
def test_what_belongs_to_tests(path: str, expected: bool) -> None:
    assert is_test_file(path) is expected


def test_files_that_the_ids_of_tests_name() -> None:
    tests = [
        "checks/check_sums.py::test_add[1.5]",
        "checks/check_boxes.py::TestBox::test_two",
        "src/adds.js::adds 1.5",
        "calc/sums.py::calc.sums.test_add",
        "calc/boxes.py::mypy",
        "calc/trees.py",
        "README.rst::README.rst",
        "test::adds",
        "testutils.py::testutils",
    ]
    files = files_named(tests)
    assert files == {"checks/check_sums.py", "checks/check_boxes.py", "src/adds.js"}
    assert is_test_file("checks/check_sums.py", files)
    assert not is_test_file("checks/check_sums.py")


def test_size_is_in_statements_and_does_not_depend_on_format_or_docstrings() -> None:
    plain = parse_source("a.py", b"def f(a, b):\n    return g(a, b)\n")
    wrapped = parse_source(
        "a.py",
        b'"""Doc."""\ndef f(\n    a,\n    b,\n):\n    """Doc."""\n    return g(\n        a, b\n    )\n',
    )
    assert plain.statements == wrapped.statements == 2


@given(st.binary(max_size=200))
def test_no_content_of_a_file_raises(content: bytes) -> None:
    source = parse_source("a.py", content)
    assert (source.tree is None) == bool(source.error)
    assert public_symbols(source) == [] or source.tree is not None


@pytest.mark.parametrize("content", [b"x = (" * 300, b"a\x00b", b"\xff\xfe = 1", b"def f(:\n", b"(" * 5000])
def test_what_cannot_be_parsed_is_an_error_with_a_size(content: bytes) -> None:
    source = parse_source("a.py", content)
    assert source.tree is None
    assert source.error
    assert source.statements >= 1


def test_public_symbols() -> None:
    text = """
import typing
class Public:
    def method(self): return 1
    def _private(self): return 1
    def __init__(self): self.x = 1
    @property
    def value(self): return 1
    @value.setter
    def value(self, v): self.x = v
class _Hidden:
    def method(self): return 1
if typing.TYPE_CHECKING:
    def conditional(): return 1
else:
    async def waiting():
        def inner(): return 1
@typing.overload
def over(a: int) -> int: ...
def over(a): return a
"""
    names = [s.name for s in public_symbols(parse_source("pkg/__init__.py", text.encode()))]
    assert names == ["Public", "Public.method", "Public.value", "conditional", "waiting", "over"]
    assert public_symbols(parse_source("pkg/_internal/a.py", text.encode())) == []


def test_links_and_missing_files_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").symlink_to("/etc/hostname")
    assert [s.path for s in read_sources(tmp_path, ["a.py", "b.py", "gone.py"])] == ["a.py"]


def test_public_symbols_behind_a_thousand_conditions() -> None:
    text = "if a: pass\n" + "elif a:\n    def f(): pass\n" * 1500
    assert len(public_symbols(parse_source("a.py", text.encode()))) == 1500
