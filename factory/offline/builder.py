"""The Builder: does what ``Run:`` and ``Scaffold:`` lines name, inside the scope; refuses the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from factory.evals.dimensions.sources import is_test_file
from factory.offline import ruff
from factory.offline.answers import done, refused
from factory.offline.facts import Scope, mapping_of, text_of, texts_of
from factory.offline.handlers import silent_handlers
from factory.offline.logging_edit import log_silent_handlers
from factory.offline.modules import read_module
from factory.offline.project import Project, package_of, python_files, read_project
from factory.offline.reexports import imported_through, there_for_others
from factory.offline.scaffold import Step, make_scaffold, scaffold_steps
from factory.offline.survey import findings, in_scope
from factory.offline.tasks import Task, from_checklist, from_text
from factory.offline.tidy import as_tidy_as_before
from factory.runners.base import AgentResult, Invocation


def build(invocation: Invocation) -> AgentResult:
    """Change files in the workspace as the item asks; the text names them. Refused where nothing changed."""
    item = mapping_of(invocation.facts, "item")
    steps = scaffold_steps(texts_of(item, "checklist"))
    if steps is not None:
        return _scaffold(invocation, steps)
    task = task_of(item)
    if task is None:
        return refused("not a mechanical task: the offline Builder does nothing that needs judgement")
    scope = Scope.of(mapping_of(invocation.facts, "scope"))
    root = invocation.cwd
    if any(code.startswith("UP") for code in task.codes) and not read_project(root).may_be_modernised:
        return refused("the oldest Python that the project is for is not declared, or older than ruff knows")
    before = _contents(root)
    _carry_out(root, task, scope)
    changed = [path for path, data in _contents(root).items() if before.get(path) != data]
    if not changed:
        again = texts_of(invocation.facts, "corrections")
        why = "the corrections need judgement" if again else "there is nothing of the kind inside the scope"
        return refused(f"nothing changed by `{task.command}`: {why}")
    return done(
        f"Ran `{task.command}`; changed {len(changed)} files:\n" + "".join(f"- {p}\n" for p in changed)
    )


def _scaffold(invocation: Invocation, steps: Sequence[Step]) -> AgentResult:
    scope = Scope.of(mapping_of(invocation.facts, "scope"))
    made = make_scaffold(invocation.cwd, steps, scope)
    if not made:
        return refused("nothing changed by the scaffold: its files are there already, or outside the scope")
    return done(f"Made {len(made)} files of the scaffold:\n" + "".join(f"- {path}\n" for path in made))


def task_of(item: Mapping[str, Any]) -> Task | None:
    """What an item asks for: its ``Run:`` line, else its title in words known here."""
    return from_checklist(texts_of(item, "checklist")) or from_text(text_of(item, "title"))


def _contents(root: Path) -> dict[str, bytes]:
    return {path: (root / path).read_bytes() for path in python_files(root)}


def _carry_out(root: Path, task: Task, scope: Scope) -> None:
    project = read_project(root)
    if task.tool == "log":
        _log(root, task, scope, project)
    elif task.tool == "format":
        paths = in_scope(root, scope, ruff.unformatted(root, project.format_options))
        ruff.format_files(root, paths, project.format_options)
    else:
        _fix(root, task, scope, project)


def _fix(root: Path, task: Task, scope: Scope, project: Project) -> None:
    found = [f for f in findings(root, project, task.codes) if f.fixable]
    spared = set(imported_through(root, found, list(python_files(root)))) if task.sparing else set()
    spared |= there_for_others(root, found, project)
    paths = [p for p in in_scope(root, scope, [f.path for f in found]) if p not in spared]
    with as_tidy_as_before(root, paths, project):
        ruff.fix(root, task.codes, paths, project.ruff_options)


def _log(root: Path, task: Task, scope: Scope, project: Project) -> None:
    files = [f for f in python_files(root) if not is_test_file(f)]
    modules = {f: m for f in files if (m := read_module(root, f))}
    if not any(m.logger for m in modules.values()):
        return
    silent = [f for f, m in modules.items() if any(not h.obstacle for h in silent_handlers(m))]
    mine = [f for f in silent if task.means(Task("log", package=package_of(root, f)))]
    paths = in_scope(root, scope, mine)
    with as_tidy_as_before(root, paths, project):
        for path in paths:
            log_silent_handlers(root, path, project.line_length)
