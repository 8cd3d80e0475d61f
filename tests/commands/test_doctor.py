"""``factory doctor`` on a project as a person brings it."""

from __future__ import annotations

from pathlib import Path

from tests.support.cli import factory
from tests.support.repos import git, python_project


def test_a_project_without_a_setup_is_in_order(tmp_path: Path) -> None:
    told = factory("doctor", python_project(tmp_path / "shapes")).expect(0).out
    assert "ok   policy: no factory.toml in HEAD yet; `factory ceo` or `factory discover` makes one\n" in told
    assert "\nok   runner: " in told
    assert f"ok   state: {tmp_path}/shapes/.factory, which is not made yet\n" in told
    assert "ok   log: 0 rows\n" in told
    assert "ok   cycle: none in flight, nothing waits to be integrated\n" in told


def test_a_folder_without_git_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.py").touch()
    told = factory("doctor", tmp_path).expect(4).out
    assert told.endswith(
        f"FAIL project: {tmp_path} is not in a git repository.\n"
        "     Name the folder of a project: `factory doctor PATH`.\n"
        "     Or make this one a project. Type:\n"
        f"       git -C {tmp_path} init\n"
        f"       git -C {tmp_path} add -A\n"
        f"       git -C {tmp_path} commit -m 'Start'\n"
    )


def test_a_repository_without_a_commit_is_not_sent_elsewhere(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "new")
    (tmp_path / "new/a.py").touch()
    told = factory("doctor", tmp_path / "new").expect(4).out
    assert told.endswith(
        f"FAIL project: {tmp_path}/new has no commit yet.\n"
        "     Type:\n"
        f"       git -C {tmp_path}/new add -A\n"
        f"       git -C {tmp_path}/new commit -m 'Start'\n"
    )


def test_a_mistake_in_the_settings_is_told_once(tmp_path: Path) -> None:
    told = factory("doctor", python_project(tmp_path / "p"), env={"FACTORY_RUNNER": "clude"}).expect(4).out
    assert [line for line in told.splitlines() if line.startswith("FAIL")] == [
        'FAIL settings: FACTORY_RUNNER: runner.default: got "clude", expected one of auto, claude, codex, '
        'offline; did you mean "claude"?'
    ]


def test_a_folder_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    done = factory("doctor", tmp_path / "nope").expect(2)
    assert (done.out, done.err) == (
        "", f"factory: {tmp_path / 'nope'} does not exist.\n  Name the folder of a project.\n",
    )  # fmt: skip


def test_a_role_with_a_runner_of_its_own_is_told(tmp_path: Path, factory_home: Path) -> None:
    factory_home.mkdir(parents=True, exist_ok=True)
    (factory_home / "config.toml").write_text(
        '[runner]\ndefault = "offline"\n\n[runner.builder]\nname = "codex"\n'
    )
    assert (
        "ok   runner: offline; the builder has codex" in factory("doctor", python_project(tmp_path / "p")).out
    )


def test_a_policy_that_is_not_committed_is_told(tmp_path: Path) -> None:
    project = python_project(tmp_path / "shapes")
    (project / "factory.toml").write_text('goal = "x"\n')
    told = factory("doctor", project).expect(4).out
    assert "FAIL policy in the checkout: factory.toml has changes that are not committed" in told


def test_what_cannot_be_read_is_a_finding_and_the_rest_is_told(tmp_path: Path) -> None:
    project = python_project(tmp_path / "shapes")
    (project / ".factory/results.tsv").mkdir(parents=True)
    told = factory("doctor", project).expect(4).out
    assert f"FAIL log: {project}/.factory/results.tsv cannot be read: Is a directory.\n" in told
    assert f"ok   state: {project}/.factory\n" in told
    assert "ok   cycle: none in flight" in told
