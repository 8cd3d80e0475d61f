"""The standard tools of a JavaScript or TypeScript project, as its files show them. Nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from factory.evals.dimensions.sources import NODE_TESTS

NPX = "npx --no-install"
"""Only what the project has installed itself is run; nothing is fetched for a measurement."""

_INSTALLER = re.compile(r"\b(npm|yarn|pnpm|bun)\b")
_LOCKS = (
    *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock"),
    *("pnpm-lock.yaml", "bun.lock", "bun.lockb"),
)
_ESLINT_FILE = re.compile(r"eslint\.config\.[cm]?[jt]s|\.eslintrc(\.\w+)?")

Tool = tuple[str, str, str]
"""A dimension's name, the command, and the parser of what it reports."""


def dependencies(package: Mapping[str, object]) -> set[str]:
    """The names of what a ``package.json`` declares to be installed."""
    tables = (package.get(kind) for kind in ("dependencies", "devDependencies", "optionalDependencies"))
    return {str(name) for table in tables if isinstance(table, dict) for name in table}


def is_unpinned(setup: str, files: Sequence[str]) -> bool:
    """Whether a setup installs packages of JavaScript that no lock file pins: each time others, maybe."""
    return bool(_INSTALLER.search(setup)) and not any(PurePosixPath(file).name in _LOCKS for file in files)


def javascript_tools(package: Mapping[str, object], files: Sequence[str]) -> Iterator[Tool]:
    """Commands with structured reports, the preferred ones of a name first.

    They are candidates: what cannot be run here is dropped when it is tried.
    """
    installed = dependencies(package)
    scripts = package.get("scripts")
    test = str(scripts.get("test", "")) if isinstance(scripts, dict) else ""
    yield from _tests(test, installed, files)
    if "eslint" in installed or any(_ESLINT_FILE.fullmatch(file) for file in files):
        yield "lint", f"{NPX} eslint . --format json", "eslint"
    if "typescript" in installed and "tsconfig.json" in files:
        yield "type_check", f"{NPX} tsc --noEmit --pretty false", "tsc"
    yield from _coverage(test, installed)


def _tests(test: str, installed: set[str], files: Sequence[str]) -> Iterator[Tool]:
    if "vitest" in installed:
        yield "tests", f"{NPX} vitest run --reporter=json", "jest"
    elif "jest" in installed:
        yield "tests", f"{NPX} jest --ci --json --silent", "jest"
    elif "node --test" in test and re.fullmatch(r"[\w\s./*'\"=-]+", test):
        yield "tests", test.replace("node --test", "node --test --test-reporter=junit", 1), "junit"
    elif not test and any(_is_node_test(file) for file in files):
        yield "tests", "node --test --test-reporter=junit", "junit"


def _is_node_test(file: str) -> bool:
    """Whether ``node --test`` would run the file without being told."""
    path = PurePosixPath(file)
    in_folder = "test" in path.parts[:-1] and path.suffix in (".js", ".mjs", ".cjs")
    return in_folder or bool(re.fullmatch(f"{NODE_TESTS}js", path.name))


def _coverage(test: str, installed: set[str]) -> Iterator[Tool]:
    summary = "istanbul:coverage/coverage-summary.json"
    runner = next((name for name in ("c8", "nyc") if name in installed), None)
    if runner and test:
        run = test.removeprefix(f"{runner} ")
        yield "coverage", f"{NPX} {runner} --reporter=json-summary {run}", summary
    elif installed & {"@vitest/coverage-v8", "@vitest/coverage-istanbul"}:
        yield "coverage", f"{NPX} vitest run --coverage --coverage.reporter=json-summary", summary
    elif "jest" in installed:
        yield "coverage", f"{NPX} jest --ci --silent --coverage --coverageReporters=json-summary", summary
