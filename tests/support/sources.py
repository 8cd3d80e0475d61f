"""The package's own sources, as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "factory"
# Not code of this program: the example project, and what runs inside the interpreter of a measured project.
EXAMPLE = "factory/example/"
PROBE = "factory/evals/probe/"
NOT_OURS = (EXAMPLE, PROBE)


@dataclass(frozen=True, slots=True)
class Module:
    """One module: its dotted name, where it lies, its tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        """Whether it is an ``__init__.py``."""
        return self.path.name == "__init__.py"

    @property
    def unit(self) -> str:
        """Its first name below ``factory``, which the table of layers speaks of; empty for ``factory``."""
        return ".".join(self.name.split(".")[1:2])


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module, where, and whether inside a function."""

    source: str
    target: str
    line: int
    late: bool


def module_name(path: Path, root: Path = ROOT) -> str:
    """The dotted name of a file below ``root``."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules(root: Path = ROOT) -> tuple[Module, ...]:
    """Every module of the package, in order of name."""
    paths = (p for p in sorted((root / PACKAGE).rglob("*.py")) if not _not_ours(p, root))
    return tuple(Module(module_name(p, root), p, ast.parse(p.read_text(encoding="utf-8"))) for p in paths)


def imports(module: Module, known: frozenset[str]) -> list[Import]:
    """What ``module`` imports; ``from a import b`` is ``a.b`` where that is one of the ``known`` modules."""
    found = []
    for node, late in _walk(module.tree):
        for target in _targets(node, module, known):
            found.append(Import(module.name, target, getattr(node, "lineno", 0), late))
    return found


def _not_ours(path: Path, root: Path) -> bool:
    return path.relative_to(root).as_posix().startswith(NOT_OURS)


def _walk(node: ast.AST, late: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        yield child, late
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _walk(child, late or inside)


def _targets(node: ast.AST, module: Module, known: frozenset[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _base(node, module)
        for alias in node.names:
            full = f"{base}.{alias.name}"
            yield full if full in known else base


def _base(node: ast.ImportFrom, module: Module) -> str:
    """The absolute name of what a ``from`` import starts at."""
    if not node.level:
        return node.module or ""
    up = node.level - (1 if module.is_package else 0)
    parts = module.name.split(".")
    return ".".join([*parts[: len(parts) - up], *([node.module] if node.module else [])])
