"""The oldest Python that a project declares: what its syntax must not outgrow."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from factory.evals.roots import dig, read_ini

_FLOOR = re.compile(r"(?:>=|~=|==|\^)\s*(\d+)\.(\d+)")
_CLASSIFIER = re.compile(r"Programming Language :: Python :: (\d+)\.(\d+)\s*$", re.MULTILINE)


class Version(NamedTuple):
    """A version of Python, such as 3.9."""

    major: int
    minor: int


def oldest_declared(root: Path, pyproject: dict[str, Any]) -> Version | None:
    """By what is required (pyproject.toml, setup.cfg, setup.py), else by the classifiers; None where neither
    names a version.
    """
    setup_cfg = read_ini(root / "setup.cfg")
    setup_py = _tree(root / "setup.py")
    required = (
        dig(pyproject, "project", "requires-python")
        or dig(pyproject, "tool", "poetry", "dependencies", "python")
        or setup_cfg.get("options", "python_requires", fallback="")
        or _keyword(setup_py, "python_requires")
    )
    if required:
        versions = _FLOOR.findall(str(required))
    else:
        classifiers = dig(pyproject, "project", "classifiers")
        texts = [*map(str, classifiers if isinstance(classifiers, list) else ())]
        texts += [setup_cfg.get("metadata", "classifiers", fallback=""), *_texts(setup_py)]
        versions = [found for text in texts for found in _CLASSIFIER.findall(text)]
    return min((Version(int(major), int(minor)) for major, minor in versions), default=None)


def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return ast.Module([], [])


def _keyword(tree: ast.Module, name: str) -> str:
    """What a call in a setup.py gives for a keyword; "?" where that is not written out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == name:
            value = node.value
            return str(value.value) if isinstance(value, ast.Constant) else "?"
    return ""


def _texts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
