"""The guards as functions: every finding in full, by its rule."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from factory.config import ProjectConfig, default_project
from factory.git import Repo
from factory.guard import TO_CHANGE_THE_JUDGE, Allowed, run_guards
from factory.models import GuardFinding, GuardReport
from tests.support.repos import commit, git, make_repo

TESTS = """\
def test_one():
    assert 1 == len("a")


class TestBox:
    def test_two(self):
        assert not sorted("")
"""
PACKAGE = '{"scripts": {"test": "jest"}, "devDependencies": {"jest": "29"}}'
FILES = {
    "SPEC.md": "# Shop\n",
    "factory.toml": "",
    "eval/score.py": "print(1)\n",
    "package.json": PACKAGE,
    "tsconfig.json": '{"strict": true}',
    "src/a.py": "A = 1\n",
    "src/inner/b.py": "B = 1\n",
    "src/odd": "text\n",
    "data/answers.csv": "1\n",
    "tests/test_a.py": TESTS,
    "tests/test_b.py": TESTS,
}
SCOPE_MEND = "Take this file out of the change, or have a person widen [scope] modifiable."


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repo(tmp_path_factory.mktemp("guard") / "r", FILES)


@pytest.fixture
def tree(project: Path) -> Path:
    """The shared repository's checkout, at its baseline ``main``."""
    git(project, "checkout", "--quiet", "--force", "--detach", "main")
    git(project, "clean", "-ffdq")
    return project


def policy(
    modifiable: tuple[str, ...] = (), read_only: tuple[str, ...] = (), fixed: tuple[str, ...] = ()
) -> ProjectConfig:
    plain = default_project()
    scope = replace(plain.scope, modifiable=modifiable, read_only=read_only)
    return replace(plain, scope=scope, research=replace(plain.research, fixed=fixed))


def guarded(
    tree: Path, files: dict[str, str | None], config: ProjectConfig | None = None, **options: Any
) -> GuardReport:
    """What the guards say of one commit of ``files`` on the baseline."""
    head = commit(tree, files, "Change")
    return run_guards(Repo(tree), git(tree, "rev-parse", "main"), head, config or policy(), **options)


def judge(file: str, message: str) -> GuardFinding:
    return GuardFinding(guard="eval_immutable", file=file, message=message, mend=TO_CHANGE_THE_JUDGE)


def scope(file: str, message: str) -> GuardFinding:
    return GuardFinding(guard="scope", file=file, message=message, mend=SCOPE_MEND)


def integrity(name: str, file: str, message: str, line: int | None = None) -> GuardFinding:
    mend = f"Put it back, or have the approved plan item allow it by name: **Allows:** {name}"
    return GuardFinding(guard="integrity", file=file, line=line, name=name, message=message, mend=mend)


JUDGE_CHANGE: dict[str, str | None] = {
    "SPEC.md": "# Kiosk\n",
    "data/answers.csv": "2\n",
    "docs/factory.toml": "",
    "eval/more.py": "print(2)\n",
    "eval/score.py": None,
    "factory.toml": "target_branch = 'x'\n",
    "package.json": PACKAGE.replace("jest", "true", 1),
    "src/a.js": "1\n",
    "tsconfig.json": "{}",
}


def test_the_judge_is_protected(tree: Path) -> None:
    report = guarded(tree, JUDGE_CHANGE, policy(read_only=("data/**",)))
    assert report.findings == [
        judge("SPEC.md", "changes a file that the judge owns"),
        judge("data/answers.csv", "changes a file that the judge owns"),
        judge("docs/factory.toml", "adds a file that the judge owns"),
        judge("eval/more.py", "adds a file that the judge owns"),
        judge("eval/score.py", "deletes a file that the judge owns"),
        judge("factory.toml", "changes a file that the judge owns"),
        judge("package.json", "changes [scripts.test], the configuration of a measuring tool"),
        judge("tsconfig.json", "changes the configuration of a measuring tool"),
    ]
    assert (report.baseline, report.head) == tuple(git(tree, "rev-parse", "main", "HEAD").split())
    assert (report.notes, report.allowed) == ([], [])


