from __future__ import annotations

from pathlib import Path

import pytest

from factory.cycle.runners import RUNNERS, resolve_runner, runner_named
from factory.errors import BadInput, EnvironmentLacking
from factory.offline.runner import OfflineRunner
from factory.runners.claude import ClaudeRunner
from factory.runners.codex import CodexRunner
from tests.support.agents import FakeCli


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_the_first_runner_that_is_installed_is_taken(path: Path) -> None:
    assert list(RUNNERS) == ["claude", "codex", "offline"]
    assert resolve_runner("auto") == "offline"
    FakeCli(path, "codex")
    assert resolve_runner("auto") == "codex"
    FakeCli(path, "claude")
    assert resolve_runner("auto") == "claude"
    assert resolve_runner("offline") == "offline"


def test_a_runner_that_is_not_installed_is_refused(path: Path) -> None:
    with pytest.raises(EnvironmentLacking, match="claude is not installed"):
        runner_named("claude")
    with pytest.raises(BadInput, match="There is no runner 'clod'"):
        runner_named("clod")
    assert isinstance(runner_named("offline"), OfflineRunner)


def test_without_bubblewrap_a_cli_has_its_own_sandbox_unless_told(path: Path) -> None:
    FakeCli(path, "claude")
    FakeCli(path, "codex")
    for kind in (ClaudeRunner, CodexRunner):
        protected, unprotected = runner_named(kind.name), runner_named(kind.name, "off")
        assert isinstance(protected, kind)
        assert isinstance(unprotected, kind)
        assert protected.wrap is unprotected.wrap is None
        assert (protected.own_sandbox, unprotected.own_sandbox) == (True, False)
