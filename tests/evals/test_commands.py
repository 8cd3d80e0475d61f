"""Shell commands in a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from factory.evals import commands
from factory.evals.commands import run_command
from tests.evals.projects import environment, write


def test_a_command_runs_in_the_checkout_with_its_code_and_its_interpreter(tmp_path: Path) -> None:
    checkout = write(tmp_path / "c", {"src/thing.py": "A = 'from the checkout'\n"})
    command = "python -c 'import sys, thing; print(thing.A, sys.executable)'; pwd; exit 3"
    done = run_command(command, checkout=checkout, environment=environment(tmp_path), timeout=30)
    assert done.stdout == f"from the checkout {sys.executable}\n{checkout}\n"
    assert done.result("smoke").model_dump() == {
        "name": "smoke",
        "command": command,
        "exit_code": 3,
        "output": done.stdout.strip(),
        "complete": True,
    }


def test_a_ruff_of_ours_stands_in_for_one_that_is_lacking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = write(tmp_path / "c", {"a.py": "import os\n", "ruff/__main__.py": "raise SystemExit(0)\n"})
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    command = "ruff check --isolated -q --select F401 a.py"
    codes = [
        run_command(command, checkout=checkout, environment=None, timeout=30, with_ruff=given).exit_code
        for given in (True, False)
    ]
    assert codes == [1, 127]


def test_a_command_past_its_time_fails_and_its_children_are_gone(tmp_path: Path) -> None:
    checkout = write(tmp_path / "c", {"x": ""})
    command = "sleep 60 & echo $!; sleep 60"
    done = run_command(command, checkout=checkout, environment=None, timeout=1)
    assert (done.exit_code, done.timed_out) == (124, True)
    child = int(done.stdout)
    assert done.output == f"{child}\n[its time was up]"
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_no_secret_and_no_home_of_the_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", "secret")
    checkout = write(tmp_path / "c", {"x": ""})
    done = run_command('echo "[$GH_TOKEN] $HOME"', checkout=checkout, environment=None, timeout=10)
    assert done.stdout.startswith("[] ")
    assert str(Path.home()) != done.stdout.split()[1]


def test_tools_are_found_last_and_the_targets_own_sitecustomize_still_runs(tmp_path: Path) -> None:
    tools = write(tmp_path / "tools", {"spare.py": "A = 'tools'\n", "json.py": "raise RuntimeError\n"})
    checkout = write(tmp_path / "c", {"sitecustomize.py": "import builtins\nbuiltins.own = 'own'\n"})
    lacking = replace(environment(tmp_path), tools=tools)
    command = "python -c 'import json, spare; print(spare.A, own)'"
    assert run_command(command, checkout=checkout, environment=lacking, timeout=30).output == "tools own"


def test_where_no_other_sitecustomize_is_on_the_path_ours_says_nothing() -> None:
    site = Path(commands.__file__).parent / "probe/site"
    code = f"import importlib, os, sys; sys.path[:] = [{str(site)!r}]; import sitecustomize; print(sys.path)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={"FACTORY_TOOLS": "/tools"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "['/tools']\n", "")
