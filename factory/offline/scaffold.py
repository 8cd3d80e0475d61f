"""A new project's first files, by the lines of a scaffold phase.

A checklist line ``Scaffold: package NAME`` makes a Python package below ``src/``, ``Scaffold: command NAME``
its command line, ``Scaffold: pyproject NAME`` the project's metadata, ``Scaffold: test NAME`` a first test,
``Scaffold: readme`` a README with how it is developed, and ``Scaffold: harness`` the script
``eval/score.py``, which runs the validation matrix of ``SPEC.md``. A file that exists is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from factory.offline.facts import Scope

_LINE = re.compile(
    r"^(?:\[[ xX]\]\s*)?`?Scaffold:\s*`?(?P<kind>\w+)(?:\s+(?P<name>[A-Za-z_]\w*))?`?\s*(?:[—–-].*)?$"
)
_DEVELOPMENT = "## Development"

Step = tuple[str, str]


def scaffold_steps(checklist: Iterable[str]) -> list[Step] | None:
    """The kinds and names of a checklist's lines; None when any line is something else, or there is none."""
    steps: list[Step] = []
    for line in checklist:
        found = _LINE.match(line.strip())
        if found is None or not _is_whole(found["kind"], found["name"] or ""):
            return None
        steps.append((found["kind"], found["name"] or ""))
    return steps or None


def _is_whole(kind: str, name: str) -> bool:
    return kind in MAKERS and bool(name) == (kind not in NAMELESS)


def make_scaffold(root: Path, steps: Sequence[Step], scope: Scope) -> list[str]:
    """Make the files of ``steps`` that are missing below ``root`` and inside ``scope``; their paths."""
    with_command = any(kind == "command" for kind, _ in steps)
    made: list[str] = []
    for kind, name in steps:
        for path, text in MAKERS[kind](root, name, with_command).items():
            if scope.covers(path) and _lies_in(root, root / path) and _write(root / path, text):
                made.append(path)
    return made


def _lies_in(root: Path, path: Path) -> bool:
    """Whether a path is inside ``root`` also where a folder on the way is a symbolic link."""
    return path.parent.resolve().is_relative_to(root.resolve())


def _write(path: Path, text: str) -> bool:
    """Write a new file, or a longer form of the README; whether anything changed."""
    if path.is_symlink() or (path.exists() and path.name != "README.md"):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_text(encoding="utf-8", errors="surrogateescape") == text:
        return False
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return True


def _package(root: Path, name: str, with_command: bool) -> Mapping[str, str]:
    return {
        f"src/{name}/__init__.py": f'"""The package {name}."""\n\n__version__ = "0.1.0"\n',
        ".gitignore": "__pycache__/\n*.egg-info/\n.venv/\n.pytest_cache/\n.coverage\nbuild/\ndist/\n",
    }


def _command(root: Path, name: str, with_command: bool) -> Mapping[str, str]:
    return {
        f"src/{name}/cli.py": _CLI.format(name=name),
        f"src/{name}/__main__.py": _MAIN.format(name=name),
    }


def _pyproject(root: Path, name: str, with_command: bool) -> Mapping[str, str]:
    scripts = f'\n[project.scripts]\n{name.replace("_", "-")} = "{name}.cli:main"\n' if with_command else ""
    return {"pyproject.toml": _PYPROJECT.format(name=name.replace("_", "-"), scripts=scripts)}


def _test(root: Path, name: str, with_command: bool) -> Mapping[str, str]:
    text = _TEST.format(name=name) + (_COMMAND_TEST.format(name=name) if with_command else "")
    return {
        "tests/test_scaffold.py": text.replace(
            "IMPORT_CLI\n", f"from {name}.cli import main\n" if with_command else ""
        )
    }


def _readme(root: Path, name: str, with_command: bool) -> Mapping[str, str]:
    path = root / "README.md"
    before = path.read_text(encoding="utf-8", errors="surrogateescape") if path.is_file() else "# Project\n"
    if _DEVELOPMENT in before:
        return {}
    return {"README.md": f"{before.rstrip()}\n\n{_DEVELOPMENT}\n\n{_DEVELOP}"}


def _harness(root: Path, name: str, with_command: bool) -> Mapping[str, str]:
    return {"eval/score.py": HARNESS.read_text(encoding="utf-8")}


MAKERS: dict[str, Callable[[Path, str, bool], Mapping[str, str]]] = {
    "package": _package,
    "command": _command,
    "pyproject": _pyproject,
    "test": _test,
    "readme": _readme,
    "harness": _harness,
}
NAMELESS = ("readme", "harness")
HARNESS = Path(__file__).with_name("harness.py.txt")

_CLI = '''\
"""The command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from {name} import __version__


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(prog="{name}")
    parser.add_argument("--version", action="version", version=f"{name} {{__version__}}")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns its exit code."""
    build_parser().parse_args(argv)
    return 0
'''
_MAIN = '''\
"""``python -m {name}``."""

import sys

from {name}.cli import main

sys.exit(main())
'''
_PYPROJECT = """\
[build-system]
requires = ["setuptools>=68"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = []
{scripts}
[tool.setuptools.packages.find]
where = ["src"]

[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["src"]
"""
_TEST = """\
import {name}
IMPORT_CLI


def test_the_package_tells_its_version() -> None:
    assert {name}.__version__ == "0.1.0"
"""
_COMMAND_TEST = """\


def test_the_command_runs() -> None:
    assert main([]) == 0
"""
_DEVELOP = """\
`python -m pytest` runs the tests. `python eval/score.py` runs every command of the validation matrix in
`SPEC.md` and prints which of them pass.
"""
