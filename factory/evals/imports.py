"""What a statement of a Python file imports, by dotted names from the project's root or the import path."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath


def imported(path: str, node: ast.AST) -> Iterator[str]:
    """The modules that a statement of the file at ``path`` imports, and what it takes from them, which may be
    modules too. Relative names are resolved by the path.
    """
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = PurePosixPath(path).parts[: -node.level] if node.level else ()
        module = [*package, *([node.module] if node.module else [])]
        names = (".".join([*module, *taken]) for taken in ([], *([alias.name] for alias in node.names)))
        yield from filter(None, names)
