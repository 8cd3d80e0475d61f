"""Where a Python project keeps its code: import roots, importable names, tests.

What the build configuration declares is believed first (setuptools, hatch, poetry, pdm, flit, uv, maturin);
the usual layouts (``src/``, flat) are recognised without it. Nothing of the project is executed.
"""

from __future__ import annotations

import ast
import configparser
import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.evals.dimensions.sources import NOT_SOURCE, is_test_file, is_too_deep

NOT_CODE = {"build", "dist", "node_modules", "venv", "env", "site-packages", "__pycache__"}
NOT_PACKAGES = NOT_CODE | {
    "tests", "test", "testing", "docs", "doc", "examples", "example", "scripts", "benchmarks", "benchmark",
    "bench", "notebooks", "ci", "tools", "requirements", "data",
}  # fmt: skip
NOT_MODULES = {"setup", "conftest", "noxfile", "tasks", "fabfile", "dodo", "versioneer", "ez_setup"}


@dataclass(frozen=True, slots=True)
class Roots:
    """The layout of one checkout.

    ``paths`` are the folders that belong on ``sys.path``, most specific first, the checkout itself always
    last; ``names`` the dotted names that belong to the project (``google.cloud.thing`` in a namespace);
    ``units`` the package folders and module files behind them; ``tests`` the folders that hold tests. All
    paths are absolute.
    """

    checkout: Path
    paths: tuple[Path, ...]
    names: tuple[str, ...]
    units: tuple[Path, ...]
    tests: tuple[Path, ...]


def find_roots(checkout: Path) -> Roots:
    """The layout of a checkout. A configuration that cannot be read counts as absent."""
    checkout = checkout.resolve()
    pyproject = read_toml(checkout / "pyproject.toml")
    declared = [
        checkout / relative
        for relative in _declared_roots(checkout, pyproject)
        if (checkout / relative).is_dir() and (checkout / relative).resolve().is_relative_to(checkout)
    ]
    if not declared and _is_src_layout(checkout):
        declared = [checkout / "src"]
    paths = list(dict.fromkeys([*(p.resolve() for p in declared), checkout]))
    units: dict[str, Path] = {}
    for path in paths:
        if path != checkout or len(paths) == 1 or checkout in {p.resolve() for p in declared}:
            units.update(_units(path, _wanted_name(pyproject, checkout), flat=path == checkout))
    return Roots(
        checkout, tuple(paths), tuple(units), tuple(units.values()), tuple(_test_folders(checkout, pyproject))
    )


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file's content; empty when it is missing or damaged."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}


def read_ini(path: Path) -> configparser.ConfigParser:
    """An INI file's content; empty when it is missing or damaged."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error):
        return configparser.ConfigParser(interpolation=None)
    return parser


def dig(data: Any, *keys: str) -> Any:
    """The value under nested keys, or None."""
    for key in keys:
        if not isinstance(data, dict):
            return None
        data = data.get(key)
    return data


def _is_src_layout(checkout: Path) -> bool:
    src = checkout / "src"
    return src.is_dir() and not (src / "__init__.py").exists() and any(python_files(src))


def _declared_roots(checkout: Path, pyproject: dict[str, Any]) -> Iterator[str]:
    yield from _setuptools_roots(pyproject)
    yield from _setup_cfg_roots(read_ini(checkout / "setup.cfg"))
    yield from _setup_py_roots(checkout / "setup.py")
    yield from _hatch_roots(pyproject)
    for package in _dicts(dig(pyproject, "tool", "poetry", "packages")):
        yield str(package.get("from", "."))
    for keys in (
        ("pdm", "build", "package-dir"),
        ("uv", "build-backend", "module-root"),
        ("maturin", "python-source"),
    ):
        value = dig(pyproject, "tool", *keys)
        if isinstance(value, str):
            yield value or "."
    for member in _strings(dig(pyproject, "tool", "uv", "workspace", "members")):
        yield from _member_roots(checkout, member)


def _setuptools_roots(pyproject: dict[str, Any]) -> Iterator[str]:
    yield from _package_dirs(dig(pyproject, "tool", "setuptools", "package-dir"))
    yield from _strings(dig(pyproject, "tool", "setuptools", "packages", "find", "where"))


def _setup_cfg_roots(config: configparser.ConfigParser) -> Iterator[str]:
    lines = config.get("options", "package_dir", fallback="").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    yield from _package_dirs({key.strip(): value.strip() for key, _, value in pairs})
    yield from config.get("options.packages.find", "where", fallback="").split()


def _setup_py_roots(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    if is_too_deep(tree):
        return
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        named = {k.arg: _literal(k.value) for k in call.keywords}
        yield from _package_dirs(named.get("package_dir"))
        if "find" in ast.unparse(call.func) and "packages" in ast.unparse(call.func):
            where = named.get("where", _literal(call.args[0]) if call.args else None)
            yield from _strings([where])


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return None


def _package_dirs(mapping: Any) -> Iterator[str]:
    """The roots that a ``package_dir`` mapping means. ``{"pkg": "lib/pkg"}`` means ``lib``."""
    if not isinstance(mapping, dict):
        return
    for name, folder in mapping.items():
        if not isinstance(folder, str):
            continue
        tail = "/".join(str(name).split("."))
        if not name:
            yield folder or "."
        elif folder == tail or folder.endswith("/" + tail):
            yield folder[: -len(tail)].rstrip("/") or "."


def _hatch_roots(pyproject: dict[str, Any]) -> Iterator[str]:
    build = dig(pyproject, "tool", "hatch", "build")
    for table in (build, dig(build, "targets", "wheel")):
        for package in _strings(dig(table, "packages")):
            yield str(Path(package).parent)
        sources = dig(table, "sources")
        yield from _strings(sources)
        if isinstance(sources, dict):
            yield from _package_dirs({name: folder for folder, name in sources.items()})
        yield from _strings(dig(table, "dev-mode-dirs"))


def _member_roots(checkout: Path, pattern: str) -> Iterator[str]:
    """The roots of the members of a workspace."""
    try:
        members = sorted(m for m in checkout.glob(pattern) if m.is_dir())
    except (ValueError, NotImplementedError):
        return
    for member in members:
        yield str((member / "src" if _is_src_layout(member) else member).relative_to(checkout))


def _wanted_name(pyproject: dict[str, Any], checkout: Path) -> str:
    """The project's name as an import name, which tells a namespace folder from a folder of scripts."""
    name = dig(pyproject, "project", "name") or dig(pyproject, "tool", "poetry", "name")
    name = name or read_ini(checkout / "setup.cfg").get("metadata", "name", fallback="")
    return re.sub(r"[-_.]+", "_", str(name)).lower()


