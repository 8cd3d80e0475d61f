"""Files that hold tests and the product both: a change to one is none to tests alone."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection, Iterator, Mapping

from factory.evals.dimensions.sources import is_test_file, parse_source
from factory.evals.imports import imported

IN_SOURCE = "import.meta.vitest"
"""By which a script asks whether vitest runs the tests that lie in it."""


def of_the_product(
    paths: Collection[str], texts: Mapping[str, str], *, importers: Collection[str]
) -> set[str]:
    """Those of ``paths`` that more than tests consist of, by the ``texts`` of a commit.

    A script is where it asks for vitest. A Python file is where one of the ``importers`` imports it that is
    no test by its name, or one that was found to be of the product itself.
    """
    found = {path for path in paths if IN_SOURCE in texts.get(path, "")}
    left = [path for path in importers if path.endswith(".py") and not is_test_file(path)]
    while left:
        read = [(path, name) for path in left for name in _imported(path, texts.get(path, ""))]
        left = [p for p in paths if p not in found and any(p != by and _is(p, name) for by, name in read)]
        found.update(left)
    return found


def _is(path: str, name: str) -> bool:
    """Whether the name of a module is that of a file, from whatever folder it is imported."""
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return path.endswith(".py") and f".{module}".endswith(f".{name}")


def _imported(path: str, text: str) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = parse_source(path, text.encode("utf-8", "surrogateescape")).tree
    for node in ast.walk(tree or ast.Module([], [])):
        yield from imported(path, node)
