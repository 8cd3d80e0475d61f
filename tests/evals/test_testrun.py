"""Test runs on real little projects, in the interpreter that runs these tests."""

from __future__ import annotations

import shutil
import sys
import venv
from pathlib import Path

import pytest

from factory.evals.reports import FileCoverage
from factory.evals.testrun import run_tests
from factory.models import Outcome
from factory.paths import HomePaths
from tests.evals.projects import environment, measure, write

ODD = """
import pytest

def test_passes():
    from thing import double
    assert double(2) == 4

def test_fails():
    assert 0

@pytest.mark.skip
def test_skipped():
    pass

@pytest.mark.xfail
def test_xfails():
    assert 0

@pytest.mark.xfail
def test_xpasses():
    pass

@pytest.mark.xfail(strict=True)
def test_strict():
    pass

@pytest.mark.parametrize("text", ["a b", "ü/[x]::y", "-n", "tab\\there"])
def test_odd(text):
    assert text

@pytest.fixture
def broken():
    raise RuntimeError

@pytest.fixture
def untidy():
    yield
    raise RuntimeError

def test_setup(broken):
    pass

def test_teardown(untidy):
    pass

def test_both(untidy):
    assert 0

class TestGroup:
    def test_method(self):
        pass
"""


def test_each_outcome_is_told_by_node_id(tmp_path: Path) -> None:
    checkout = write(
        tmp_path / "c", {"thing.py": "def double(n):\n    return 2 * n\n", "tests/test_odd.py": ODD}
    )
    found = measure(tmp_path, checkout)
    names = {test.removeprefix("tests/test_odd.py::"): outcome for test, outcome in found.outcomes.items()}
    assert names == {
        "test_passes": Outcome.PASSED,
        "test_fails": Outcome.FAILED,
        "test_skipped": Outcome.SKIPPED,
        "test_xfails": Outcome.XFAILED,
        "test_xpasses": Outcome.XPASSED,
        "test_strict": Outcome.FAILED,
        "test_odd[a b]": Outcome.PASSED,
        "test_odd[\\xfc/[x]::y]": Outcome.PASSED,
        "test_odd[-n]": Outcome.PASSED,
        "test_odd[tab\\there]": Outcome.PASSED,
        "test_setup": Outcome.ERROR,
        "test_teardown": Outcome.ERROR,
        "test_both": Outcome.FAILED,
        "TestGroup::test_method": Outcome.PASSED,
    }
    assert (found.error, found.outside, found.exit_code, found.valid) == ("", [], 1, True)
    assert found.modules["thing"] == str(checkout / "thing.py")


def test_a_src_project_is_covered_line_by_line_with_files_that_nothing_imports(tmp_path: Path) -> None:
    checkout = write(
        tmp_path / "c",
        {
            "pyproject.toml": "[project]\nname = 'thing'\n[tool.coverage.run]\nomit = ['*']\n",
            "src/thing/__init__.py": "def f(x):\n    if x:\n        return 1\n    return 2\n",
            "src/thing/never.py": "A = 1\nB = 2\n",
            "src/thing/broken.py": "def (\n",
            "tests/test_thing.py": "import thing\n\ndef test_f():\n    assert thing.f(1) == 1\n",
        },
    )
    found = measure(tmp_path, checkout, coverage=True)
    assert found.outcomes == {"tests/test_thing.py::test_f": Outcome.PASSED}
    assert found.coverage is not None
    lines = {name: (set(f.executed), set(f.missing)) for name, f in found.coverage.files.items()}
    assert lines == {"src/thing/__init__.py": ({1, 2, 3}, {4}), "src/thing/never.py": (set(), {1, 2})}
    assert found.coverage.error == ""


