from __future__ import annotations

from pathlib import Path

import pytest

from factory.commands.options import runners_for
from factory.cycle.context import CycleOptions
from factory.cycle.lab import open_lab
from factory.cycle.runners import RUNNERS, make_runner, resolve_runner
from factory.errors import BadInput, EnvironmentLacking
from factory.offline.runner import OfflineRunner
from factory.registry import Registry
from factory.runners.claude import ClaudeRunner
from factory.runners.codex import CodexRunner
from factory.runners.command import CommandRunner
from factory.sandbox import OFF, Sandbox
from factory.sandbox.backends import Kind
from tests.support.agents import FakeCli
from tests.support.repos import make_repo


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


@pytest.mark.parametrize(
    ("name", "platform", "own"),
    [
        ("claude", "darwin", {"none": True, "cli": True, "off": False}),
        ("claude", "linux", {"none": False, "cli": True, "off": False}),
        ("codex", "linux", {"none": True, "cli": True, "off": False}),
    ],
)
def test_without_bubblewrap_a_cli_has_its_own_sandbox_unless_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str, platform: str, own: dict[Kind, bool]
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    FakeCli(path, name)
    for kind, has in own.items():
        runner = make_runner(name, Sandbox(kind), {})
        assert isinstance(runner, ClaudeRunner | CodexRunner)
        assert (runner.wrap, runner.own_sandbox) == (None, has), kind
        assert runner.protects_itself or not has


def test_in_bubblewrap_neither_needs_its_own(path: Path) -> None:
    sandbox = Sandbox("bwrap", "/usr/bin/bwrap")
    FakeCli(path, "claude")
    FakeCli(path, "codex")
    for name in ("claude", "codex"):
        runner = make_runner(name, sandbox, {})
        assert isinstance(runner, ClaudeRunner | CodexRunner)
        assert runner.wrap == sandbox.wrap
        assert not runner.own_sandbox


def test_no_project_is_seen_wherever_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("factory.cycle.lab.choose", lambda *_: Sandbox("bwrap", "bwrap"))
    lab = open_lab(make_repo(tmp_path / "project", {"factory.toml": "", "other/a": ""}), print)
    Registry(lab.home).register(lab.paths.root / "other")
    places = (lab.paths.root, lab.paths.root / "other")
    assert lab.sandbox.hidden == lab.agents_sandbox.hidden == places
    commands = '[runner.commands.mine]\nargv = ["true"]\n'
    lab.home.config.parent.mkdir(parents=True, exist_ok=True)
    lab.home.config.write_text(commands, encoding="utf-8")
    runner = runners_for(lab, CycleOptions(mode="improve", runner="mine"), "HEAD")("builder")
    assert isinstance(runner, CommandRunner)
    assert runner.sandbox.hidden == places
