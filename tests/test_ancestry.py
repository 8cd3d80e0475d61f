"""Consent is a person's: an agent's process is known by its ancestors, whatever it takes off."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from factory.ancestry import MARKERS, agent_above
from factory.config.model import CommandSpec
from factory.process import allowed_env, run
from factory.runners.base import Invocation
from factory.runners.command import CommandRunner
from factory.sandbox import OFF, Sandbox
from tests.support.cli import ROOT, factory
from tests.support.sandboxes import env_of, request_in, working_sandbox

SUBMIT = [sys.executable, "-P", "-m", "factory", "contribute", "--submit", "--yes", "--repo", "somewhere"]

# Takes off all that tells an agent, from its own start on, then runs the command: as a child, and as a daemon
# in a session of its own whose parents are gone.
LAUNDRY = """
import json, os, sys
script = WORK.replace("ORDERS", repr(json.loads(sys.stdin.read())))
os.execve(sys.executable, [sys.executable, "-I", "-c", script], {"PATH": os.environ["PATH"]})
"""
WORK = """
import json, os, subprocess, sys, time
command, root, scratch = ORDERS
clean = {"PATH": os.environ["PATH"], "HOME": scratch, "PYTHONPATH": root, "FACTORY_HOME": scratch + "/other"}
child = subprocess.run(command, env=clean, cwd="/", capture_output=True, text=True, start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(0.3)  # until its parents are gone
        done = subprocess.run(command, env=clean, cwd="/", capture_output=True, text=True)
        with open(scratch + "/daemon.tmp", "w") as file:
            json.dump([done.returncode, done.stderr], file)
        os.rename(scratch + "/daemon.tmp", scratch + "/daemon")
    os._exit(0)
os.wait()
for _ in range(400):
    if os.path.exists(scratch + "/daemon"):
        break
    time.sleep(0.05)
daemon = json.load(open(scratch + "/daemon"))
print(json.dumps([[child.returncode, child.stderr], daemon]))
"""


def told(output: str) -> list[list[object]]:
    """Exit code and message of both attempts."""
    found: list[list[object]] = json.loads(output)
    return found


def assert_refused(attempts: list[list[object]], why: str) -> None:
    for code, said in attempts:
        assert code == 3, said
        assert "Only a person can send a contribution" in str(said)
        assert why in str(said)


def test_an_agent_that_takes_off_its_markers_is_still_one(tmp_path: Path) -> None:
    launderer = LAUNDRY.replace("WORK", repr(WORK))
    spec = CommandSpec((sys.executable, "-I", "-c", launderer), {}, "stdout", "", "", "", "", {})
    orders = json.dumps([SUBMIT, str(ROOT), str(tmp_path)])
    env = {"FACTORY_ROLE": "builder", "FACTORY_CYCLE": "c1"}
    invocation = Invocation("builder", orders, tmp_path, "write", tmp_path / "out", timeout_s=60, env=env)
    result = CommandRunner("launderer", spec, OFF).run(invocation)
    assert_refused(told(result.text), "is the factory's supervisor")


def test_a_sandbox_with_processes_of_its_own_hides_nothing(tmp_path: Path) -> None:
    sandbox: Sandbox = working_sandbox()
    readable = (ROOT, Path(sys.prefix), Path(sys.base_prefix))
    agents = tmp_path / "agents" / "123-0a1b2c3d"
    request = request_in(agents, readable=readable)
    orders = json.dumps([SUBMIT, str(ROOT), str(request.tmp)])
    done = run(
        sandbox.wrap([sys.executable, "-I", "-c", LAUNDRY.replace("WORK", repr(WORK))], request),
        cwd=request.workspace,
        env=env_of(request),
        input=orders,
        timeout=60,
    )
    assert done.ok, done.stderr
    assert_refused(told(done.stdout), "is an agent's sandbox")


@pytest.mark.parametrize("marker", MARKERS)
def test_a_marker_is_enough(marker: str) -> None:
    done = factory("contribute", "--submit", "--yes", "--repo", "x", env={marker: "1"}).expect(3)
    assert f"{marker} is set" in done.err


def test_a_call_of_an_agent_is_known_where_only_its_start_was_marked(tmp_path: Path) -> None:
    """The markers of an ancestor's first environment stay readable, when its own copy is gone."""
    call = f"subprocess.run({SUBMIT!r}, env={clean_env(tmp_path)!r})"
    inner = f"import subprocess, sys; sys.exit({call}.returncode)"
    done = subprocess.run(
        [sys.executable, "-c", inner],
        env={**os.environ, "FACTORY_ROLE": "reviewer"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "was started as an agent's" in done.stderr


def clean_env(home: Path) -> Mapping[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT)}


def test_a_person_s_process_is_none() -> None:
    assert agent_above() == ""


def test_an_agent_s_home_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/pat/.factory/agents/4711-0123abcd/home")
    assert agent_above() == "its home is an agent's"


def test_without_proc_the_ancestors_come_from_ps(tmp_path: Path) -> None:
    script = (
        "import factory.ancestry as a\n"
        "class Nowhere(type(a.Path())):\n"
        "    def exists(self, **_): return False\n"
        "a.Path = Nowhere\n"
        "print(a.agent_above())\n"
    )
    env = allowed_env({"PYTHONPATH": str(ROOT)})
    done = run([sys.executable, "-c", script], cwd=tmp_path, env=env, timeout=30)
    assert "is the factory's supervisor" in done.stdout, done.stderr
