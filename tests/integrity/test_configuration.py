"""Settings of checkers that ask for less, and changes to them that do not."""

from __future__ import annotations

import pytest

from tests.integrity.support import told

PYPROJECT = """
[project]
name = "calc"

[tool.ruff]
line-length = 100

[tool.ruff.lint]
select = ["E", "F", "B"]
ignore = ["E501"]

[tool.ruff.lint.per-file-ignores]
"tests/*" = ["S101"]

[tool.pytest.ini_options]
addopts = "-q --strict-markers"
testpaths = ["tests", "more"]
xfail_strict = true

[tool.mypy]
strict = true

[[tool.mypy.overrides]]
module = "other.*"
ignore_missing_imports = true

[tool.coverage.run]
branch = true
omit = ["a.py"]

[tool.coverage.report]
fail_under = 90
"""


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("line-length = 100", "line-length = 200", "tool.ruff.line-length"),
        ('["E", "F", "B"]', '["E", "F"]', "tool.ruff.select"),
        ('["E", "F", "B"]', '["E", "F", "B9"]', "tool.ruff.select"),
        ('ignore = ["E501"]', 'ignore = ["E501", "F401"]', "tool.ruff.ignore"),
        ('["S101"]', '["S101", "F"]', "tool.ruff.per-file-ignores"),
        ('"tests/*" = ["S101"]', '"*" = ["S101"]', "tool.ruff.per-file-ignores"),
        ("line-length = 100", 'line-length = 100\nexclude = ["calc"]', "tool.ruff.exclude"),
        ("-q --strict-markers", "-q -k fast", "tool.pytest.ini_options.addopts"),
        ("-q --strict-markers", "-q --deselect=tests/a", "tool.pytest.ini_options.addopts"),
        ("-q --strict-markers", "-q --ignore=tests/a", "tool.pytest.ini_options.addopts"),
        ("-q --strict-markers", "-q -p no:raises", "tool.pytest.ini_options.addopts"),
        ('["tests", "more"]', '["tests"]', "tool.pytest.ini_options.testpaths"),
        ("xfail_strict = true", "xfail_strict = false", "tool.pytest.ini_options.xfail_strict"),
        ("strict = true\n\n[[", "strict = false\n\n[[", "tool.mypy.strict"),
        ("strict = true\n\n[[", "\n[[", "tool.mypy.strict"),
        (
            "ignore_missing_imports = true",
            "ignore_errors = true",
            "tool.mypy.overrides[other.*].ignore_errors",
        ),
        ('module = "other.*"', 'module = "calc.*"', "tool.mypy.overrides[calc.*].ignore_missing_imports"),
        ("branch = true", "branch = false", "tool.coverage.run.branch"),
        ('["a.py"]', '["a.py", "b.py"]', "tool.coverage.run.omit"),
        ("fail_under = 90", "fail_under = 80", "tool.coverage.report.fail_under"),
        ("fail_under = 90", "", "tool.coverage.report.fail_under"),
        ("fail_under = 90", "fail_under = 90\nexclude_also = ['if x']", "tool.coverage.report.exclude_also"),
        ("[tool.mypy]\n", "[tool.mypy]\nfollow_imports = 'skip'\n", "tool.mypy.follow_imports"),
        ("[tool.mypy]\n", "[tool.mypy]\ndisable_error_code = ['arg-type']\n", "tool.mypy.disable_error_code"),
    ],
)
def test_looser(old: str, new: str, key: str) -> None:
    assert old in PYPROJECT
    assert told(PYPROJECT, PYPROJECT.replace(old, new), "pyproject.toml") == [f"config_loosened::{key}"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "calc"', 'name = "calc"\ndependencies = ["rich"]'),
        ("line-length = 100", "line-length = 80"),
        ('["E", "F", "B"]', '["B", "F", "E", "W"]'),
        ('["E", "F", "B"]', '["ALL"]'),
        ('["E501"]', "[]"),
        ("fail_under = 90", "fail_under = 95"),
        ("-q --strict-markers", "-ra"),
        ("line-length = 100", 'line-length = 100\ntarget-version = "py311"'),
        ("select = [", "extend-select = ["),
        ("[tool.ruff.lint]", "[tool.ruff.format]\nskip-magic-trailing-comma = true\n\n[tool.ruff.lint]"),
        ("strict = true", "strict = true  # as it should be"),
    ],
)
def test_as_strict_or_stricter(old: str, new: str) -> None:
    assert old in PYPROJECT
    assert told(PYPROJECT, PYPROJECT.replace(old, new), "pyproject.toml") == []


@pytest.mark.parametrize(
    ("path", "before", "after", "key"),
    [
        ("ruff.toml", "line-length = 80\n", "line-length = 90\n", "tool.ruff.line-length"),
        ("sub/ruff.toml", None, "exclude = ['x']\n", "tool.ruff.exclude"),
        ("setup.cfg", "[flake8]\nignore = E1\n", "[flake8]\nignore = E1,E2\n", "flake8.ignore"),
        (
            "setup.cfg",
            "[tool:pytest]\nxfail_strict = true\n",
            "[metadata]\nname=x\n",
            "tool:pytest.xfail_strict",
        ),
        ("tox.ini", "[pytest]\naddopts =\n", "[pytest]\naddopts = --lf\n", "pytest.addopts"),
        (
            ".flake8",
            "[flake8]\nmax-line-length = 80\n",
            "[flake8]\nmax-line-length = 99\n",
            "flake8.max-line-length",
        ),
        (".coveragerc", "[run]\nbranch = True\n", "[run]\nbranch = False\n", "run.branch"),
        (
            ".pylintrc",
            "[MESSAGES CONTROL]\ndisable=a\n",
            "[MESSAGES CONTROL]\ndisable=a,b\n",
            "MESSAGES CONTROL.disable",
        ),
        (
            "mypy.ini",
            "[mypy]\n",
            "[mypy]\n[mypy-calc.*]\nignore_errors = True\n",
            "mypy-calc.*.ignore_errors",
        ),
        (
            "pytest.ini",
            "[pytest]\npython_files = a.py b.py\n",
            "[pytest]\npython_files = a.py\n",
            "pytest.python_files",
        ),
        (
            "pyrightconfig.json",
            '{"typeCheckingMode": "strict"}',
            '{"typeCheckingMode": "off"}',
            "tool.pyright.typeCheckingMode",
        ),
    ],
)
def test_every_file(path: str, before: str | None, after: str, key: str) -> None:
    assert told(before, after, path) == [f"config_loosened::{key}"]


def test_a_file_that_cannot_be_read_any_more() -> None:
    assert told(PYPROJECT, "no toml at all", "pyproject.toml") == ["config_loosened"]


def test_a_file_that_is_gone() -> None:
    assert told("[mypy]\nstrict = True\n", None, "mypy.ini") == ["config_loosened::mypy.strict"]


def test_a_section_of_another_tool() -> None:
    assert told("[metadata]\nignore = a\n", "[metadata]\nignore = a,b\n", "setup.cfg") == []
    assert told("[tool.black]\nexclude = 'a'\n", "[tool.black]\nexclude = 'b'\n", "pyproject.toml") == []
