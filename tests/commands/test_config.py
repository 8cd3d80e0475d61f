"""``factory config``, through its adapter, on real repositories."""

import argparse
import json
import subprocess
from pathlib import Path

import pytest

from factory.commands.config import run
from factory.config import BadSettings
from factory.errors import EXIT_OK, BadInput


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACTORY_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    top = tmp_path.resolve() / "project"
    top.mkdir()
    (top / "factory.toml").write_text('goal = "a"\n[limits]\nusd = 2.5\n')
    for line in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Start"]):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *line], cwd=top, check=True)
    return top


def config(path: Path | str | None, *, as_json: bool = False) -> int:
    return run(argparse.Namespace(path=None if path is None else str(path), json=as_json))


def row(out: str, key: str) -> list[str]:
    return next(line.split() for line in out.splitlines() if line.startswith(f"{key} "))


def test_each_value_is_shown_with_its_place(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home/config.toml").write_text("limits.tokens = 9\n")
    monkeypatch.setenv("FACTORY_TIMEOUT", "60")
    assert config(root) == EXIT_OK
    out, err = capsys.readouterr()
    assert out.splitlines()[0].split() == ["setting", "value", "from"]
    assert row(out, "goal") == ["goal", '"a"', "project:", "factory.toml:1"]
    assert row(out, "limits.usd") == ["limits.usd", "2.5", "project:", "factory.toml:3"]
    assert row(out, "limits.timeout") == ["limits.timeout", "60.0", "environment:", "FACTORY_TIMEOUT"]
    assert row(out, "limits.tokens")[:3] == ["limits.tokens", "9", "user:"]
    assert row(out, "research.target") == ["research.target", "unset", "default"]
    assert err == ""


def test_json_has_stable_keys(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config(root, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["project", "settings", "ignored"]
    assert found["project"] == str(root)
    assert found["settings"][0] == {
        "key": "goal",
        "value": "a",
        "origin": "project",
        "source": "factory.toml:1",
    }


@pytest.mark.parametrize("as_json", [False, True])
def test_what_is_shown_can_be_pasted_into_a_report(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    key = "sk-" + "0123456789abcdef"
    (tmp_path / "home/config.toml").write_text(f'[runner.commands.own]\nargv = ["own", "--key={key}"]\n')
    config(root, as_json=as_json)
    out = capsys.readouterr().out
    assert key not in out
    assert "redacted]" in out


def test_an_uncommitted_change_and_a_mistyped_variable_are_pointed_out(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FACTORY_RUNER", "codex")
    (root / "factory.toml").write_text("")
    config(root)
    assert capsys.readouterr().err == (
        "FACTORY_RUNER is no setting; did you mean FACTORY_RUNNER?\n"
        "factory.toml is not committed as it is here; a cycle reads the committed one.\n"
    )


def test_mistakes_end_it(root: Path) -> None:
    (root / "factory.toml").write_text("gaol = 1\nlimits.usd = -1\n")
    with pytest.raises(BadSettings) as caught:
        config(root)
    assert len(caught.value.mistakes) == 2
    (root / "factory.toml").unlink()
    (root / "factory.toml").mkdir()
    with pytest.raises(BadInput, match=r"^factory\.toml cannot be read: Is a directory\.$"):
        config(root)


def test_outside_of_a_project_what_holds_everywhere_is_shown(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root.parent)
    assert config(None) == EXIT_OK
    out, err = capsys.readouterr()
    assert row(out, "limits.invocations") == ["limits.invocations", "60", "default"]
    assert err == "This is no project: what you see holds for every project without settings of its own.\n"
    with pytest.raises(BadInput):
        config(root.parent)
