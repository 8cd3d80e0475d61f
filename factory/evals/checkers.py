"""Runs of the static checkers on a checkout: ruff from our environment, mypy from the target's."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

from factory.evals.confine import confined
from factory.evals.dimensions import lint, type_check, unmeasured
from factory.evals.dimensions.sources import Source
from factory.evals.environment import Environment, shown
from factory.evals.reports import parse_mypy
from factory.evals.roots import dig, find_roots, read_ini, read_toml
from factory.evals.surroundings import scratch_folders, target_env
from factory.models import DimensionScore
from factory.process import Completed, allowed_env, quick, run
from factory.sandbox import OFF, Sandbox

FLAKE8_FILES = (".flake8", "setup.cfg", "tox.ini")
RUFF_FILES = ("ruff.toml", ".ruff.toml")
# Modern syntax; and attributes in place of getattr, whose names may be keywords of an older Python.
MODERN = ("UP", "B009", "B010")
MYPY_FILES = ("mypy.ini", ".mypy.ini")
RUFF_MINORS = range(7, 15)
MYPY_GAVE_UP = 2


def ruff_version() -> str:
    """The version of the ruff that measures."""
    return version("ruff")


def measure_lint(checkout: Path, sources: Sequence[Source], *, timeout: float) -> DimensionScore:
    """Run ruff by the project's own configuration where it has one, else by our selection of rules.

    What git would ignore is looked at too: a file of the commit is measured, whatever a ``.gitignore`` says.
    """
    argv = [sys.executable, "-P", "-m", "ruff", "check", ".", "--output-format", "json"]
    argv += [
        "--exit-zero",
        "--no-cache",
        "--no-fix",
        "--no-respect-gitignore",
        "--quiet",
        *ruff_settings(checkout),
    ]
    with scratch_folders() as scratch:
        done = run(argv, cwd=checkout, env=target_env(scratch, python=None), timeout=timeout)
    if done.timed_out:
        return lint.failed(f"ruff took longer than {timeout:.0f} s")
    findings = lint.parse(done.stdout, str(checkout.resolve())) if done.returncode == 0 else None
    if findings is None:
        return lint.failed(f"ruff: {_last_line(done)}")
    return lint.score(sources, findings)


def ruff_settings(checkout: Path) -> list[str]:
    """The options that choose ruff's rules: none where the project has its own, else our selection.

    Out of that goes what the project's flake8 configuration ignores, and, where no oldest Python is declared,
    what may not run on the oldest that is meant: ruff would assume one.
    Whoever mends findings gives ruff the same options, so that what is mended is what is measured.
    """
    if has_ruff_settings(checkout):
        return []
    oldest = oldest_python(checkout)
    ignored = [*lint.DEFAULT_IGNORED.split(","), *_flake8_ignored(checkout), *([] if oldest else MODERN)]
    selection = ["--isolated", "--select", lint.DEFAULT_RULES, "--ignore", ",".join(dict.fromkeys(ignored))]
    return [*selection, "--target-version", oldest] if oldest else selection


def _flake8_ignored(checkout: Path) -> list[str]:
    """The codes that the project's flake8 configuration ignores everywhere, as far as ruff knows them."""
    said = ""
    for name in FLAKE8_FILES:
        config = read_ini(checkout / name)
        said += "".join(f" {config.get('flake8', key, fallback='')}" for key in ("ignore", "extend-ignore"))
    codes = re.findall(r"\b[A-Z]+\d*\b", re.sub(r"#.*", "", said))
    return [code for code in codes if any(rule.startswith(code) for rule in _stable_rules())]


@cache
def _stable_rules() -> frozenset[str]:
    """The codes of our rules in our ruff, which takes an unknown code on its command line for a mistake."""
    prefixes = tuple(lint.DEFAULT_RULES.split(","))
    argv = [sys.executable, "-P", "-m", "ruff", "rule", "--all", "--output-format", "json"]
    said = quick(argv, cwd=Path("/"), env=allowed_env()).stdout
    codes = (str(rule.get("code") or "") for rule in json.loads(said))
    return frozenset(code for code in codes if code.startswith(prefixes))


