"""The interpreter that a project is measured with: the configured one, the project's own, or one made for
it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from factory.errors import EnvironmentLacking
from factory.evals.install import telling_line, tools_folder
from factory.evals.interpreter import describe
from factory.evals.making import SETUP_TIMEOUT_S, made_environment, run_setup
from factory.evals.progress import Progress, Remark
from factory.evals.surroundings import SHIM
from factory.paths import HomePaths
from factory.process import allowed_env, quick
from factory.sandbox import Sandbox, needed_by

Kind = Literal["configured", "project venv", "made"]


class EvalSettings(Protocol):
    """The part of ``[eval]`` that matters here."""

    @property
    def python(self) -> str:
        """The configured interpreter, or ""."""

    @property
    def setup(self) -> str:
        """The configured setup command, or ""."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a project's code is run.

    ``fingerprint`` changes with the interpreter and what is installed, the tools included. ``tools`` is a
    folder for the end of ``sys.path`` where the target lacks pytest or coverage. ``project`` is the person's
    checkout. ``note`` is a reason that a person should see, or "". ``project_files`` are files of an
    installed copy of the project, relative to its installation folder, that were taken away so that nothing
    but the checkout can be loaded.
    """

    python: Path
    fingerprint: str
    made: bool
    tools: Path | None
    kind: Kind
    project: Path
    prefix: Path
    sites: tuple[Path, ...] = ()
    note: str = ""
    project_files: tuple[str, ...] = ()


def resolve(
    project_root: Path,
    checkout: Path,
    settings: EvalSettings,
    *,
    sandbox: Sandbox,
    home: HomePaths,
    progress: Progress,
) -> Environment:
    """The environment for measuring ``checkout``, a commit of the project at ``project_root``.

    In this order: ``[eval] python``; the person's ``.venv`` or ``venv``; one made in the factory home, kept
    by its dependency files and Python version, with the project's code in ``sandbox``. Raises
    EnvironmentLacking when there is none and none can be made.
    """
    if settings.python:
        return _describe(
            _configured(settings.python, project_root), "configured", project_root, home, progress
        )
    for folder in (".venv", "venv"):
        python = project_root / folder / "bin" / "python"
        if python.exists():
            return _describe(python, "project venv", project_root, home, progress)
        if python.is_symlink():
            progress(Remark(f"{project_root / folder} has lost its interpreter and is passed by"))
    python, made = made_environment(checkout, settings.setup, sandbox, home, progress)
    environment = _describe(python, "made", project_root, home, progress)
    return replace(environment, note=made.note, project_files=tuple(made.project_files))


def prepare(
    checkout: Path,
    environment: Environment,
    setup: str,
    *,
    sandbox: Sandbox,
    timeout: float = SETUP_TIMEOUT_S,
) -> str:
    """Run ``[eval] setup`` in a fresh checkout, which lacks every generated file; returns what is wrong, or
    "".

    It runs in each checkout, for what it generates (extensions, ``_version.py``) belongs to that tree and no
    other. In ``sandbox`` it may install into an environment that was made for it, and into no person's.
    """
    if not setup:
        return ""
    seen, made = shown(environment), (environment.prefix,) if environment.made else ()
    done = run_setup(checkout, environment.python, setup, timeout, sandbox, readable=seen, writable=made)
    if done.timed_out:
        return f"[eval] setup took longer than {timeout:g} s"
    if done.returncode != 0:
        return f"[eval] setup failed with exit code {done.returncode}: {telling_line(done)}"
    return ""


def shown(environment: Environment | None) -> tuple[Path, ...]:
    """What a process in a sandbox has to see beside a checkout to run in an environment."""
    if environment is None:
        return ()
    linked = (path for site in environment.sites for path in _linked_from(site, environment.project))
    tools = [environment.tools] if environment.tools else []
    program = needed_by(str(environment.python))
    return (SHIM.parent, environment.prefix, *environment.sites, *program, *tools, *linked)


def _linked_from(site: Path, project: Path) -> Iterator[Path]:
    """Folders that an installation of packages under development refers to, the project's own left out."""
    for file in sorted(site.glob("*.pth")):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            path = Path(line.strip() or ".")
            if path.is_absolute() and path.is_dir() and not path.is_relative_to(project):
                yield path


def _describe(python: Path, kind: Kind, project: Path, home: HomePaths, progress: Progress) -> Environment:
    found = describe(python, cache=home.cache)
    tools = None
    if not {"pytest", "coverage"} <= set(found.importable):
        tools = tools_folder(python, home, progress)
        found = describe(python, cache=home.cache, tools=tools)
    return Environment(
        python=python,
        fingerprint=found.fingerprint,
        made=kind == "made",
        tools=tools,
        kind=kind,
        project=project.resolve(),
        prefix=Path(found.prefix).resolve(),
        sites=tuple(Path(site) for site in found.sites),
    )


def _configured(text: str, project_root: Path) -> Path:
    """The interpreter that ``[eval] python`` names: a path, absolute or from the project's root, or a
    command.
    """
    path = Path(text).expanduser()
    given = shutil.which(text) if os.sep not in text else str(project_root / path)
    if given is None or not Path(given).exists():
        raise EnvironmentLacking(
            f"[eval] python is {text}, and there is no such interpreter.",
            "Mend it in factory.toml, or leave it empty to have one found or made.",
        )
    # A launcher such as pyenv's needs the person's home to find its interpreter; the measurement has another
    # one.
    asked = quick([given, "-c", "import sys; print(sys.executable)"], cwd=project_root, env=allowed_env())
    return Path(asked.stdout.strip() or given)
