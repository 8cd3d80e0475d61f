"""Whole cycles with the offline runner on real projects: the table of docs/tried-on.md.

    python tools/tried_on.py FOLDER                all of them; FOLDER is made, and keeps all that happened
    python tools/tried_on.py FOLDER boltons toolz  some of them

Source archives come from the package index by ``pip download``. Each project gets a git repository and a
factory home of its own, and then what a person types is run: ``factory ceo``, ``history``, ``verify`` and
``gc``. The code of these projects is executed. What each command said is in FOLDER/NAME/said.log.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = 1200
HEADER = ("project", "shape", "found by discover", "experiments", "exit", "seconds", "afterwards")


@dataclass(frozen=True)
class Trial:
    """A project as released, what is special about its shape, and what is done to it before the cycle."""

    name: str
    version: str
    shape: str
    prepare: Callable[[Path], object] | None = None

    @property
    def tag(self) -> str:
        """The tag of its first commit: build systems take the version from there."""
        return f"v{self.version}"


def own_environment(root: Path) -> None:
    """What a developer has: a ``.venv`` with the project installed from its checkout, and with pytest."""
    _run([sys.executable, "-m", "venv", ".venv"], root)
    _run([".venv/bin/python", "-m", "pip", "install", "--quiet", "--editable", ".", "pytest"], root)
    (root / ".git" / "info" / "exclude").write_text("/.venv/\n*.egg-info/\n__pycache__/\n")


TRIALS = (
    Trial("iniconfig", "2.3.1", "src layout; version from a git tag; pytest itself stands on it"),
    Trial("humanize", "4.17.0", "src layout; a generated `_version.py` that git ignores"),
    Trial("boltons", "26.2.0", "flat package of 30 modules"),
    Trial("toolz", "0.11.1", "flat package of 2020, tests inside it; versioneer"),
    Trial("sqlparse", "0.4.2", "flat package of 2021, tests beside it"),
    Trial("humanfriendly", "10.0", "flat package of 2021, tests inside it"),
    Trial("tinydb", "4.5.2", "flat package of 2021; no `setup.py`, poetry"),
    Trial("docopt", "0.6.2", "one module of 2014, `setup.py`; no tests"),
    Trial("cached-property", "1.5.2", "one module of 2020; tests need what is declared nowhere"),
    Trial("pyflakes", "2.2.0", "tests that fail at the baseline: of 2020, run on a newer Python"),
    Trial("xmltodict", "1.0.4", "own `.venv` with an editable install", own_environment),
    Trial("markupsafe", "3.0.4", "src layout; a compiled extension"),
    Trial("jaraco.functools", "4.6.0", "namespace package without `__init__.py`; version from a git tag"),
    Trial("zope.event", "4.5.0", "namespace package of the old kind, src layout; tests inside it"),
)


def main() -> int:
    """Try the projects and print the table; 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    print(f"| {' | '.join(HEADER)} |\n|{'---|' * len(HEADER)}", flush=True)
    for trial in TRIALS:
        if not args.names or trial.name in args.names:
            print(f"| {' | '.join(tried(trial, args.folder.resolve() / trial.name))} |", flush=True)
    return 0


def tried(trial: Trial, folder: Path) -> Sequence[str]:
    """One project's row of the table."""
    root = unpacked(trial, folder)
    if trial.prepare:
        trial.prepare(root)
    started = time.monotonic()
    code, _ = factory(folder, "ceo", str(root), "--runner", "offline")
    seconds = time.monotonic() - started
    return (
        f"{trial.name} {trial.version}",
        trial.shape,
        found(root),
        experiments(folder, root),
        str(code),
        f"{seconds:.0f}",
        afterwards(folder, root),
    )


def unpacked(trial: Trial, folder: Path) -> Path:
    """The project's source archive as a git repository with one commit and a tag."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    _run([*fetch, f"{trial.name}=={trial.version}"], folder)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.2 has none
        archive.extractall(folder)
    root = next(path for path in folder.iterdir() if path.is_dir())
    for made in root.rglob("*.egg-info"):  # not in the project's repository, only in its archive
        shutil.rmtree(made)
    identity = ("-c", "user.name=Pat", "-c", "user.email=pat@example.org")
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "Import"]):
        _run(["git", *identity, *command], root)
    _run(["git", "tag", trial.tag], root)
    return root


def found(root: Path) -> str:
    """The composite, tests and build step that discover has found, and what it could not measure."""
    file = root / "factory.toml"
    if not file.is_file():
        return "no setup was written"
    text, measured = file.read_text(encoding="utf-8"), _first_measurement(root)
    tests = Counter(measured["tests"].values())
    said = ", ".join(f"{count} {outcome}" for outcome, count in tests.most_common())
    parts = [f"composite {measured['composite']:.3f}", f"tests: {said or 'none'}"]
    setup = tomllib.loads(text)["eval"].get("setup")
    return "; ".join([*parts, *([f"setup `{setup.split(' --')[0]} …`"] if setup else [])])


def _first_measurement(root: Path) -> dict[str, Any]:
    """What the cycle began on: the newest measurement is that of its last change."""
    journal = next((root / ".factory" / "cycles").glob("*.jsonl"))
    events = map(json.loads, journal.read_text(encoding="utf-8").splitlines())
    done = (event["data"] for event in events if event["type"] == "step.completed")
    return next(data["result"]["measurement"] for data in done if data["step"] == "study")


def experiments(folder: Path, root: Path) -> str:
    """What became of each experiment, from the log."""
    _, said = factory(folder, "history", str(root), "--json", "--all")
    rows = json.loads(said or "[]")
    return "; ".join(f"{row['verdict']} ({row['reason']}) {row['hypothesis']}" for row in rows) or "none"


def afterwards(folder: Path, root: Path) -> str:
    """What verify says, and what is left after gc: workspaces, the engine's branches, a changed checkout."""
    code, said = factory(folder, "verify", str(root))
    problems = [] if code == 0 else [re.sub(r"\s+", " ", said)]
    factory(folder, "gc", str(root))
    left = list((folder / "home" / ".factory" / "workspaces").glob("*/*"))
    branches = _run(["git", "for-each-ref", "refs/heads/factory"], root)
    problems += [f"{len(left)} workspaces left"] if left else []
    problems += ["branches left"] if branches else []
    problems += ["changes in the checkout"] if _run(["git", "status", "--porcelain"], root) else []
    return "; ".join(problems) or "verify clean, nothing left"


def factory(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the command line with a home in ``folder``; its exit code and stdout. All it says goes to a log."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    env = {**os.environ, "HOME": str(home), "FACTORY_HOME": str(home / ".factory"), "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-P", "-m", "factory", *arguments]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    with (folder / "said.log").open("a", encoding="utf-8") as log:
        log.write(f"$ factory {' '.join(arguments)}\n{done.stdout}{done.stderr}[exit {done.returncode}]\n\n")
    return done.returncode, done.stdout


def _run(argv: Sequence[str], cwd: Path) -> str:
    return subprocess.run(argv, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