def has_ruff_settings(checkout: Path) -> bool:
    """Whether the project configures ruff itself."""
    own = any((checkout / name).is_file() for name in RUFF_FILES)
    return own or dig(read_toml(checkout / "pyproject.toml"), "tool", "ruff") is not None


def oldest_python(checkout: Path) -> str:
    """The oldest Python that the project declares, as ruff spells it (``py310``); empty without one."""
    declared = dig(read_toml(checkout / "pyproject.toml"), "project", "requires-python")
    text = declared or read_ini(checkout / "setup.cfg").get("options", "python_requires", fallback="")
    found = re.search(r"(?:>=|~=|==)\s*3\.(\d+)", str(text))
    return f"py3{min(max(int(found[1]), RUFF_MINORS[0]), RUFF_MINORS[-1])}" if found else ""


def has_mypy_settings(checkout: Path) -> bool:
    """Whether the project configures mypy."""
    pyproject = dig(read_toml(checkout / "pyproject.toml"), "tool", "mypy")
    own = any((checkout / name).is_file() for name in MYPY_FILES)
    return own or pyproject is not None or read_ini(checkout / "setup.cfg").has_section("mypy")


def measure_types(
    checkout: Path,
    sources: Sequence[Source],
    environment: Environment,
    *,
    timeout: float,
    sandbox: Sandbox = OFF,
) -> DimensionScore:
    """Run the mypy of the target's environment, by the project's own configuration."""
    # -I keeps the checkout from replacing mypy, or a module that it needs, by a file of that name.
    argv = [str(environment.python), "-I", "-m", "mypy", "--output", "json", "--no-error-summary"]
    argv += ["--no-incremental", "--cache-dir", os.devnull, *_mypy_targets(checkout)]
    with scratch_folders() as scratch:
        # Its plugins are the project's code.
        argv = confined(argv, checkout, scratch, sandbox, readable=shown(environment))
        done = run(argv, cwd=checkout, env=target_env(scratch, python=environment.python), timeout=timeout)
    if done.timed_out:
        return unmeasured("type_check", f"mypy took longer than {timeout:.0f} s")
    found = parse_mypy(done.stdout).items
    errors = [finding for finding in found if finding.severity == "error"]
    gave_up = done.returncode == MYPY_GAVE_UP
    # Reporting as JSON, it exits with 1 for notes alone too, where without it says "Success".
    telling = errors if gave_up else found
    if done.returncode not in (0, 1, MYPY_GAVE_UP) or (not telling and done.returncode != 0):
        return unmeasured("type_check", _why_not(done, made=environment.made))
    return type_check.score(sources, errors, blocked=gave_up)


def _why_not(done: Completed, *, made: bool) -> str:
    if "No module named mypy" in done.stderr:
        lacking = "mypy is configured, but not installed in"
        if not made:
            return f"{lacking} the project's environment: install it there"
        declare = "declare it among the project's development dependencies"
        return f"{lacking} the environment that factory made: {declare}"
    if "--output" in done.stderr:
        return "the project's mypy is older than 1.11 and cannot report as JSON"
    return f"mypy: {_last_line(done)}"


def _mypy_targets(checkout: Path) -> list[str]:
    """What to check: nothing named where the configuration says it, else packages and modules."""
    tables = [dig(read_toml(checkout / "pyproject.toml"), "tool", "mypy") or {}]
    tables += [
        dict(config["mypy"])
        for name in (*MYPY_FILES, "setup.cfg")
        if (config := read_ini(checkout / name)).has_section("mypy")
    ]
    if any(key in table for table in tables for key in ("files", "packages", "modules")):
        return []
    root = checkout.resolve()
    return [str(unit.relative_to(root)) for unit in find_roots(checkout).units] or ["."]


def _last_line(done: Completed) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}, and no word of why"
