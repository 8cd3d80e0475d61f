"""Why a module could not be imported: generated and not in a fresh checkout, or not installed at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from factory.evals.environment import Environment
from factory.evals.roots import Roots

NO_MODULE = re.compile(r"No module named '?([\w.]+)'?")
NO_NAME = re.compile(r"cannot import name '(\w+)' from (?:partially initialized module )?'([\w.]+)'")
SUFFIXES = (".py", ".so", ".pyd", ".abi3.so")


def absent_hint(texts: Iterable[str], roots: Roots, environment: Environment) -> str:
    """What to do about modules that the texts of import errors name; "" when they name none that is
    absent.
    """
    names = list(dict.fromkeys(name for text in texts for name in _names(text)))
    generated = [name for name in names if _is_generated(name, roots, environment)]
    if generated:
        return (
            f"{', '.join(generated)} is generated: it is in the person's checkout or in an installed copy, "
            "but not in the commit. Set [eval] setup in factory.toml to the command that builds it."
        )
    tops = dict.fromkeys(name.split(".")[0] for name in names if not _is_ours(name, roots))
    absent = [top for top in tops if top not in _ours_tops(roots)]
    if absent:
        return (
            f"{', '.join(absent)} cannot be imported by {environment.python}. Install it there, declare it "
            "among the project's dependencies, or set [eval] python in factory.toml."
        )
    return ""


def _names(text: str) -> Iterator[str]:
    yield from NO_MODULE.findall(text)
    for name, package in NO_NAME.findall(text):
        yield f"{package}.{name}"


def _is_ours(name: str, roots: Roots) -> bool:
    return any(name == unit or name.startswith(unit + ".") for unit in roots.names)


def _ours_tops(roots: Roots) -> set[str]:
    """Names at the top of the checkout's import roots, packages of tests among them."""
    return {name.split(".")[0] for name in roots.names} | {
        entry.name.split(".")[0] for path in roots.paths if path.is_dir() for entry in path.iterdir()
    }


def _is_generated(name: str, roots: Roots, environment: Environment) -> bool:
    """Whether a module is not in the checkout but lies where it was built once."""
    parts = name.split(".")
    checkout, project = roots.checkout, environment.project
    relative = [path.relative_to(checkout) / Path(*parts) for path in roots.paths]
    if any(_exists(checkout / place) for place in relative):
        return False
    if any(_exists(project / place) for place in relative) and project != checkout:
        return True
    stem = "/".join(parts)
    taken = any(re.match(re.escape(stem) + r"(\.|/__init__\.)", file) for file in environment.project_files)
    return taken or (
        _is_ours(name, roots) and any(_exists(site / Path(*parts)) for site in environment.sites)
    )


def _exists(place: Path) -> bool:
    """Whether a module is there: a file with any suffix of a module, or a package."""
    if (place / "__init__.py").is_file() or any(place.with_name(place.name + s).is_file() for s in SUFFIXES):
        return True
    return place.parent.is_dir() and any(place.parent.glob(f"{place.name}.*.so"))
