"""Which unused imports are used all the same: by a file that reads the name through the module."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from factory.evals.roots import find_roots
from factory.offline.modules import Module, read_module
from factory.offline.project import Project, python_files
from factory.offline.ruff import Finding

_NAME = re.compile(r"`([\w.]+)(?: as (\w+))?`")


def imported_through(root: Path, unused: Sequence[Finding], files: Sequence[str]) -> list[str]:
    """The files among ``unused`` (F401 findings) of whose names another file seems to make use.

    Goes by names, so that it errs towards leaving a file out.
    """
    modules = [m for f in files if (m := read_module(root, f))]
    spared = {
        finding.path
        for finding in unused
        for module in modules
        if module.path != finding.path and _uses(module, _dotted(finding.path), _bound(finding))
    }
    return sorted(spared)


def there_for_others(root: Path, unused: Sequence[Finding], project: Project) -> set[str]:
    """The files whose unused imports (F401) may be there for other projects, or are used by another file.

    Those that bring in the project's own names, and modules that even out differences between versions. None
    where the project asks ruff about it: then such a name is marked, or meant to go.
    """
    mine = [f for f in unused if f.code == "F401"]
    if project.uses_ruff or not mine:
        return set()
    own = {name.partition(".")[0] for name in find_roots(root).names}
    public = {f.path for f in mine if _origin(f) in {"", *own} or "compat" in PurePosixPath(f.path).stem}
    return public | set(imported_through(root, mine, list(python_files(root))))


def _origin(finding: Finding) -> str:
    """The top of what an unused import imports: ``os`` for ``os.path``, empty for a relative one."""
    found = _NAME.search(finding.message)
    return found.group(1).partition(".")[0] if found else ""


def _bound(finding: Finding) -> str:
    """The name that an unused import binds in its module."""
    found = _NAME.search(finding.message)
    return (found.group(2) or found.group(1).rpartition(".")[2]) if found else ""


def _dotted(path: str) -> str:
    """How others name a module, as far as its folder tells: ``tally.book`` for ``src/tally/book.py``."""
    *folders, name = PurePosixPath(path).with_suffix("").parts
    return ".".join([*folders[-1:], name])


def _uses(module: Module, dotted: str, name: str) -> bool:
    return any(_reads(node, dotted, name) for node in ast.walk(module.tree))


def _reads(node: ast.AST, dotted: str, name: str) -> bool:
    stem = dotted.rpartition(".")[2]
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").rpartition(".")[2] == stem and any(
            a.name in (name, "*") for a in node.names
        )
    if isinstance(node, ast.Attribute):
        owner = node.value
        last = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
        return node.attr == name and last == stem
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        # With its folder, for a text such as "book.json" names a file.
        return re.search(rf"\b{re.escape(dotted)}\.{re.escape(name)}\b", node.value) is not None
    return False