def test_what_settings_extend_is_protected_too(tmp_path: Path) -> None:
    files = {"ruff.toml": "extend = 'lint/base.toml'\n", "lint/base.toml": "", "lint/other.toml": ""}
    git(make_repo(tmp_path, files), "checkout", "--quiet", "--detach")
    report = guarded(tmp_path, dict.fromkeys(files, "line-length = 300\n"))
    assert report.findings == [
        judge("lint/base.toml", "changes what the settings of a measuring tool extend"),
        judge("ruff.toml", "changes the configuration of a measuring tool"),
    ]


def test_the_oldest_python_is_the_judges_once_it_is_declared(tmp_path: Path) -> None:
    declared = '[project]\nname = "a"\nrequires-python = ">=3.8"\n'
    git(make_repo(tmp_path, {"pyproject.toml": declared}), "checkout", "--quiet", "--detach")
    report = guarded(tmp_path, {"pyproject.toml": '[project]\nname = "a"\n', "b/pyproject.toml": declared})
    message = "changes [project.requires-python], the configuration of a measuring tool"
    assert report.findings == [judge("pyproject.toml", message)]


def test_a_new_file_that_case_alone_tells_from_the_judges(tree: Path) -> None:
    files = (
        "EVAL/score.py",
        "EVAL/more.py",
        "DATA/Answers.csv",
        "src/Pytest.ini",
        "Package.json",
        "src/B.py",
    )
    report = guarded(tree, dict.fromkeys(files, "1\n"), policy(read_only=("data/**",)))
    case = "where case tells no files apart, as on macOS"
    assert report.findings == [
        judge("DATA/Answers.csv", f"is data/answers.csv {case}"),
        judge("EVAL/score.py", f"is eval/score.py {case}"),
        judge("Package.json", f"is package.json {case}"),
        judge("src/Pytest.ini", f"is src/pytest.ini {case}"),
    ]


def test_a_scaffold_makes_the_judge_but_not_its_own_contract(tree: Path) -> None:
    report = guarded(tree, JUDGE_CHANGE, policy(read_only=("data/**",)), founds_judge=True)
    assert [found.file for found in report.findings] == ["SPEC.md", "docs/factory.toml", "factory.toml"]


def test_a_link_that_goes_up_from_another_link_is_out_of_scope(tree: Path) -> None:
    (tree / "src/inner/up").symlink_to("../..")
    (tree / "out").symlink_to("src/inner/up/../secret")
    (tree / "in").symlink_to("./src/inner/up/src")
    report = guarded(tree, {}, policy())
    assert report.findings == [
        scope("out", "adds out: a symbolic link that has .. after a name, which may be a link itself")
    ]


def test_scope(tree: Path) -> None:
    for name, target in {"up": "../../../x/y", "out": "/etc/passwd", "root": "../..", "in": "../odd"}.items():
        (tree / f"src/inner/{name}").symlink_to(target)
    (tree / "src/odd").unlink()
    (tree / "src/odd").symlink_to("..x/../../..")
    (tree / "src/dots").symlink_to("..data")
    make_repo(tree / "src/nested", {"x.py": "X = 1\n"})
    git(tree, "-c", "advice.addEmbeddedRepo=false", "add", "src/nested")
    files: dict[str, str | None] = {
        ".factory/runs/1/log": "x\n",
        ".factory.md": "x\n",
        "data/answers.csv": None,
    }
    report = guarded(tree, files, policy(modifiable=("src/**", ".factory/**")))
    assert report.findings == [
        scope(".factory.md", "adds .factory.md: outside [scope] modifiable"),
        scope(".factory/runs/1/log", "adds .factory/runs/1/log: the factory's state is not part of a change"),
        scope("data/answers.csv", "deletes data/answers.csv: outside [scope] modifiable"),
        scope("src/inner/out", "adds src/inner/out: a symbolic link that leads out of the repository"),
        scope("src/inner/up", "adds src/inner/up: a symbolic link that leads out of the repository"),
        scope("src/nested", "adds src/nested: a nested repository, whose files nobody could review"),
        scope("src/odd", "changes src/odd: a symbolic link that leads out of the repository"),
    ]
    head = git(tree, "rev-parse", "HEAD")
    assert run_guards(Repo(tree), git(tree, "rev-parse", "main"), head, policy(), check_scope=False).clean


