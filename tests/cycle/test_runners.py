from __future__ import annotations

from pathlib import Path

import pytest

from factory.cycle.runners import RUNNERS, make_runner, resolve_runner
from factory.errors import BadInput, EnvironmentLacking
from factory.offline.runner import OfflineRunner
from factory.runners.claude import ClaudeRunner
from factory.runners.codex import CodexRunner
from factory.sandbox import OFF, Sandbox
from tests.support.agents import FakeCli


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_the_first_runner_that_is_installed_is_taken(path: Path) -> None:
    assert list(RUNNERS)[-1] == "offline", "it can always be used, so that `auto` takes none behind it"
    assert resolve_runner("auto", OFF) == "offline"
    FakeCli(path, "codex")
    assert resolve_runner("auto", OFF) == "codex"
    FakeCli(path, "claude")
    assert resolve_runner("auto", OFF) == "claude"
    assert resolve_runner("offline", OFF) == "offline"


def test_a_runner_that_is_not_installed_is_refused(path: Path) -> None:
    with pytest.raises(EnvironmentLacking, match="claude is not installed"):
        make_runner("claude", OFF, {})
    with pytest.raises(BadInput, match="There is no runner 'clod'"):
        make_runner("clod", OFF, {})
    assert isinstance(make_runner("offline", OFF, {}), OfflineRunner)


@pytest.mark.parametrize("kind", [ClaudeRunner, CodexRunner])
def test_without_bubblewrap_a_cli_has_its_own_sandbox_unless_told(
    path: Path, kind: type[ClaudeRunner] | type[CodexRunner]
) -> None:
    FakeCli(path, kind.name)
    protected = make_runner(kind.name, Sandbox("none", why="it is a test"), {})
    unprotected = make_runner(kind.name, OFF, {})
    assert isinstance(protected, kind)
    assert isinstance(unprotected, kind)
    assert protected.wrap is unprotected.wrap is None
    assert (protected.own_sandbox, unprotected.own_sandbox) == (True, False)


def test_in_bubblewrap_neither_needs_its_own(path: Path) -> None:
    sandbox = Sandbox("bwrap", "/usr/bin/bwrap")
    FakeCli(path, "claude")
    FakeCli(path, "codex")
    for name in ("claude", "codex"):
        runner = make_runner(name, sandbox, {})
        assert isinstance(runner, ClaudeRunner | CodexRunner)
        assert runner.wrap == sandbox.wrap
        assert not runner.own_sandbox
