"""What ``factory doctor`` tells of the protection in force."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory.sandbox import choose
from tests.support.cli import factory
from tests.support.repos import make_repo


def sandbox_finding(tmp_path: Path) -> dict[str, object]:
    project = make_repo(tmp_path / "project", {"a": "1"})
    found = factory("doctor", str(project), "--json").json
    return next(one for one in found if one["name"] == "sandbox")


def test_the_protection_that_works_is_told(tmp_path: Path) -> None:
    found = sandbox_finding(tmp_path)
    assert found["ok"]
    assert str(found["detail"]).startswith(choose("auto").describe())


def test_that_it_is_switched_off_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACTORY_SANDBOX", "off")
    assert sandbox_finding(tmp_path)["detail"] == "switched off: agents can do all that you may do"


def test_that_it_is_forbidden_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "bwrap"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    found = sandbox_finding(tmp_path)
    assert found["ok"]
    detail = str(found["detail"])
    assert "No permissions to create new namespace; agents that write are not started." in detail
    assert "--sandbox off" in detail
    monkeypatch.setenv("FACTORY_SANDBOX", "bwrap")
    found = sandbox_finding(tmp_path)
    assert not found["ok"]
