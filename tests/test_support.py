"""The helpers of the tests themselves: they would lie silently if they broke."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import cli, isolation, repos

ROOT = Path(__file__).resolve().parents[1]


def run_probe(tmp_path: Path, body: str) -> subprocess.CompletedProcess[str]:
    """Run one test with ``body``, under this suite's conftest, with ``tmp_path/real`` as the real home."""
    real = tmp_path / "real"
    (real / ".factory").mkdir(parents=True)
    suite = tmp_path / "suite" / "tests"
    suite.mkdir(parents=True)
    (suite / "__init__.py").touch()
    (suite / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (suite / "support").symlink_to(ROOT / "tests" / "support")
    (suite / "test_probe.py").write_text(
        f"import os\nfrom pathlib import Path\nREAL = Path({str(real)!r})\ndef test_probe():\n    {body}\n"
    )
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=suite.parent,
        env={
            **os.environ,
            "HOME": str(real),
            "ANTHROPIC_API_KEY": "k",
            "SSH_AUTH_SOCK": "s",
            "GIT_DIR": "/x",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_test_that_writes_into_the_real_home_fails_the_run(tmp_path: Path) -> None:
    done = run_probe(tmp_path, "(REAL / '.factory' / 'registry.json').write_text('{}')")
    assert done.returncode == 1
    assert "written outside the private home" in done.stdout
    assert "registry.json" in done.stdout


def test_a_test_that_stays_in_its_home_passes_the_run(tmp_path: Path) -> None:
    done = run_probe(tmp_path, "(Path.home() / '.factory').mkdir(); assert Path.home() != REAL")
    assert done.returncode == 0, done.stdout


def test_a_test_does_not_see_keys_agents_and_git_redirections(tmp_path: Path) -> None:
    done = run_probe(
        tmp_path, "assert not {'ANTHROPIC_API_KEY', 'SSH_AUTH_SOCK', 'GIT_DIR'} & os.environ.keys()"
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["PATH", "LC_ALL", "PIP_INDEX_URL", "NPM_CONFIG_REGISTRY", "https_proxy"])
def test_what_package_clients_need_is_kept(name: str) -> None:
    assert isolation.is_kept(name)


def test_the_home_is_private_and_git_knows_who_commits(private_home: Path, tmp_path: Path) -> None:
    assert Path.home() == private_home
    assert os.environ["FACTORY_HOME"] == str(private_home / ".factory")
    subprocess.run(["git", "init", "-q", tmp_path / "r"], check=True)
    subprocess.run(["git", "-C", tmp_path / "r", "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    assert repos.git(tmp_path / "r", "log", "-1", "--format=%an %D") == "Pat Person HEAD -> main"


def test_make_repo_and_commit_make_real_history(tmp_path: Path) -> None:
    repo = repos.make_repo(tmp_path / "r", {"a.txt": "one\n", "b/c.txt": "two\n"}, "First")
    sha = repos.commit(repo, {"a.txt": None, "d.txt": "three\n"}, "Second")
    assert repos.git(repo, "rev-parse", "main") == sha
    assert repos.git(repo, "ls-files").splitlines() == ["b/c.txt", "d.txt"]
    assert repos.git(repo, "log", "--format=%s").splitlines() == ["Second", "First"]
    assert repos.git(repo, "status", "--porcelain") == ""


def test_a_failing_git_command_fails_the_test(tmp_path: Path) -> None:
    repo = repos.make_repo(tmp_path / "r", {"a.txt": "one\n"})
    with pytest.raises(AssertionError, match="git rev-parse nowhere exited 128"):
        repos.git(repo, "rev-parse", "nowhere")


@pytest.mark.parametrize(
    ("failing", "layout", "summary"),
    [(False, "flat", "2 passed"), (True, "flat", "1 failed, 2 passed"), (False, "src", "2 passed")],
)
def test_the_python_project_has_the_outcomes_it_promises(
    tmp_path: Path, failing: bool, layout: str, summary: str
) -> None:
    repo = repos.python_project(
        tmp_path / "p", failing_test=failing, layout="src" if layout == "src" else "flat"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=repo,
        env=cli.environment({"PYTHONDONTWRITEBYTECODE": "1"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert summary in done.stdout
    assert repos.git(repo, "status", "--porcelain", "--ignored") == ""


def test_a_python_project_without_tests_has_none(tmp_path: Path) -> None:
    repo = repos.python_project(tmp_path / "p", tests=False)
    assert not (repo / "tests").exists()


def test_a_result_shows_its_output_when_the_exit_code_is_another() -> None:
    with pytest.raises(AssertionError, match="exit 3, expected 0\n--- out\nyes\n--- err\nno"):
        cli.Result(3, "yes", "no").expect(0)
    assert cli.Result(0, '{"a": 1}\n{"a": 2}\n', "").json_lines == [{"a": 1}, {"a": 2}]


def test_the_environment_of_a_command_can_lose_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CERT", "x")
    env = cli.environment({"PIP_CERT": None, "FACTORY_RUNNER": "offline"})
    assert "PIP_CERT" not in env
    assert env["FACTORY_RUNNER"] == "offline"
