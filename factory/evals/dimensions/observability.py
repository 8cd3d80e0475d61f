"""``observability``: whether what goes wrong leaves a trace."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from factory.evals.dimensions import PLACES_SHOWN, place, scored
from factory.evals.dimensions.sources import Source, syntax_errors, text_of
from factory.models import DimensionScore

HANDLER_WEIGHT = 0.7
MODULE_WEIGHT = 0.3

_LEVELS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log"})
_TELLING = frozenset(
    {"warn", "print_exc", "print_exception", "exit", "_exit", "abort", "exc_info", "format_exc"}
)
_LOGGERS = frozenset({"getLogger", "get_logger"})

#: What is raised in the ordinary course of things: the end of an iteration, a lookup or a conversion that is
#: tried to see whether it works, an optional dependency. Catching one of these by name is an ``if``.
CONTROL_FLOW = frozenset(
    {
        "ArithmeticError", "AttributeError", "BlockingIOError", "CancelledError", "Empty", "EOFError",
        "FileExistsError", "FileNotFoundError", "Full", "GeneratorExit", "ImportError", "IndexError",
        "InterruptedError", "KeyError", "KeyboardInterrupt", "LookupError", "ModuleNotFoundError",
        "NameError", "NotImplementedError", "OverflowError", "ProcessLookupError", "StopAsyncIteration",
        "StopIteration", "SystemExit", "TypeError", "UnicodeDecodeError", "UnicodeEncodeError",
        "UnicodeError", "ValueError", "ZeroDivisionError",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Handler:
    """An ``except`` clause or a ``suppress``, and whether the exception leaves no trace in it."""

    path: str
    line: int
    how: str
    silent: bool


def score(sources: Sequence[Source]) -> DimensionScore:
    """``0.7 h + 0.3 m``; nothing to look at where no source handles an exception.

    h: the share of ``except`` clauses that log, raise, warn, end the program or hand the caught exception
    on; ``contextlib.suppress`` is one that does not. m: of the modules that have such clauses, the share that
    have a logger or no silent clause. Clauses for what is control flow rather than failure (StopIteration,
    KeyError, ValueError, …) are not counted. Its problems are what lowers either: silent clauses, and the
    modules that have one and no logger.
    """
    handlers = {s.path: find_handlers(s) for s in sources}
    every = [handler for found in handlers.values() for handler in found]
    silent = [handler for handler in every if handler.silent]
    watched = [s for s in sources if handlers[s.path]]
    dark = [s for s in watched if any(h.silent for h in handlers[s.path]) and not has_logger(s)]
    return scored(
        "observability",
        _share(every, silent) * HANDLER_WEIGHT + _share(watched, dark) * MODULE_WEIGHT if every else None,
        "share",
        problems=len(silent) + len(dark),
        handlers=len(every),
        places=[place(h.path, h.line, f"silent {h.how}") for h in silent[:PLACES_SHOWN]],
        modules_without_logger=[s.path for s in dark[:PLACES_SHOWN]],
        modules_with_logger=sum(1 for s in sources if has_logger(s)),
        syntax_errors=syntax_errors(sources),
    )


def _share(every: Sequence[object], bad: Sequence[object]) -> float:
    return (len(every) - len(bad)) / len(every)


def find_handlers(source: Source) -> list[Handler]:
    """The ``except`` clauses and ``suppress`` calls of a source that count, in the order of its lines."""
    nodes = list(ast.walk(source.tree or ast.Module([], [])))
    found = [_handler(source.path, n) for n in nodes if isinstance(n, ast.ExceptHandler) and _counts(n)]
    suppress = _names_of_suppress(nodes)
    calls = [n for n in nodes if isinstance(n, ast.Call) and n.args] if suppress else []
    found += [
        Handler(source.path, call.lineno, text_of(call), silent=True)
        for call in calls
        if text_of(call.func) in suppress and not _names(call.args) <= CONTROL_FLOW
    ]
    return sorted(found, key=lambda handler: handler.line)


def _handler(path: str, node: ast.ExceptHandler) -> Handler:
    how = f"except {text_of(node.type) if node.type else ''}".rstrip()
    return Handler(path, node.lineno, how, not _leaves_trace(node))


def _counts(node: ast.ExceptHandler) -> bool:
    types = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type] if node.type else []
    return not types or not _names(types) <= CONTROL_FLOW


def _names(types: Sequence[ast.expr]) -> set[str]:
    """The exceptions by their last names; ``?`` for one that is computed."""
    return {t.attr if isinstance(t, ast.Attribute) else getattr(t, "id", "?") for t in types}


def _names_of_suppress(nodes: Sequence[ast.AST]) -> set[str]:
    """What ``contextlib.suppress`` is called where these nodes are."""
    named = {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "contextlib"
        for alias in node.names
        if alias.name == "suppress"
    }
    modules = {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == "contextlib"
    }
    return named | {f"{module}.suppress" for module in modules}


def _leaves_trace(handler: ast.ExceptHandler) -> bool:
    return any(
        isinstance(node, ast.Raise)
        or (isinstance(node, ast.Call) and _tells(node))
        or (handler.name is not None and _hands_on(node, handler.name))
        for node in _own_nodes(handler.body)
    )


def _own_nodes(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """What runs when a body runs; a function that is only defined there does not."""
    for stmt in body:
        if not isinstance(stmt, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from ast.walk(stmt)


def _tells(call: ast.Call) -> bool:
    """Whether a call reports: a logger's method, a warning, the traceback taken up, the program's end."""
    if isinstance(call.func, ast.Name):
        return call.func.id in ("exit", "quit", "print_exc", "warn", "exc_info", "format_exc")
    if not isinstance(call.func, ast.Attribute):
        return False
    return call.func.attr in _TELLING or (
        call.func.attr in _LEVELS and "log" in text_of(call.func.value).lower()
    )


def _hands_on(node: ast.AST, name: str) -> bool:
    """Whether the caught exception itself goes somewhere: returned, yielded, passed to a call or stored."""
    carriers = ast.Return | ast.Yield | ast.Call | ast.Assign | ast.AnnAssign | ast.Dict
    if not isinstance(node, carriers):
        return False
    discarded = isinstance(node, ast.Assign) and all(getattr(t, "id", "") == "_" for t in node.targets)
    return not discarded and any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


def has_logger(source: Source) -> bool:
    """Whether a module makes itself a logger, or calls a logging library's module-level functions."""
    return source.tree is not None and any(_is_logging(node) for node in ast.walk(source.tree))


def _is_logging(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "loguru" or any(alias.name in ("logger", "log") for alias in node.names)
    if not isinstance(node, ast.Call):
        return False
    func = node.func
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    owner = getattr(func.value, "id", "") if isinstance(func, ast.Attribute) else ""
    return name in _LOGGERS or (owner == "logging" and name in _LEVELS)
