"""The Python sources of a checkout: which files count, and their syntax trees, read once."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from factory.evals.scripts import is_script

MAX_BYTES = 2_000_000
MAX_DEPTH = 100
"""How many levels a syntax tree may have that is read by recursion; what people write has fewer than 50."""

_NOT_OURS = frozenset(
    {
        "vendor",
        "_vendor",
        "vendored",
        "_vendored",
        "third_party",
        "thirdparty",
        "node_modules",
        "site-packages",
    }
)
NOT_SOURCE = frozenset({"docs", "doc", "examples", "example", "benchmarks"})
"""The top folders whose Python is beside the product."""
_TEST_DIRS = frozenset({"tests", "test", "__tests__", "__mocks__", "__snapshots__"})
NODE_TESTS = r"(?:(?:.*[._-])?test|test-.*)\.[cm]?"
"""How ``node --test`` knows a file of tests, up to the ``js`` at the end of its name."""
_TEST_FILE = re.compile(
    r"(?:test_.*|.*_test|tests|conftest)\.py|.*_test\.go|.*_(?:test|spec)\.rb"
    rf"|(?:{NODE_TESTS}|(?:.*[._-])?spec\.[cm]?)[jt]sx?"
)
_GENERATED = re.compile(r"_version\.py|.*_pb2(_grpc)?\.py")
_TOOLING = frozenset({"setup.py", "noxfile.py", "tasks.py", "fabfile.py"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """One file. ``tree`` is None where it cannot be parsed, and ``error``, ``error_line`` say why and where.

    ``statements`` is its size: the number of statements that are no bare constant (docstrings are none),
    or, where it cannot be parsed, the number of lines that are not blank.
    """

    path: str
    text: str
    tree: ast.Module | None
    statements: int
    error: str = ""
    error_line: int = 0


@dataclass(frozen=True, slots=True)
class Symbol:
    """A public function, class or method. ``name`` is dotted below its module."""

    path: str
    line: int
    name: str
    node: Function | ast.ClassDef


def is_test_file(path: str, named: Collection[str] = ()) -> bool:
    """Whether a file is a test, or lies with tests: data, helpers, settings of their own.

    Told by the folders and names that users of pytest, jest, node, go and rspec go by. A folder ``testing``
    is one of tests at the top only: inside a package it is a part of the product, for those who test what
    they make with it. In a folder ``spec`` lie tests in Ruby, and at the top in JavaScript or TypeScript;
    Python knows no such custom: a module or package of that name is one of the product. Where tests were
    measured, the files that their ids tell are ``named``, for a project may have customs of its own.
    """
    *folders, name = PurePosixPath(path).parts
    among_tests = not _TEST_DIRS.isdisjoint(folders) or folders[:1] == ["testing"]
    in_ruby = "spec" in folders and name.endswith(".rb")
    in_script = folders[:1] == ["spec"] and is_script(path)
    return among_tests or in_ruby or in_script or path in named or bool(_TEST_FILE.fullmatch(name))


def files_named(tests: Iterable[str]) -> frozenset[str]:
    """The files of Python, JavaScript and TypeScript that lie before the ``::`` of these tests' ids.

    Not sources that are checked themselves: pytest also gives an id to a doctest (``a.py::a.add``; a
    module's own is ``a.py::a``), and to what a plugin looks at (``a.py::mypy``).
    """
    split = (test.partition("::") for test in tests)
    return frozenset(path for path, _, test in split if is_script(path) or _is_python_test(path, test))


def _is_python_test(path: str, test: str) -> bool:
    function = test.partition("[")[0].rpartition("::")[2]
    named = function.startswith("test") and function.isidentifier()
    return path.endswith(".py") and named and test != PurePosixPath(path).stem


def is_source_file(path: str) -> bool:
    """Whether a path is the project's own Python source: no test, vendored, generated, docs or build file."""
    parts = PurePosixPath(path).parts
    folders = parts[:-1]
    return (
        parts[-1].endswith(".py")
        and not is_test_file(path)
        and not is_anothers(path)
        and not (folders and folders[0] in NOT_SOURCE)
        and not (not folders and parts[-1] in _TOOLING)
    )


def is_anothers(path: str) -> bool:
    """Whether a file counts as vendored or generated: part of the product, and nothing that is scored."""
    *folders, name = PurePosixPath(path).parts
    return not _NOT_OURS.isdisjoint(folders) or bool(_GENERATED.fullmatch(name))


def read_sources(root: Path, paths: Sequence[str]) -> list[Source]:
    """The source files among ``paths`` (relative, with slashes), parsed.

    Links and oversized files are left out.
    Not for use in threads: it mutes the parser's warnings for the whole process while it runs.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        files = [path for path in sorted(paths) if is_source_file(path) and _readable(root / path)]
        return [parse_source(path, (root / path).read_bytes()) for path in files]


def _readable(file: Path) -> bool:
    return file.is_file() and not file.is_symlink() and file.stat().st_size <= MAX_BYTES


def parse_source(path: str, content: bytes) -> Source:
    """One file as a ``Source``; nothing that a file may hold raises."""
    text = content.decode("utf-8", errors="replace")
    try:
        tree = ast.parse(content, filename=path)
    except SyntaxError as problem:
        return _unparsed(path, text, problem.msg, problem.lineno or 1)
    except (ValueError, RecursionError, MemoryError) as problem:
        return _unparsed(path, text, str(problem) or type(problem).__name__, 1)
    return Source(path, text, tree, sum(1 for node in ast.walk(tree) if _is_statement(node)))


def is_too_deep(tree: ast.AST) -> bool:
    """Whether a syntax tree has more than ``MAX_DEPTH`` levels, as a sum of hundreds of terms has."""
    level, depth = [tree], 0
    while level and depth <= MAX_DEPTH:
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        depth += 1
    return depth > MAX_DEPTH


def text_of(node: ast.expr) -> str:
    """An expression as text; empty where it is nested too deeply to be written."""
    try:
        return ast.unparse(node)
    except RecursionError:
        return ""


def _unparsed(path: str, text: str, error: str, line: int) -> Source:
    size = sum(1 for row in text.splitlines() if row.strip())
    return Source(path, text, None, max(size, 1), error, line)


def _is_statement(node: ast.AST) -> bool:
    constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return isinstance(node, ast.stmt) and not constant


def syntax_errors(sources: Sequence[Source]) -> list[dict[str, object]]:
    """The files that could not be parsed, for a dimension's details."""
    return [{"file": s.path, "line": s.error_line, "what": s.error} for s in sources if s.tree is None]


def public_symbols(source: Source) -> list[Symbol]:
    """The public functions and classes of a public module, and the public methods of those classes.

    Public is what has no leading underscore, in its name, its class or its module's path. Overload stubs,
    property setters and what is defined inside a function are not counted.
    """
    parts = PurePosixPath(source.path).with_suffix("").parts
    if source.tree is None or any(p.startswith("_") and p not in ("__init__", "__main__") for p in parts):
        return []
    return [Symbol(source.path, node.lineno, name, node) for name, node in _public(source.tree.body, "")]


def _public(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    left = list(reversed(body))  # no recursion: each elif is one level deeper than the last
    while left:
        node = left.pop()
        if isinstance(node, Function | ast.ClassDef):
            if node.name.startswith("_") or _is_variant(node):
                continue
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.If | ast.Try | ast.With):
            inside = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
            left += reversed(inside)


def _is_variant(node: Function | ast.ClassDef) -> bool:
    """Whether this only restates a symbol: an overload, or a property's setter or deleter."""
    names = {d.attr if isinstance(d, ast.Attribute) else getattr(d, "id", "") for d in node.decorator_list}
    return bool(names & {"overload", "setter", "deleter"})


def body_lines(node: Function) -> set[int]:
    """The first lines of the statements that run when a function is called; its docstring runs nothing."""
    statements = [child for stmt in node.body for child in ast.walk(stmt) if _is_statement(child)]
    return {child.lineno for child in statements if isinstance(child, ast.stmt)}


def is_stub(node: Function) -> bool:
    """Whether a function has nothing to run: ``...``, ``pass``, a docstring, NotImplementedError."""
    return all(_does_nothing(stmt) for stmt in node.body)


def _does_nothing(stmt: ast.stmt) -> bool:
    if isinstance(stmt, ast.Raise):
        raised = stmt.exc.func if isinstance(stmt.exc, ast.Call) else stmt.exc
        return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
    return isinstance(stmt, ast.Pass) or (isinstance(stmt, ast.Expr) and isinstance(stmt.value, ast.Constant))
