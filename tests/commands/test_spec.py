"""``factory spec check`` and ``show``, through the adapter."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory.commands.spec import run
from factory.errors import EXIT_NO, EXIT_OK, EXIT_USAGE, BadInput
from tests.spec.examples import IMPROVEMENT, PROJECT, line_of, replaced
from tests.support.cli import factory


def spec(action: str, target: Path | str, *, as_json: bool = False) -> int:
    return run(argparse.Namespace(action=action, target=str(target), json=as_json))


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def test_a_clean_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert spec("check", written(tmp_path / "SPEC.md", PROJECT)) == EXIT_OK
    assert capsys.readouterr() == ("", "The plan keeps every rule.\n")


def test_findings_with_their_mend(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = replaced(PROJECT, " — the service needs a key from the user", "")
    file = written(tmp_path / "SPEC.md", text)
    assert spec("check", file) == EXIT_NO
    out, err = capsys.readouterr()
    line = line_of(text, "- Severe")
    assert out == (
        f'{file}:{line}: blocked.needs: "Severe weather alerts" does not say what is needed from the user\n'
        '    Write "- <item> — <what the user has to give or decide>".\n'
    )
    assert err == "1 error\n"


def test_warnings_alone_are_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = replaced(IMPROVEMENT, "**Priority:** high", "**Priorty:** high")
    file = written(tmp_path / "plan.md", text)
    assert spec("check", file) == EXIT_OK
    out, err = capsys.readouterr()
    assert out.startswith(f"{file}:{line_of(text, '**Priorty')}: warning: structure.field-unknown: ")
    assert err == "1 warning\n"


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = replaced(PROJECT, "[R3]", "")
    file = written(tmp_path / "SPEC.md", text)
    assert spec("check", file, as_json=True) == EXIT_NO
    assert json.loads(capsys.readouterr().out) == {
        "file": str(file),
        "errors": 1,
        "findings": [
            {
                "rule": "depth.grounding",
                "severity": "error",
                "line": line_of(text, "- **Why:** Tables"),
                "message": "Why of §5.2 cites no research finding",
                "mend": "Cite the findings it rests on, such as [R1].",
            }
        ],
    }


def test_show_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert spec("show", written(tmp_path / "a.md", PROJECT)) == EXIT_OK
    assert capsys.readouterr() == (PROJECT, "")


def test_show_a_project_means_the_specification_until_that_is_agreed_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path / "SPEC.md", PROJECT)
    assert spec("show", tmp_path) == EXIT_OK
    assert capsys.readouterr().out == PROJECT
    written(tmp_path / ".factory/strategy/current.md", IMPROVEMENT)
    assert spec("show", tmp_path, as_json=True) == EXIT_OK
    assert json.loads(capsys.readouterr().out)["form"] == "project"
    (tmp_path / "SPEC.md").unlink()
    assert spec("show", tmp_path, as_json=True) == EXIT_OK
    assert json.loads(capsys.readouterr().out)["form"] == "improvement"


def test_another_form_is_shown_and_not_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "current.md", "# Hypotheses\n\n1. Faster\n")
    assert spec("show", file) == EXIT_OK
    out, err = capsys.readouterr()
    assert out == "# Hypotheses\n\n1. Faster\n"
    assert err.startswith(f"{file}: This has neither the project nor the improvement form")
    with pytest.raises(BadInput, match="neither the project nor the improvement form"):
        spec("check", file)


def test_a_project_without_a_plan(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no plan"):
        spec("show", tmp_path)


@pytest.mark.parametrize("name", ["missing.md", "a\0b", "."])
def test_what_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput):
        spec("check", tmp_path / name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary())
def test_any_bytes_are_bad_input(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "any.md").write_bytes(content)
    with pytest.raises(BadInput):
        spec("check", tmp_path / "any.md")


def test_check_takes_a_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path / "SPEC.md", replaced(PROJECT, "[R3]", ""))
    assert spec("check", tmp_path) == EXIT_NO
    out, _ = capsys.readouterr()
    assert out.startswith(f"{tmp_path / 'SPEC.md'}:") and "depth.grounding" in out


@pytest.mark.parametrize("action", ["check", "show", "approve", "trace"])
def test_what_does_not_exist_is_said(tmp_path: Path, action: str) -> None:
    done = factory("spec", action, "nosuch", cwd=tmp_path).expect(EXIT_USAGE)
    assert done.err.startswith("factory: nosuch does not exist.\n  Name a plan's file")
