"""Known projects: registered once, pruned when gone, never lost to damage."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from factory.errors import Refused
from factory.paths import HomePaths
from factory.registry import Registry

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture
def home(tmp_path: Path) -> HomePaths:
    return HomePaths(tmp_path / "home")


def make(root: Path) -> Path:
    root.mkdir()
    return root


def test_registering_again_renews_the_entry(home: HomePaths, tmp_path: Path) -> None:
    one, two = make(tmp_path / "one"), make(tmp_path / "two")
    registry = Registry(home)
    assert registry.known() == []
    registry.register(one)
    registry.register(two)
    registry.register(one, "https://me:secret@example.org/one.git", "abc")
    assert [(p.path, p.remote, p.root_commit) for p in registry.known()] == [
        (two.resolve(), "", ""),
        (one.resolve(), "https://example.org/one.git", "abc"),
    ]
    assert "secret" not in home.registry.read_text()


def test_gone_projects_are_not_known_and_can_be_pruned(home: HomePaths, tmp_path: Path) -> None:
    registry = Registry(home)
    registry.register(make(tmp_path / "one"))
    registry.register(make(tmp_path / "two"))
    (tmp_path / "one").rmdir()
    assert [p.path.name for p in registry.known()] == ["two"]
    assert [p.path.name for p in registry.prune(dry_run=True)] == ["one"]
    assert [p.path.name for p in registry.prune()] == ["one"]
    assert registry.prune() == []
    assert len(json.loads(home.registry.read_text())["projects"]) == 1


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"projects": 3}', b"\xff", b""])
def test_a_damaged_file_is_reported_and_kept_aside(home: HomePaths, tmp_path: Path, content: bytes) -> None:
    home.root.mkdir()
    home.registry.write_bytes(content)
    registry = Registry(home)
    assert registry.known() == []
    assert registry.problem.startswith(f"{home.registry} is damaged: ")
    assert home.registry.read_bytes() == content
    registry.register(make(tmp_path / "one"))
    (aside,) = home.root.glob("registry.json.damaged-*")
    assert aside.read_bytes() == content
    assert registry.problem.endswith(f"It was kept as {aside.name}, and a new one begun.")
    assert [p.path.name for p in registry.known()] == ["one"]
    assert registry.problem == ""


def test_an_entry_that_is_not_understood_stays(home: HomePaths, tmp_path: Path) -> None:
    home.root.mkdir()
    home.registry.write_text(json.dumps({"v": 1, "projects": [3, {"root": 4}, {"root": "/gone", "new": 1}]}))
    Registry(home).register(make(tmp_path / "one"))
    assert json.loads(home.registry.read_text())["projects"][:3] == [
        3,
        {"root": 4},
        {"root": "/gone", "new": 1},
    ]


def test_a_newer_registry_is_refused_and_untouched(home: HomePaths, tmp_path: Path) -> None:
    home.root.mkdir()
    home.registry.write_text('{"v": 9}')
    with pytest.raises(Refused, match="newer factory"):
        Registry(home).register(tmp_path)
    assert home.registry.read_text() == '{"v": 9}'


def test_processes_registering_at_once_lose_nothing(home: HomePaths, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from factory.paths import HomePaths\n"
        "from factory.registry import Registry\n"
        "Registry(HomePaths(Path(sys.argv[1]))).register(Path(sys.argv[2]))"
    )
    roots = [make(tmp_path / f"p{n}") for n in range(12)]
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(home.root), str(root)], cwd=REPOSITORY)
        for root in roots
    ]
    assert [w.wait(60) for w in writers] == [0] * 12
    assert {p.path for p in Registry(home).known()} == {r.resolve() for r in roots}
