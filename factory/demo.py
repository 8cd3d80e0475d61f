"""The example project, and ``make demo``: whole cycles on it by the real command line."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from factory import output
from factory.cli import main as factory
from factory.errors import EXIT_NO, EXIT_OK, BadInput, EnvironmentLacking, FactoryError
from factory.paths import ProjectPaths
from factory.process import quick
from factory.rows import Row, read

EXAMPLE = Path(__file__).parent / "example"
MOST_CYCLES = 8
"""More than the example has work for: the loop ends by itself when nothing is left to try."""

TRAP = "F401"
"""The rule whose fix breaks a test of the example."""

_LITTER = shutil.ignore_patterns("__pycache__", ".*_cache", "*.egg-info")

# The commit must come out the same whatever the person's git configuration says or lacks.
_GIT = [
    "git",
    "-c", "user.name=factory demo",
    "-c", "user.email=demo@factory.invalid",
    "-c", "commit.gpgsign=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.autocrlf=false",
    "-c", "init.templateDir=",
]  # fmt: skip


def create_example(dest: Path) -> Path:
    """Copy the example to ``dest`` and make it a git repository with one commit on ``main``.

    Gives back ``dest``. Raises BadInput when there is something already, EnvironmentLacking when git
    is missing or fails.
    """
    if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise BadInput(f"{dest} is not empty.", "Name a folder that does not exist yet.")
    shutil.copytree(EXAMPLE, dest, ignore=_LITTER, dirs_exist_ok=True)
    _git(dest, "init", "--quiet")
    # Not `init -b`: a default branch set by the person must not matter either.
    _git(dest, "symbolic-ref", "HEAD", "refs/heads/main")
    _git(dest, "add", "--all")
    _git(dest, "commit", "--quiet", "--message", "Keep the books of a shared household")
    return dest


def _git(cwd: Path, *arguments: str) -> None:
    done = quick([*_GIT, *arguments], cwd=cwd)
    if done.returncode != 0:
        raise EnvironmentLacking(
            f"git {arguments[0]} failed: {done.stderr.strip()}", "Look at git's message."
        )


INTRODUCTION = """\
This demo lets factory improve a small example project, tally, which keeps the
books of a shared household. No key and no model: the `offline` runner does what
tools can do without judgement. The package index is the only network it uses.
Everything is made in, and stays in:
  {scratch}

First one cycle in the foreground. It finds out how to measure the project, then
plans two changes, makes each in a workspace of its own, and measures it."""

THE_REVERT = """
Experiment {id} was reverted ({reason}). What stood against it, by the record
  {precheck}:"""

THE_TRAP = """\
This is the trap of the example: lint is better without the unused imports, but
through one of them other code reaches a name, and a test says so."""

WHAT_REMAINS = "main never saw the change; its commit stays as refs/factory/rejected/{id:03d}."

MORE_CYCLES = """
Now more cycles, until nothing is left that the offline runner could try. Their
progress goes to {log}."""

THE_RECORD = """
The log of all experiments, and whether all records of them agree:"""

WHERE_TO_LOOK = """
Where to look next:
  cd {project}
  git log -p                               # what was kept
  git show refs/factory/rejected/{reverted:03d}       # what was not
  cat factory.toml                         # how it is measured, found by trying
  ls .factory/experiments/{reverted:03d}              # all that is on record for one
  cat .factory/archive/experiments/{reverted:03d}.md  # the note on it
  {command} status
The folder stays until you remove it:
  rm -rf {scratch}"""


def main() -> int:
    """Run the demo; 0 when something was kept, something reverted, and the records agree."""
    scratch = Path(tempfile.mkdtemp(prefix="factory-demo-")).resolve()
    _stand_apart(scratch / "home")
    output.say(INTRODUCTION.format(scratch=scratch))
    try:
        project = create_example(scratch / "tally")
    except FactoryError as error:
        output.error(error)
        return error.exit_code
    return _tell(scratch, ProjectPaths(project))


def _stand_apart(home: Path) -> None:
    """Have a factory home of the demo's own, and none of the person's settings."""
    for name in [name for name in os.environ if name.startswith("FACTORY_")]:
        del os.environ[name]
    os.environ["FACTORY_HOME"] = str(home)


def _tell(scratch: Path, project: ProjectPaths) -> int:
    root, log = str(project.root), scratch / "run.log"
    code = _type("ceo", root, "--runner", "offline")
    if code == EXIT_OK:
        _explain_revert(project)
        output.say(MORE_CYCLES.format(log=log))
        more = ("run", root, "--runner", "offline", "--loop", "--max-cycles", str(MOST_CYCLES))
        code = _type_quietly(log, *more)
    if code != EXIT_OK:
        return code
    output.say(THE_RECORD)
    code = _type("history", root) or _type("verify", root)
    reverted = _first(project, "revert")
    if code != EXIT_OK or reverted is None or _first(project, "keep") is None:
        output.note(
            "This is not what the demo is meant to show: something kept, something reverted, all clean."
        )
        return code or EXIT_NO
    output.say(WHERE_TO_LOOK.format(project=root, reverted=reverted.id, command=_program(), scratch=scratch))
    return EXIT_OK


def _program() -> str:
    """How the person types ``factory``: the script beside this interpreter, where there is one."""
    script = Path(sys.executable).with_name("factory")
    return shlex.quote(str(script)) if script.exists() else f"{shlex.quote(sys.executable)} -m factory"


def _type(*arguments: str) -> int:
    """Run a command line as a person would, and show it first."""
    # What is said of an interruption or a crash names this command, not the demo's.
    sys.argv[:] = ["factory", *arguments]
    output.say(f"\n$ factory {shlex.join(arguments)}")
    return factory(arguments)


def _type_quietly(log: Path, *arguments: str) -> int:
    """The same with the progress lines in a file; its end is shown when the command fails."""
    with log.open("w", encoding="utf-8") as file, contextlib.redirect_stderr(file):
        code = _type(*arguments)
    if code != EXIT_OK:
        output.note("\n".join(log.read_text(encoding="utf-8").splitlines()[-10:]))
    return code


def _first(project: ProjectPaths, verdict: str) -> Row | None:
    return next((row for row in read(project.results)[0] if row.verdict == verdict), None)


def _explain_revert(project: ProjectPaths) -> None:
    """Say why an experiment was reverted, from what is on record for it."""
    row = _first(project, "revert")
    if row is None or row.id is None:
        return
    precheck = project.experiment(row.id) / "precheck.json"
    output.say(THE_REVERT.format(id=row.id, reason=row.reason, precheck=precheck.relative_to(project.root)))
    for check in _failed(precheck):
        output.say(f"  {check}")
    if TRAP in row.hypothesis:
        output.say(THE_TRAP)
    output.say(WHAT_REMAINS.format(id=row.id))


def _failed(precheck: Path) -> Sequence[str]:
    checks = json.loads(precheck.read_text(encoding="utf-8"))["checks"]
    return [f"{check['name']}: {check['detail']}" for check in checks if not check["passed"]]


if __name__ == "__main__":
    sys.exit(main())
