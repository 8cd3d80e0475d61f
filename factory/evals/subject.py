"""The checkout under measurement, looked at once for all dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from factory.config import DimensionSpec, ProjectConfig
from factory.evals import checkers
from factory.evals.commands import run_command
from factory.evals.deadline import Deadline
from factory.evals.dimensions import sources
from factory.evals.environment import Environment, resolve
from factory.evals.files import checkout_files
from factory.evals.judge_files import JudgeFiles, look
from factory.evals.plan import planned
from factory.evals.progress import Progress
from factory.globs import matches
from factory.models import CommandResult
from factory.paths import HomePaths
from factory.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Subject:
    """A checkout that is measured, and all that a dimension needs to be measured there.

    ``judge``: the look that was taken before its code was measured, where several commands are run in it.
    """

    checkout: Path
    config: ProjectConfig
    environment: Environment | None
    files: list[str]
    sources: list[sources.Source]
    deadline: Deadline
    progress: Progress
    sandbox: Sandbox
    judge: JudgeFiles | None = None

    @property
    def dimensions(self) -> list[DimensionSpec]:
        """What is to be measured."""
        typed = checkers.has_mypy_settings(self.checkout)
        return planned(self.config.eval.dimensions, python=self.environment is not None, typed=typed)

    def look(self) -> JudgeFiles:
        """A look at the files of the checkout that decide its scores."""
        read = {source.path for source in self.sources}
        return look(self.checkout, self.config, self.files, read)

    @property
    def touched(self) -> str:
        """Which of these files is not as it was at the look in ``judge``, and "" where there was none."""
        return self.judge.touched() if self.judge else ""


def open_subject(
    checkout: Path,
    config: ProjectConfig,
    project_root: Path,
    home: HomePaths,
    progress: Progress,
    *,
    sandbox: Sandbox,
) -> Subject:
    """Look at a checkout: its files, its sources, and the environment to measure it in.

    What no experiment may change (``[scope] read_only``) is no source: a score is about what can be made
    better.
    """
    checkout = checkout.resolve()
    files = checkout_files(checkout)
    own = [path for path in files if not matches(config.scope.read_only, path)]
    found = sources.read_sources(checkout, own)
    has_python = any(path.endswith(".py") for path in files)
    environment = None
    if has_python:
        environment = resolve(
            project_root, checkout, config.eval, sandbox=sandbox, home=home, progress=progress
        )
    deadline = Deadline(config.eval.time_limit)
    return Subject(checkout, config, environment, files, found, deadline, progress, sandbox)


def run_check(subject: Subject, name: str, command: str, *, with_ruff: bool = False) -> CommandResult:
    """Run a smoke test or constraint in the time that is left; ``with_ruff`` as for run_command.

    It fails unrun where what decides a score is not as it was.
    """
    if subject.touched:
        return CommandResult(name=name, command=command, exit_code=-1, output=subject.touched, complete=False)
    left = subject.deadline.left()
    return run_command(
        command,
        checkout=subject.checkout,
        environment=subject.environment,
        timeout=left,
        sandbox=subject.sandbox,
        with_ruff=with_ruff,
    ).result(name)
