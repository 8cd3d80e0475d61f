"""Code that a change takes out of sight of what measures it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath

from factory.evals.dimensions.sources import is_source_file, is_stub, is_test_file
from factory.integrity.asserting import Function
from factory.integrity.model import FileChange, Weakening


def hidden_code(changes: Sequence[FileChange], files: Collection[str]) -> Iterator[Weakening]:
    """What was measured before, and is now where nothing is; ``files`` are all that there are afterwards.

    That is code that moves to a folder or a name which counts as another's, generated or tests; and a stub
    beside a module, which a type checker reads in the module's place.
    """
    yield from _stubs(changes, files)
    before, after = (_functions(changes, newest=newest, measured=True) for newest in (False, True))
    gone = before.keys() - after.keys()
    for change in changes:
        if not _is_out_of_sight(change.path):
            continue
        old, new = (_functions([change], newest=newest, measured=False) for newest in (False, True))
        moved = sorted((gone & new.keys()) - old.keys())
        if moved:
            said = f"{change.path} is measured by nothing, and has {', '.join(moved[:3])}, which was"
            yield Weakening("code_hidden", change.path, new[moved[0]], "", said)


def _stubs(changes: Sequence[FileChange], files: Collection[str]) -> Iterator[Weakening]:
    for change in changes:
        module = change.path.removesuffix("i")
        if change.path.endswith(".pyi") and change.before is None and module in files:
            said = f"{change.path} is what a type checker reads in place of {module}"
            yield Weakening("code_hidden", change.path, 1, "", said)


def _is_out_of_sight(path: str) -> bool:
    """Whether a Python file is no source; a file of tests by its own name is not where code is hidden."""
    named = PurePosixPath(path).name
    return path.endswith(".py") and not is_source_file(path) and not is_test_file(named)


def _functions(changes: Sequence[FileChange], *, newest: bool, measured: bool) -> dict[str, int]:
    """The names of functions that have something to run, with their lines; in ``measured`` files only those
    that are sources.
    """
    trees = [
        change.new if newest else change.old
        for change in changes
        if not measured or is_source_file(change.path)
    ]
    return {
        node.name: node.lineno
        for tree in trees
        if tree is not None
        for node in ast.walk(tree)
        if isinstance(node, Function) and not node.name.startswith("__") and not is_stub(node)
    }
