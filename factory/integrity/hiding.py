"""Code that a change takes out of sight of what measures it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence, Set
from pathlib import PurePosixPath
from typing import NamedTuple

from factory.evals.dimensions.sources import is_anothers, is_source_file, is_stub, is_test_file
from factory.evals.imports import imported
from factory.integrity.asserting import Function
from factory.integrity.model import FileChange, Weakening, dotted


class _Side(NamedTuple):
    """What a source imports on one side of a change, and all that it names, by dotted names."""

    imports: frozenset[str]
    names: frozenset[str]


def hidden_code(changes: Sequence[FileChange], files: Collection[str]) -> Iterator[Weakening]:
    """What was measured before, and is now where nothing is; ``files`` are all that there are afterwards.

    That is code that moves to a folder or a name which counts as examples or tests; new code in what counts
    as another's or generated, where a source can hand its work to it now, under whatever name; and a stub
    beside a module, which a type checker reads in the module's place.
    """
    yield from _stubs(changes, files)
    sources = [change for change in changes if is_source_file(change.path)]
    lost = _functions(sources, newest=False).keys() - _functions(sources, newest=True).keys()
    gone = {name for name in lost if not name.startswith("__")}  # those of a class say nothing of its own
    hidden = [change for change in changes if _is_out_of_sight(change.path)]
    anothers = [change for change in hidden if is_anothers(change.path)]
    theirs = _functions(anothers, newest=False)
    sides = [(_side(s.path, s.old), _side(s.path, s.new)) for s in sources] if anothers else []
    for change in hidden:
        old, new = (_functions([change], newest=newest) for newest in (False, True))
        fresh = new.keys() - old.keys()
        moved = sorted(fresh & gone)
        added = fresh - theirs.keys() if is_anothers(change.path) else set()
        given = sorted(_given_work(change, added, sides))
        told = "which was" if moved else "which a source can hand its work to now"
        if moved or given:
            said = f"{change.path} is measured by nothing, and has {', '.join((moved or given)[:3])}, {told}"
            yield Weakening("code_hidden", change.path, new[(moved or given)[0]], "", said)


def _stubs(changes: Sequence[FileChange], files: Collection[str]) -> Iterator[Weakening]:
    for change in changes:
        module = change.path.removesuffix("i")
        if change.path.endswith(".pyi") and change.before is None and module in files:
            said = f"{change.path} is what a type checker reads in place of {module}"
            yield Weakening("code_hidden", change.path, 1, "", said)


def _is_out_of_sight(path: str) -> bool:
    """Whether a Python file is no source, and no file of tests that runs."""
    return path.endswith(".py") and not is_source_file(path) and not _is_own_test(path)


def _is_own_test(path: str) -> bool:
    """Whether a file is one of tests by its own name, and does not lie where all is another's.

    A folder of such a name among tests holds the project's own: those of its vendored code, say.
    """
    place = PurePosixPath(path)
    inside = (f"{folder}/_.py" for folder in reversed(place.parents))
    vendored = next((example for example in inside if is_anothers(example)), "")
    return is_test_file(place.name) and (not vendored or is_test_file(vendored))


def _given_work(change: FileChange, added: Set[str], sides: Sequence[tuple[_Side, _Side]]) -> Set[str]:
    """Those of the functions added to a file that a source names as it did not before, itself or its class;
    all of them, where a source did not import the file and does now.
    """
    if change.new is None or not added:
        return set()
    parts = change.path.removesuffix(".py").removesuffix("/__init__").split("/")
    modules = {".".join(parts[n:]) for n in range(len(parts))}  # any folder may be on the path
    if any(modules & new.imports and not modules & old.imports for old, new in sides):
        return added
    named = {name.rpartition(".")[2] for old, new in sides for name in new.names - old.names}
    classes = [n for n in ast.walk(change.new) if isinstance(n, ast.ClassDef) and n.name in named]
    return added & named.union(*(_functions_in(node) for node in classes))


def _side(path: str, tree: ast.Module | None) -> _Side:
    """What a source names: what it imports, calls or reads of something else. A mere name is its own."""
    nodes = list(ast.walk(tree)) if tree is not None else []
    imports = frozenset(name for node in nodes for name in imported(path, node))
    used = {
        dotted(node)
        for node in nodes
        if isinstance(node, ast.Call) or (isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load))
    }
    return _Side(imports, imports | used)


def _functions(changes: Sequence[FileChange], *, newest: bool) -> dict[str, int]:
    """The functions of all these files, on one side."""
    trees = [change.new if newest else change.old for change in changes]
    return {name: line for tree in trees if tree is not None for name, line in _functions_in(tree).items()}


def _functions_in(tree: ast.AST) -> dict[str, int]:
    """The names of functions that have something to run, with their lines."""
    return {n.name: n.lineno for n in ast.walk(tree) if isinstance(n, Function) and not is_stub(n)}
