"""Which arguments pytest gets, so that one run is like the next and reads only the checkout's own
settings.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from factory.evals.roots import python_files

# What pytest takes for a file of tests; and what tells one from a module that happens to be named tests.py.
TEST_FILES = "test_*.py *_test.py"
TESTING = re.compile(r"^\s*(import|from) (unittest|pytest)\b", re.MULTILINE)
OWN_FILES = ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml")
SHARED_FILES = {"pyproject.toml": "[tool.pytest", "tox.ini": "[pytest]", "setup.cfg": "[tool:pytest]"}
LAUNCHERS = {
    ("uv", "run"),
    ("poetry", "run"),
    ("pdm", "run"),
    ("hatch", "run"),
    ("pipenv", "run"),
    ("coverage", "run"),
}
STEADY = (
    "-p", "factory_probe_plugin",
    "-p", "no:randomly",
    "-n", "0",
    "--no-cov",
    "--maxfail=0",
    "--continue-on-collection-errors",
    "--color=no",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PytestCommand:
    """A project's own way to call pytest: its arguments, and variables set before it."""

    arguments: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


def read_pytest_command(command: str) -> PytestCommand | None:
    """The pytest call in a command line such as ``FOO=1 uv run python -m pytest -m fast tests``; None if it
    is none.

    ``python -m unittest`` counts as pytest without arguments, which runs such tests too.
    """
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    variables = {}
    while words and re.fullmatch(r"[A-Za-z_]\w*=.*", words[0], re.DOTALL):
        key, _, value = words.pop(0).partition("=")
        variables[key] = value
    if not words:
        return None if variables else PytestCommand()
    if set(words) & {"&&", "||", ";", "|", ">", "<", "&"} or re.search(r"[`$;|&<>]", command):
        return None
    rest = _after_launcher(words)
    return None if rest is None else PytestCommand(tuple(rest), variables)


def _after_launcher(words: list[str]) -> list[str] | None:
    """The words after the one that names pytest; None when something else is called."""
    for index, word in enumerate(words):
        if word == "-m" and index + 1 < len(words) and _launches(words[:index]):
            module = words[index + 1]
            return words[index + 2 :] if module == "pytest" else ([] if module == "unittest" else None)
        if Path(word).name in ("pytest", "py.test") and _launches(words[:index]):
            return words[index + 1 :]
    return None


def _launches(words: list[str]) -> bool:
    """Whether these words only start what follows: nothing, an interpreter with options, ``uv run``, …"""
    if not words:
        return True
    if re.fullmatch(r"python[\d.]*", Path(words[0]).name):
        return all(word.startswith("-") for word in words[1:])
    if tuple(words[:2]) in LAUNCHERS:
        options = [word for word in words[2:] if not word.startswith("-")]
        return not options or _launches(options)
    return False


def has_pytest_settings(checkout: Path) -> bool:
    """Whether a checkout holds settings that pytest would read."""
    if any((checkout / name).is_file() for name in OWN_FILES):
        return True
    return any(section in _text(checkout / name) for name, section in SHARED_FILES.items())


def _brings_tests_py(checkout: Path) -> bool:
    """Whether tests lie in files named ``tests.py``, which other runners find, and pytest is told of none."""
    if any("python_files" in _text(checkout / name) for name in (*OWN_FILES, *SHARED_FILES)):
        return False
    return any(TESTING.search(_text(file)) for file in python_files(checkout) if file.name == "tests.py")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def pytest_arguments(
    checkout: Path, scratch: Path, command: PytestCommand, select: Sequence[str]
) -> list[str]:
    """The whole argument list. ``scratch`` is a folder of ours for pytest's cache and, for a project without
    settings of its own, an empty settings file: else pytest takes those of any folder above the checkout.
    """
    own = [f"--rootdir={checkout}", f"--confcutdir={checkout}", "-o", f"cache_dir={scratch / 'pytest-cache'}"]
    if not has_pytest_settings(checkout):
        empty = scratch / "pytest.ini"
        empty.write_text("[pytest]\n", encoding="utf-8")
        own += ["-c", str(empty)]
    if _brings_tests_py(checkout):
        own += ["-o", f"python_files={TEST_FILES} tests.py"]
    given = list(command.arguments)
    if select:
        given = [
            word for word in given if word.startswith("-") or not (checkout / word.split("::")[0]).exists()
        ]
    return [*own, *given, *STEADY, *select]
