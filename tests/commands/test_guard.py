"""`factory guard` as a CI job calls it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import Result, factory
from tests.support.projects import CLEAN_SUMS, PYPROJECT, small_project
from tests.support.repos import commit, git, make_repo


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = small_project(tmp_path / "calc", {"eval/score.py": "print(1)\n"})
    git(project, "checkout", "--quiet", "-b", "work")
    return project


def guard(project: Path, *options: str) -> Result:
    return factory("guard", project, "--baseline", "main", *options)


def test_a_clean_change(project: Path) -> None:
    commit(project, {"calc/sums.py": CLEAN_SUMS}, "Tidy")
    base, head = git(project, "rev-parse", "main", "work").split()
    assert guard(project, "--check-scope").expect(0).out == f"clean: {base[:12]}..{head[:12]}\n"
    assert not (project / ".factory").exists()


def test_a_files_name_gives_a_workflow_no_orders(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(project, {"::add-mask::x\n::warning::y": "1\n"}, "Hello")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    mute, *told, awake, annotation = guard(project, "--check-scope").expect(1).out.splitlines()
    assert mute.startswith("::stop-commands::") and awake == f"::{mute.split('::')[2]}::"
    assert "::warning::y: scope: adds ::add-mask::x" in told
    assert annotation.startswith("::error file=%3A%3Aadd-mask%3A%3Ax%0A%3A%3Awarning%3A%3Ay,")


def test_an_edit_of_the_harness_names_the_file(project: Path) -> None:
    commit(project, {"eval/score.py": "print(2)\n"}, "Better")
    assert guard(project).expect(1).out == (
        "eval/score.py: eval_immutable: changes a file that the judge owns\n"
        "    Leave it as it is at the baseline; a person changes the judge, in a commit of their own.\n"
    )


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("factory.toml", "", "changes a file that the judge owns"),
        ("fixed/table.txt", "2\n", "changes a file that the judge owns"),
        ("fixed/more.txt", "2\n", "adds a file that the judge owns"),
        ("eval/score.py", None, "deletes a file that the judge owns"),
        ("pytest.ini", "[pytest]\n", "adds the configuration of a measuring tool"),
        ("tests/pytest.ini", "[pytest]\n", "adds the configuration of a measuring tool"),
        (".coveragerc", "[run]\n", "adds the configuration of a measuring tool"),
        ("ruff.toml", "line-length = 500\n", "adds the configuration of a measuring tool"),
        ("pytest.toml", "[pytest]\n", "adds the configuration of a measuring tool"),
        ("mypy.ini", "[mypy]\n", "adds the configuration of a measuring tool"),
        ("pyproject.toml", PYPROJECT.replace('["."]', '["x"]'), "changes [tool.pytest], "),
        ("pyproject.toml", PYPROJECT + "[tool.ruff]\nline-length = 500\n", "changes [tool.ruff], "),
        ("pyproject.toml", PYPROJECT + "[tool.coverage.run]\nomit = ['*']\n", "changes [tool.coverage], "),
        ("pyproject.toml", "this is no toml", "changes [tool.pytest], "),
        ("setup.cfg", "[tool:pytest]\naddopts = -k x\n", "changes [tool:pytest], "),
        ("setup.cfg", "[mypy-calc.*]\nignore_errors = true\n", "changes [mypy-calc.*], "),
        ("setup.cfg", "[coverage:run]\nomit = *\n", "changes [coverage:run], "),
        ("tox.ini", "[pytest]\naddopts = -k x\n", "changes [pytest], "),
        ("tox.ini", "no section\n", "changes [unreadable], "),
    ],
)
def test_the_judge_is_protected_wherever_it_is_configured(
    project: Path, path: str, text: str | None, message: str
) -> None:
    commit(project, {path: text}, "Help the score")
    done = guard(project, "--json").expect(1).json
    assert done["clean"] is False
    assert done["findings"][0]["guard"] == "eval_immutable"
    assert {finding["file"] for finding in done["findings"]} == {path}
    assert done["findings"][0]["message"].startswith(message)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", PYPROJECT.replace('"1"', '"2"')),
        ("setup.cfg", "[metadata]\nname = calc\n"),
        ("tox.ini", "[testenv]\ncommands = pytest\n"),
        ("docs/pytest.ini.md", "How pytest is configured.\n"),
    ],
)
def test_what_does_not_configure_the_judge_may_change(project: Path, path: str, text: str) -> None:
    commit(project, {path: text}, "Something else")
    guard(project).expect(0)


def test_a_file_out_of_scope_names_the_file_only_when_asked(project: Path) -> None:
    commit(project, {"setup.py": "import setuptools\n"}, "Package")
    guard(project).expect(0)
    done = guard(project, "--check-scope").expect(1)
    assert done.out.startswith("setup.py: scope: adds setup.py: outside [scope] modifiable\n")


def test_a_branch_off_another_base_names_both_commits(project: Path) -> None:
    baseline = commit(project, {"notes.md": "x\n"}, "Baseline")
    start = git(project, "rev-parse", "main")
    git(project, "checkout", "--quiet", "-b", "other", "main")
    commit(project, {"calc/sums.py": CLEAN_SUMS}, "Elsewhere")
    done = factory("guard", project, "--baseline", baseline, "--head", "other").expect(1)
    assert f"baseline: merge-base is {start}, the baseline is {baseline}" in done.out
    assert f"or compare with where it began: --baseline {start[:12]}" in done.out


def test_what_was_put_in_is_to_be_taken_out(project: Path) -> None:
    commit(project, {"calc/sums.py": "import os  # noqa\n"}, "Quiet")
    done = guard(project).expect(1)
    assert "    Take it out, or have the approved plan item allow it by name: **Allows:** supp" in done.out
    assert "by those who merge" in done.err


def test_odd_file_names_are_named_as_they_are(project: Path) -> None:
    commit(project, {'fixed/ä b\tc"d': "x\n"}, "Odd")
    assert guard(project, "--json").expect(1).json["findings"][0]["file"] == 'fixed/ä b\tc"d'


def test_the_policy_is_the_baselines(project: Path) -> None:
    wider = (project / "factory.toml").read_text().replace('"calc/**"', '"**"').replace('"fixed/**"', "")
    commit(project, {"factory.toml": wider, "fixed/table.txt": "2\n"}, "Free for all")
    files = {finding["file"] for finding in guard(project, "--json").expect(1).json["findings"]}
    assert files == {"factory.toml", "fixed/table.txt"}


def test_an_unknown_revision_is_a_usage_error(project: Path) -> None:
    done = factory("guard", project, "--baseline", "nothing").expect(2)
    assert "There is no commit named 'nothing'." in done.err
    factory("guard", project, "--baseline=--output=x").expect(2)
    assert not (project / "x").exists()


def test_a_project_without_a_policy_has_the_common_rules(tmp_path: Path) -> None:
    project = make_repo(tmp_path / "plain", {"a.py": "A = 1\n", "eval/run.sh": "true\n"})
    git(project, "checkout", "--quiet", "-b", "work")
    commit(project, {"a.py": "A = 2\n"}, "Fine")
    guard(project, "--check-scope").expect(0)
    commit(project, {"eval/run.sh": "false\n"}, "Not fine")
    guard(project).expect(1)
