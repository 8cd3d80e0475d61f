"""What a program needs to be seen, for installations as they are found in homes."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

import pytest

from factory.process import run
from factory.sandbox import needed_by, on_path
from tests.support.repos import write
from tests.support.sandboxes import env_of, request_in, working_sandbox


def executable(path: Path, text: str = "\x7fELF") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_what_the_system_has_is_seen_anyway() -> None:
    assert needed_by("sh") == ()
    assert needed_by("/bin/sh") == ()
    assert needed_by("no-such-program") == ()


def test_a_node_program_under_nvm_brings_nvm(private_home: Path) -> None:
    version = private_home / ".nvm" / "versions" / "node" / "v20"
    script = executable(version / "lib/node_modules/@acme/agent/cli.js", "#!/usr/bin/env node\n")
    node = executable(version / "bin" / "node")
    link = version / "bin" / "agent"
    link.symlink_to(os.path.relpath(script, link.parent))
    assert private_home / ".nvm" in needed_by("agent", str(node.parent))


def test_a_global_npm_prefix_brings_the_packages_and_the_link(tmp_path: Path) -> None:
    script = executable(tmp_path / "npm/lib/node_modules/agent/bin/cli.js", "#!/usr/bin/env sh\n")
    link = tmp_path / "npm/bin/agent"
    link.parent.mkdir()
    link.symlink_to("../lib/node_modules/agent/bin/cli.js")
    needed = needed_by(str(link))
    assert link in needed
    assert tmp_path / "npm/lib/node_modules" in needed
    assert script.is_relative_to(tmp_path / "npm/lib/node_modules")


def test_the_interpreter_of_a_script_is_needed_too(tmp_path: Path) -> None:
    interpreter = executable(tmp_path / "node-20/bin/node")
    (tmp_path / "node-20/lib/node_modules").mkdir(parents=True)
    script = executable(tmp_path / "tools/agent", "#!/usr/bin/env -S node --no-warnings\n")
    needed = needed_by(str(script), str(interpreter.parent))
    assert needed == (tmp_path / "node-20", interpreter, script)


def test_of_local_only_the_libraries_and_the_program(private_home: Path) -> None:
    program = executable(private_home / ".local/bin/agent")
    executable(private_home / ".local/share/keyrings/login", "secret")
    (private_home / ".local/lib/python3.11").mkdir(parents=True)
    assert needed_by(str(program)) == (program, private_home / ".local/lib")


@pytest.mark.parametrize("mark", ["", "lib/python3.11/", "pyvenv.cfg"])
def test_of_a_project_only_programs_and_libraries(tmp_path: Path, mark: str) -> None:
    project = tmp_path / "shop"
    program = executable(project / "bin/rails")
    write(project, {"lib/shop.rb": "", ".git/HEAD": "", ".env": "SECRET=1\n"})
    if mark:
        write(project, {f"{mark}site.py" if mark.endswith("/") else mark: ""})
    settings = [project / mark] if mark == "pyvenv.cfg" else []
    assert on_path(str(program.parent)) == (project / "bin", program, project / "lib", *settings)


@pytest.mark.parametrize(
    "mark",
    ["lib/python3.12/os.py", "conda-meta/history", "lib/jvm.cfg", "lib/time/zoneinfo.zip", "Cellar/x/1"],
)
def test_an_installation_is_seen_as_a_whole(tmp_path: Path, mark: str) -> None:
    program = executable(tmp_path / "tool/bin/program")
    write(tmp_path / "tool", {"lib/a": "", mark: ""})
    assert tmp_path / "tool" in needed_by(str(program))


@pytest.mark.parametrize(
    "needed",
    ["share/julia/base/sysimg.jl", "jre/lib/amd64/jvm.cfg", "libexec/gcc/cc1", "include/stdio.h", "version"],
)
def test_of_an_unknown_installation_what_programs_read_is_seen(tmp_path: Path, needed: str) -> None:
    program = executable(tmp_path / "tool/bin/program")
    write(tmp_path / "tool", {"lib/a": "", needed: "", "config/master.key": "secret"})
    seen = needed_by(str(program))
    assert tmp_path / "tool" / Path(needed).parts[0] in seen
    assert not {tmp_path / "tool", tmp_path / "tool/config"} & set(seen)
    write(tmp_path / "tool", {".env": "SECRET=1\n"})
    assert needed_by(str(program)) == (tmp_path / "tool/bin", program, tmp_path / "tool/lib")


def test_a_folder_without_marks_of_an_installation_is_not_seen_as_a_whole(tmp_path: Path) -> None:
    program = executable(tmp_path / "tool/bin/program")
    write(tmp_path / "tool", {"lib/a": "", "config/master.key": "secret"})
    assert needed_by(str(program)) == (tmp_path / "tool/bin", program, tmp_path / "tool/lib")


def test_a_single_binary_needs_itself_alone(private_home: Path) -> None:
    program = executable(private_home / ".cargo/bin/agent")
    (private_home / ".cargo/credentials.toml").write_text("secret")
    assert needed_by(str(program)) == (program,)


def test_a_version_manager_brings_its_folder(private_home: Path) -> None:
    shim = executable(private_home / ".pyenv/shims/agent", "#!/usr/bin/env bash\n")
    assert needed_by(str(shim)) == (private_home / ".pyenv",)


@pytest.mark.slow
def test_a_virtual_environment_in_a_home_runs_inside(tmp_path: Path, private_home: Path) -> None:
    venv.create(private_home / "venv", with_pip=False)
    python = private_home / "venv/bin/python"
    request = request_in(tmp_path)
    argv = working_sandbox().wrap([str(python), "-c", "import sys; print(sys.prefix)"], request)
    done = run(argv, cwd=request.workspace, env=env_of(request), timeout=60)
    assert (done.stdout, done.stderr) == (f"{private_home / 'venv'}\n", "")


def test_a_link_to_a_program_in_a_home_runs_inside(tmp_path: Path, private_home: Path) -> None:
    script = executable(
        private_home / "lib/node_modules/agent/cli.sh",
        '#!/bin/sh\ncat "$(dirname "$(readlink -f "$0")")/data"\n',
    )
    (script.parent / "data").write_text("found\n")
    link = private_home / "bin/agent"
    link.parent.mkdir()
    link.symlink_to("../lib/node_modules/agent/cli.sh")
    (private_home / "secret").write_text("secret")
    request = request_in(tmp_path)
    for program in (link, sys.executable):
        assert program
    done = run(
        working_sandbox().wrap([str(link)], request), cwd=request.workspace, env=env_of(request), timeout=60
    )
    assert (done.stdout, done.stderr) == ("found\n", "")


def test_a_home_on_the_path_is_not_shown(private_home: Path) -> None:
    (private_home / "bin").mkdir()
    (private_home / "bin" / "tool").write_text("#!/bin/sh\n")
    search = f"{private_home}:{private_home.parent}:{private_home / 'bin'}"
    assert on_path(search) == (private_home / "bin",)
