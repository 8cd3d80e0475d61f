"""What a test checks: the assertions that its run can reach, and how much each demands."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from factory.integrity.model import constant, dotted, tail

Function = ast.FunctionDef | ast.AsyncFunctionDef
Helpers = Mapping[str, Function]

EXACT, PARTIAL, WEAK, TRIVIAL = 3, 2, 1, 0

_CHECKING = re.compile(
    r"(assert|check|verify|expect|ensure|should|must)(_\w*|[A-Z]\w*)?|fail|raises|warns|RaisesGroup|deprecated_call"
)
_ANY_ERROR = frozenset({"Exception", "BaseException"})
_SWALLOWED = _ANY_ERROR | {"AssertionError"}
_UNITTEST = {
    **dict.fromkeys(("assertEqual", "assertEquals", "assertIs", "assertIsNone", "assertListEqual"), EXACT),
    **dict.fromkeys(("assertDictEqual", "assertTupleEqual", "assertSetEqual", "assertMultiLineEqual"), EXACT),
    **dict.fromkeys(("assertTrue", "assertFalse", "assertIsNotNone", "assertNotEqual"), WEAK),
    **dict.fromkeys(("assertIsInstance", "assertIsNot"), WEAK),
}
_COMPARING: Mapping[str, ast.cmpop] = {
    **dict.fromkeys(("assertEqual", "assertEquals"), ast.Eq()),
    "assertIn": ast.In(),
}
_TOLERANCES = {
    **dict.fromkeys(("rel", "abs", "rtol", "atol", "delta", "rel_tol", "abs_tol"), 1),
    **dict.fromkeys(("places", "decimal", "significant"), -1),
}
APPROX = 1e-6
"""How near is near enough for ``pytest.approx`` where it is not said."""
_TOLERANT = re.compile(rf"approx\(|\b(?:{'|'.join(_TOLERANCES)})=")
_ANYTHING = frozenset({"ANY", "mock.ANY", "unittest.mock.ANY"})
_TRANSPARENT = frozenset(
    {"len", "bool", "str", "repr", "list", "tuple", "set", "sorted", "type", "isinstance"}
)


class Check(NamedTuple):
    """One check. ``text`` is its normalised source, ``strength`` how much it demands (0 nothing, 3 a value).

    ``subjects`` are the expressions that it is about; ``loose`` the sum of its tolerances, and ``shape`` its
    text without them and without ``approx``. ``repeated``: it is inside a loop, so it stands for many.
    """

    text: str
    strength: int
    subjects: frozenset[str]
    line: int
    repeated: bool
    shape: str
    loose: float


@dataclass
class _Walk:
    """A walk over what a function's run can reach."""

    helpers: Helpers
    nested: dict[str, Function]
    found: list[Check]
    known: dict[Function, list[Check]]
    repeated: bool = False

    def block(self, body: Iterable[ast.stmt]) -> bool:
        """Read statements in order; returns whether the end of the block is reached."""
        return all(self.statement(stmt) for stmt in body)

    def statement(self, stmt: ast.stmt) -> bool:
        match stmt:
            case ast.Assert(test=test):
                self.found += _of_expression(test, stmt.lineno, self.repeated)
                self.calls(test)
            case ast.If():
                return self.branch(stmt)
            case ast.For() | ast.AsyncFor() | ast.While():
                self.loop(stmt)
            case ast.Try() | ast.TryStar():
                return self.attempt(stmt)
            case ast.With() | ast.AsyncWith():
                return self.context(stmt)
            case ast.Match():
                for case in stmt.cases:
                    self.block(case.body)
            case ast.Return() | ast.Continue() | ast.Break():
                self.calls(stmt)
                return False
            case ast.Raise():
                if stmt.exc is not None and tail(stmt.exc) == "AssertionError":
                    self.add("raise AssertionError", PARTIAL, (), stmt.lineno)
                return False
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                pass
            case _:
                self.calls(stmt)
                return not _ends_test(stmt)
        return True

    def branch(self, stmt: ast.If) -> bool:
        known = constant(stmt.test)
        self.calls(stmt.test)
        ends = []
        if not known or known[0]:
            ends.append(self.block(stmt.body))
        if not known or not known[0]:
            ends.append(self.block(stmt.orelse))
        return any(ends)

    def loop(self, stmt: ast.For | ast.AsyncFor | ast.While) -> None:
        over = constant(stmt.test if isinstance(stmt, ast.While) else stmt.iter)
        outer, self.repeated = self.repeated, True
        if not over or over[0]:
            self.block(stmt.body)
        self.repeated = outer
        self.block(stmt.orelse)

    def attempt(self, stmt: ast.Try | ast.TryStar) -> bool:
        """A ``try`` whose handler takes a failed assertion and says nothing checks nothing inside."""
        inside = self.aside(stmt.body)
        if not any(_swallows(handler) for handler in stmt.handlers):
            self.found += inside
        for handler in stmt.handlers:
            self.block(handler.body)
        self.block(stmt.orelse)
        return self.block(stmt.finalbody)

    def context(self, stmt: ast.With | ast.AsyncWith) -> bool:
        for item in stmt.items:
            self.calls(item.context_expr)
        if any(_suppresses(item.context_expr) for item in stmt.items):
            return True
        # What ends the block may be what is expected of it: pytest.raises, a context manager that returns.
        self.block(stmt.body)
        return True

    def aside(self, body: Iterable[ast.stmt]) -> list[Check]:
        kept, self.found = self.found, []
        self.block(body)
        found, self.found = self.found, kept
        return found

    def calls(self, node: ast.AST) -> None:
        """The checks that are made by calling something, anywhere in an expression or a simple statement."""
        for call in _calls_in(node):
            name = tail(call.func)
            if name in self.helpers and name not in self.nested:
                if inner := self.inside(self.helpers[name]):
                    self.add(ast.unparse(call), max(c.strength for c in inner), (), call.lineno)
            elif _CHECKING.fullmatch(name):
                self.found.append(_of_call(call, name, self.repeated))
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and part.id in self.nested:
                self.found += self.inside(self.nested.pop(part.id))

    def inside(self, function: Function) -> list[Check]:
        """What another function checks that is called here, or handed to something that calls it."""
        if function not in self.known:
            self.known[function] = []  # for itself, where it calls itself
            with contextlib.suppress(RecursionError):  # a chain that long is followed as far as it goes
                self.known[function] = checks_of(function, self.helpers, self.known)
        return self.known[function]

    def add(self, text: str, strength: int, subjects: Iterable[str], line: int) -> None:
        self.found.append(Check(text, strength, frozenset(subjects), line, self.repeated, text, 0.0))


