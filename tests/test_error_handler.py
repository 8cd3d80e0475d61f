"""Whatever goes wrong: one sentence, the right code, and a log."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from factory import process
from factory.error_handler import run_guarded
from factory.errors import BadInput, EnvironmentLacking, Refused
from tests.support import cli, repos

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACTORY_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "argv", ["/somewhere/factory", "ceo", "my project"])
    return tmp_path / "home"


def raising(error: BaseException) -> Callable[[], int]:
    def call() -> int:
        raise error

    return call


@pytest.mark.parametrize("code", [0, 1, 3])
def test_a_code_passes(code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_guarded(lambda: code, debug=False) == code
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("kind", "code"), [(BadInput, 2), (Refused, 3), (EnvironmentLacking, 4)])
def test_an_expected_error(
    kind: type[BadInput], code: int, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_guarded(raising(kind("It is so.", "Do this.")), debug=False) == code
    log = home / "logs" / "factory.log"
    where = "" if kind is BadInput else f"  Log: {log}\n"  # a mistyped command needs no log
    assert capsys.readouterr() == ("", f"factory: It is so.\n  Do this.\n{where}")
    fields = json.loads(log.read_text())
    assert (fields["event"], fields["kind"], fields["argv"][1:]) == (
        "It is so.",
        kind.__name__,
        ["ceo", "my project"],
    )
    assert "Traceback" in fields["traceback"]


def test_an_interruption(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_guarded(raising(KeyboardInterrupt()), debug=False) == 130
    assert capsys.readouterr().err == "factory: interrupted; resume with `factory ceo 'my project'`\n"


def test_an_interruption_repeats_no_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["factory", "ceo", "https://me:hunter22@host/p"])
    assert run_guarded(raising(KeyboardInterrupt()), debug=False) == 130
    assert "`factory ceo https://[redacted]@host/p`" in capsys.readouterr().err


def test_an_interruption_before_anything_is_begun_is_silent(tmp_path: Path) -> None:
    # The first module that the command line loads interrupts us.
    (tmp_path / "argparse.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}"}
    done = subprocess.run(cli.command("history"), env=env, capture_output=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")


def test_an_interruption_at_work_is_told(tmp_path: Path) -> None:
    code = (
        "import os, runpy, signal, sys\n"
        "import factory.commands.history as command\n"
        "command.run = lambda args: os.kill(os.getpid(), signal.SIGINT) or 0\n"
        "sys.argv = ['factory', 'history']\n"
        "runpy.run_module('factory', run_name='__main__')\n"
    )
    env = cli.environment({"PYTHONPATH": str(REPOSITORY)})
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.stderr == "factory: interrupted; resume with `factory history`\n"
    assert done.returncode == 130


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "The disk is full: /x/y could not be written."),
        (errno.EACCES, "Permission denied: /x/y."),
        (errno.EFBIG, "The disk is full: /x/y could not be written."),
        (errno.EROFS, "/x/y is on a read-only file system."),
        (errno.ENOTDIR, "/x/y cannot be used: Not a directory."),
    ],
)
def test_a_mendable_system_error(number: int, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_guarded(raising(OSError(number, "", "/x/y")), debug=False) == 4
    assert capsys.readouterr().err.startswith(f"factory: {sentence}\n")


def test_no_folder_for_temporary_files_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/no/such/folder"])
    assert run_guarded(lambda: bool(tempfile.mkdtemp()), debug=False) == 4
    assert capsys.readouterr().err.startswith("factory: There is no folder that a temporary file can be")


def test_a_bug_leaves_a_crash_log_without_secrets(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_TOKEN", "very-secret-value")
    assert run_guarded(raising(ZeroDivisionError("by very-secret-value\nmore")), debug=False) == 4
    (crash,) = (home / "logs").iterdir()
    assert capsys.readouterr().err == (
        f"factory: this is a bug in factory: ZeroDivisionError: by [redacted] (details in {crash})\n"
    )
    text = crash.read_text()
    assert "command: factory ceo 'my project'\n" in text
    assert "Traceback (most recent call last)" in text
    assert "Python 3." in text
    assert "very-secret-value" not in text


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_guarded(raising(KeyError("x")), debug=True) == 4
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_a_home_that_cannot_be_written_is_still_one_sentence(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write_text("a file in the way")
    assert run_guarded(raising(BadInput("Wrong.")), debug=False) == 2
    assert run_guarded(raising(KeyError("x")), debug=False) == 4
    assert capsys.readouterr().err == (
        "factory: Wrong.\n"
        "factory: this is a bug in factory: KeyError: 'x' "
        "(its log could not be written; --debug shows the details)\n"
    )


def test_argparse_may_leave() -> None:
    with pytest.raises(SystemExit):
        run_guarded(raising(SystemExit(2)), debug=False)


def test_a_reader_that_goes_away_is_quiet() -> None:
    code = (
        "import sys; from factory import output; from factory.error_handler import run_guarded\n"
        "def call():\n"
        "    for n in range(100_000): output.say(str(n))\n"
        "    return 0\n"
        "sys.exit(run_guarded(call, debug=False))"
    )
    pipe = subprocess.PIPE
    child = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stdout=pipe, stderr=pipe)
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait(30) == 141


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("history",), 0),
        (("status",), 0),
        (("verify",), 0),
        (("backlog-remove", ".", "9"), 2),
        (("nosuch",), 2),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_stream_that_is_closed_is_no_terminal(
    tmp_path: Path, closed: str, args: tuple[str, ...], code: int
) -> None:
    repo = repos.python_project(tmp_path / "p")
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *cli.command(*args)]
    done = subprocess.run(shell, cwd=repo, env=cli.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr and "bug in factory" not in done.stderr
    assert repos.git(repo, "status", "--porcelain") == ""


def test_an_interruption_stops_children_of_other_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(process, "stop_all", lambda: calls.append(1))
    run_guarded(raising(KeyboardInterrupt()), debug=False)
    assert calls == [1]


def test_the_boundary_costs_little() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); import factory.error_handler\n"
        "heavy = ('factory.process', 'factory.paths', 'dataclasses', 'json', 'rich', 'traceback')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    command = [sys.executable, "-I", "-S", "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
