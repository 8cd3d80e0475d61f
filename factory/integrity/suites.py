"""The tests of one file, as pytest and unittest would collect them, with what skips them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from factory.integrity.asserting import Check, Function, checks_of, does_nothing
from factory.integrity.model import constant, dotted, tail

_COLLECTED_FILE = re.compile(r"test_.*\.py|.*_test\.py|tests?\.py")
_SKIPS = {
    **dict.fromkeys(("skip", "skipTest", "SkipTest"), "skip"),
    **dict.fromkeys(("skipif", "skipIf", "skipUnless", "importorskip"), "skipif"),
    **dict.fromkeys(("xfail", "expectedFailure"), "xfail"),
}
_SKIP_ROOTS = ("pytest", "mark", "unittest", "self", "nose")


@dataclass(frozen=True)
class Test:
    """One test. ``cases`` are the arguments of its parametrisations that are written out, by their names."""

    __test__ = False  # for pytest, which takes a class of this name for a test

    name: str
    line: int
    body: str
    checks: list[Check]
    empty: bool
    cases: Mapping[str, list[str]]

    @property
    def key(self) -> str:
        """The test's own name, without its class."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class Suite:
    """A file of tests: those that are collected, other functions, and what skips.

    ``skips`` are counted by place (empty: the whole file, a class, a test) and kind.
    """

    path: str
    tests: dict[str, Test] = field(default_factory=dict)
    helpers: dict[str, Test] = field(default_factory=dict)
    skips: Counter[tuple[str, str]] = field(default_factory=Counter)
    lines: dict[str, int] = field(default_factory=dict)

    @property
    def everything(self) -> dict[str, Test]:
        """Tests and helpers."""
        return {**self.helpers, **self.tests}


def read_suite(path: str, tree: ast.Module | None, *, runs: bool = False) -> Suite:
    """The tests of a file; none where there is no tree. ``runs``: they were seen to be collected."""
    suite = Suite(path)
    if tree is None:
        return suite
    named = runs or bool(_COLLECTED_FILE.fullmatch(PurePosixPath(path).name))
    collected = named and not _opted_out(tree.body)
    _Reader(suite, tree).scope(tree.body, "", collected)
    for node in _without_functions(tree.body):
        _count_skips(suite, "", node)
    return suite


class _Reader:
    """Reads the definitions of a module into a suite."""

    def __init__(self, suite: Suite, tree: ast.Module) -> None:
        self.suite = suite
        self.functions = {node.name: node for node in ast.walk(tree) if isinstance(node, Function)}
        self.constants = _literals(tree)
        self.marks = _named_marks(tree)

    def scope(self, body: Iterable[ast.stmt], prefix: str, collected: bool) -> None:
        """Read the definitions of a module or class; a later one of a name takes an earlier's place."""
        for node in _reachable(body):
            if isinstance(node, Function):
                self.function(node, prefix, collected)
            elif isinstance(node, ast.ClassDef):
                self.type(node, prefix, collected)
            elif isinstance(node, ast.Delete | ast.Assign):
                for target in node.targets:
                    self.suite.tests.pop(f"{prefix}{getattr(target, 'id', '')}", None)

    def type(self, node: ast.ClassDef, prefix: str, collected: bool) -> None:
        """A class: of tests by its name, or because it derives from something (a TestCase, a mixin)."""
        name = f"{prefix}{node.name}"
        tests = node.name.startswith("Test") or bool(node.bases)
        self.suite.lines[name] = node.lineno
        for decorator in node.decorator_list:
            self.skips(name, decorator)
        self.scope(node.body, f"{name}.", collected and tests and not _opted_out(node.body))

    def function(self, node: Function, prefix: str, collected: bool) -> None:
        """A function: a test by its name where tests are collected, else a helper."""
        name = f"{prefix}{node.name}"
        checks = checks_of(node, self.functions)
        test = Test(name, node.lineno, _body(node), checks, does_nothing(node), dict(self.cases(node)))
        self.suite.lines[name] = node.lineno
        is_test = collected and node.name.startswith("test") and not _is_fixture(node)
        if is_test:
            self.suite.helpers.pop(name, None)
            self.suite.tests[name] = test
        else:
            self.suite.helpers[name] = test
        for part in (*node.decorator_list, *node.body):
            self.skips(name, part)

    def skips(self, name: str, node: ast.AST) -> None:
        """Count what skips in a decorator or a statement; a decorator may be a mark under another name."""
        if isinstance(node, ast.Name) and node.id in self.marks:
            self.suite.skips[name, self.marks[node.id]] += 1
        elif isinstance(node, ast.Name | ast.Call) and not _kind(node) and tail(node).startswith("skip"):
            self.suite.skips[name, "skipif"] += 1
        else:
            _count_skips(self.suite, name, node)

    def cases(self, node: Function) -> Iterator[tuple[str, list[str]]]:
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and tail(decorator) == "parametrize" and decorator.args[1:]:
                values = decorator.args[1]
                written = self.constants.get(values.id) if isinstance(values, ast.Name) else values
                if isinstance(written, ast.List | ast.Tuple) and not _starred(written):
                    yield ast.unparse(decorator.args[0]), [ast.unparse(item) for item in written.elts]