def _units(root: Path, wanted: str, *, flat: bool) -> dict[str, Path]:
    """Dotted name → package folder or module file, of one import root.

    In a flat layout a folder without ``__init__.py`` counts only when the project's name begins with it, and
    what seldom is a package (``tools``, ``data``) comes last.
    """
    units: dict[str, Path] = {}
    for entry in sorted(_entries(root), key=lambda entry: entry.name in NOT_PACKAGES):
        if entry.is_file():
            name = entry.name.split(".")[0]
            if name.isidentifier() and not (flat and name in NOT_MODULES) and not is_test_file(entry.name):
                units[name] = entry
        elif flat and (entry.name in NOT_SOURCE or is_test_file(f"{entry.name}/__init__.py")):
            continue
        elif (entry / "__init__.py").exists():
            units[entry.name] = entry
        elif flat and entry.name in NOT_PACKAGES:
            continue
        elif not flat or wanted == entry.name.lower() or wanted.startswith(entry.name.lower() + "_"):
            units.update(_namespace(entry, entry.name))
    return units


def _namespace(folder: Path, name: str) -> dict[str, Path]:
    """The packages and modules in a folder without ``__init__.py``."""
    units: dict[str, Path] = {}
    for entry in _entries(folder):
        if entry.is_file():
            units[f"{name}.{entry.name.split('.')[0]}"] = entry
        elif (entry / "__init__.py").exists():
            units[f"{name}.{entry.name}"] = entry
        else:
            units.update(_namespace(entry, f"{name}.{entry.name}"))
    return units


def _entries(folder: Path) -> list[Path]:
    """The Python files and the folders that may be packages in a folder, sorted."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []
    return [
        e
        for e in entries
        if not e.is_symlink()
        and (
            (e.suffix == ".py" and e.is_file())
            or (e.name.isidentifier() and e.name not in NOT_CODE and e.is_dir())
        )
    ]


def python_files(folder: Path) -> Iterator[Path]:
    """The Python files below a folder, without those of environments, builds and hidden folders."""
    for base, folders, files in os.walk(folder):
        here = Path(base)
        folders[:] = [
            f for f in folders if f not in NOT_CODE and not f.startswith(".") and not f.endswith(".egg-info")
        ]
        yield from (here / f for f in files if f.endswith(".py") and (here / f).is_file())


def _test_folders(checkout: Path, pyproject: dict[str, Any]) -> Iterable[Path]:
    named = dig(pyproject, "tool", "pytest", "ini_options", "testpaths")
    listed = named.split() if isinstance(named, str) else list(_strings(named))
    for file, section in (("pytest.ini", "pytest"), ("setup.cfg", "tool:pytest"), ("tox.ini", "pytest")):
        listed += read_ini(checkout / file).get(section, "testpaths", fallback="").split()
    found = {checkout / p for p in listed if (checkout / p).is_dir()}
    found.update(
        f.parent for f in python_files(checkout) if f.name.startswith("test_") or f.name.endswith("_test.py")
    )
    return sorted(f for f in found if not any(parent in found for parent in f.parents))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (v for v in value if isinstance(v, str))


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (v for v in value if isinstance(v, dict))