def checks_of(
    function: Function, helpers: Helpers, known: dict[Function, list[Check]] | None = None
) -> list[Check]:
    """The checks that a run of ``function`` can reach, in order.

    ``helpers`` are the functions of the same file by name: calling one that checks something is a check. The
    checks of a function inside count as its own, where it is used. Each function is read once, and ``known``
    are those that have been.
    """
    nested = {node.name: node for node in ast.walk(function) if isinstance(node, Function)}
    nested.pop(function.name, None)
    walk = _Walk({**helpers, **nested}, nested, [], {function: []} if known is None else known)
    walk.block(function.body)
    return walk.found


def does_nothing(function: Function) -> bool:
    """Whether there is nothing in a function but constants, ``pass`` and ``return``."""
    return all(
        isinstance(stmt, ast.Pass)
        or (isinstance(stmt, ast.Expr) and isinstance(stmt.value, ast.Constant))
        or (isinstance(stmt, ast.Return) and (stmt.value is None or isinstance(stmt.value, ast.Constant)))
        or (isinstance(stmt, ast.Assert) and bool(constant(stmt.test)))
        for stmt in function.body
    )


def _calls_in(node: ast.AST) -> Iterator[ast.Call]:
    """Calls in an expression, but not in a function that is only defined there."""
    if isinstance(node, ast.Call):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _calls_in(child)


def _ends_test(stmt: ast.stmt) -> bool:
    call = stmt.value if isinstance(stmt, ast.Expr) else None
    return isinstance(call, ast.Call) and dotted(call.func) in (
        "pytest.skip", "pytest.xfail", "pytest.fail", "pytest.exit", "self.skipTest", "self.fail", "skip",
    )  # fmt: skip


