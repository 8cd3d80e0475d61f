"""Which tests run, and what counts as passing: what a change to ``conftest.py`` and its like decides."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from factory.integrity.asserting import Function
from factory.integrity.model import FileChange, Weakening, constant, names, tail

HOOKS = names(
    "pytest_collection pytest_collection_modifyitems pytest_collection_finish pytest_collect_file"
    " pytest_collect_directory pytest_ignore_collect pytest_pycollect_makemodule pytest_pycollect_makeitem"
    " pytest_itemcollected pytest_deselected pytest_generate_tests pytest_runtestloop pytest_pyfunc_call"
    " pytest_runtest_protocol pytest_runtest_setup pytest_runtest_call pytest_runtest_teardown"
    " pytest_runtest_makereport pytest_runtest_logreport pytest_report_teststatus pytest_sessionfinish"
    " pytest_cmdline_main pytest_exception_interact pytest_make_collect_report"
)
"""Hooks by which a plugin decides what runs and how it is reported."""

_LISTS = ("collect_ignore", "collect_ignore_glob", "pytest_plugins")
CONFTEST = "conftest.py"


def changed_collection(change: FileChange) -> Iterator[Weakening]:
    """New or changed hooks, longer lists of what is not collected, plugins that are registered."""
    if change.new is None or (change.before is not None and change.old is None):
        return
    yield from _hooks(change)
    if PurePosixPath(change.path).name == CONFTEST:
        yield from _longer_lists(change)
        yield from _registered(change)


def _hooks(change: FileChange) -> Iterator[Weakening]:
    before, after = _hooks_of(change.old), _hooks_of(change.new)
    for name, hook in after.items():
        if name not in before:
            yield _finding(change, hook.lineno, name, f"adds the hook {name}")
        elif _code(hook) != _code(before[name]):
            yield _finding(change, hook.lineno, name, f"changes the hook {name}")


def _hooks_of(tree: ast.Module | None) -> dict[str, Function]:
    nodes = ast.walk(tree) if tree is not None else ()
    return {node.name: node for node in nodes if isinstance(node, Function) and node.name in HOOKS}


def _code(node: Function) -> str:
    """What a function does: its statements without docstring and annotations."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return "\n".join([*map(ast.unparse, node.decorator_list), *map(ast.unparse, body)])


def _longer_lists(change: FileChange) -> Iterator[Weakening]:
    before, after = _assigned(change.old), _assigned(change.new)
    for name, value in after.items():
        old, new = (_items(node) for node in (before.get(name), value))
        if new is None:
            if name not in before or ast.dump(before[name]) != ast.dump(value):
                yield _finding(change, value.lineno, name, f"computes {name}")
        elif more := [item for item in new if item not in (old or [])]:
            yield _finding(change, value.lineno, name, f"adds {', '.join(map(str, more))} to {name}")


def _assigned(tree: ast.Module | None) -> dict[str, ast.expr]:
    """The values given to the lists that pytest reads, anywhere at module level."""
    found: dict[str, ast.expr] = {}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and target.id in _LISTS:
                    found[target.id] = node.value
    return found


def _items(node: ast.expr | None) -> list[object] | None:
    """The items of a list that is written out; None for one that is computed."""
    if node is None:
        return []
    value = constant(node)
    if not value:
        return None
    return list(value[0]) if isinstance(value[0], list | tuple) else [value[0]]


def _registered(change: FileChange) -> Iterator[Weakening]:
    before, after = (_registrations(tree) for tree in (change.old, change.new))
    for text, line in after.items():
        if text not in before:
            yield _finding(change, line, "register", f"registers a plugin: {text[:60]}")


def _registrations(tree: ast.Module | None) -> dict[str, int]:
    return {
        ast.unparse(node): node.lineno
        for node in (ast.walk(tree) if tree is not None else ())
        if isinstance(node, ast.Call) and tail(node.func) == "register" and "plugin" in ast.unparse(node.func)
    }


def _finding(change: FileChange, line: int, where: str, what: str) -> Weakening:
    message = f"{change.path}:{line} {what}, which decides what runs and what passes"
    return Weakening("collection_changed", change.path, line, where, message)
