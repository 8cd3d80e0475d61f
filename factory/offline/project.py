"""What a Python project declares about itself that mechanical work must respect."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.evals.checkers import RUFF_MINORS, has_ruff_settings
from factory.offline.declared import Version, oldest_declared

_BLACK_KEYS = {"line-length", "target-version", "include", "exclude", "extend-exclude", "force-exclude"}
_SKIPPED = {"node_modules", "build", "dist", "site-packages", "venv"}


@dataclass(frozen=True, slots=True)
class Project:
    """``python``: oldest declared version, None where none is; ``line_length`` in characters.

    ``formatter`` is "ruff", "black", or "" where none is declared; ``uses_ruff`` whether the project
    configures ruff at all.
    """

    python: Version | None = None
    line_length: int = 88
    formatter: str = ""
    uses_ruff: bool = False

    @property
    def may_be_modernised(self) -> bool:
        """Whether the oldest Python that it is for is declared, and one that ruff can write for."""
        return self.python is not None and self.python >= (3, RUFF_MINORS[0])

    @property
    def ruff_options(self) -> tuple[str, ...]:
        """What ruff must be told: in place of the person's own settings where the project has none, and the
        oldest Python, which ruff does not read in all places where it is declared.
        """
        return (*(() if self.uses_ruff else ("--isolated",)), *self.target_version)

    @property
    def target_version(self) -> tuple[str, ...]:
        """The oldest declared Python as ruff is told; nothing where none is declared."""
        if self.python is None:
            return ()
        minor = min(max(self.python, (3, RUFF_MINORS[0]))[1], RUFF_MINORS[-1])
        return ("--target-version", f"py3{minor}")

    @property
    def format_options(self) -> tuple[str, ...]:
        """What ruff must be told to format as this project's formatter does."""
        length = ("--line-length", str(self.line_length)) if self.formatter == "black" else ()
        return (*self.ruff_options, *length)


def read_project(root: Path) -> Project:
    """Read pyproject.toml, ruff.toml and their relatives; what cannot be read counts as undeclared."""
    pyproject = _toml(root / "pyproject.toml")
    tool = _table(pyproject, "tool")
    own = _toml(root / "ruff.toml") or _toml(root / ".ruff.toml")
    ruff = own or _table(tool, "ruff")
    black = _table(tool, "black")
    return Project(
        python=_python(root, pyproject, ruff),
        line_length=_number(ruff.get("line-length")) or _number(black.get("line-length")) or 88,
        formatter=_formatter(root, ruff, black, "black" in tool),
        uses_ruff=has_ruff_settings(root),
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _table(parent: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _python(root: Path, pyproject: dict[str, Any], ruff: Mapping[str, Any]) -> Version | None:
    target = re.fullmatch(r"py3(\d+)", str(ruff.get("target-version", "")))
    return Version(3, int(target[1])) if target else oldest_declared(root, pyproject)


def _formatter(root: Path, ruff: Mapping[str, Any], black: Mapping[str, Any], has_black: bool) -> str:
    hooks = root / ".pre-commit-config.yaml"
    text = hooks.read_text(encoding="utf-8", errors="replace") if hooks.is_file() else ""
    if "format" in ruff or "id: ruff-format" in text:
        return "ruff"
    # Black with options of its own taste is not what ruff would write.
    return "black" if has_black and set(black) <= _BLACK_KEYS else ""


def python_files(root: Path) -> Iterator[str]:
    """The Python files of a checkout, in a stable order, without hidden folders, environments and links."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in _SKIPPED)
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix == ".py" and path.is_file() and not path.is_symlink():
                yield path.relative_to(root).as_posix()


def package_of(root: Path, path: str) -> str:
    """The outermost package folder that a module is in, or its own folder (``.`` at the top)."""
    folder = (root / path).parent
    while (folder / "__init__.py").is_file() and (folder.parent / "__init__.py").is_file() and folder != root:
        folder = folder.parent
    return folder.relative_to(root).as_posix()
