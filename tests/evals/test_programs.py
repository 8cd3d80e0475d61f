"""Which programs a project's own commands run, and when they are others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory.evals.programs import installations, programs

COMMANDS = ("cd sub && CI=1 npx --no-install 'jest' | tee out", "./run.sh", "sub/tool --fast")


def install(folder: Path, name: str, text: str = "#!/bin/sh\n") -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(text)
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("name", "counts"),
    [("npx", True), ("jest", True), ("tee", True), ("engine", True), ("run.sh", False), ("tool", False)],
)
def test_a_program_counts_that_a_command_names_or_that_runs_such_a_one(
    tmp_path: Path, name: str, counts: bool
) -> None:
    install(tmp_path, "npx", "#!/usr/bin/env engine\n")
    for other in ("jest", "tee", "engine", "run.sh", "tool"):
        install(tmp_path, other)
    search = f"{tmp_path}{os.pathsep}/usr/bin"
    before = programs(COMMANDS, search)
    assert len(before) == 16
    assert programs(COMMANDS, search) == before
    os.utime(tmp_path / name, (1, 1))
    assert programs(COMMANDS, search) == before, "installed again, and the same"
    with (tmp_path / name).open("a") as file:
        file.write("exit 1\n")
    assert (programs(COMMANDS, search) != before) == counts


def test_a_binary_is_known_by_when_it_was_installed(tmp_path: Path) -> None:
    os.utime(install(tmp_path, "node", "x" * 1_000_001), (1, 1))
    before = programs(["node --test"], str(tmp_path))
    os.utime(tmp_path / "node", (2, 2))
    assert programs(["node --test"], str(tmp_path)) != before


def test_where_a_link_leads_counts(tmp_path: Path) -> None:
    for version in ("1", "2"):
        os.utime(install(tmp_path / version, "node"), (1, 1))
    link, seen = tmp_path / "node", []
    for version in ("1", "2"):
        link.unlink(missing_ok=True)
        link.symlink_to(tmp_path / version / "node")
        seen.append(programs(["node --test"], str(tmp_path)))
    assert seen[0] != seen[1]


def test_no_command_names_no_program(tmp_path: Path) -> None:
    assert programs([], str(tmp_path)) == programs(["", "nothing-of-that-name"], str(tmp_path)) == ""


def test_what_is_installed_shows_in_its_folder(tmp_path: Path) -> None:
    search = os.pathsep.join([str(tmp_path), str(tmp_path / "missing"), "", "."])
    os.utime(tmp_path, (1, 1))
    before = installations(search)
    assert before == f'[["{tmp_path}", 1000000000]]', "wherever this runs"
    install(tmp_path, "cc")
    assert installations(search) != before
