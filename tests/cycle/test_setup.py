"""How a cycle comes by its setup, and when it goes without."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import factory
from tests.support.repos import git, make_repo

FILES = {
    "calc.py": '"""Sums."""\n\n\ndef add(a, b):\n    """Add."""\n    return a + b\n',
    "tests/test_calc.py": "import calc\n\n\ndef test_add():\n    assert calc.add(1, 2) == 3\n",
}


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_setup_that_waits_to_be_committed_is_not_replaced_by_another(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    root = make_repo(tmp_path / "p", FILES)
    factory("init", root).expect(0)
    mine = (root / "factory.toml").read_text()
    told = factory("ceo", root, "--runner", "offline", *options).expect(2)
    assert ", only an uncommitted one in the checkout." in told.err
    assert "git add factory.toml && git commit -m 'Set up factory'" in told.err
    assert (root / "factory.toml").read_text() == mine
    assert git(root, "for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_what_cannot_be_measured_is_looked_at_anew_once_it_was_mended(tmp_path: Path) -> None:
    dimension = '[[eval.dimension]]\nname = "size"\ntier = "project"\ncommand = "{}"\nparser = "json"\n'
    root = make_repo(tmp_path / "p", {"notes.txt": "…\n", "factory.toml": dimension.format("false")})
    told = factory("ceo", root, "--runner", "offline").expect(4)
    assert "The project cannot be measured: no dimension has a score; size is not measured: " in told.err
    score = dimension.format("echo '{\\\"score\\\": 1}'")
    (root / "factory.toml").write_text(score)
    git(root, "commit", "-q", "-a", "-m", "Mend the measuring")
    factory("ceo", root, "--runner", "offline").expect(0)
    assert git(root, "for-each-ref", "--format=%(refname)", "refs/heads") == "refs/heads/main"


def test_where_nothing_is_found_to_measure_a_setup_to_begin_from_is_offered(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "p", {"notes.txt": "…\n"})
    told = factory("ceo", root, "--runner", "offline").expect(4)
    assert (
        f"`factory discover {root}` writes a factory.toml; add a dimension of your own to it, and commit it."
        in " ".join(told.err.split())
    )


@pytest.mark.slow
def test_without_runnable_tests_a_cycle_ends_and_the_next_one_starts_anew(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "p", FILES | {"tests/conftest.py": "import not_there\n"})
    told = factory("ceo", root, "--runner", "offline").expect(4)
    assert "The project's tests cannot be run: " in told.err
    assert "No module named 'not_there'" in told.err
    assert "Traceback" not in told.out + told.err
    assert git(root, "for-each-ref", "--format=%(refname)") == "refs/heads/main"
    git(root, "rm", "-q", "tests/conftest.py")
    git(root, "commit", "-q", "-m", "Run without it")
    factory("ceo", root, "--runner", "offline").expect(0)
    assert "factory.toml" in git(root, "ls-tree", "--name-only", "HEAD")


@pytest.mark.slow
def test_the_command_that_is_printed_integrates_what_is_pending(tmp_path: Path) -> None:
    root = make_repo(tmp_path / "p", FILES | {"calc.py": "import os\n" + FILES["calc.py"]})
    mine = (root / "calc.py").read_text() + "\n# mine\n"
    (root / "calc.py").write_text(mine)
    told = factory("ceo", root, "--runner", "offline").expect(0)
    assert f"when that is out of the way: factory integrate {root}" in told.out
    assert (root / "calc.py").read_text() == mine
    assert "integration: pending" in factory("status", root).expect(0).out
    git(root, "checkout", "-q", "calc.py")
    factory("integrate", root).expect(0)
    assert (root / "calc.py").read_text() == FILES["calc.py"]
    assert "integration: merged" in factory("status", root).expect(0).out
