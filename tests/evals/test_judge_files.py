"""What decides a score stays as it is while the code that is scored runs beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.config import default_project, load_project
from factory.evals.judge_files import JudgeFiles, look
from factory.evals.run import sample
from factory.models import Measurement
from factory.paths import HomePaths
from factory.sandbox import OFF
from tests.evals.projects import write

FILES = {
    "eval/score.py": "print(1)\n",
    "eval/expected.json": "{}\n",
    "factory.toml": "",
    "pyproject.toml": "",
    "package-lock.json": "{}\n",
    "src/calc.py": "a = 1\n",
    "src/other.py": "b = 1\n",
    "tests/data/expected.txt": "1\n",
    "tests/test_calc.py": "def test_it():\n    pass\n",
}


@pytest.fixture
def before(tmp_path: Path) -> JudgeFiles:
    write(tmp_path, FILES)
    return look(tmp_path, default_project(), FILES, ["src/calc.py"])


@pytest.mark.parametrize(
    "path",
    [
        *("eval/score.py", "eval/expected.json", "factory.toml", "pyproject.toml", "src/calc.py"),
        *("tests/data/expected.txt", "tests/test_calc.py"),
    ],
)
def test_what_decides_a_score_may_not_be_written(before: JudgeFiles, path: str) -> None:
    (before.checkout / path).touch()
    assert before.touched() == ""
    (before.checkout / path).write_text("print('{\"score\": 1}')\n")
    assert before.touched() == f"{path}, which decides a score, was changed while the commit was measured"
    (before.checkout / path).unlink()
    assert before.touched().startswith(f"{path}, which decides a score, was changed")


def test_nor_a_link_be_put_in_its_place(before: JudgeFiles) -> None:
    (before.checkout / "eval").rename(before.checkout / "mine")
    (before.checkout / "eval").symlink_to("mine")
    assert before.touched() == ""
    (before.checkout / "mine/score.py").write_text("print(2)\n")
    assert before.touched().startswith("eval/score.py, which decides a score, was changed")


@pytest.mark.parametrize(
    "path",
    [
        *("eval/json.py", "eval/json/__init__.py", "eval/__pycache__/helper.cpython-312.pyc"),
        *("conftest.py", "tests/conftest.py", "src/sitecustomize.py", "src/ruff.toml", "jest.config.js"),
    ],
)
def test_nothing_may_appear_that_is_loaded_unasked(before: JudgeFiles, path: str) -> None:
    write(before.checkout, {path: ""})
    assert before.touched() == f"{path}, which decides a score, was added while the commit was measured"


def test_what_else_is_written_is_nobodys_business(before: JudgeFiles) -> None:
    made = {
        "eval/report.json": "{}",
        "eval/work/made.py": "",
        "coverage.xml": "",
        "tests/out/made.py": "",
        "src/other.py": "b = 2\n",
        "src/made.py": "",
        "tmp/app/eslint.config.js": "",
        "package-lock.json": "{1}",
        "node_modules/jest/jest.config.js": "",
    }
    write(before.checkout, made)
    assert before.touched() == ""


def test_a_report_that_was_committed_is_written_anew(tmp_path: Path) -> None:
    table = '[[eval.dimension]]\nname = "a"\ncommand = "true"\nparser = "json:eval/expected.json"\n'
    write(tmp_path, FILES)
    before = look(tmp_path, load_project(table), FILES, [])
    (tmp_path / "eval/expected.json").unlink()
    assert before.touched() == ""


def measured(tmp_path: Path, code: str, settings: str) -> Measurement:
    """One measurement of a project without Python, of what ``code`` leaves of its harness."""
    harness = "printf '{\"score\": 0.1}'\n"
    checkout = write(tmp_path / "checkout", {"eval/score.sh": harness, "run.sh": code})
    return sample(
        checkout,
        config=load_project(settings),
        commit="",
        tree="",
        project_root=tmp_path / "project",
        sandbox=OFF,
        progress=lambda _: None,
        home=HomePaths(tmp_path / "home"),
    )


CHEAT = 'echo \'echo "{\\"score\\": 1.0}"\' >eval/score.sh\n'
SCORE = '[[eval.dimension]]\nname = "score"\ncommand = "sh eval/score.sh"\nparser = "json"\n'
RUN = '[[eval.dimension]]\nname = "run"\ncommand = "sh run.sh"\n'
CHECK = '[[eval.constraint]]\nname = "check"\ncheck = "sh eval/score.sh"\n'
SAID = "eval/score.sh, which decides a score, was changed while the commit was measured"


def test_a_harness_that_the_measured_code_rewrites_measures_nothing(tmp_path: Path) -> None:
    result = measured(tmp_path, CHEAT, RUN + SCORE + CHECK)
    run, score = result.dimensions
    assert (run.score, score.score) == (1.0, None)
    assert score.error == SAID
    assert not result.constraints[0].passed
    assert result.constraints[0].output == SAID


@pytest.mark.parametrize("command", ["smoke", "setup"])
def test_one_that_is_rewritten_before_anything_is_measured_voids_it(tmp_path: Path, command: str) -> None:
    result = measured(tmp_path, CHEAT, f'[eval]\n{command} = "sh run.sh"\n{SCORE}')
    assert result.void == SAID
    assert (result.dimensions, result.composite) == ([], None)


def test_the_harness_may_leave_a_report_beside_itself(tmp_path: Path) -> None:
    code = "echo '{}' >eval/report.json; echo 1 >made.py\n"
    result = measured(tmp_path, code, RUN + SCORE + CHECK)
    assert [d.score for d in result.dimensions] == [1.0, 0.1]
    assert result.constraints[0].passed
    assert (tmp_path / "checkout/eval/report.json").exists()
