"""Installing packages: a virtual environment, pip in it, and what went wrong in a log file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from factory.errors import EnvironmentLacking
from factory.evals.confine import confined
from factory.evals.interpreter import describe
from factory.evals.progress import Progress, Remark
from factory.evals.surroundings import Scratch, install_env, package_settings, scratch_folders
from factory.paths import HomePaths
from factory.process import Completed, run
from factory.redact import redact
from factory.sandbox import OFF, Sandbox

INSTALL_TIMEOUT_S = 1800
LOCK_TIMEOUT_S = 2 * INSTALL_TIMEOUT_S
TOOLS = ("pytest", "coverage")
TAIL_LINES = 15


@dataclass(frozen=True, slots=True)
class Installer:
    """Runs pip for one interpreter. Its whole output goes to ``log``, a file in the factory home.

    ``sandbox`` is what pip runs in: it builds what it installs, by the code of that.
    """

    python: Path
    home: HomePaths
    scratch: Scratch
    log: Path
    sandbox: Sandbox

    def pip(self, arguments: Sequence[str], *, cwd: Path) -> Completed:
        """``pip`` with these arguments; the caller looks at the exit code."""
        self._cache.mkdir(parents=True, exist_ok=True)
        argv = confined(
            [str(self.python), "-m", "pip", *arguments],
            cwd,
            self.scratch,
            self.sandbox,
            readable=package_settings(self._env()),
            writable=(self.python.parent.parent, self._cache),
        )
        return self.run(argv, cwd=cwd)

    def run(self, argv: Sequence[str], *, cwd: Path) -> Completed:
        """A command in the environment of an installation."""
        done = run(argv, cwd=cwd, env=self._env(), timeout=INSTALL_TIMEOUT_S)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf-8") as file:
            said = f"$ {' '.join(argv)}\n{done.stdout}{done.stderr}\n[exit code {done.returncode}]\n"
            file.write(redact(said))
        return done

    @property
    def _cache(self) -> Path:
        return self.home.cache / "pip"

    def _env(self) -> dict[str, str]:
        """A person's cache is not for a sandbox: what is left there would be installed outside some day."""
        own = {"PIP_CACHE_DIR": str(self._cache)} if self.sandbox.active else {}
        return install_env(self.scratch, self._cache) | own

    def failure(self, what: str, done: Completed) -> EnvironmentLacking:
        """The error to raise for a command that failed: its last telling line, and where the rest is."""
        how = "took too long" if done.timed_out else (telling_line(done) or f"exit code {done.returncode}")
        return EnvironmentLacking(
            f"{what}: {how} (see {self.log})",
            "Set [eval] python in factory.toml to an interpreter that has what the project needs, "
            "or mend the network.",
        )


def telling_line(done: Completed) -> str:
    """The line of pip's output that says most about a failure."""
    lines = [line.strip() for line in (done.stdout + "\n" + done.stderr).splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR") or "Error:" in line]
    return (errors or lines or [""])[-1]


@contextmanager
def building(folder: Path, progress: Progress) -> Iterator[None]:
    """The exclusive right to build ``folder``; says so when another run is at it. Raises EnvironmentLacking
    when that takes more than an hour.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(str(folder) + ".lock")
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            progress(Remark(f"waiting for another run that builds {folder.name}"))
            lock.acquire(timeout=LOCK_TIMEOUT_S)
    except Timeout:
        raise EnvironmentLacking(
            f"Another run has been building {folder} for an hour.", "End it, or wait."
        ) from None
    try:
        yield
    finally:
        lock.release()


def make_venv(base: Path, folder: Path, installer: Installer, *, pip: bool) -> Path:
    """A virtual environment at ``folder``; returns its interpreter. Raises EnvironmentLacking."""
    options = [] if pip else ["--without-pip"]
    done = installer.run([str(base), "-m", "venv", *options, str(folder)], cwd=installer.scratch.tmp)
    if done.returncode != 0:
        raise installer.failure(f"{base} could not make a virtual environment", done)
    return folder / "bin" / "python"


def tools_folder(python: Path, home: HomePaths, progress: Progress) -> Path:
    """The folder with pytest and coverage for interpreters like ``python``, made when it is not there yet.

    One a Python minor version, in the factory home. Raises EnvironmentLacking when they cannot be installed.
    """
    folder = home.tools / describe(python, cache=home.cache).tag
    if folder.is_dir():
        return folder
    with building(folder, progress), scratch_folders() as scratch:
        if not folder.is_dir():
            progress(Remark("installing pytest and coverage, which the project's environment lacks"))
            installer = Installer(python, home, scratch, home.logs / f"tools-{folder.name}.log", OFF)
            _install_tools(installer, folder)
    return folder


def _install_tools(installer: Installer, folder: Path) -> None:
    draft = folder.with_name(folder.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    if "pip" not in describe(installer.python, cache=installer.home.cache).importable:
        made = make_venv(installer.python, installer.scratch.root / "venv", installer, pip=True)
        installer = replace(installer, python=made)
    done = installer.pip(["install", "--target", str(draft), *TOOLS], cwd=installer.scratch.tmp)
    if done.returncode != 0:
        raise installer.failure("pytest and coverage could not be installed", done)
    draft.rename(folder)
