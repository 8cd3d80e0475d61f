"""Which folders a program needs to run: its own installation and its interpreter's, and nothing around them.

Agent CLIs and interpreters are often installed in the person's home (nvm, pyenv, a virtual environment,
``~/.local``), of which a sandbox shows nothing but these.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

#: Folders of the system, readable for every process inside a sandbox.
SYSTEM = tuple(
    Path(folder)
    for folder in (
        *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt"),
        *("/nix", "/gnu", "/snap", "/home/linuxbrew/.linuxbrew"),
    )
)

#: Version managers' folders in a home: launchers look around in the whole of theirs. None holds secrets.
MANAGERS = (
    ".pyenv", ".nvm", ".volta", ".asdf", ".rbenv", ".bun", ".rye", ".sdkman",
    ".local/share/mise", ".local/share/fnm", ".local/share/uv", ".local/share/pnpm", ".local/pipx",
    ".local/share/pipx",
)  # fmt: skip

#: What marks a folder with ``bin`` as an installation that needs all of itself: an environment or a Python,
#: conda, node, a JDK, Maven, Go. A project may have ``bin`` and ``lib`` as well, and its secrets beside.
INSTALLED = (
    *("pyvenv.cfg", "lib/python[23].*", "conda-meta", "lib/node_modules"),
    *("lib/jvm.cfg", "boot/plexus-classworlds-*.jar", "lib/time/zoneinfo.zip"),
)
#: What tells that people work in a folder, whatever is installed into it (``python -m venv .``).
WORKED_IN = (".git", ".hg", ".svn", ".env", ".envrc")
#: What else programs of an installation read that nothing marks (Julia, a JDK 8, a GCC or PostgreSQL built at
#: home, Dart's ``version``). No project keeps its secrets in these.
DATA = ("libexec", "share", "include", "jre", "version")
#: Homebrew's own prefix is a repository, and all that it has installed refers to other parts of it.
HOMEBREW = "Cellar"

MOST_LINKS = 40
SHEBANG_BYTES = 256


def needed_by(program: str, search: str | None = None) -> tuple[Path, ...]:
    """The files and folders, links included, that must be seen for ``program`` to run, sorted.

    ``program`` is a path or a name looked up in ``search`` (a PATH; None: this process' own). What lies in
    the system's folders is left out, for it is always seen. An unknown program needs nothing.
    """
    found = shutil.which(program, path=search)
    if found is None:
        return ()
    wanted: set[Path] = set()
    for path in with_interpreters(Path(os.path.abspath(found)), search):  # noqa: PTH100 - links are kept
        links = list(_links(path))
        wanted |= {link for link in links if link.is_symlink()}
        wanted |= {part for link in links for part in _installation(link)}
    return tuple(sorted(path for path in wanted if not in_system(path)))


def on_path(search: str | None = None) -> tuple[Path, ...]:
    """What must be seen for every program on a PATH (None: this process' own) to be found and run, sorted."""
    return _on_path(os.environ.get("PATH", os.defpath) if search is None else search)


@cache
def _on_path(search: str) -> tuple[Path, ...]:
    wanted: set[Path] = set()
    for folder in map(Path, filter(None, search.split(os.pathsep))):
        if not folder.is_absolute() or in_system(folder) or not folder.is_dir():
            continue
        if Path.home().is_relative_to(folder.resolve()):
            continue  # a home is not shown, be it on the PATH
        managed = _managed(folder)
        wanted.add(managed or folder)
        for program in () if managed else folder.iterdir():
            wanted.update(needed_by(str(program), search))
    return tuple(sorted(path for path in wanted if not in_system(path)))


def in_system(path: Path) -> bool:
    """Whether a path lies in a folder that every process sees."""
    return any(path.is_relative_to(folder) for folder in SYSTEM)


def with_interpreters(program: Path, search: str | None) -> Iterator[Path]:
    """The program, then the interpreter that its first line names, and so on."""
    for _ in range(5):
        yield program
        interpreter = _interpreter(program, search)
        if interpreter is None:
            return
        program = interpreter


def _interpreter(script: Path, search: str | None) -> Path | None:
    try:
        with script.open("rb") as file:
            line = file.read(SHEBANG_BYTES).partition(b"\n")[0]
    except OSError:
        return None
    words = line[2:].decode("utf-8", "replace").split() if line.startswith(b"#!") else []
    if words and Path(words[0]).name == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    found = shutil.which(words[0], path=search) if words else None
    return Path(found) if found else None


def _links(path: Path) -> Iterator[Path]:
    """A path, each place that its links lead to, and the real path of the last."""
    for _ in range(MOST_LINKS):
        yield path
        if not path.is_symlink():
            break
        path = Path(os.path.normpath(path.parent / path.readlink()))
    yield path.resolve()


def _installation(path: Path) -> Iterator[Path]:
    """What belongs to one place of a program: its package, environment or prefix."""
    managed = _managed(path)
    if managed is not None:
        yield managed
        return
    if "node_modules" in path.parts:
        yield Path(*path.parts[: path.parts.index("node_modules") + 1])
        return
    yield path
    if path.parent.name == "bin":
        yield from _prefix(path.parent.parent)
        yield from _base_python(path.parent.parent)


def _prefix(prefix: Path) -> Iterator[Path]:
    """What the programs in the ``bin`` of a prefix need of it."""
    home = Path.home()
    if in_system(prefix):
        return
    # ~/.local and the home itself hold much besides: of these, the libraries alone.
    wide = home.is_relative_to(prefix) or prefix == home / ".local"
    if not wide and _is_installation(prefix):
        yield prefix
    elif (prefix / "lib").is_dir():
        names = [*([] if wide else ["bin"]), "lib", "lib64", "pyvenv.cfg"]
        names += [] if wide or _is_worked_in(prefix) else DATA
        yield from (part for name in names if (part := prefix / name).exists())


def _is_installation(prefix: Path) -> bool:
    """Whether all of a prefix belongs to what is installed there."""
    if (prefix / HOMEBREW).is_dir():
        return True
    return not _is_worked_in(prefix) and any(next(prefix.glob(mark), None) for mark in INSTALLED)


def _is_worked_in(prefix: Path) -> bool:
    return any((prefix / name).exists() for name in WORKED_IN)


def _managed(path: Path) -> Path | None:
    """The folder of the version manager that a path lies in."""
    for manager in MANAGERS:
        before, found, _ = str(path).partition(f"/{manager}/")
        if found:
            return Path(f"{before}/{manager}")
    return None


def _base_python(environment: Path) -> Iterator[Path]:
    """The installation that a virtual environment was made from, by its ``pyvenv.cfg``; none without one."""
    settings = environment / "pyvenv.cfg"
    if not settings.is_file():
        return
    for line in settings.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.partition("=")
        folder = Path(value.strip())
        if key.strip() == "home" and folder.is_absolute() and not in_system(folder):
            yield folder.resolve().parent if (folder.parent / "lib").is_dir() else folder.resolve()