def test_fixed_surfaces(tree: Path) -> None:
    changed: dict[str, str | None] = {"data/answers.csv": "2\n", "src/a.py": "A = 2\n"}
    mend = "Change mutable surfaces only ([research] mutable)."
    assert guarded(tree, changed, policy(fixed=("data/**",))).findings == [
        GuardFinding(
            guard="fixed_surfaces", file="data/answers.csv", message="changes a fixed surface", mend=mend
        )
    ]
    assert guarded(tree, {"src/a.py": "A = 3\n", "data/answers.csv": "1\n"}).clean


@pytest.mark.parametrize(
    ("passing", "why"),
    [
        (None, "a test file; whether its tests passed is not known without measuring"),
        (["tests/test_a.py::test_one", "tests/test_a.py::TestBox::test_two", "tests/test_b.py::test_one"],
         "where 2 tests passed at the baseline"),
        (["tests/test_a.py::test_one"], "where 1 test passed at the baseline"),
    ],
)  # fmt: skip
def test_a_deleted_file_of_tests(tree: Path, passing: list[str] | None, why: str) -> None:
    report = guarded(tree, {"src/a.py": None, "tests/test_a.py": None}, passing_tests=passing)
    name = "test_file_deleted:tests/test_a.py"
    assert report.findings == [integrity(name, "tests/test_a.py", f"deletes tests/test_a.py, {why}")]
    assert report.notes == []


@pytest.mark.parametrize("passing", [[], ["tests/test_b.py::test_one"]])
def test_a_deleted_file_whose_tests_never_passed_is_no_loss(tree: Path, passing: list[str]) -> None:
    assert guarded(tree, {"src/a.py": None, "tests/test_a.py": None}, passing_tests=passing).clean


ONLY_ONE = TESTS.partition("\n\n\n")[0] + "\n"
GONE = "test_removed:tests/test_a.py::TestBox.test_two"


@pytest.mark.parametrize(
    ("passing", "told"),
    [
        (None, True),
        (["tests/test_a.py::TestBox::test_two"], True),
        (["tests/test_a.py::TestBox::test_two[x]", "tests/test_b.py::test_one"], True),
        (["tests/test_a.py::test_one", "tests/test_b.py::TestBox::test_two"], False),
        ([], False),
    ],
)
def test_a_test_that_is_gone_counts_where_it_passed(
    tree: Path, passing: list[str] | None, told: bool
) -> None:
    files: dict[str, str | None] = {"tests/test_a.py": ONLY_ONE}
    report = guarded(tree, files, passing_tests=passing)
    assert [found.name for found in report.findings] == ([GONE] if told else [])
    if told:
        (found,) = report.findings
        assert found == integrity(GONE, "tests/test_a.py", found.message, found.line)
        assert found.line == 6 and found.message.startswith("test_removed: ")


def test_what_weakens_a_test_counts_whether_it_passed_or_not(tree: Path) -> None:
    emptied = TESTS.replace('assert not sorted("")', "pass")
    report = guarded(tree, {"tests/test_a.py": emptied}, passing_tests=[])
    assert [found.name for found in report.findings] == ["test_emptied:tests/test_a.py::TestBox.test_two"]


def test_a_note_violates_nothing(tree: Path) -> None:
    renamed = TESTS.replace("test_two", "test_both")
    report = guarded(tree, {"tests/test_a.py": renamed, "tests/test_b.py": None})
    assert [found.name for found in report.findings] == ["test_file_deleted:tests/test_b.py"]
    (note,) = report.notes
    assert (note.guard, note.name, note.mend) == (
        "integrity",
        "test_renamed:tests/test_a.py::TestBox.test_two",
        "",
    )


def test_links_have_no_text_to_compare(tree: Path) -> None:
    (tree / "tests/test_a.py").unlink()
    (tree / "tests/test_a.py").symlink_to("test_b.py")
    report = guarded(tree, {})
    assert {found.name.partition("::")[2] for found in report.findings} == {"test_one", "TestBox.test_two"}


