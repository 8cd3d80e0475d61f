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
