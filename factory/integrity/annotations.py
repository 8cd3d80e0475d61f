"""Annotations that a change takes away: of types that are not said, a type checker says nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from factory.integrity.asserting import Function
from factory.integrity.model import FileChange, Weakening

_HOLDING = (ast.stmt, ast.ExceptHandler, ast.match_case)
RETURNED = "return"
"""How what a function returns is named beside its parameters; no parameter can have that name."""


def removed_annotations(change: FileChange) -> Iterator[Weakening]:
    """The functions that still have a parameter, or return something, and no longer say of what type.

    Of several definitions of one name (overloads, one for each platform) all count as one function.
    """
    if change.old is None or change.new is None:
        return
    before, after = _functions(change.old), _functions(change.new)
    for name in sorted(before.keys() & after.keys()):
        told, still = (_annotated(definitions) for definitions in (before[name], after[name]))
        bare = [part for part, has in still.items() if not has and told.get(part)]
        if bare:
            said = f"{change.path}::{name} no longer says the types of {', '.join(bare[:5])}"
            yield Weakening("annotation_removed", change.path, after[name][-1].lineno, name, said)


def _functions(tree: ast.Module) -> dict[str, list[Function]]:
    """The functions of a module by dotted name: methods, those inside others, those under a condition."""
    found: dict[str, list[Function]] = {}
    left: list[tuple[str, ast.AST]] = [("", tree)]  # no recursion: each elif is one level deeper
    while left:
        inside, node = left.pop()
        if isinstance(node, Function):
            found.setdefault(f"{inside}{node.name}", []).append(node)
        within = f"{inside}{node.name}." if isinstance(node, Function | ast.ClassDef) else inside
        parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, _HOLDING)]
        left += [(within, part) for part in reversed(parts)]
    return found


def _annotated(definitions: Sequence[Function]) -> dict[str, bool]:
    """The parameters of a function and what it returns, and whether their types are said anywhere."""
    found: dict[str, bool] = {}
    for node in definitions:
        given = node.args
        every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
        parts = [(part.arg, part.annotation) for part in every if part is not None]
        if node.name != "__init__":  # which returns nothing, said or not
            parts.append((RETURNED, node.returns))
        for name, annotation in parts:
            found[name] = found.get(name, False) or annotation is not None
    return found
