"""What a process that runs a target's code may see: an allow-listed environment and scratch folders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from factory.process import allowed_env
from factory.scratch import scratch_folder

# A hash seed makes the order of sets, and so the ids of tests that are parametrised from one, the same in
# every run.
STEADY = {
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTHONIOENCODING": "utf-8",
}
SETTINGS = (Path("/etc/pip.conf"), Path("/etc/xdg/pip/pip.conf"), Path("/etc/uv/uv.toml"))
"""Where the machine's settings of package clients lie, which a sandbox does not show by itself."""

_NAMING_VARIABLE = re.compile(r"(PIP|UV)_(CERT|CLIENT_CERT|CONSTRAINT|FIND_LINKS)")
_NAMING_LINE = re.compile(r"^\s*(?:cert|client-cert|constraint|find-links)\s*[=:]\s*(.+)$", re.MULTILINE)
SHIM = Path(__file__).parent / "probe" / "site"


@dataclass(frozen=True, slots=True)
class Scratch:
    """Private folders of one run, gone after it. ``root`` holds what we write, the others are the child's."""

    root: Path
    home: Path
    tmp: Path


@contextmanager
def scratch_folders() -> Iterator[Scratch]:
    """Private folders for a child. They lie in the system's temporary folder: a socket's path must stay
    short.
    """
    with scratch_folder("run") as place:
        root = place.resolve()
        scratch = Scratch(root / "own", root / "home", root / "tmp")
        for folder in (scratch.root, scratch.home, scratch.tmp):
            folder.mkdir(mode=0o700)
        yield scratch


def target_env(
    scratch: Scratch, *, python: Path | None, network: bool = False, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment of a process of the target: no secrets, a private home, its interpreter first on the
    PATH.
    """
    env = allowed_env({"HOME": str(scratch.home), "TMPDIR": str(scratch.tmp)} | STEADY, network=network)
    if python is not None:
        env["PATH"] = search_path(python)
    return env | dict(extra or {})


def search_path(python: Path | None) -> str:
    """Where a process of the target looks for programs: beside its interpreter, then where we do."""
    own = [str(python.parent)] if python is not None else []
    return os.pathsep.join(filter(None, [*own, os.environ.get("PATH", "")]))


def child_paths(roots: Sequence[Path], tools: Path | None) -> dict[str, str]:
    """Variables that put a checkout's import roots first for every Python started, and the tools last."""
    folders = [str(root) for root in roots]
    if tools is None:
        return {"PYTHONPATH": os.pathsep.join(folders)}
    return {"PYTHONPATH": os.pathsep.join([str(SHIM), *folders]), "FACTORY_TOOLS": str(tools)}


def install_env(scratch: Scratch, cache: Path) -> dict[str, str]:
    """The environment of a package installation: the person's index settings, but a private home, for
    building a package runs its code.
    """
    env = allowed_env({"HOME": str(scratch.home), "TMPDIR": str(scratch.tmp)}, network=True)
    env.setdefault("PIP_CACHE_DIR", str(cache))
    settings = [
        Path.home() / ".config/pip/pip.conf",
        Path.home() / "Library/Application Support/pip/pip.conf",
    ]
    for file in (*settings, Path.home() / ".pip" / "pip.conf"):
        if file.is_file():
            env.setdefault("PIP_CONFIG_FILE", str(file))
    return env | {"PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_REQUIRE_VIRTUALENV": "0"}


def package_settings(env: Mapping[str, str]) -> tuple[Path, ...]:
    """The files of package clients' settings, and what these and the variables in ``env`` name: certificates,
    constraints, folders of packages. A sandbox has to show them where something is to be installed.
    """
    named = [value for name, value in env.items() if _NAMING_VARIABLE.fullmatch(name)]
    files = [*SETTINGS, *(Path(env[name]) for name in ("PIP_CONFIG_FILE", "UV_CONFIG_FILE") if name in env)]
    for file in files:
        if file.is_file():
            named += _NAMING_LINE.findall(file.read_text(encoding="utf-8", errors="replace"))
    words = [word.removeprefix("file://") for value in named for word in value.split()]
    return (*files, *(Path(word) for word in words if word.startswith("/")))
