"""Which unused imports are used all the same: by a file that reads the name through the module."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from factory.evals.roots import find_roots
from factory.offline.modules import Module, read_module
from factory.offline.project import Project, python_files
from factory.offline.ruff import Finding

_DOTTED = re.compile(r"\w+(?:\.\w+)+")
_NAME = re.compile(r"`([\w.]+)(?: as (\w+))?`")


def imported_through(root: Path, unused: Sequence[Finding], files: Sequence[str]) -> list[str]:
    """The files among ``unused`` (F401 findings) of whose names another file seems to make use.

    Goes by names, so that it errs towards leaving a file out.
    """
    readers: dict[str, set[str]] = defaultdict(set)
    for module in (m for f in files if (m := read_module(root, f))):
        for use in _uses(module):
            readers[use].add(module.path)
    return sorted({f.path for f in unused if any(readers[use] - {f.path} for use in _ways_to_use(f))})


def _ways_to_use(finding: Finding) -> list[str]:
    """How a name that an unused import binds is used elsewhere, in the terms of ``_uses``."""
    *folders, stem = PurePosixPath(finding.path).with_suffix("").parts
    name = _bound(finding)
    # In a text with its folder, for "book.json" names a file.
    return [f"{stem}.{name}", f"{stem}.*", f"'{'.'.join([*folders[-1:], stem, name])}'"]


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


def _uses(module: Module) -> set[str]:
    """``module.name`` for each import and attribute, ``module.*`` for a star, and dotted names in texts."""
    found: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom):
            stem = (node.module or "").rpartition(".")[2]
            found.update(f"{stem}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute):
            owner = node.value
            last = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            found.add(f"{last}.{node.attr}")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(_named_in_text(node.value))
    return found


def _named_in_text(text: str) -> Iterator[str]:
    """All runs of two and three parts of the dotted names in a text, in quotes."""
    for dotted in _DOTTED.findall(text):
        parts = dotted.split(".")
        for length in (2, 3):
            yield from (f"'{'.'.join(parts[at : at + length])}'" for at in range(len(parts) - length + 1))
