"""A Python module as text and as a tree, kept together so that edits stay small and exact."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from factory.evals.dimensions.sources import is_too_deep

LOGGER_MAKERS = {"getLogger", "get_logger"}


@dataclass(frozen=True, slots=True)
class Module:
    """A parsed module: its path from the root, its text with its own line ends, its tree."""

    path: str
    text: str
    tree: ast.Module
    encoding: str

    @property
    def newline(self) -> str:
        """The line end that the file uses."""
        return "\r\n" if "\r\n" in self.text else "\n"

    @property
    def logger(self) -> ast.Assign | ast.AnnAssign | None:
        """The statement at the module's top level that makes its logger."""
        statements = (s for s in self.tree.body if isinstance(s, ast.Assign | ast.AnnAssign))
        return next((s for s in statements if _makes_logger(s)), None)

    @property
    def logger_name(self) -> str:
        """The name of the module's logger, or an empty string."""
        return _target(self.logger) if self.logger else ""


def read_module(root: Path, path: str) -> Module | None:
    """Read and parse a module; None for one that is no Python text, or too deeply nested."""
    data = (root / path).read_bytes()
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError, LookupError):
        return None
    return None if is_too_deep(tree) else Module(path, text, tree, encoding)


def parse(text: str) -> ast.Module:
    """Parse a text, without the warnings that it may deserve. SyntaxError if it is no Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _makes_logger(statement: ast.Assign | ast.AnnAssign) -> bool:
    value = statement.value
    if not isinstance(value, ast.Call) or not _target(statement):
        return False
    called = value.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in LOGGER_MAKERS


def _target(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign):
        target = statement.target
    else:
        return ""
    return target.id if isinstance(target, ast.Name) else ""


def stores(tree: ast.AST) -> Iterator[str]:
    """Every name that is bound somewhere in a tree: assigned, imported, defined, or a parameter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.ExceptHandler):
            yield node.name or ""
