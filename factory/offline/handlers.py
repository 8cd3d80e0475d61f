"""Exception handlers that say nothing: what they are, and which of them can be made to log mechanically."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from factory.evals.dimensions.observability import CONTROL_FLOW
from factory.offline.modules import Module, stores

#: Failures of the world outside: nobody raises them to give an answer, so a trace of one is never noise.
OUTSIDE = {
    "ConnectionAbortedError",
    "ConnectionError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "EnvironmentError",
    "IOError",
    "OSError",
    "PermissionError",
}
BROAD = {"", "Exception", "BaseException"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Handler:
    """A handler whose one statement drops the exception.

    ``exceptions`` as written (empty for a bare except), ``function`` the innermost one (empty at module
    level), ``obstacle`` why logging here needs judgement (empty when it does not).
    """

    path: str
    line: int
    exceptions: tuple[str, ...]
    function: str
    obstacle: str
    node: ast.ExceptHandler

    @property
    def broad(self) -> bool:
        """Whether it takes every exception, so that what it drops may be a bug."""
        return not self.exceptions or bool(BROAD & set(self.exceptions))

    @property
    def gives_default(self) -> bool:
        """Whether it answers with a value: a way of asking, more often than an accident."""
        return isinstance(self.node.body[0], ast.Return)

    @property
    def what(self) -> str:
        """The handler in words, for a log message."""
        names = "exception" if self.broad else ", ".join(self.exceptions)
        return f"{names} ignored in {self.function or 'the module'}"


def silent_handlers(module: Module) -> list[Handler]:
    """The silent handlers of a module, in the order of their lines."""
    found = [_handler(module, node, function) for node, function in _all(module.tree, None) if _silent(node)]
    return sorted(found, key=lambda h: h.line)


def _all(node: ast.AST, function: Function | None) -> Iterator[tuple[ast.ExceptHandler, Function | None]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ExceptHandler):
            yield child, function
        inner = child if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        yield from _all(child, inner)


def _silent(node: ast.ExceptHandler) -> bool:
    """One statement that passes, leaves, or gives a default, without a look at the exception."""
    if len(node.body) != 1:
        return False
    statement = node.body[0]
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if not isinstance(statement, ast.Pass | ast.Continue | ast.Break | ast.Return):
        return False
    return not any(isinstance(n, ast.Name) and n.id == node.name for n in ast.walk(statement))


def _handler(module: Module, node: ast.ExceptHandler, function: Function | None) -> Handler:
    names = _exceptions(node.type)
    name = function.name if function else ""
    return Handler(module.path, node.lineno, names, name, _obstacle(module, node, names, function), node)


def _exceptions(kind: ast.expr | None) -> tuple[str, ...]:
    if kind is None:
        return ()
    parts = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return tuple(ast.unparse(part) for part in parts)


def _obstacle(
    module: Module, node: ast.ExceptHandler, names: tuple[str, ...], function: Function | None
) -> str:
    caught = {name.rpartition(".")[2] for name in names}
    if caught & CONTROL_FLOW:
        return f"{min(caught & CONTROL_FLOW)} is often flow control"
    if not caught & BROAD and caught - OUTSIDE:
        return f"{min(caught - OUTSIDE)} may be an answer that is expected here"
    if function and function.name == "__del__":
        return "it runs while the interpreter may be shutting down"
    logger = module.logger_name or "logger"
    if function and logger in stores(function):
        return f"the function has a {logger} of its own"
    if not module.logger and {"logger", "logging"} & _taken(module):
        return "the module uses the names logger or logging otherwise"
    if not function and (module.logger is None or node.lineno < module.logger.lineno):
        return "it runs before there is a logger"
    return ""


def _taken(module: Module) -> set[str]:
    """The names bound in a module, but for a plain import of the standard library's logging."""
    plain = {
        id(statement)
        for statement in module.tree.body
        if isinstance(statement, ast.Import)
        and any(a.name == "logging" and not a.asname for a in statement.names)
    }
    others = [s for s in module.tree.body if id(s) not in plain]
    return set(stores(ast.Module(body=others, type_ignores=[])))
