"""Layouts of Python projects, as their build files declare them or as they lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.evals.roots import find_roots
from tests.evals.projects import write

Layout = tuple[dict[str, str], list[str], list[str]]

LAYOUTS: dict[str, Layout] = {
    "flat package": (
        {"thing/__init__.py": "", "tests/test_a.py": "", "docs/conf.py": "", "setup.py": ""},
        ["."],
        ["thing"],
    ),
    "single modules": (
        {"thing.py": "", "conftest.py": "", "test_thing.py": "", "noxfile.py": ""},
        ["."],
        ["thing"],
    ),
    "src": (
        {"src/thing/__init__.py": "", "src/more.py": "", "helper.py": "", "src/thing.egg-info/x": ""},
        ["src", "."],
        ["more", "thing"],
    ),
    "src is the package": ({"src/__init__.py": "", "src/a.py": ""}, ["."], ["src"]),
    "namespace in src": (
        {"src/org/part/__init__.py": "", "src/org/other.py": ""},
        ["src", "."],
        ["org.other", "org.part"],
    ),
    "namespace in a flat layout, told by the project's name": (
        {"pyproject.toml": "[project]\nname = 'org-part'", "org/part/__init__.py": "", "assets/x.py": ""},
        ["."],
        ["org.part"],
    ),
    "setuptools package-dir": (
        {"pyproject.toml": "[tool.setuptools.package-dir]\n'' = 'lib'", "lib/thing/__init__.py": ""},
        ["lib", "."],
        ["thing"],
    ),
    "setuptools find": (
        {
            "pyproject.toml": "[tool.setuptools.packages.find]\nwhere = ['python']",
            "python/thing/__init__.py": "",
        },
        ["python", "."],
        ["thing"],
    ),
    "setup.cfg": (
        {"setup.cfg": "[options]\npackage_dir =\n    = code\n", "code/thing/__init__.py": ""},
        ["code", "."],
        ["thing"],
    ),
    "setup.py": (
        {
            "setup.py": "import setuptools as s\ns.setup(packages=s.find_packages('code'))",
            "code/thing/__init__.py": "",
        },
        ["code", "."],
        ["thing"],
    ),
    "hatch": (
        {
            "pyproject.toml": "[tool.hatch.build.targets.wheel]\npackages = ['lib/thing']",
            "lib/thing/__init__.py": "",
        },
        ["lib", "."],
        ["thing"],
    ),
    "hatch, flat": (
        {"pyproject.toml": "[tool.hatch.build.targets.wheel]\npackages = ['thing']", "thing/__init__.py": ""},
        ["."],
        ["thing"],
    ),
    "poetry": (
        {
            "pyproject.toml": "[tool.poetry]\npackages = [{include = 'thing', from = 'lib'}]",
            "lib/thing/__init__.py": "",
        },
        ["lib", "."],
        ["thing"],
    ),
    "maturin": (
        {"pyproject.toml": "[tool.maturin]\npython-source = 'python'", "python/thing/__init__.py": ""},
        ["python", "."],
        ["thing"],
    ),
    "uv workspace": (
        {
            "pyproject.toml": "[tool.uv.workspace]\nmembers = ['packages/*']",
            "packages/a/src/a/__init__.py": "",
            "packages/b/b/__init__.py": "",
        },
        ["packages/a/src", "packages/b", "."],
        ["a", "b"],
    ),
    "nothing of Python": ({"main.go": ""}, ["."], []),
    "damaged build files": (
        {"pyproject.toml": "[[[", "setup.cfg": "=", "setup.py": "def (", "thing/__init__.py": ""},
        ["."],
        ["thing"],
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_roots_and_names(tmp_path: Path, name: str) -> None:
    files, paths, names = LAYOUTS[name]
    roots = find_roots(write(tmp_path, files))
    found = [str(path.relative_to(tmp_path.resolve())) for path in roots.paths]
    assert (found, sorted(roots.names)) == (paths, names)


def test_a_root_outside_the_checkout_is_not_believed(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", {"thing.py": ""})
    declares = {"pyproject.toml": "[tool.setuptools.package-dir]\n'' = '../elsewhere'", "own/__init__.py": ""}
    checkout = write(tmp_path / "c", declares)
    assert find_roots(checkout).paths == (checkout,)


def test_source_and_tests_are_told_apart(tmp_path: Path) -> None:
    files = [
        "pkg/__init__.py",
        "pkg/tests/help.py",
        "tests/__init__.py",
        "tests/conftest.py",
        "tests/test_a.py",
    ]
    checkout = write(tmp_path, dict.fromkeys([*files, ".venv/lib/y.py"], ""))
    roots = find_roots(checkout)
    assert (roots.units, roots.tests) == ((checkout / "pkg",), (checkout / "tests",))


def test_a_package_is_one_whatever_its_name_and_the_likeliest_comes_first(tmp_path: Path) -> None:
    packages = [f"{name}/__init__.py" for name in ("bench", "data", "tests", "docs", "examples", "pkg")]
    assert find_roots(write(tmp_path, dict.fromkeys(packages, ""))).names == ("pkg", "bench", "data")


@pytest.mark.parametrize("name", ["vendor", "third_party"])
def test_a_package_of_vendored_code_is_the_projects_too(tmp_path: Path, name: str) -> None:
    checkout = write(tmp_path, dict.fromkeys([f"{name}/__init__.py", "pkg/__init__.py"], ""))
    assert sorted(find_roots(checkout).names) == ["pkg", name]


def test_a_setup_file_that_is_nested_too_deeply_says_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"setup.py": f"setup{'.b()' * 400}\n", "thing/__init__.py": ""})
    assert find_roots(tmp_path).names == ("thing",)
