"""Discovery on real projects: what is tried, kept, marked and dropped, and the file that comes of it."""

import re
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from factory.config import load_project
from factory.evals.detect import detect
from factory.evals.dimensions import BUILT_IN
from factory.evals.discover import Discovery, discover
from factory.evals.setup_file import plain_setup, threshold_for, time_limit_for
from factory.git import Repo, scratch_checkout
from factory.paths import HomePaths
from factory.sandbox import OFF, Sandbox, choose
from tests.evals.project_builder import FILES
from tests.support.repos import make_repo, write
from tests.support.sandboxes import working_sandbox


def found(tmp_path: Path, files: dict[str, str], sandbox: Sandbox = OFF) -> Discovery:
    root = make_repo(tmp_path / "project", files)
    (root / ".venv" / "bin").mkdir(parents=True)
    launcher = root / ".venv" / "bin" / "python"
    launcher.symlink_to(sys.executable)
    (root / ".venv" / "pyvenv.cfg").write_text((Path(sys.prefix) / "pyvenv.cfg").read_text())
    (root / ".venv" / "lib").symlink_to(Path(sys.prefix) / "lib")

    def checkout() -> AbstractContextManager[Path]:
        return scratch_checkout(Repo(root), "HEAD")

    return discover(
        root,
        checkout,
        target_branch="main",
        sandbox=sandbox,
        progress=lambda _: None,
        home=HomePaths(tmp_path / "home"),
    )


def test_a_python_project(tmp_path: Path) -> None:
    result = found(tmp_path, {**FILES, "README.md": "# calc\n\nSmall sums.\n", "docs/index.md": "Hello\n"})
    assert result.language == "Python"
    kept = [t.spec.name for t in result.tried if t.kept]
    assert kept == [name for name in BUILT_IN if name != "type_check"]
    assert (result.failing, result.flaky, result.notes) == ([], [], [])
    config = load_project(result.config_text)
    assert config.goal == "Small sums."
    assert config.scope.modifiable == ("src/**", "tests/**", "docs/**", "/README.md")
    assert config.scope.read_only == ("eval/**", "factory.toml")
    assert config.eval.smoke == 'python -c "import calc"'
    assert re.search(r"few ruff findings per 100 statements; score 0\.\d{4}, \d", result.config_text)
    assert config.target_branch == "main"
    assert [d.name for d in config.eval.dimensions] == [t.spec.name for t in result.tried]
    assert not any(d.noisy for d in config.eval.dimensions)


def test_what_differs_is_noisy_and_what_fails_is_dropped(tmp_path: Path) -> None:
    noise = "import random\nprint('{\"score\": %f}' % random.random())\n"
    result = found(tmp_path, {**FILES, "eval/run.py": noise, "mypy.ini": "[mypy]\nstrict = maybe\n"})
    tried = {t.spec.name: t for t in result.tried}
    assert tried["eval"].spec.noisy
    assert not tried["tests"].spec.noisy
    assert tried["eval_results"].reason.startswith('the output has no JSON object with "results"')
    config = load_project(result.config_text)
    assert [(d.name, d.command, d.parser) for d in config.eval.dimensions if d.noisy] == [
        ("eval", "python eval/run.py", "json")
    ]
    assert "#   eval_results: the output has no JSON object" in result.config_text


def test_flaky_and_failing_tests_are_named(tmp_path: Path) -> None:
    marker = tmp_path / "seen"
    flaky = (
        f"import pathlib\n\nSEEN = pathlib.Path({str(marker)!r})\n\n\ndef test_flaky():\n"
        "    first = not SEEN.exists()\n    SEEN.write_text('')\n    assert first\n\n\n"
        "def test_wrong():\n    assert False\n"
    )
    result = found(tmp_path, {**FILES, "tests/test_more.py": flaky})
    assert result.failing == ["tests/test_more.py::test_wrong"]
    assert result.flaky == ["tests/test_more.py::test_flaky"]
    assert not next(t for t in result.tried if t.spec.name == "tests").spec.noisy
    assert result.notes == [
        "1 of 3 tests fail already, and can guard nothing: tests/test_more.py::test_wrong",
        "flaky, so no keep and no revert rests on it: tests/test_more.py::test_flaky",
    ]
    assert result.untestable == ""


