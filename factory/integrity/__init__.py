"""Whether a change weakens what checks it: pure functions of the texts of files before and after."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from factory.evals.dimensions.sources import is_anothers, is_source_file, is_test_file
from factory.evals.scripts import is_script
from factory.integrity.annotations import removed_annotations
from factory.integrity.collection import changed_collection
from factory.integrity.configuration import is_settings_file, loosened_settings
from factory.integrity.hiding import hidden_code
from factory.integrity.model import ADDED, RULES, FileChange, Weakening, too_deep
from factory.integrity.suppressions import added_suppressions
from factory.integrity.tests import weakened_tests
from factory.integrity.under_test import asks_for_tests, takes_a_checkers_place

__all__ = ["ADDED", "RULES", "FileChange", "Weakening", "is_examined", "weakenings"]


def is_examined(path: str) -> bool:
    """Whether the content of a file of this name says anything here: code, and settings of checkers."""
    return path.endswith((".py", ".pyi", ".pth")) or is_script(path) or is_settings_file(path)


def weakenings(
    changes: Sequence[FileChange], files: Collection[str] = (), measured: Collection[str] = ()
) -> list[Weakening]:
    """Every weakening in a change, sorted by file and line. Only what can be parsed is compared.

    ``files`` are the paths of all files after the change, ``measured`` those whose tests ran before it. One
    of these that is no file of tests by its name is looked at as both, for it is scored as a source too.
    """
    found = _all(changes, files, measured)
    return sorted(found, key=lambda found: (found.path, found.line, found.rule, found.where))


def _all(
    changes: Sequence[FileChange], files: Collection[str], measured: Collection[str]
) -> Iterator[Weakening]:
    code = [change for change in changes if change.path.endswith((".py", ".pyi"))]
    deep = frozenset(change.path for change in code if change.becomes_too_deep)
    compared = [change for change in code if change.path not in deep]
    scripts = [change for change in changes if is_script(change.path)]
    test_files = frozenset(change.path for change in changes if is_test_file(change.path))
    yield from (too_deep(path, "test_unreadable" if path in test_files else "code_hidden") for path in deep)
    tested = [change for change in compared if is_test_file(change.path, measured)]
    yield from weakened_tests(tested, measured)
    yield from added_suppressions([*code, *scripts], test_files)
    yield from hidden_code(compared, files)
    for change in changes:
        yield from loosened_settings(change)
        yield from takes_a_checkers_place(change)
        if is_test_file(change.path, measured):
            yield from changed_collection(change)
        if change.path.endswith(".py") and change.path not in test_files:
            yield from asks_for_tests(change)
            # A type checker reads the vendored and generated code of a package too, and sources by its types.
            if is_source_file(change.path) or is_anothers(change.path):
                yield from removed_annotations(change)