def test_of_coverages_exclusions_only_its_comment_counts(tmp_path: Path) -> None:
    text = (
        "TYPE_CHECKING = True\n"
        "def f(x):\n    if TYPE_CHECKING:\n        if x:\n            return 1\n"
        "    if x:  # pragma: no cover\n        return 2\n"
        "    return 3\n"
    )
    tests = "import thing\n\ndef test_f():\n    assert thing.f(0) == 3\n"
    found = measure(tmp_path, write(tmp_path / "c", {"thing.py": text, "test_a.py": tests}), coverage=True)
    assert found.coverage is not None
    lines = found.coverage.files["thing.py"]
    assert (set(lines.executed), set(lines.missing)) == ({1, 2, 3, 4, 8}, {5})


def test_unittest_tests_run_too(tmp_path: Path) -> None:
    text = (
        "import unittest\n\nclass Case(unittest.TestCase):\n"
        "    def test_one(self):\n        self.assertTrue(1)\n"
        "    @unittest.skip('later')\n    def test_two(self):\n        pass\n"
    )
    found = measure(tmp_path, write(tmp_path / "c", {"test_case.py": text}), command="python -m unittest")
    assert found.outcomes == {
        "test_case.py::Case::test_one": Outcome.PASSED,
        "test_case.py::Case::test_two": Outcome.SKIPPED,
    }


def test_tests_in_a_file_of_that_name_run_too(tmp_path: Path) -> None:
    text = "import unittest\n\nclass T(unittest.TestCase):\n    def test_it(self):\n        pass\n"
    checkout = write(tmp_path / "c", {"src/a/__init__.py": "", "src/a/tests.py": text, "tests.py": "x = 1\n"})
    expected = {"src/a/tests.py::T::test_it": Outcome.PASSED}
    assert measure(tmp_path, checkout).outcomes == expected
    write(checkout, {"pytest.ini": "[pytest]\ntestpaths = src\n"})
    assert measure(tmp_path, checkout).outcomes == expected
    write(checkout, {"pytest.ini": "[pytest]\npython_files = check_*.py\n"})
    assert measure(tmp_path, checkout).outcomes == {}


def test_a_module_named_tests_that_holds_none_is_not_collected(tmp_path: Path) -> None:
    text = "def test_odd(value):\n    return value % 2 == 1\n"
    checkout = write(tmp_path / "c", {"lib/__init__.py": "", "lib/tests.py": text})
    assert measure(tmp_path, checkout).outcomes == {}


def test_a_project_without_tests_has_none_and_no_error(tmp_path: Path) -> None:
    found = measure(tmp_path, write(tmp_path / "c", {"thing.py": "A = 1\n"}), coverage=True)
    assert (found.outcomes, found.error, found.exit_code) == ({}, "", 5)
    assert found.coverage is not None
    assert found.coverage.files == {"thing.py": FileCoverage(frozenset(), frozenset({1}))}


def test_a_file_that_cannot_be_collected_is_an_error_and_the_others_run(tmp_path: Path) -> None:
    files = {"test_a.py": "import absent_thing_x\n", "test_b.py": "def test_b():\n    pass\n"}
    found = measure(tmp_path, write(tmp_path / "c", files))
    assert found.outcomes == {
        "test_a.py::collection": Outcome.ERROR,
        "test_b.py::test_b": Outcome.PASSED,
    }
    assert found.error == ""
    assert "absent_thing_x cannot be imported by" in found.hint
    assert "absent_thing_x" in found.texts["test_a.py::collection"]


def test_a_hanging_test_is_named_and_the_outcomes_so_far_are_kept(tmp_path: Path) -> None:
    text = "import time\n\ndef test_a():\n    pass\n\ndef test_b():\n    time.sleep(60)\n"
    found = measure(tmp_path, write(tmp_path / "c", {"test_hang.py": text}), timeout=6)
    assert found.outcomes == {"test_hang.py::test_a": Outcome.PASSED}
    assert found.error == "timed out after 6 s in test_hang.py::test_b"
    assert not found.valid


