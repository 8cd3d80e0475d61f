"""Measured code in the sandbox: it works there, and sees nothing of the person's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory.evals.commands import run_command
from factory.evals.testrun import run_tests
from factory.models import Outcome
from tests.evals.projects import environment, write
from tests.support.sandboxes import working_sandbox

TESTS = """\
import os, pathlib, socket, tempfile

PERSON = pathlib.Path({person!r})

def test_person_is_not_there():
    assert not (PERSON / "secret").exists()

def test_own_places(tmp_path):
    (tmp_path / "file").write_text("x")
    (pathlib.Path.home() / "file").write_text("x")
    pathlib.Path("made-here").write_text("x")
    with tempfile.TemporaryDirectory() as folder:
        assert os.listdir(folder) == []

def test_loopback():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()

def test_writing_elsewhere_fails():
    try:
        (PERSON / "mine").write_text("x")
    except OSError:
        return
    raise AssertionError("written")
"""


def test_a_test_run_inside(tmp_path: Path) -> None:
    person = write(tmp_path / "person", {"secret": "s"})
    checkout = write(tmp_path / "checkout", {"tests/test_places.py": TESTS.format(person=str(person))})
    found = run_tests(
        checkout,
        environment(tmp_path),
        timeout=60,
        covered=[],
        progress=lambda _: None,
        sandbox=working_sandbox(),
    )
    assert (found.error, set(found.outcomes.values()), len(found.outcomes)) == ("", {Outcome.PASSED}, 4)
    assert found.coverage is not None
    assert found.coverage.error == ""
    assert (checkout / "made-here").exists()
    assert [path.name for path in person.iterdir()] == ["secret"]


def test_a_command_finds_the_programs_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"tools/lib/hello.sh": "#!/bin/sh\necho hello\n", "tools/lib/secret": "s", "c/x": ""})
    (tmp_path / "tools/lib/hello.sh").chmod(0o755)
    (tmp_path / "tools/bin").mkdir()
    (tmp_path / "tools/bin/hello").symlink_to("../lib/hello.sh")
    monkeypatch.setenv("PATH", f"{tmp_path}/tools/bin:{os.environ['PATH']}")
    done = run_command(
        f"hello; ls {tmp_path}",
        checkout=tmp_path / "c",
        environment=None,
        timeout=30,
        sandbox=working_sandbox(),
    )
    assert done.stdout == "hello\nc\ntools\n"
