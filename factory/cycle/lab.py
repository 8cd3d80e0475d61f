"""A project opened for experiments: what a cycle and the single commands both stand on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from factory.config import ProjectConfig, load_project, settings_in_force
from factory.errors import BadInput
from factory.evals.progress import Remark
from factory.git import Repo
from factory.journal import Journal
from factory.paths import CONFIG_FILE, HomePaths, ProjectPaths, factory_home
from factory.project import Project, ensure_state_dir, open_project
from factory.registry import Registry
from factory.research.runs import RunStore
from factory.rows import Row, read
from factory.sandbox import Sandbox, choose
from factory.scratch import left_over, left_over_temporary
from factory.store import ExperimentStore
from factory.words import quoted


@dataclass(frozen=True)
class Lab:
    """A project, its repository, its records and the factory home.

    ``say`` takes remarks on long or unusual work, a line each; ``detail`` what a measurement is at.
    ``sandbox_wanted`` is the protection that was asked for by name; empty: as configured.
    """

    project: Project
    home: HomePaths
    say: Callable[[str], None]
    detail: Callable[[str], None] = lambda _: None
    sandbox_wanted: str = ""
    _journals: dict[str, Journal] = field(default_factory=dict, repr=False, compare=False)

    @property
    def repo(self) -> Repo:
        """The project's repository."""
        return self.project.repo

    @property
    def paths(self) -> ProjectPaths:
        """Where the project keeps its state."""
        return self.project.paths

    @cached_property
    def store(self) -> ExperimentStore:
        """The experiment log and folders."""
        return ExperimentStore(self.paths, self.repo.common_dir)

    @cached_property
    def runs(self) -> RunStore:
        """The runs of research mode."""
        return RunStore(self.paths.research_runs, self.repo.common_dir)

    @cached_property
    def agents_sandbox(self) -> Sandbox:
        """The protection that agents work in. No project that is known is seen there, wherever it lies."""
        found = choose(self.sandbox_wanted or settings_in_force({}, None).config.runner.sandbox)
        others = [project.path for project in Registry(self.home).known()]
        return replace(found, hidden=(self.paths.root, *others))

    @cached_property
    def sandbox(self) -> Sandbox:
        """The protection that the project's code is measured in; a CLI's own is none for it."""
        agents = self.agents_sandbox
        return replace(choose(), hidden=agents.hidden) if agents.kind == "cli" else agents

    def history(self) -> list[Row]:
        """The rows of the log that can be read, in file order; damaged lines are left out."""
        return read(self.paths.results)[0]

    @property
    def workspaces(self) -> Path:
        """The folder in the factory home where this project's workspaces and checkouts lie."""
        return self.home.workspaces / self.paths.key

    def left_over(self) -> list[Path]:
        """Checkouts, agents' homes and temporary folders whose process is gone: a crash has left them."""
        return [*left_over(self.workspaces), *left_over(self.home.agents), *left_over_temporary()]

    def progress(self, text: str) -> None:
        """Pass on how a measurement gets on."""
        (self.say if isinstance(text, Remark) else self.detail)(text)

    def journal(self, cycle: str) -> Journal:
        """The journal of a cycle, the same object each time: who listens to it hears of every event."""
        if cycle not in self._journals:
            self._journals[cycle] = Journal(self.paths.journal(cycle), cycle, self.repo.common_dir)
        return self._journals[cycle]

    def policy(self, revision: str) -> ProjectConfig | None:
        """The policy committed at ``revision``, or None where there is no factory.toml."""
        text = self.repo.show(revision, CONFIG_FILE)
        return None if text is None else load_project(text, f"{CONFIG_FILE} at {revision[:12]}")

    def required_policy(self, revision: str) -> ProjectConfig:
        """The policy committed at ``revision``. Raises BadInput with what to do where there is none."""
        policy = self.policy(revision)
        if policy is None:
            raise BadInput(*self._no_policy(revision))
        return policy

    def _no_policy(self, revision: str) -> tuple[str, str]:
        """What is said where a commit has no policy, and what to do."""
        lacking = f"There is no {CONFIG_FILE} in commit {revision[:12]}"
        if self.repo.show("HEAD", CONFIG_FILE) is not None:
            return f"{lacking}, only in later ones.", "Name a commit that has it, such as HEAD."
        if self.paths.config.exists():
            committing = f"git add {CONFIG_FILE} && git commit -m 'Set up factory'"
            return f"{lacking}, only an uncommitted one in the checkout.", committing
        return (
            f"{lacking}.",
            f"`factory discover {quoted(self.paths.root)}` measures the project and writes one.",
        )

    def target_branch(self, wanted: str, policy: ProjectConfig | None = None) -> str:
        """The branch that keeps go to: as wanted, else the policy's, else the one checked out."""
        named = wanted or (policy.target_branch if policy else "") or self.repo.current_branch()
        if not named:
            raise BadInput(
                "The head is detached, so there is no target branch.",
                "Name one with --branch, or `git switch` to it.",
            )
        if self.repo.find(f"refs/heads/{named}") is None:
            raise BadInput(
                f"There is no local branch {named!r} to take as target.",
                f"`git branch {named}` makes it, --branch names another.",
            )
        return named


def open_lab(
    path: str | Path,
    say: Callable[[str], None],
    detail: Callable[[str], None] = lambda _: None,
    *,
    write: bool = True,
) -> Lab:
    """Open the project at ``path``: its main checkout, and, to write, with its state folder in place."""
    project = open_project(path)
    if write:
        ensure_state_dir(project)
    return Lab(project, factory_home(), say, detail)
