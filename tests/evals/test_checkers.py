from __future__ import annotations

from pathlib import Path

import pytest

from factory.evals.checkers import measure_lint, measure_types, ruff_settings
from factory.evals.dimensions.sources import read_sources
from factory.evals.environment import Environment, Kind
from tests.evals.projects import write
from tests.support.repos import make_repo

DECLARED = '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.9"\n'


def rules_found(root: Path, text: str, **files: str) -> dict[str, int]:
    write(root, {"p.py": text} | {name.replace("_", "."): content for name, content in files.items()})
    found = measure_lint(root, read_sources(root, ["p.py"]), timeout=60)
    assert not found.error
    rules: dict[str, int] = found.details["rules"]
    return rules


def test_a_project_without_ruff_settings_is_not_held_to_a_taste(tmp_path: Path) -> None:
    taste = (
        'import sys\nimport os\n\n\nclass E(Exception):\n    """Why."""\n\n    pass\n\n\n'
        'x = dict()\ny = "a" == sys.argv[os.getpid()]\nz = [i for i in set([1])]\n'
    )
    assert rules_found(tmp_path, taste) == {"C405": 1, "C416": 1}


def test_what_git_would_ignore_is_looked_at(tmp_path: Path) -> None:
    make_repo(tmp_path, {"a.txt": ""})
    assert rules_found(tmp_path, "import os\n", **{".gitignore": "p.py\n"}) == {"F401": 1}


def test_modern_syntax_is_asked_for_where_the_oldest_python_is_declared(tmp_path: Path) -> None:
    old = "class A(object):\n    x = getattr(1, 'exec')\n"
    assert rules_found(tmp_path, old) == {}
    assert rules_found(tmp_path, old, pyproject_toml=DECLARED) == {"UP004": 1, "B009": 1}


@pytest.mark.parametrize("file", [".flake8", "setup.cfg", "tox.ini"])
def test_what_flake8_is_told_to_ignore_is_ignored(tmp_path: Path, file: str) -> None:
    text = "import os\nx = 1; y = 2\n"
    assert rules_found(tmp_path, text) == {"F401": 1, "E702": 1}
    write(tmp_path, {file: "[flake8]\nignore = E7,W503 # style\nextend-ignore =\n    F401,X999\n"})
    assert rules_found(tmp_path, text) == {}
    write(tmp_path, {"ruff.toml": ""})
    assert ruff_settings(tmp_path) == []


@pytest.mark.parametrize(
    ("made", "mend"),
    [
        (True, "the environment that factory made: declare it among the project's development dependencies"),
        (False, "the project's environment: install it there"),
    ],
)
def test_a_lacking_mypy_comes_with_what_to_do(tmp_path: Path, made: bool, mend: str) -> None:
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\necho 'python: No module named mypy' >&2\nexit 1\n")
    python.chmod(0o755)
    kind: Kind = "made" if made else "project venv"
    environment = Environment(python, "", made, None, kind, tmp_path, tmp_path)
    found = measure_types(tmp_path, [], environment, timeout=60)
    assert found.error == f"mypy is configured, but not installed in {mend}"