@pytest.mark.parametrize("code", [0, 3])
def test_a_conftest_that_ends_the_process_is_an_error(tmp_path: Path, code: int) -> None:
    files = {"conftest.py": f"import os\nos._exit({code})\n", "test_a.py": "def test_a():\n    pass\n"}
    found = measure(tmp_path, write(tmp_path / "c", files), coverage=True)
    assert found.outcomes == {}
    assert found.error == f"the test process ended early, with exit code {code}: it said nothing"
    assert found.coverage is not None
    assert found.coverage.error == "the test run ended before coverage was written"


def test_a_test_that_ends_the_process_is_named(tmp_path: Path) -> None:
    text = "import os\n\ndef test_a():\n    pass\n\ndef test_b():\n    os._exit(0)\n"
    found = measure(tmp_path, write(tmp_path / "c", {"test_exit.py": text}))
    assert found.outcomes == {"test_exit.py::test_a": Outcome.PASSED}
    assert found.error.startswith("the test process ended early, with exit code 0 in test_exit.py::test_b")


def test_options_of_the_project_that_would_change_the_run_are_neutralised(tmp_path: Path) -> None:
    checkout = write(
        tmp_path / "c",
        {
            "pytest.ini": "[pytest]\naddopts = -x -n 2 --cov=thing --cov-fail-under=100 -W error --lf\n",
            "thing.py": "def f():\n    return 1\n",
            "test_a.py": "import os, thing\n\ndef test_a():\n    assert 0\n\n"
            "def test_b():\n    assert 'PYTEST_XDIST_WORKER' not in os.environ\n    assert thing.f() == 1\n",
        },
    )
    found = measure(tmp_path, checkout, coverage=True)
    assert found.outcomes == {"test_a.py::test_a": Outcome.FAILED, "test_a.py::test_b": Outcome.PASSED}
    assert found.error == ""
    assert found.coverage is not None
    assert found.coverage.files["thing.py"].missing == frozenset()
    assert sorted(p.name for p in checkout.iterdir()) == ["pytest.ini", "test_a.py", "thing.py"]


def test_neither_settings_above_nor_secrets_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", "secret")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (tmp_path / "conftest.py").write_text("raise RuntimeError\n")
    text = (
        "import os, pathlib\n\ndef test_env():\n    assert 'MY_API_KEY' not in os.environ\n"
        f"    assert os.environ['HOME'] != {str(Path.home())!r}\n    assert pathlib.Path.home().is_dir()\n"
    )
    found = measure(tmp_path, write(tmp_path / "c", {"tests/test_env.py": text}))
    assert (found.outcomes, found.error) == ({"tests/test_env.py::test_env": Outcome.PASSED}, "")


TOOLS = ("pytest.py", "coverage.py", "factory_probe_plugin.py")


def test_the_checkout_cannot_replace_the_measuring_tools(tmp_path: Path) -> None:
    files = dict.fromkeys(TOOLS, "raise SystemExit(0)\n")
    checkout = write(tmp_path / "c", {**files, "test_a.py": "def test_a():\n    assert 0\n"})
    assert measure(tmp_path, checkout, coverage=True).outcomes == {"test_a.py::test_a": Outcome.FAILED}


@pytest.mark.parametrize("absent", [("iniconfig",), ("iniconfig", "coverage")])
def test_a_project_that_pytest_stands_on_is_measured_with_itself(
    tmp_path: Path, absent: tuple[str, ...]
) -> None:
    person = tmp_path / "project"
    python = venv_without(tmp_path, person, *absent)
    origin = Path(next(p for p in sys.path if (Path(p) / "iniconfig").is_dir())) / "iniconfig"
    # Where coverage is lacking, ours are lent, with a copy of the project among them.
    tools = HomePaths(tmp_path / "factory-home").tools / str(sys.implementation.cache_tag)
    tools.mkdir(parents=True)
    for name in ("_pytest", "pytest", "pluggy", "packaging", "pygments", "coverage", "iniconfig"):
        (tools / name).symlink_to(origin.parent / name)
    checkout = write(tmp_path / "c", {"tests/test_t.py": "import iniconfig\n\ndef test_it():\n    pass\n"})
    shutil.copytree(origin, checkout / "src" / "iniconfig")
    found = run_tests(
        checkout, environment(tmp_path, person, python), timeout=60, covered=[], progress=lambda _: None
    )
    assert (found.error, found.outside) == ("", [])
    assert found.outcomes == {"tests/test_t.py::test_it": Outcome.PASSED}
    assert found.modules["iniconfig"].startswith(str(checkout))


