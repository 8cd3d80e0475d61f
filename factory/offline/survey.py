"""Everything that can be seen on a checkout without judgement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from factory.errors import EnvironmentLacking
from factory.evals.checkers import ruff_settings
from factory.evals.dimensions.sources import is_source_file, is_test_file
from factory.offline import ruff
from factory.offline.facts import Scope, is_plain_file
from factory.offline.handlers import Handler, silent_handlers
from factory.offline.modules import Module, read_module
from factory.offline.project import Project, package_of, python_files, read_project

#: Share of files that must be formatted already for formatting to count as the project's habit, and how
#: many files it takes to speak of a habit.
HABIT_SHARE = 0.9
HABIT_FILES = 5


@dataclass(frozen=True, slots=True)
class Survey:
    """``lint``: what ruff reports by the rules that the lint dimension goes by, and in a project without a
    configuration of its own only in the files that it counts; ``unformatted``: files the project's formatter
    would change; ``handlers``: silent ones outside tests, by package; ``trouble``: why a tool could not look.
    """

    project: Project
    files: tuple[str, ...]
    lint: tuple[ruff.Finding, ...]
    unformatted: tuple[str, ...]
    handlers: dict[str, tuple[Handler, ...]]
    has_logger: bool
    trouble: str = ""


def survey(root: Path) -> Survey:
    """Look at the checkout at ``root``; nothing in it changes."""
    project = read_project(root)
    files = tuple(python_files(root))
    lint, unformatted, trouble = _ruff_sees(root, project, files)
    modules = [m for f in files if not is_test_file(f) and (m := read_module(root, f))]
    return Survey(
        project=project,
        files=files,
        lint=lint,
        unformatted=unformatted,
        handlers=_by_package(root, modules),
        has_logger=any(m.logger for m in modules),
        trouble=trouble,
    )


def in_scope(root: Path, scope: Scope, paths: Sequence[str]) -> list[str]:
    """Those of the files that may be written, each once, sorted."""
    return sorted({p for p in paths if scope.covers(p) and is_plain_file(root, p)})


def _by_package(root: Path, modules: Sequence[Module]) -> dict[str, tuple[Handler, ...]]:
    packages: dict[str, tuple[Handler, ...]] = {}
    for module in modules:
        found = tuple(silent_handlers(module))
        if found:
            package = package_of(root, module.path)
            packages[package] = packages.get(package, ()) + found
    return packages


Seen = tuple[tuple[ruff.Finding, ...], tuple[str, ...], str]


def _ruff_sees(root: Path, project: Project, files: Sequence[str]) -> Seen:
    if not files:
        return (), (), "there are no Python files"
    try:
        return tuple(findings(root, project)), _unformatted(root, project, files), ""
    except EnvironmentLacking as error:
        return (), (), f"{error.message} {error.hint}".strip()


def findings(root: Path, project: Project, codes: Sequence[str] = ()) -> list[ruff.Finding]:
    """What ruff reports: by these rules, or else by those that the lint dimension goes by.

    Where nobody has asked for ruff, tests, examples and docs are left as they are: they were written as they
    are for a reason that no tool sees, and no dimension counts them.
    """
    as_measured = [*ruff_settings(root), *(project.target_version if project.uses_ruff else ())]
    options = [*project.ruff_options, "--select", ",".join(codes)] if codes else as_measured
    found = ruff.check(root, options)
    return found if project.uses_ruff else [f for f in found if is_source_file(f.path)]


def _unformatted(root: Path, project: Project, files: Sequence[str]) -> tuple[str, ...]:
    found = ruff.unformatted(root, project.format_options)
    habit = len(files) >= HABIT_FILES and len(found) <= (1 - HABIT_SHARE) * len(files)
    return tuple(found) if project.formatter or habit else ()
