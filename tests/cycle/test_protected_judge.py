"""The baseline's settings and tests decide, whatever a change makes of them; and what a plan item allows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from factory.cycle.lab import open_lab
from factory.cycle.measuring import harness_at, judged_checkout, measure_commit
from factory.runners.base import AgentResult, Invocation
from tests.support import role_model
from tests.support.cycles import Scripted, run, said
from tests.support.matrix import named
from tests.support.projects import (
    BROKEN_SUMS,
    CLEAN_SUMS,
    FAILING,
    PYPROJECT,
    SUMS,
    TESTED_POLICY,
    TESTS,
    assert_sound,
    begin,
    history,
    small_project,
)
from tests.support.repos import commit, git, write


@pytest.fixture
def tested(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc", policy=TESTED_POLICY)


RUFF = '[tool.ruff]\nexclude = ["calc"]\n'


@pytest.mark.parametrize(
    ("files", "another"),
    [
        ({"ruff.toml": "line-length = 90\n"}, True),
        ({"tests/pytest.ini": "[pytest]\naddopts = -k double\n"}, True),
        ({"pyproject.toml": PYPROJECT + "\n[tool.mypy]\nstrict = true\n"}, True),
        ({"package.json": json.dumps({"scripts": {"test": "node --test"}})}, True),
        ({"eval/score.py": "print(1)\n"}, True),
        ({"fixed/table.txt": "2\n"}, True),
        ({"pyproject.toml": PYPROJECT.replace('"1"', '"2"'), "package.json": "{}"}, False),
        ({"factory.toml": TESTED_POLICY, "calc/sums.py": CLEAN_SUMS, "tests/test_new.py": TESTS}, False),
    ],
)
def test_who_changes_what_measures_makes_another_harness(
    tested: Path, files: dict[str, str], another: bool
) -> None:
    lab = open_lab(tested, lambda _: None)
    before, after = lab.repo.resolve("HEAD"), commit(tested, files, "Change")
    policy = lab.required_policy(before)
    assert (harness_at(lab, before, policy) != harness_at(lab, after, policy)) == another


def test_a_commit_under_the_settings_of_two_judges_is_measured_twice_and_compared_within_one(
    tmp_path: Path,
) -> None:
    project = small_project(tmp_path / "calc")
    lab = open_lab(project, lambda _: None)
    strict = lab.repo.resolve("HEAD")
    lenient = commit(
        project,
        {"ruff.toml": "lint.ignore = ['F401']\n", "package.json": '{"scripts": {"lint": "true"}}'},
        "Change the judge",
    )
    policy = lab.required_policy(strict)
    old, held, own = (
        measure_commit(lab, sha, judge, policy)
        for sha, judge in ((strict, strict), (lenient, strict), (lenient, lenient))
    )
    assert old.harness == held.harness != own.harness
    assert old.composite == held.composite
    assert own.composite == 1.0


@pytest.mark.parametrize(
    ("files", "path", "expected"),
    [
        ({"pyproject.toml": PYPROJECT + RUFF}, "pyproject.toml", PYPROJECT.strip()),
        ({"pyproject.toml": "tool = no toml"}, "pyproject.toml", PYPROJECT.strip()),
        (
            {"pyproject.toml": PYPROJECT.replace("\n\n", '\nrequires-python = ">=3.6"\n\n')},
            "pyproject.toml",
            PYPROJECT.strip(),
        ),
        ({"ruff.toml": "exclude = ['calc']\n"}, "ruff.toml", None),
        ({"calc/ruff.toml": "exclude = ['*']\n"}, "calc/ruff.toml", None),
        (
            {"setup.cfg": "[metadata]\nname = x\n\n[tool:pytest]\naddopts = -k no\n"},
            "setup.cfg",
            "[metadata]\nname = x",
        ),
        ({"tox.ini": "[pytest]\naddopts = -k no\n"}, "tox.ini", ""),
        ({".coveragerc": "[run]\nomit = *\n"}, ".coveragerc", None),
        ({"eslint.config.js": "module.exports = [];\n"}, "eslint.config.js", None),
        (
            {"package.json": json.dumps({"name": "a", "jest": {}})},
            "package.json",
            json.dumps({"name": "a"}, indent=2),
        ),
    ],
)
def test_settings_in_the_measured_checkout(
    tested: Path, files: dict[str, str], path: str, expected: str | None
) -> None:
    lab = open_lab(tested, lambda _: None)
    judge = lab.repo.resolve("HEAD")
    head = commit(tested, files, "Looser")
    with judged_checkout(lab, head, judge, lab.required_policy(judge)) as checkout:
        place = checkout / path
        assert (place.read_text().strip() if place.exists() else None) == expected


def test_what_settings_extend_in_the_measured_checkout(tested: Path) -> None:
    commit(
        tested, {"ruff.toml": "extend = 'lint/base.toml'\n", "lint/base.toml": "line-length = 90\n"}, "Base"
    )
    lab = open_lab(tested, lambda _: None)
    judge = lab.repo.resolve("HEAD")
    head = commit(tested, {"lint/base.toml": "exclude = ['*']\n", "lint/other.toml": ""}, "Looser")
    with judged_checkout(lab, head, judge, lab.required_policy(judge)) as checkout:
        assert (checkout / "lint/base.toml").read_text() == "line-length = 90\n"
        assert (checkout / "lint/other.toml").exists()


def test_what_is_not_the_judges_stays_the_changes_own(tested: Path) -> None:
    lab = open_lab(tested, lambda _: None)
    judge = lab.repo.resolve("HEAD")
    changed = PYPROJECT.replace('"1"', '"2"\ndependencies = ["rich"]').replace('["."]', '["no"]')
    head = commit(tested, {"pyproject.toml": changed + RUFF}, "Both")
    with judged_checkout(lab, head, judge, lab.required_policy(judge)) as checkout:
        text = (checkout / "pyproject.toml").read_text()
    assert 'dependencies = ["rich"]' in text
    assert 'pythonpath = ["."]' in text
    assert "ruff" not in text


def test_a_good_change_with_new_and_better_tests_is_kept(tested: Path) -> None:
    more = f"{TESTS}\n\ndef test_none():\n    assert add(0, 0) == 0\n"
    begun = begin(tested).edit({"calc/sums.py": CLEAN_SUMS, "tests/test_sums.py": more})
    assert begun.decide() == ("keep", "improved")


CHECKS = "checks/check_sums.py"
MENDING = "import calc.sums\n\ncalc.sums.double = lambda a: a + a\n\n\ndef test_more():\n    pass\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    named(
        {
            "other value": ({CHECKS: TESTS.replace("== 8", "== 12")}, ("revert", "new_failures")),
            "weakened": ({CHECKS: TESTS.replace("== 8", "!= 0")}, ("revert", "guard")),
            "deleted": ({CHECKS: TESTS.replace("test_double", "twice")}, ("revert", "guard")),
            "mended by a new file": ({"checks/check_more.py": MENDING}, ("revert", "new_failures")),
        },
        always=["other value", "weakened", "mended by a new file"],
    ),
)
def test_tests_by_a_custom_of_the_projects_own(
    tmp_path: Path, files: dict[str, str], expected: tuple[str, str]
) -> None:
    project = small_project(
        tmp_path / "calc",
        {CHECKS: TESTS, "pyproject.toml": f'{PYPROJECT}python_files = ["check_*.py"]\n'},
        policy=TESTED_POLICY.replace('"tests/**"', '"checks/**"'),
    )
    begun = begin(project).edit({"calc/sums.py": BROKEN_SUMS, **files})
    assert begun.decide() == expected
    if expected[1] == "new_failures":
        assert f"{CHECKS}::test_double (as it is at the baseline)" in history(project)[0]["notes"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tests/test_sums.py", ("revert", "guard")),
        ("calc/sums_test.go", ("revert", "guard")),
        ("calc/old.py", ("keep", "improved")),
    ],
)
def test_a_deleted_file_of_tests_where_an_exit_code_tells_no_test_by_name(
    tmp_path: Path, name: str, expected: tuple[str, str]
) -> None:
    by_exit_code = TESTED_POLICY + 'command = "test -d calc"\nparser = "exit_code"\n'
    project = small_project(tmp_path / "calc", {name: "\n"}, policy=by_exit_code)
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS, name: None})
    assert begun.decide() == expected


SUMS_WITH_TESTS = f"{SUMS}\n\ndef test_double():\n    assert double(4) == 8\n"
TRIPLE = "\n\ndef triple(a):\n    return a * 3\n\n\ndef test_triple():\n    assert triple(2) == 6\n"


EXPORTS = 'from calc.sums import double\n\n__all__ = ["double"]\n'


@pytest.mark.parametrize(
    "files",
    [
        {
            "calc/sums.py": SUMS_WITH_TESTS.replace("import os\n", "") + TRIPLE,
            "calc/__init__.py": 'from calc.sums import double, triple\n\n__all__ = ["double", "triple"]\n',
        },
        {
            "calc/sums.py": SUMS_WITH_TESTS.replace("import os\n", ""),
            "calc/more.py": TRIPLE.lstrip(),
            "calc/__init__.py": f"from .more import triple as triple\n{EXPORTS}",
        },
    ],
    ids=["in a module", "in a new module"],
)
def test_a_module_that_holds_its_own_tests_is_no_file_of_tests(tmp_path: Path, files: dict[str, str]) -> None:
    project = small_project(
        tmp_path / "calc",
        {
            "calc/__init__.py": EXPORTS,
            "calc/sums.py": SUMS_WITH_TESTS,
            "pyproject.toml": f'{PYPROJECT}python_files = ["*.py"]\n',
        },
        policy=TESTED_POLICY,
    )
    begun = begin(project).edit(files)
    assert begun.decide() == ("keep", "improved")


def test_where_pytest_has_found_no_test_none_is_deleted(tmp_path: Path) -> None:
    files = {"tests/test_sums.py": "X = 1\n", "tests/.gitkeep": ""}
    project = small_project(tmp_path / "calc", files, policy=TESTED_POLICY)
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS, "tests/.gitkeep": None})
    assert begun.decide() == ("keep", "improved")


def test_a_fixture_that_mends_the_broken_code_hides_nothing(tested: Path) -> None:
    fixture = (
        "import pytest\n\nimport calc.sums\n\n\n@pytest.fixture(autouse=True)\ndef mended(monkeypatch):\n"
        "    import tests.test_sums as t\n    monkeypatch.setattr(t, 'double', lambda a: a + a)\n"
    )
    files = {"calc/sums.py": BROKEN_SUMS, "tests/conftest.py": fixture, "tests/__init__.py": "\n"}
    begun = begin(tested).edit(files)
    assert begun.decide() == ("revert", "new_failures")
    assert "tests/test_sums.py::test_double (as it is at the baseline)" in history(tested)[0]["notes"]
    assert_sound(tested)


def allowing(names: str) -> str:
    """A plan whose one item allows something."""
    plan = role_model.plan([role_model.GOOD])
    return plan.replace("- **Priority:** high", f"- **Priority:** high\n- **Allows:** {names}")


def builds(files: dict[str, str | None]) -> Scripted:
    """A Builder that writes or removes files."""

    def builder(invocation: Invocation) -> AgentResult:
        for name in (name for name, text in files.items() if text is None):
            (invocation.cwd / name).unlink()
        write(invocation.cwd, {name: text for name, text in files.items() if text is not None})
        return said("Done.")

    return Scripted({"builder": [builder]})


def test_a_failing_test_that_is_edited_until_it_passes_is_told_to_the_ceo_as_what_it_is(
    tmp_path: Path,
) -> None:
    wrong = "tests/test_wrong.py"
    project = small_project(tmp_path / "calc", {wrong: FAILING}, policy=TESTED_POLICY)
    runner = builds({"calc/sums.py": CLEAN_SUMS, wrong: FAILING.replace("== 3", "== 2")})
    run(project, runner, sandbox="off")
    told = (
        "failing tests are mended in the code: no gain are tests that pass only as edited, "
        f"or are skipped or gone: {wrong}::test_never_right"
    )
    assert told in history(project)[0]["notes"]


OTHERWISE = TESTS.replace("== 8", "== 12")
RENAMED = TESTS.replace("test_double", "test_twice")
MOVED: dict[str, str | None] = {"tests/test_sums.py": None, "tests/test_adding.py": TESTS}


@pytest.mark.parametrize(
    ("allows", "files", "expected"),
    named(
        {
            "nothing: deleted": ("", {"tests/test_sums.py": None}, ("revert", "guard")),
            "file": ("`tests/test_sums.py`", {"tests/test_sums.py": None}, ("keep", "improved")),
            "finding": (
                "`test_file_deleted:tests/test_sums.py`",
                {"tests/test_sums.py": None},
                ("keep", "improved"),
            ),
            "nothing: changed": ("", {"tests/test_sums.py": OTHERWISE}, ("revert", "new_failures")),
            "test": (
                "`tests/test_sums.py::test_double`",
                {"tests/test_sums.py": OTHERWISE},
                ("keep", "improved"),
            ),
            "another test": (
                "`tests/test_sums.py::test_add`",
                {"tests/test_sums.py": OTHERWISE},
                ("revert", "new_failures"),
            ),
            "nothing: renamed": ("", {"tests/test_sums.py": RENAMED}, ("revert", "new_failures")),
            "nothing: moved": ("", MOVED, ("revert", "guard")),
            "renamed": (
                "`tests/test_sums.py::test_double`",
                {"tests/test_sums.py": RENAMED},
                ("keep", "improved"),
            ),
            "moved": ("`tests/test_sums.py`", MOVED, ("keep", "improved")),
        },
        always=["file", "test", "another test", "renamed"],
    ),
)
def test_allows_reaches_guard_and_new_failures(
    tmp_path: Path, allows: str, files: dict[str, str | None], expected: tuple[str, str]
) -> None:
    policy = f"{TESTED_POLICY}weight = 0.0\n\n[limits]\nredirects = 0\n"
    keeping = {
        "tests/test_more.py": "from calc.sums import add\n\n\ndef test_more():\n    assert add(1, 1) == 2\n"
    }
    project = small_project(tmp_path / "calc", keeping, policy=policy)
    broken = BROKEN_SUMS if files["tests/test_sums.py"] == OTHERWISE else CLEAN_SUMS
    runner = builds({"calc/sums.py": broken, **files})
    plan = allowing(allows) if allows else role_model.plan([role_model.GOOD])
    runner.answers = {**runner.answers, "strategist": [plan]}
    run(project, runner, sandbox="off")
    assert [(row["verdict"], row["reason"]) for row in history(project)] == [expected]
    assert_sound(project)


MARKED = CLEAN_SUMS.replace("return a + b", "return a + b  # pragma: no cover")


def test_a_suppression_that_the_item_does_not_allow(tmp_path: Path) -> None:
    runner = builds({"calc/sums.py": MARKED})
    runner.answers = {**runner.answers, "strategist": [allowing("`suppression_added:notes.md`")]}
    project = small_project(tmp_path / "calc")
    run(project, runner, sandbox="off")
    assert [(row["verdict"], row["reason"]) for row in history(project)] == [("revert", "guard")]


def test_a_suppression_that_the_item_allows_also_on_a_target_that_has_moved(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    runner = builds({"calc/sums.py": MARKED})

    def evaluator(invocation: Invocation) -> AgentResult:
        commit(project, {"notes.md": "A colleague was here.\n"}, "Their note")
        return said(role_model.ANSWERS["evaluator"])

    plan = allowing("`suppression_added:calc/sums.py`")
    runner.answers = {**runner.answers, "strategist": [plan], "evaluator": [evaluator]}
    run(project, runner, sandbox="off")
    assert [row["verdict"] for row in history(project)] == ["keep"]
    assert git(project, "log", "-2", "--format=%s", "main").splitlines()[1] == "Their note"
    assert (project / "calc/sums.py").read_text() == MARKED