def venv_without(tmp_path: Path, project: Path, *absent: str) -> str:
    """A virtual environment with links to this interpreter's packages, but for some."""
    project.mkdir()
    venv.create(project / ".venv", symlinks=True)
    site = next((project / ".venv").glob("lib/python*/site-packages"))
    for folder in [Path(p) for p in sys.path if p.endswith("site-packages")]:
        for entry in folder.iterdir():
            if not entry.name.startswith((*absent, "__pycache__")) and not (site / entry.name).exists():
                (site / entry.name).symlink_to(entry)
    return str(project / ".venv" / "bin" / "python")


def test_a_second_name_for_a_module_of_another_package_is_no_code_of_the_project(tmp_path: Path) -> None:
    thing = "import queue, sys\nsys.modules[__name__ + '.queue'] = queue\n"
    text = "import thing\nfrom thing.queue import Queue\n\ndef test_it():\n    assert Queue\n"
    checkout = write(tmp_path / "c", {"thing.py": thing, "tests/test_t.py": text})
    assert measure(tmp_path, checkout).outside == []


def test_children_of_a_test_import_the_checkouts_code(tmp_path: Path) -> None:
    text = (
        "import subprocess, sys\n\ndef test_child():\n"
        "    said = subprocess.run([sys.executable, '-c', 'import thing; print(thing.__file__)'],"
        " capture_output=True, text=True, cwd='/')\n"
        "    assert said.stdout.strip().endswith('c/src/thing.py'), said\n"
    )
    checkout = write(tmp_path / "c", {"src/thing.py": "", "tests/test_child.py": text})
    assert measure(tmp_path, checkout).outcomes == {"tests/test_child.py::test_child": Outcome.PASSED}


def test_selected_tests_alone_run(tmp_path: Path) -> None:
    text = "def test_a():\n    pass\n\ndef test_b():\n    pass\n"
    checkout = write(tmp_path / "c", {"test_x.py": text, "test_y.py": text})
    found = run_tests(
        checkout,
        environment(tmp_path),
        command="pytest test_y.py -q",
        timeout=60,
        select=["test_x.py::test_b"],
        progress=lambda _: None,
    )
    assert found.outcomes == {"test_x.py::test_b": Outcome.PASSED}


def test_the_projects_command_decides_what_runs(tmp_path: Path) -> None:
    text = "import os\n\ndef test_a():\n    assert os.environ['MODE'] == 'fast'\n\ndef test_b():\n    pass\n"
    checkout = write(tmp_path / "c", {"test_x.py": text})
    found = measure(tmp_path, checkout, command="MODE=fast uv run pytest -k test_a")
    assert found.outcomes == {"test_x.py::test_a": Outcome.PASSED}


def test_a_command_that_is_no_pytest_call_is_refused_with_a_sentence(tmp_path: Path) -> None:
    found = measure(tmp_path, write(tmp_path / "c", {"test_x.py": ""}), command="make test")
    assert found.error == "the tests command is not a pytest command line: make test"


def test_an_option_that_pytest_does_not_know_is_an_error_with_its_words(tmp_path: Path) -> None:
    files = {"pytest.ini": "[pytest]\naddopts = --no-such-option\n", "test_a.py": "def test_a():\n    pass\n"}
    found = measure(tmp_path, write(tmp_path / "c", files))
    assert found.outcomes == {}
    assert "--no-such-option" in found.error


