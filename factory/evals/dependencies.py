"""What a Python project declares that it needs: which files say so, and what to hand to pip."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.evals.roots import dig, read_ini, read_toml

TEST_GROUPS = ("test", "tests", "testing", "dev")
TEST_FILES = tuple(
    name
    for group in (*TEST_GROUPS, "development")
    for name in (
        f"requirements-{group}.txt", f"requirements_{group}.txt", f"requirements.{group}.txt",
        f"{group}-requirements.txt", f"{group}_requirements.txt",
        f"requirements/{group}.txt", f"requirements/requirements-{group}.txt",
    )
)  # fmt: skip
REQUIREMENTS = ("setup.py", "setup.cfg", "*requirements*.txt", "requirements/*.txt")
DEPENDENCY_FILES = ("pyproject.toml", *REQUIREMENTS)
"""Where a Python project declares its dependencies; a change there has an environment of its own."""

MAIN_FILES = ("requirements.txt", "requirements/base.txt", "requirements/main.txt")
# Parts of pyproject.toml that decide what is installed; the rest of it (linters, the version) does not.
KEY_PARTS = (
    ("build-system",), ("project", "name"), ("project", "dependencies"), ("project", "optional-dependencies"),
    ("project", "requires-python"), ("project", "scripts"), ("project", "entry-points"),
    ("dependency-groups",), ("tool", "poetry", "dependencies"), ("tool", "poetry", "dev-dependencies"),
    ("tool", "poetry", "group"), ("tool", "poetry", "extras"), ("tool", "pdm", "dev-dependencies"), ("tool",
    "setuptools", "dynamic"), ("tool", "uv", "dev-dependencies"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What to install for a checkout.

    ``buildable``: pip can install the project itself. ``extras`` of it are wanted. ``groups`` are
    requirements of its test groups. ``declared`` are those of the project and its extras, for when it cannot
    be built. ``files`` are requirements files relative to the checkout. ``guessed`` are files that may name
    what the tests need, where nothing says so: what they hold is a help, and no condition.
    ``requires_python`` is a version specifier or "".
    """

    name: str
    buildable: bool
    extras: tuple[str, ...]
    groups: tuple[str, ...]
    declared: tuple[str, ...]
    files: tuple[str, ...]
    requires_python: str
    guessed: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to install."""
        return not (self.buildable or self.groups or self.declared or self.files)


def read_dependencies(checkout: Path) -> Dependencies:
    """What a checkout declares. Files that cannot be read count as absent."""
    pyproject, setup_cfg = read_toml(checkout / "pyproject.toml"), read_ini(checkout / "setup.cfg")
    optional = dig(pyproject, "project", "optional-dependencies")
    optional = optional if isinstance(optional, dict) else {}
    extras_cfg = (
        dict(setup_cfg["options.extras_require"]) if setup_cfg.has_section("options.extras_require") else {}
    )
    poetry_extras = dig(pyproject, "tool", "poetry", "extras")
    poetry_extras = poetry_extras if isinstance(poetry_extras, dict) else {}
    extras = [e for e in TEST_GROUPS if e in optional or e in extras_cfg or e in poetry_extras]
    buildable = _is_buildable(checkout, pyproject)
    declared = [*_texts(dig(pyproject, "project", "dependencies"))]
    declared += _lines(setup_cfg.get("options", "install_requires", fallback=""))
    for extra in extras:
        declared += [*_texts(optional.get(extra)), *_lines(extras_cfg.get(extra, ""))]
    declared += _poetry(dig(pyproject, "tool", "poetry", "dependencies"))
    groups = tuple(_groups(pyproject))
    main, test = ([f for f in names if (checkout / f).is_file()] for names in (MAIN_FILES, TEST_FILES))
    said = bool(extras or groups or test)
    name = _name(pyproject, setup_cfg.get("metadata", "name", fallback=""))
    return Dependencies(
        name=name,
        buildable=buildable,
        extras=tuple(extras),
        groups=groups,
        declared=tuple(d for d in declared if not _is_own(d, name)),
        files=(*([] if buildable else main), *test),
        requires_python=str(
            dig(pyproject, "project", "requires-python")
            or setup_cfg.get("options", "python_requires", fallback="")
        ),
        guessed=tuple(main if buildable and not said else []),
    )


def dependency_key(checkout: Path, version: str, setup: str) -> str:
    """A key over everything that decides what a made environment holds: 16 hexadecimal digits."""
    pyproject = read_toml(checkout / "pyproject.toml")
    facts: list[Any] = [version, setup, [dig(pyproject, *part) for part in KEY_PARTS]]
    for file in (file for pattern in REQUIREMENTS for file in sorted(checkout.glob(pattern))):
        if file.is_file():
            facts.append([str(file.relative_to(checkout)), hashlib.sha256(file.read_bytes()).hexdigest()])
    return hashlib.sha256(json.dumps(facts, default=str, sort_keys=True).encode()).hexdigest()[:16]


def version_fits(version: str, specifier: str) -> bool:
    """Whether a Python version satisfies a specifier such as ``>=3.9,<4``. Unknown forms are taken as
    satisfied.
    """
    return all(_clause_fits(version, clause.strip()) for clause in specifier.split(",") if clause.strip())


def _clause_fits(version: str, clause: str) -> bool:
    match = re.fullmatch(r"(>=|<=|==|!=|~=|>|<)\s*(\d+(?:\.\d+)*)(\.\*)?.*", clause)
    if not match:
        return True
    operator, text, star = match.groups()
    wanted = [int(part) for part in text.split(".")]
    have = [int(part) for part in re.findall(r"\d+", version)[:3]]
    width = len(wanted) if star or operator == "~=" else 3
    mine, theirs = [*have, 0, 0, 0][:width], [*wanted, 0, 0, 0][:width]
    if operator == "~=":
        return mine >= theirs and mine[: len(wanted) - 1] == theirs[: len(wanted) - 1]
    return {
        ">=": mine >= theirs,
        "<=": mine <= theirs,
        "==": mine == theirs,
        "!=": mine != theirs,
        ">": mine > theirs,
        "<": mine < theirs,
    }[operator]


def _name(pyproject: dict[str, Any], fallback: str) -> str:
    name = dig(pyproject, "project", "name") or dig(pyproject, "tool", "poetry", "name") or fallback
    return re.sub(r"[-_.]+", "-", str(name)).lower()


def _is_buildable(checkout: Path, pyproject: dict[str, Any]) -> bool:
    if (checkout / "setup.py").is_file():
        return True
    if "project" in pyproject or dig(pyproject, "tool", "poetry", "name") or "build-system" in pyproject:
        return True
    return read_ini(checkout / "setup.cfg").has_option("metadata", "name")


def _groups(pyproject: dict[str, Any]) -> Iterator[str]:
    groups = dig(pyproject, "dependency-groups")
    groups = groups if isinstance(groups, dict) else {}
    for group in TEST_GROUPS:
        yield from _expand(groups, group, frozenset())
        yield from _texts(dig(pyproject, "tool", "pdm", "dev-dependencies", group))
        yield from _poetry(dig(pyproject, "tool", "poetry", "group", group, "dependencies"))
    yield from _texts(dig(pyproject, "tool", "uv", "dev-dependencies"))
    yield from _poetry(dig(pyproject, "tool", "poetry", "dev-dependencies"))


def _expand(groups: dict[str, Any], name: str, above: frozenset[str]) -> Iterator[str]:
    """The requirements of a dependency group (PEP 735), with the groups it includes."""
    entries = groups.get(name)
    if name in above or not isinstance(entries, list):
        return
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict) and isinstance(entry.get("include-group"), str):
            yield from _expand(groups, entry["include-group"], above | {name})


def _poetry(table: Any) -> Iterator[str]:
    """Poetry's own form of requirements in the common one. Those with a path or a git address are left
    out.
    """
    if not isinstance(table, dict):
        return
    for name, value in table.items():
        entry = value if isinstance(value, dict) else {"version": value}
        version = entry.get("version")
        if name.lower() == "python" or not isinstance(version, str) or entry.get("optional"):
            continue
        extras = f"[{','.join(_texts(entry.get('extras')))}]" if entry.get("extras") else ""
        clauses = [_poetry_clause(clause.strip()) for clause in version.split(",")]
        marker = f"; {entry['markers']}" if entry.get("markers") else ""
        yield f"{name}{extras}{','.join(c for c in clauses if c)}{marker}"


def _poetry_clause(clause: str) -> str:
    """``^1.2.3`` → ``>=1.2.3,<2``: up to the next change of the first part that is not zero."""
    if clause in ("*", ""):
        return ""
    if clause[0].isdigit():
        return f"=={clause}"
    if clause[0] == "~" and clause[1:2] != "=":
        parts = clause[1:].strip().split(".")
        upper = (
            [*parts[:1], str(int(parts[1]) + 1)]
            if len(parts) > 1 and parts[1].isdigit()
            else [_next(parts[0])]
        )
        return f">={'.'.join(parts)},<{'.'.join(upper)}"
    if clause[0] != "^":
        return clause
    parts = clause[1:].strip().split(".")
    fixed = next((i for i, part in enumerate(parts) if part.strip("0")), len(parts) - 1)
    return f">={'.'.join(parts)},<{'.'.join([*parts[:fixed], _next(parts[fixed])])}"


def _next(part: str) -> str:
    return str(int(re.sub(r"\D.*", "", part) or 0) + 1)


def _is_own(requirement: str, name: str) -> bool:
    """Whether a requirement is the project itself, as in an extra that includes another."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    return bool(name) and match is not None and re.sub(r"[-_.]+", "-", match.group()).lower() == name


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def _texts(value: Any) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []
