"""Ways to break a checkout, each one seen by some dimension that works."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from factory.config.model import Scope
from factory.evals.detect import LANGUAGES
from factory.evals.dimensions.sources import Function, Source, body_lines, is_test_file
from factory.evals.judge_settings import is_judge_file, is_shared_settings, judge_patterns
from factory.globs import matches

TIMES = 20
GARBAGE = ")]} broken on purpose, to see who notices\n"


@dataclass(frozen=True)
class Addition:
    """Code that some dimension holds against a project: ``what`` it is, for people, and its text."""

    what: str
    code: str


@dataclass(frozen=True)
class Sabotage:
    """Something to break: ``what``, for people, and how, in a checkout."""

    what: str
    do: Callable[[Path], None]


FINDINGS = Addition(
    "lint findings",
    "\n".join(
        f"import json as factory_proof_{n}, os as factory_proof_os_{n}\n"
        f"factory_proof_x{n} = factory_proof_undefined == None; l = lambda: factory_proof_x{n}"
        for n in range(TIMES)
    ),
)
"""Findings of the commonest rules: several imports and statements in a line, unused, undefined, `== None`."""

TYPE_ERRORS = Addition(
    "type errors", "\n".join(f'factory_proof_{n}: int = "no number"' for n in range(TIMES))
)
NOT_RUN = Addition(
    "public functions that are neither run nor explained",
    "\n\n".join(
        f"def factory_proof_{n}(value):\n    value = value + 1\n    value = value * 2\n    return value"
        for n in range(TIMES)
    ),
)
"""Public functions that no test runs and no docstring explains."""

SILENT = Addition(
    "silent error paths",
    "\n\n".join(
        f"def factory_proof_{n}(action):\n    try:\n        action()\n    except OSError:\n        pass"
        for n in range(TIMES)
    ),
)
"""Errors that leave no trace."""


def best_sources(sources: Sequence[Source], executed: Mapping[str, frozenset[int]]) -> list[Source]:
    """The sources to break something in: those that can be read, the most used and then the largest first."""
    readable = [source for source in sources if source.tree is not None and source.statements]
    return sorted(readable, key=lambda s: (-len(executed.get(s.path, ())), -s.statements, s.path))


def append_code(sources: Sequence[Source], addition: Addition) -> Iterator[Sabotage]:
    """Put the code of ``addition`` at the end of one source after the other."""
    for source in sources:
        told = f"{TIMES} {addition.what} added to {source.path}"
        yield Sabotage(told, partial(_append, source.path, addition.code))


def _append(path: str, code: str, checkout: Path) -> None:
    file = checkout / path
    file.write_bytes(file.read_bytes() + f"\n\n{code}\n".encode())


def raise_in_functions(
    sources: Sequence[Source], executed: Mapping[str, frozenset[int]]
) -> Iterator[Sabotage]:
    """Make one function after the other raise, those first that the tests are known to run."""
    found = list(_functions(best_sources(sources, executed)))
    ran = [(path, node) for path, node in found if body_lines(node) & executed.get(path, frozenset())]
    for path, node in ran or found:
        what = f"{node.name} in {path} raises{', which the tests run' if ran else ''}"
        yield Sabotage(what, partial(_raise, path, node))


def _functions(sources: Sequence[Source]) -> Iterator[tuple[str, Function]]:
    for source in sources:
        for node in ast.walk(source.tree or ast.Module([], [])):
            if isinstance(node, Function) and _own_lines(node):
                yield source.path, node


def _own_lines(node: Function) -> bool:
    """Whether the body begins on a line of its own, so that a line can be put before it."""
    return node.body[0].lineno > node.lineno and not isinstance(node.body[0], Function | ast.ClassDef)


def _raise(path: str, node: Function, checkout: Path) -> None:
    file = checkout / path
    lines = file.read_bytes().splitlines(keepends=True)
    first = node.body[0]
    lines.insert(first.lineno - 1, b" " * first.col_offset + b'raise RuntimeError("broken on purpose")\n')
    file.write_bytes(b"".join(lines))


def spoil_files(files: Sequence[str], scope: Scope, *, of_tests: bool = False) -> Iterator[Sabotage]:
    """Replace what a change may change by garbage: the code first, then all of it.

    What says how something is measured stays, for a tool that breaks down has seen nothing. ``of_tests``: for
    a dimension that runs tests, which has to see the code that they test, and not only themselves.
    """
    kept = judge_patterns(scope)
    free = [
        file
        for file in files
        if (not scope.modifiable or matches(scope.modifiable, file))
        and not (matches(kept, file) or is_judge_file(file) or is_shared_settings(file))
    ]
    code = [file for file in free if PurePosixPath(file).suffix[1:] in LANGUAGES]
    tested = [file for file in code if not is_test_file(file)]
    for told, chosen in [("code", tested)] if of_tests and tested else [("code", code), ("modifiable", free)]:
        if chosen:
            what = f"all {len(chosen)} {told} files replaced by garbage"
            yield Sabotage(what, partial(_spoil, tuple(chosen)))


def _spoil(files: Sequence[str], checkout: Path) -> None:
    for path in files:
        file = checkout / path
        if file.is_file() and not file.is_symlink():
            file.write_text(GARBAGE, encoding="utf-8")