def venv_with(tmp_path: Path, project: Path, *, pth: Path | None, finder: Path | None = None) -> str:
    """A virtual environment over this interpreter's packages, with an editable install of ``pth``."""
    folder = project / ".venv"
    venv.create(folder, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    own = [p for p in sys.path if p.endswith("site-packages")]
    (site / "own.pth").write_text("\n".join([*own, *([str(pth)] if pth else [])]) + "\n")
    if finder:
        (site / "finder.pth").write_text("import eager_finder\n")
        (site / "eager_finder.py").write_text(
            "import sys, importlib.util\n\nclass Finder:\n    @staticmethod\n"
            "    def find_spec(name, path=None, target=None):\n        if name == 'thing':\n"
            f"            return importlib.util.spec_from_file_location(name, {str(finder)!r})\n\n"
            "sys.meta_path.insert(0, Finder)\n"
        )
    return str(folder / "bin" / "python")


TELLS = "import thing\n\ndef test_value():\n    assert thing.value() == 'checkout'\n"
FROM_PERSON, FROM_CHECKOUT = "def value():\n    return 'person'\n", "def value():\n    return 'checkout'\n"


def test_an_editable_install_of_the_persons_checkout_gives_way_to_the_measured_one(tmp_path: Path) -> None:
    person = write(tmp_path / "project", {"src/thing.py": FROM_PERSON})
    checkout = write(tmp_path / "c", {"src/thing.py": FROM_CHECKOUT, "tests/test_t.py": TELLS})
    python = venv_with(tmp_path, person, pth=person / "src")
    found = run_tests(
        checkout,
        environment(tmp_path, person, python),
        timeout=60,
        progress=lambda _: None,
    )
    assert (found.outcomes, found.outside) == ({"tests/test_t.py::test_value": Outcome.PASSED}, [])


def test_code_of_the_persons_checkout_voids_the_run(tmp_path: Path) -> None:
    person = write(tmp_path / "project", {"src/thing.py": FROM_PERSON})
    checkout = write(tmp_path / "c", {"src/thing.py": FROM_CHECKOUT, "tests/test_t.py": TELLS})
    python = venv_with(tmp_path, person, pth=None, finder=person / "src/thing.py")
    found = run_tests(checkout, environment(tmp_path, person, python), timeout=60, progress=lambda _: None)
    file = person / "src/thing.py"
    assert found.outside == [
        f"thing was loaded from the person's checkout at {file}, not from the measured commit"
    ]
    assert not found.valid
    assert "[eval] python" in found.hint


def test_a_module_that_only_the_persons_checkout_still_has_voids_the_run(tmp_path: Path) -> None:
    person = write(tmp_path / "project", {"src/old.py": "def value():\n    return 'checkout'\n"})
    text = TELLS.replace("thing", "old")
    checkout = write(tmp_path / "c", {"src/new.py": FROM_CHECKOUT, "tests/test_t.py": text})
    python = venv_with(tmp_path, person, pth=person / "src")
    found = run_tests(checkout, environment(tmp_path, person, python), timeout=60, progress=lambda _: None)
    assert [sentence.split(" was ")[0] for sentence in found.outside] == ["old"]


def test_a_generated_file_that_is_not_in_the_commit_is_recognised(tmp_path: Path) -> None:
    package = "from thing._version import version\n"
    files = {"thing/__init__.py": package, "thing/_version.py": "version = '1'\n"}
    person = write(tmp_path / "project", files)
    checkout = write(tmp_path / "c", {"thing/__init__.py": package, "tests/test_t.py": "import thing\n"})
    found = run_tests(checkout, environment(tmp_path, person), timeout=60, progress=lambda _: None)
    assert found.outcomes == {"tests/test_t.py::collection": Outcome.ERROR}
    assert found.hint == (
        "thing._version is generated: it is in the person's checkout or in an installed copy, but not in the "
        "commit. Set [eval] setup in factory.toml to the command that builds it."
    )