def _starred(node: ast.List | ast.Tuple) -> bool:
    return any(isinstance(item, ast.Starred) for item in node.elts)


def _body(node: Function) -> str:
    """What a test does, without its name, its decorators and its docstring."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return "\n".join(map(ast.unparse, body))


def _is_fixture(node: Function) -> bool:
    return any(tail(decorator) == "fixture" for decorator in node.decorator_list)


def _reachable(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a scope, those under a condition included, but for a condition that never holds."""
    for node in body:
        yield node
        if isinstance(node, ast.If):
            known = constant(node.test)
            yield from _reachable(node.body if not known or known[0] else [])
            yield from _reachable(node.orelse if not known or not known[0] else [])
        elif isinstance(node, ast.Try):
            blocks = (node.body, *(handler.body for handler in node.handlers), node.orelse, node.finalbody)
            yield from (inner for block in blocks for inner in _reachable(block))
        elif isinstance(node, ast.With):
            yield from _reachable(node.body)


def _without_functions(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """What runs at import and may skip the file; a mark that only gets a name skips nothing yet."""
    for node in body:
        named = isinstance(node, ast.Assign) and [tail(target) for target in node.targets] != ["pytestmark"]
        if not named and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node


def _opted_out(body: Iterable[ast.stmt]) -> bool:
    """Whether a module or class says ``__test__ = False``."""
    return any(
        isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == "__test__" for t in node.targets)
        and constant(node.value) == (False,)
        for node in body
    )


def _literals(tree: ast.Module) -> dict[str, ast.expr]:
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _named_marks(tree: ast.Module) -> dict[str, str]:
    """Module-level names that stand for a mark that skips: ``windows = pytest.mark.skipif(…)``."""
    return {name: kind for name, value in _literals(tree).items() if (kind := _kind(value))}


def _kind(node: ast.AST) -> str:
    """Which kind of skip an expression is; empty for none."""
    if not isinstance(node, ast.Name | ast.Attribute | ast.Call):
        return ""
    root, _, name = dotted(node).rpartition(".")
    kind = _SKIPS.get(name, "")
    if not kind or (root and root.split(".")[-1] not in _SKIP_ROOTS):
        return ""
    if isinstance(node, ast.Call) and kind == "skipif" and node.args:
        known = constant(node.args[0]) if name != "importorskip" else ()
        wanted = name != "skipUnless"
        if known and bool(known[0]) is wanted and not isinstance(known[0], str):
            return "skip"
    if isinstance(node, ast.Call) and kind == "xfail" and _never(node):
        return ""
    return kind


def _never(call: ast.Call) -> bool:
    return bool(call.args) and constant(call.args[0]) == (False,)


def _count_skips(suite: Suite, place: str, node: ast.AST) -> None:
    """Count the skips anywhere in a node; a mark that is called counts once."""
    kind = _kind(node)
    # `pytestmark = NAME` and a bare name elsewhere are no skip of themselves.
    if kind and not (isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)):
        suite.skips[place, kind] += 1
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.alias):
            continue
        _count_skips(suite, place, child)
