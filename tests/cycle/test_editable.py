"""A project whose own environment has the person's checkout installed editable.

What is measured is the checkout of the commit all the same, never the person's files.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from factory.models import Outcome
from tests.support.cli import factory
from tests.support.projects import FILES, POLICY, assert_sound, begin, small_project
from tests.support.repos import write

PYPROJECT = """\
[build-system]
requires = ["setuptools>=68"]
build-backend = "setuptools.build_meta"

[project]
name = "calc"
version = "1"
requires-python = ">=3.11"

[project.optional-dependencies]
test = ["pytest"]

[tool.setuptools.packages.find]
where = ["src"]
"""

POLICY_OF_ITS_OWN_ENVIRONMENT = (
    POLICY.replace(f"python = {sys.executable!r}\n", "").replace('"calc/**"', '"src/**"')
    + '\n[[eval.dimension]]\nname = "tests"\ntier = "hygiene"\n'
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files: dict[str, str] = {
        "src/calc/__init__.py": FILES["calc/__init__.py"],
        "src/calc/sums.py": FILES["calc/sums.py"],
        "tests/test_sums.py": FILES["tests/test_sums.py"],
        "pyproject.toml": PYPROJECT,
        ".gitignore": "__pycache__/\n.pytest_cache/\n*.egg-info/\n.venv/\n",
    }
    project = small_project(tmp_path / "calc", files, policy=POLICY_OF_ITS_OWN_ENVIRONMENT)
    for step in (["-m", "venv", ".venv"], ["-m", "pip", "install", "--quiet", "-e", ".[test]"]):
        python = sys.executable if step[1] == "venv" else str(project / ".venv/bin/python")
        subprocess.run([python, *step], cwd=project, check=True, capture_output=True)
    return project


@pytest.mark.slow
def test_the_commits_code_is_measured_and_not_the_installed_checkouts(project: Path) -> None:
    where = [str(project / ".venv/bin/python"), "-c", "import calc; print(calc.__file__)"]
    installed = subprocess.run(where, cwd=project.parent, capture_output=True, text=True, check=True)
    assert installed.stdout.strip() == str(project / "src/calc/__init__.py")

    # A change that breaks a test, while the person's checkout is sound: it would pass if that were measured.
    sums = FILES["calc/sums.py"]
    begun = begin(project).edit(
        {"src/calc/sums.py": sums.replace("a + a", "a * 3").replace("import os\n", "")}
    )
    assert begun.decide() == ("revert", "new_failures")

    # The other way round: the person has broken their checkout, and the change is sound.
    write(project, {"src/calc/sums.py": sums.replace("a + a", "a * 3")})
    begun = begin(project, "Drop an import that nobody uses")
    begun.edit({"src/calc/sums.py": sums.replace("import os\n", "")})
    measured = begun.run("eval", "--json").expect(0).json
    assert measured["void"] == ""
    assert set(measured["tests"].values()) == {Outcome.PASSED.value}
    begun.review()
    assert begun.finalize()["verdict"] == "keep"
    assert_sound(project)
    assert factory("integrate", project).expect(1).out.startswith("pending: ")
    assert "a * 3" in (project / "src/calc/sums.py").read_text()
