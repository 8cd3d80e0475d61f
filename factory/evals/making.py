"""Making an environment for a project in the factory home, from what the project declares to need."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from factory.errors import EnvironmentLacking
from factory.evals.confine import confined
from factory.evals.dependencies import Dependencies, dependency_key, read_dependencies, version_fits
from factory.evals.install import Installer, building, make_venv, telling_line
from factory.evals.progress import Progress, Remark
from factory.evals.roots import find_roots
from factory.evals.surroundings import child_paths, package_settings, scratch_folders, target_env
from factory.fsio import atomic_write
from factory.paths import HomePaths
from factory.process import Completed, allowed_env, quick, run
from factory.sandbox import Sandbox, needed_by

SETUP_TIMEOUT_S = 1800
NEWEST_MINOR, OLDEST_MINOR = 14, 8
READY = "factory-environment.json"


@dataclass(frozen=True, slots=True)
class Made:
    """What is recorded about a made environment once it is complete.

    ``note``: why it is not all that was asked for, or "". ``project_files``: what an installed copy of the
    project had.
    """

    v: int = 1
    note: str = ""
    project_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipe:
    """What goes into an environment: a base interpreter, a checkout with its needs, a setup command or "".

    ``sandbox`` is what the checkout's code runs in while it is built.
    """

    base: Path
    checkout: Path
    needs: Dependencies
    setup: str
    sandbox: Sandbox


def run_setup(
    checkout: Path,
    python: Path,
    setup: str,
    timeout: float,
    sandbox: Sandbox,
    *,
    readable: tuple[Path, ...],
    writable: tuple[Path, ...],
) -> Completed:
    """Run the setup command in a checkout, in ``sandbox``; the caller looks at how it ended.

    ``readable`` is what it needs to see beside the checkout, ``writable`` what it may write there.
    """
    with scratch_folders() as scratch:
        extra = child_paths(find_roots(checkout).paths, None)
        env = target_env(scratch, python=python, network=True, extra=extra)
        if sandbox.active:  # what it left in a person's cache would be installed outside some day
            env = {name: value for name, value in env.items() if not name.endswith("_CACHE_DIR")}
        seen = (*readable, *package_settings(env))
        argv = confined(["sh", "-c", setup], checkout, scratch, sandbox, readable=seen, writable=writable)
        return run(argv, cwd=checkout, env=env, timeout=timeout)


def made_environment(
    checkout: Path, setup: str, sandbox: Sandbox, home: HomePaths, progress: Progress
) -> tuple[Path, Made]:
    """The made environment for a checkout's dependencies, built when it is not there or was left half built.

    Its scripts hold its path, so that it cannot be built elsewhere and renamed: a record written last makes
    it complete, and one without that record is built anew.
    """
    needs = read_dependencies(checkout)
    base, version = base_interpreter(needs.requires_python)
    name = re.sub(r"[^a-z0-9-]+", "-", needs.name or "project").strip("-")[:40]
    folder = home.environments / f"{name}-py{version}-{dependency_key(checkout, version, setup)}"
    record = folder / READY
    made = _read_record(record)
    if made is None:
        with building(folder, progress):
            made = _read_record(record)
            if made is None:
                progress(Remark(f"making a Python {version} environment for {needs.name or 'the project'}"))
                shutil.rmtree(folder, ignore_errors=True)
                made = _build(folder, Recipe(base, checkout, needs, setup, sandbox), home, progress)
                atomic_write(record, json.dumps(asdict(made)))
    os.utime(record)  # its age is the time since the environment was last used
    return folder / "bin" / "python", made


def base_interpreter(requires_python: str) -> tuple[Path, str]:
    """An interpreter to make environments from that satisfies the specifier, and its ``3.N``.

    The factory's own where it fits, else the newest on the PATH that does. Raises EnvironmentLacking.
    """
    own = Path(getattr(sys, "_base_executable", "") or sys.executable)
    if version_fits(".".join(map(str, sys.version_info[:3])), requires_python):
        return own, f"{sys.version_info[0]}.{sys.version_info[1]}"
    for minor in range(NEWEST_MINOR, OLDEST_MINOR - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if not found:
            continue
        code = "import sys, platform; print(sys.executable); print(platform.python_version())"
        said = quick([found, "-c", code], cwd=Path("/"), env=allowed_env()).stdout.split("\n")
        if len(said) > 1 and version_fits(said[1], requires_python):
            return Path(said[0]), f"3.{minor}"
    raise EnvironmentLacking(
        f"The project needs Python {requires_python}, and none on the PATH is.",
        "Install one, or name it as [eval] python in factory.toml.",
    )


def _read_record(file: Path) -> Made | None:
    try:
        return Made(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _build(folder: Path, recipe: Recipe, home: HomePaths, progress: Progress) -> Made:
    needs = recipe.needs
    with scratch_folders() as scratch:
        log = home.logs / f"environment-{folder.name}.log"
        python = folder / "bin" / "python"
        installer = Installer(python, home, scratch, log, recipe.sandbox)
        make_venv(recipe.base, folder, installer, pip=not needs.nothing or bool(recipe.setup))
        copy = scratch.root / "project"
        shutil.copytree(recipe.checkout, copy, symlinks=True)
        note = "" if needs.nothing else _install(installer, needs, copy, progress)
        if recipe.setup:
            seen = needed_by(str(python))
            done = run_setup(
                copy, python, recipe.setup, SETUP_TIMEOUT_S, recipe.sandbox, readable=seen, writable=(folder,)
            )
            installer.keep([recipe.setup], done)
            if done.returncode != 0:
                what = "[eval] setup failed in the environment made for the project"
                raise installer.failure(what, done, "Mend [eval] setup in factory.toml, and commit it.")
        return Made(note=note, project_files=tuple(_take_away(folder, needs.name, copy)))


def _install(installer: Installer, needs: Dependencies, copy: Path, progress: Progress) -> str:
    """Install the project and what it needs; returns why the project itself was left out, or ""."""
    files = [part for name in needs.files for part in ("-r", name)]
    note = ""
    if needs.buildable:
        target = f".[{','.join(needs.extras)}]" if needs.extras else "."
        progress(Remark("installing the project and its test dependencies"))
        done = installer.pip(["install", target, *needs.groups, *files], cwd=copy)
        if done.returncode == 0:
            for name in needs.guessed:
                installer.pip(["install", "-r", name], cwd=copy)
            return ""
        note = (
            f"the project could not be installed, only what it declares to need: {telling_line(done)} "
            f"(see {installer.log}); mend that, have [eval] setup install it, or name as [eval] python one "
            "that has it"
        )
        progress(Remark(note))
    wanted = [*needs.declared, *needs.groups]
    if wanted or files:
        done = installer.pip(["install", *wanted, *files], cwd=copy)
        if done.returncode != 0:
            raise installer.failure("The project's dependencies could not be installed", done)
    return note


def _take_away(folder: Path, name: str, copy: Path) -> list[str]:
    """Remove the installed copy of the project, but for its metadata and scripts; returns what was removed.

    With a copy there, a test could pass on code that the measured commit no longer has.
    """
    removed = []
    for site in sorted(folder.glob("lib/python*/site-packages")):
        for found in distributions(path=[str(site)]):
            if not _is_project(found, name, copy):
                continue
            for file in found.files or []:
                place = Path(str(found.locate_file(file)))
                inside = site in place.parents and ".." not in file.parts
                if inside and not file.parts[0].endswith((".dist-info", ".egg-info")) and place.is_file():
                    place.unlink()
                    removed.append(str(file))
            _drop_empty(site, removed)
    return sorted(removed)


def _is_project(found: Distribution, name: str, copy: Path) -> bool:
    """Whether a distribution is the project: by name, or installed from the copy (a name in setup.py is not
    read).
    """
    own_name = re.sub(r"[-_.]+", "-", found.metadata["Name"] or "").lower()
    origin = found.read_text("direct_url.json") or ""
    return (bool(name) and own_name == name) or f'file://{copy}"' in origin


def _drop_empty(site: Path, removed: list[str]) -> None:
    """Remove the folders that are left without files, which would count as namespace packages."""
    for top in {Path(file).parts[0] for file in removed}:
        for base, _, _ in os.walk(site / top, topdown=False):
            shutil.rmtree(Path(base) / "__pycache__", ignore_errors=True)
            if not any(Path(base).iterdir()):
                Path(base).rmdir()
