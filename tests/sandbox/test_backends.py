"""The sandbox by what a real process inside it meets."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from factory.errors import BadInput, EnvironmentLacking
from factory.process import Completed, run
from factory.sandbox import OFF, Sandbox, SandboxRequest, choose
from tests.support.sandboxes import env_of, request_in, working_sandbox


def inside(request: SandboxRequest, script: str, **env: str) -> Completed:
    """Run a shell script in the sandbox."""
    argv = working_sandbox().wrap(["sh", "-c", script], request)
    return run(argv, cwd=request.workspace, env=env_of(request, **env), timeout=60)


def fake_bwrap(folder: Path, script: str) -> None:
    folder.mkdir()
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_it_starts_in_a_writable_workspace(tmp_path: Path) -> None:
    request = request_in(tmp_path)
    done = inside(request, "pwd; echo new >file; echo own >$HOME/own; echo tmp >$TMPDIR/tmp")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{request.workspace}\n", "")
    assert (request.workspace / "file").read_text() == "new\n"
    assert (request.home / "own").read_text() == "own\n"
    assert (request.tmp / "tmp").read_text() == "tmp\n"


def test_a_reader_cannot_write_its_workspace(tmp_path: Path) -> None:
    request = request_in(tmp_path, "read")
    (request.workspace / "file").write_text("as it was\n")
    done = inside(request, "cat file; echo new >file; echo new >other; rm -f file; echo own >$HOME/own")
    assert done.stdout == "as it was\n"
    assert "Read-only file system" in done.stderr
    assert [path.name for path in request.workspace.iterdir()] == ["file"]
    assert (request.workspace / "file").read_text() == "as it was\n"


def test_the_home_of_the_person_is_not_there(tmp_path: Path, private_home: Path) -> None:
    (private_home / ".netrc").write_text("secret\n")
    request = request_in(tmp_path)
    done = inside(request, f"ls -A {private_home}; cat {private_home}/.netrc; echo x >{private_home}/new")
    assert "secret" not in done.stdout + done.stderr
    assert done.returncode != 0
    assert sorted(path.name for path in private_home.iterdir() if path.name == "new") == []


def test_a_home_among_the_systems_folders_is_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/usr/share")
    done = inside(request_in(tmp_path), "ls -A /usr/share")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_hidden_project_among_the_systems_folders_is_emptied(tmp_path: Path) -> None:
    sandbox = replace(working_sandbox(), hidden=(Path("/usr/share"), Path("/usr/not-there")))
    request = request_in(tmp_path)
    script = "ls -A /usr/share; ls /usr/bin/env; echo x >/usr/bin/new"
    done = run(
        sandbox.wrap(["sh", "-c", script], request), cwd=request.workspace, env=env_of(request), timeout=60
    )
    assert done.stdout == "/usr/bin/env\n"


def test_what_else_is_readable_is_not_writable(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").write_text("text\n")
    request = request_in(tmp_path / "place", readable=(other, tmp_path / "missing"))
    done = inside(request, f"cat {other}/file; echo new >{other}/file")
    assert (done.stdout, (other / "file").read_text()) == ("text\n", "text\n")


def test_what_is_writable_within_the_readable_is_so(tmp_path: Path) -> None:
    inner = tmp_path / "other" / "inner"
    inner.mkdir(parents=True)
    request = request_in(tmp_path / "place", readable=(tmp_path / "other",), writable=(inner,))
    done = inside(request, f"echo new >{inner}/file")
    assert done.ok
    assert (inner / "file").read_text() == "new\n"


def test_links_among_the_readable_lead_where_they_lead(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("text\n")
    (tmp_path / "link").symlink_to("real")
    request = request_in(tmp_path / "place", readable=(tmp_path / "link",))
    assert inside(request, f"cat {tmp_path}/link/file; readlink {tmp_path}/link").stdout == "text\nreal\n"


def test_root_has_no_capabilities_left(tmp_path: Path) -> None:
    done = inside(
        request_in(tmp_path),
        "grep -E 'Cap(Prm|Eff)' /proc/self/status; umount /usr; mount -o remount,rw /usr",
    )
    assert done.stdout == "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
    assert done.returncode != 0


def test_passwords_and_package_logins_of_the_system_are_not_there(tmp_path: Path) -> None:
    done = inside(
        request_in(tmp_path), "ls /etc/shadow /etc/pip.conf /etc/npmrc /etc/gitconfig; ls /etc/passwd"
    )
    assert done.stdout == "/etc/passwd\n"


def test_other_processes_cannot_be_seen(tmp_path: Path) -> None:
    done = inside(request_in(tmp_path), f"cat /proc/{os.getpid()}/environ; ls -d /proc/[0-9]* | wc -l")
    assert int(done.stdout.split()[-1]) < 8


def test_daemons_end_with_the_call(tmp_path: Path) -> None:
    request = request_in(tmp_path)
    script = "setsid sh -c '(while :; do date +%N >>beat; sleep 0.05; done) &' >/dev/null 2>&1; sleep 0.3"
    assert inside(request, script).ok
    beats = (request.workspace / "beat").read_text()
    subprocess.run(["sleep", "0.3"], check=True)
    assert beats
    assert (request.workspace / "beat").read_text() == beats


def test_an_agent_inside_hears_that_its_time_is_up(tmp_path: Path) -> None:
    """A signal must reach it before bubblewrap dies of its own, or its last words are lost."""
    request = request_in(tmp_path)
    script = "trap 'echo usage; exit 7' INT; echo started; while :; do sleep 0.1; done"
    argv = working_sandbox().wrap(["sh", "-c", script], request)
    done = run(argv, cwd=request.workspace, env=env_of(request), timeout=1, grace=5)
    assert (done.stdout, done.timed_out, done.returncode) == ("started\nusage\n", True, 7)


def test_the_network_can_be_left_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5); print('connected')"
        script = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"
        seen = (Path(sys.prefix), Path(sys.base_prefix))
        with_network = inside(request_in(tmp_path / "a", readable=seen), script)
        without = inside(request_in(tmp_path / "b", readable=seen, network=False), script)
    assert with_network.stdout == "connected\n"
    assert "refused" in without.stderr


def test_an_exit_code_comes_through(tmp_path: Path) -> None:
    assert inside(request_in(tmp_path), "exit 42").returncode == 42


def test_switched_off_it_changes_nothing(tmp_path: Path) -> None:
    assert choose("off") is OFF
    assert OFF.wrap(["sh", "-c", "true"], request_in(tmp_path)) == ["sh", "-c", "true"]
    OFF.require("write")
    assert OFF.describe() == "switched off: agents can do all that you may do"


def test_where_it_is_not_installed_a_writer_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = choose("auto")
    assert found == Sandbox("none", why="bubblewrap is not installed")
    found.require("read")
    found.require("write", own=True)
    with pytest.raises(EnvironmentLacking) as caught:
        found.require("write")
    assert caught.value.exit_code == 4
    assert "bubblewrap is not installed" in caught.value.message
    assert "Install the package bubblewrap" in caught.value.hint
    assert "--sandbox off" in caught.value.hint


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (
            "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1",
            "setting up uid map: Permission denied",
        ),
        ("exit 0", "exit code 0"),
    ],
)
def test_it_is_tried_for_it_may_be_forbidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, why: str
) -> None:
    fake_bwrap(tmp_path / "bin", script)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    found = choose("auto")
    assert found.kind == "none"
    assert why in found.why
    with pytest.raises(EnvironmentLacking) as caught:
        choose("bwrap")
    assert "AppArmor" in caught.value.hint


def test_it_is_tried_once_in_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_bwrap(tmp_path / "bin", f"echo tried >>{tmp_path}/tries; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert choose("auto") == choose("auto")
    assert (tmp_path / "tries").read_text() == "tried\n"


def test_an_unknown_sandbox_is_refused() -> None:
    with pytest.raises(BadInput, match="no sandbox 'jail'"):
        choose("jail")


def test_a_place_below_a_link_is_seen_by_either_name(tmp_path: Path) -> None:
    (tmp_path / "real/inner").mkdir(parents=True)
    (tmp_path / "real/inner/file").write_text("text\n")
    (tmp_path / "project").mkdir()
    (tmp_path / "project/venv").symlink_to("../real")
    seen = (tmp_path / "project/venv/inner", tmp_path / "project/venv")
    request = request_in(tmp_path / "place", readable=seen)
    done = inside(request, f"cat {tmp_path}/project/venv/inner/file {tmp_path}/real/inner/file")
    assert (done.stdout, done.stderr) == ("text\ntext\n", "")


def test_a_workspace_may_be_named_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    request = request_in(tmp_path / "real")
    named = replace(request, workspace=tmp_path / "link/workspace", home=tmp_path / "link/home")
    assert inside(named, "echo new >file; echo own >$HOME/own").ok
    assert (request.workspace / "file").read_text() == "new\n"
    assert (request.home / "own").read_text() == "own\n"
