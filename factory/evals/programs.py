"""The programs of this machine that a project's own commands run: another version is another environment."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from factory.sandbox import with_interpreters

_SCRIPT_BYTES = 1_000_000
_WORD = re.compile(r"[^\s;&|<>()'\"`$=]+")


def programs(commands: Iterable[str], search: str) -> str:
    """16 hexadecimal digits that change with the programs on ``search`` (a PATH) that commands name, and with
    what interprets these; empty where there are none.

    A word that is a program's name by chance counts too. What a program starts by itself is not seen.
    """
    search = os.pathsep.join(_folders(search))
    words = {word for command in commands for word in _WORD.findall(command)}
    named = [found for word in words if _is_name(word) and (found := shutil.which(word, path=search))]
    facts = sorted({_stamp(path) for name in named for path in with_interpreters(Path(name), search)})
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16] if facts else ""


def installations(search: str) -> str:
    """A text that changes when a program is added to a folder of ``search`` (a PATH), taken away or replaced
    by a new file, as installers do it: also one that nothing but another program names, as a compiler.
    """
    return json.dumps([(folder, Path(folder).stat().st_mtime_ns) for folder in _folders(search)])


def _folders(search: str) -> list[str]:
    """The folders of a PATH; a relative one, as an empty entry, leads to wherever a process happens to be."""
    return [f for f in search.split(os.pathsep) if Path(f).is_absolute() and Path(f).is_dir()]


def _is_name(word: str) -> bool:
    """Whether it may name a program of the machine; a relative path leads to a file of the project."""
    return "/" not in word or word.startswith("/")


def _stamp(program: Path) -> tuple[str, str]:
    """Where a program really lies, and what tells it from another one.

    Of a script that is its text, for a project's setup may install the very same one each time.
    """
    real = program.resolve()
    found = real.stat()
    if found.st_size > _SCRIPT_BYTES or not os.access(real, os.R_OK):
        return str(real), f"{found.st_size} {found.st_mtime_ns}"
    return str(real), hashlib.sha256(real.read_bytes()).hexdigest()