def _swallows(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    takes = any(kind is None or tail(kind) in _SWALLOWED for kind in kinds)
    speaks = any(
        isinstance(node, ast.Raise | ast.Assert)
        or (isinstance(node, ast.Call) and bool(_CHECKING.fullmatch(tail(node.func))))
        for stmt in handler.body
        for node in ast.walk(stmt)
    )
    return takes and not speaks


def _suppresses(context: ast.expr) -> bool:
    return (
        isinstance(context, ast.Call)
        and tail(context.func) == "suppress"
        and any(tail(kind) in _SWALLOWED for kind in context.args)
    )


def _of_expression(test: ast.expr, line: int, repeated: bool) -> list[Check]:
    """The checks of one asserted expression: each operand of an ``and`` is one."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return [check for part in test.values for check in _of_expression(part, line, repeated)]
    return [_check(test, _strength(test), _subjects(test), line, repeated)]


def _of_call(call: ast.Call, name: str, repeated: bool) -> Check:
    line = call.lineno
    if name in ("raises", "warns", "assertRaises", "assertRaisesRegex", "assertWarns"):
        return _check(call, _strength_of_raises(call), {"raises"}, line, repeated)
    if name in ("assertTrue", "assert_", "assertFalse") and call.args:
        strength = _strength(call.args[0])
        return _check(call, strength, _subjects(call.args[0]), line, repeated)
    same = len(call.args) > 1 and ast.dump(call.args[0]) == ast.dump(call.args[1])
    literal = bool(call.args) and all(constant(arg) for arg in call.args[:2])
    strength = TRIVIAL if name in _UNITTEST and (same or literal) else _UNITTEST.get(name, PARTIAL)
    if name in _COMPARING and len(call.args) > 1:
        strength = min(strength, _strength_of_comparison(call.args[0], _COMPARING[name], call.args[1]))
    subjects = {s for arg in call.args[:2] if not constant(arg) for s in _subjects(arg)}
    if isinstance(call.func, ast.Attribute) and not subjects and dotted(call.func.value) != "self":
        subjects = {ast.unparse(call.func.value)}
    return _check(call, strength, subjects, line, repeated)


def _check(node: ast.expr, strength: int, subjects: Iterable[str], line: int, repeated: bool) -> Check:
    shape, loose = _tolerances(node)
    return Check(ast.unparse(node), strength, frozenset(subjects), line, repeated, shape, loose)


def _strength_of_raises(call: ast.Call) -> int:
    kinds = call.args[0].elts if call.args and isinstance(call.args[0], ast.Tuple) else call.args[:1]
    if not kinds or any(tail(kind) in _ANY_ERROR for kind in kinds):
        return WEAK
    matched = any(k.arg == "match" for k in call.keywords) or tail(call.func) == "assertRaisesRegex"
    return EXACT if matched else PARTIAL


def _strength(test: ast.expr) -> int:
    """How much an asserted expression demands."""
    known = constant(test)
    if known:
        return TRIVIAL if known[0] else EXACT
    match test:
        case ast.Tuple(elts=[_, *_]) | ast.List(elts=[_, *_]):
            return TRIVIAL  # a tuple with something in it is always true
        case ast.BoolOp(op=ast.Or(), values=values):
            return min(WEAK, *map(_strength, values))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return WEAK if not isinstance(operand, ast.Compare) else PARTIAL
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _strength_of_comparison(left, op, right)
        case ast.Compare():
            return PARTIAL
        case ast.Call() if tail(test.func) == "isinstance" and len(test.args) > 1:
            return TRIVIAL if tail(test.args[1]) == "object" else WEAK
        case ast.Call() if tail(test.func) in ("all", "any", "isclose", "allclose", "array_equal", "equals"):
            return PARTIAL
    return WEAK


def _strength_of_comparison(left: ast.expr, op: ast.cmpop, right: ast.expr) -> int:
    if isinstance(op, ast.Eq | ast.Is | ast.LtE | ast.GtE) and ast.dump(left) == ast.dump(right):
        return TRIVIAL
    if isinstance(op, ast.Eq) and (_equals_anything(left) or _equals_anything(right)):
        return TRIVIAL
    if isinstance(op, ast.In) and not constant(left) and len(getattr(right, "elts", "ab")) > 1:
        return WEAK
    if isinstance(op, ast.GtE) and _is_len(left) and constant(right) == (0,):
        return TRIVIAL
    if isinstance(op, ast.Eq | ast.Is):
        return EXACT
    return WEAK if isinstance(op, ast.NotEq | ast.IsNot) else PARTIAL


def _equals_anything(node: ast.expr) -> bool:
    return isinstance(node, ast.Name | ast.Attribute) and dotted(node) in _ANYTHING


def _is_len(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func) == "len"


def _subjects(test: ast.expr) -> frozenset[str]:
    """What an expression is about: the sides of a comparison that are no literals, and what they wrap."""
    match test:
        case ast.Compare(left=left, comparators=rights):
            sides = [side for side in (left, *rights) if not constant(side)]
            return frozenset(s for side in sides for s in _unwrapped(side))
        case ast.UnaryOp(operand=operand):
            return _subjects(operand)
        case ast.BoolOp(values=values):
            return frozenset(s for value in values for s in _subjects(value))
    return frozenset(_unwrapped(test))


def _unwrapped(node: ast.expr) -> Iterator[str]:
    yield ast.unparse(node)
    if isinstance(node, ast.Call) and tail(node.func) in _TRANSPARENT and node.args:
        yield from _unwrapped(node.args[0])
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield ast.unparse(node.func.value)


def _tolerances(node: ast.expr) -> tuple[str, float]:
    """The text without the numbers that say how near is near enough, and those, larger is looser."""
    text = ast.unparse(node)
    if not _TOLERANT.search(text):
        return text, 0.0
    taken = _Tolerances()
    return ast.unparse(taken.visit(ast.parse(text, mode="eval"))), taken.loose


class _Tolerances(ast.NodeTransformer):
    """Takes out the numbers that say how near is near enough, and adds them up; ``approx(x)`` is ``x``."""

    loose = 0.0

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if tail(node.func) == "approx" and node.args:
            given = [*node.args[1:], *(k.value for k in node.keywords if k.arg in ("rel", "abs"))]
            numbers = [number for value in given for number in _number(value)]
            if len(numbers) < len(given):
                return node
            self.loose += sum(numbers) if given else APPROX
            return node.args[0]
        for keyword in node.keywords:
            if keyword.arg in _TOLERANCES and (number := _number(keyword.value)):
                self.loose += _TOLERANCES[keyword.arg] * number[0]
                keyword.value = ast.Name("tolerance")
        return node


def _number(node: ast.expr) -> list[float]:
    value = constant(node)
    return [float(value[0])] if value and isinstance(value[0], int | float) else []