@pytest.mark.parametrize(
    ("allows", "left"),
    [
        ([" `test_removed:tests/test_a.py::TestBox.test_two` "], "AB"),
        (["test_removed:tests/test_a.py"], "AB"),
        (["tests/test_a.py::TestBox::test_two"], "AB"),
        (["tests/test_a.py"], "AB"),
        (["tests/test_b.py", "src/a.py"], "RA"),
        (["suppression_added:src/a.py::noqa E501"], "RB"),
        (["suppression_added:src/a.py"], "RB"),
        (["test_removed:tests/test_a.py::TestBox", "test_removed", "R", "` `", ""], "RAB"),
    ],
)
def test_a_plan_item_allows_findings_by_name(tree: Path, allows: Collection[str], left: str) -> None:
    names = {
        "R": GONE,
        "A": "suppression_added:src/a.py::noqa E501",
        "B": "test_file_deleted:tests/test_b.py",
    }
    files = {"tests/test_a.py": ONLY_ONE, "src/a.py": "A = 2  # noqa: E501\n", "tests/test_b.py": None}
    report = guarded(tree, files, allows=allows)
    assert {found.name for found in report.findings} == {names[key] for key in left}
    assert {found.name for found in report.allowed} == {names[key] for key in "RAB" if key not in left}


@pytest.mark.parametrize(
    ("allows", "node_id", "may"),
    [
        ("t/test_a.py", "t/test_a.py::test_x[1]", True),
        ("t/test_a.py::test_x", "t/test_a.py::test_x[a::b]", True),
        ("t/test_a.py::test_x[1]", "t/test_a.py::test_x[1]", True),
        ("t/test_a.py::test_x[1]", "t/test_a.py::test_x[2]", False),
        ("t/test_a.py::test_x", "t/test_a.py::test_xy", False),
        ("test_removed:t/test_a.py::Box.test_x", "t/test_a.py::Box::test_x", True),
        ("cases_removed:t/test_a.py::test_x", "t/test_a.py::test_x[1]", True),
        ("assertion_weakened:t/test_a.py", "t/test_a.py::test_x", True),
        ("suppression_added:t/test_a.py", "t/test_a.py::test_x", False),
    ],
)
def test_a_plan_item_lets_tests_go_or_fail(allows: str, node_id: str, may: bool) -> None:
    assert Allowed.by([allows]).test(node_id) is may


def test_a_rule_in_a_file_stands_for_all_places_in_it() -> None:
    found = GuardFinding(guard="integrity", name="suppression_added:a.py::x::y", message="m")
    assert Allowed.by(["suppression_added:a.py"]).finding(found)
    assert not Allowed.by(["suppression_added:a.py::x"]).finding(found)


def test_a_finding_without_a_name_cannot_be_allowed(tree: Path) -> None:
    report = guarded(tree, {"eval/score.py": "print(2)\n"}, allows=["", "eval/score.py", "eval_immutable"])
    assert [found.file for found in report.findings] == ["eval/score.py"]
    assert report.allowed == []


def test_a_head_that_does_not_descend_from_the_baseline(tree: Path) -> None:
    repo, main = Repo(tree), git(tree, "rev-parse", "main")
    makes = ("commit-tree", "main^{tree}", "-m")
    baseline, other = (git(tree, *makes, name, "-p", "main") for name in ("baseline", "other"))
    alone = git(tree, *makes, "alone")
    told = {
        (baseline, other): (
            f"merge-base is {main}, the baseline is {baseline}",
            f"Rebase the change: git rebase --onto {baseline[:12]} {main[:12]}; "
            f"or compare with where it began: --baseline {main[:12]}",
        ),
        (baseline, alone): (
            f"merge-base is none, the baseline is {baseline}",
            f"Rebase the change: git rebase --onto {baseline[:12]} <its base>",
        ),
        (main, main): (f"no commit on top of the baseline {main}", "Commit the change first."),
    }
    for (start, end), (message, mend) in told.items():
        found = GuardFinding(guard="baseline", message=message, mend=mend)
        assert run_guards(repo, start, end, policy()) == GuardReport(
            baseline=start, head=end, findings=[found]
        )