def test_tests_that_cannot_be_run_are_told_apart_from_none(tmp_path: Path) -> None:
    result = found(tmp_path, {**FILES, "tests/conftest.py": "import not_there\n"})
    assert "No module named 'not_there'" in result.untestable
    dropped = [t.spec.name for t in result.tried if not t.kept]
    assert dropped == ["tests", "coverage", "capability_surface"]


def test_where_no_test_passes_the_reason_is_told(tmp_path: Path) -> None:
    result = found(tmp_path, {**FILES, "src/calc.py": "import not_there\n"})
    assert result.untestable == " ".join(result.notes)
    assert result.untestable.startswith(
        "1 of 1 tests fail already, and can guard nothing: tests/test_calc.py"
    )
    assert ". not_there cannot be imported by " in result.untestable


def test_a_void_run_gives_no_scores(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign" / "calc.py"
    foreign.parent.mkdir()
    foreign.write_text(FILES["src/calc.py"])
    test = (
        f"import sys\nsys.path.insert(0, {str(foreign.parent)!r})\nimport calc\n\ndef test_it():\n    pass\n"
    )
    result = found(tmp_path, {**FILES, "tests/test_calc.py": test})
    assert result.untestable.startswith(f"calc was loaded from a copy at {foreign}")
    assert "tests" not in [d.name for d in load_project(result.config_text).eval.dimensions]


FAST_C = (
    '#include <Python.h>\nstatic struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "fast"};\n'
    "PyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&def); }\n"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("condition", "setup"),
    [
        ("True", "python setup.py build_ext --inplace"),
        ("'--inplace' not in sys.argv", "python -m pip wheel"),
        ("os.path.basename(os.getcwd()) == 'project'", ""),  # where the environment is made
    ],
)
def test_what_a_checkout_lacks_is_built_or_named(tmp_path: Path, condition: str, setup: str) -> None:
    files = {
        "setup.py": (
            f"import os, sys\nfrom setuptools import Extension, setup\n\nassert {condition}\n"
            "os.makedirs('src/slow', exist_ok=True)\n"
            "open('src/slow/made.py', 'w').write('made = 1\\n')\n"
            "setup(name='fast', version='1', package_dir={'': 'src'}, packages=['slow'], "
            "ext_modules=[Extension('fast', ['fast.c'])])\n"
        ),
        "fast.c": FAST_C,
        "src/slow/__init__.py": "def f():\n    return 1\n",
        "test_fast.py": "def test_it():\n    import fast\n    import slow.made\n",
        ".gitignore": "made.py\n",
    }
    root = make_repo(tmp_path / "project", files)
    result = discover(
        root,
        lambda: scratch_checkout(Repo(root), "HEAD"),
        target_branch="main",
        sandbox=choose(),
        progress=lambda _: None,
        home=HomePaths(tmp_path / "home"),
    )
    found = load_project(result.config_text).eval.setup
    assert found.startswith(setup)
    assert bool(found) == bool(setup)
    assert result.failing == ([] if setup else ["test_fast.py::test_it"])
    assert [note.split(" ")[:4] for note in result.notes[:1]] == (
        [] if setup else [["A", "fresh", "checkout", "lacks"]]
    )


def test_a_project_without_tests(tmp_path: Path) -> None:
    result = found(tmp_path, {"calc.py": FILES["src/calc.py"]})
    assert result.notes == ["There are no tests yet: the first ones will raise the score."]
    assert load_project(result.config_text).scope.modifiable == ("/calc.py",)


def test_other_languages_by_exit_code(tmp_path: Path) -> None:
    files = {"Makefile": "test:\n\ttrue\nlint:\n\tfalse\n", "lib/main.c": "int main(){}\n"}
    result = found(tmp_path, files)
    assert result.language == "C"
    config = load_project(result.config_text)
    assert [(d.name, d.tier, d.command) for d in config.eval.dimensions] == [
        ("tests", "hygiene", "make test"),
        ("lint", "hygiene", "make lint"),
    ]
    assert result.composite == 0.5
    assert config.scope.modifiable == ("lib/**",)
    assert config.scope.read_only == ("eval/**", "factory.toml", "/Makefile")


def test_what_is_tried_is_tried_in_the_sandbox(tmp_path: Path) -> None:
    write(tmp_path / "person", {"theirs": ""})
    code = f"import os, sys\n\nos.system('touch {tmp_path}/person/by-' + os.path.basename(sys.argv[0]))\n"
    files = {"calc.py": code, "test_calc.py": "import calc\n\n\ndef test_it():\n    pass\n"}
    result = found(tmp_path, files, working_sandbox())
    assert load_project(result.config_text).eval.smoke == 'python -c "import calc"'
    assert result.tried[0].scores == (1.0, 1.0)
    assert [path.name for path in (tmp_path / "person").iterdir()] == ["theirs"]


def test_settings_of_tools_at_the_root_are_no_code_to_be_changed(tmp_path: Path) -> None:
    files = {"package.json": "{}", "eslint.config.js": "1\n", "vite.config.ts": "1\n", "src/a.js": "1\n"}
    write(tmp_path, files)
    assert detect(tmp_path, sorted(files)).modifiable == ["src/**"]


def test_nothing_to_measure_is_said(tmp_path: Path) -> None:
    result = found(tmp_path, {"notes.txt": "…\n"})
    assert (result.language, result.tried) == ("unknown", [])
    assert result.notes == ["Nothing could be measured: add a dimension of your own to factory.toml."]
    assert load_project(result.config_text).eval.dimensions == ()


@pytest.mark.parametrize(
    ("readme", "goal"),
    [
        ("calc\n====\n\nSmall *sums* of `two`. And more.\n", "Small sums of two."),
        ("# calc\n\nSums, e.g. of two,\nas in [a book](http://x.org/y). And\nmore.\n",
         "Sums, e.g. of two, as in a book."),
        ("Adds `numbers\n<http://x.org/n>`_, and\nthat well.\n", "Adds numbers, and that well."),
        ("Video introduction to **calc**: `PyCon: Create *beautiful*\nsums <http://x.org>`_\n\nMore.\n", ""),
        (f"{'long ' * 50}.\n", ""),
        ("- a list\n", ""),
    ],
)  # fmt: skip
def test_a_goal_is_a_whole_sentence_or_none(tmp_path: Path, readme: str, goal: str) -> None:
    write(tmp_path, {"README.rst": readme})
    assert detect(tmp_path, ["README.rst"]).goal == goal


def test_what_is_written_without_a_trial_claims_none(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    text = plain_setup(tmp_path, list(FILES), "main")
    assert "# Written by `factory init`, which runs nothing (Python); " in text
    assert "# The dimensions, none of them tried yet.\n" in text
    assert "composite that a kept state should reach; not measured yet\n" in text
    assert "few ruff findings per 100 statements; not measured yet\n" in text
    assert not re.search(r"discover|twice|trial took|\d s$", text, re.MULTILINE)
    load_project(text)


def test_a_goal_with_odd_characters_survives(tmp_path: Path) -> None:
    goal = 'A "tool" for C:\\paths\x7f and ünïcode'
    result = found(tmp_path, {"README.md": f"{goal}\n"})
    assert load_project(result.config_text).goal == goal


@pytest.mark.parametrize(
    ("composite", "threshold"),
    [(None, 0.6), (0.3, 0.6), (0.6, 0.6), (0.85, 0.83), (0.8499, 0.82), (1.0, 0.98)],
)
def test_the_threshold_lies_a_little_below_the_score(composite: float | None, threshold: float) -> None:
    assert threshold_for(composite) == threshold


def test_the_time_limit_is_generous_and_whole() -> None:
    assert [time_limit_for(s) for s in (0.5, 30, 31, 600)] == [300, 300, 360, 6000]


@pytest.mark.parametrize(
    ("files", "modifiable"),
    [
        (["lib/a.py", "tests/test_a.py"], ["lib/**", "tests/**"]),
        (["tools/__init__.py", "tests/test_a.py", "docs/conf.py"], ["tools/**", "tests/**", "docs/**"]),
        (["src/p/__init__.py", "scripts/a.py", "app/a.py", "eval/run.py"], ["src/**", "app/**"]),
        (["p/__init__.py", "vendor/__init__.py"], ["p/**", "vendor/**"]),
        (["scripts/a.py", "tests/test_a.py"], ["scripts/**", "tests/**"]),
    ],
)
def test_what_is_measured_of_python_may_be_changed(
    tmp_path: Path, files: list[str], modifiable: list[str]
) -> None:
    write(tmp_path, dict.fromkeys(files, ""))
    assert detect(tmp_path, sorted(files)).modifiable == modifiable
