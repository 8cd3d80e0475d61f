"""Code that a change takes out of sight of what measures it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath

from factory.evals.dimensions.sources import is_anothers, is_source_file, is_stub, is_test_file
from factory.integrity.asserting import Function
from factory.integrity.model import FileChange, Weakening


def hidden_code(changes: Sequence[FileChange], files: Collection[str]) -> Iterator[Weakening]:
    """What was measured before, and is now where nothing is; ``files`` are all that there are afterwards.

    That is code that moves to a folder or a name which counts as examples or tests; any new code in what
    counts as another's or generated, for the product can run it there, and call it as it likes; and a stub
    beside a module, which a type checker reads in the module's place.
    """
    yield from _stubs(changes, files)
    sources = [change for change in changes if is_source_file(change.path)]
    lost = _functions(sources, newest=False).keys() - _functions(sources, newest=True).keys()
    gone = {name for name in lost if not name.startswith("__")}  # those of a class say nothing of its own
    hidden = [change for change in changes if _is_out_of_sight(change.path)]
    theirs = _functions([change for change in hidden if is_anothers(change.path)], newest=False)
    for change in hidden:
        old, new = (_functions([change], newest=newest) for newest in (False, True))
        fresh = new.keys() - old.keys()
        moved = sorted(fresh & gone)
        added = sorted(fresh - theirs.keys()) if is_anothers(change.path) else []
        told = f"{', '.join(moved[:3])}, which was" if moved else f"{', '.join(added[:3])} now"
        if moved or added:
            said = f"{change.path} is measured by nothing, and has {told}"
            yield Weakening("code_hidden", change.path, new[(moved or added)[0]], "", said)


def _stubs(changes: Sequence[FileChange], files: Collection[str]) -> Iterator[Weakening]:
    for change in changes:
        module = change.path.removesuffix("i")
        if change.path.endswith(".pyi") and change.before is None and module in files:
            said = f"{change.path} is what a type checker reads in place of {module}"
            yield Weakening("code_hidden", change.path, 1, "", said)


def _is_out_of_sight(path: str) -> bool:
    """Whether a Python file is no source; a file of tests by its own name is not where code is hidden, unless
    it lies where all is another's.
    """
    tests = is_test_file(PurePosixPath(path).name) and not is_anothers(path)
    return path.endswith(".py") and not is_source_file(path) and not tests


def _functions(changes: Sequence[FileChange], *, newest: bool) -> dict[str, int]:
    """The names of functions that have something to run, with their lines."""
    trees = [change.new if newest else change.old for change in changes]
    return {
        node.name: node.lineno
        for tree in trees
        if tree is not None
        for node in ast.walk(tree)
        if isinstance(node, Function) and not is_stub(node)
    }
