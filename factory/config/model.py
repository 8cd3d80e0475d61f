"""A project's settings as values: frozen, complete, checked. Defaults stand in the table of ``schema``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from factory.config.lines import KeyPath


@dataclass(frozen=True, slots=True)
class Scope:
    """What experiments may change: file patterns as in ``.gitignore``."""

    modifiable: tuple[str, ...]
    read_only: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DimensionSpec:
    """One measured dimension. ``timeout`` is in seconds; ``weight`` is relative within the tier."""

    name: str
    tier: str
    weight: float
    command: str
    parser: str
    timeout: float
    noisy: bool
    tolerance: float = 0.002


@dataclass(frozen=True, slots=True)
class ConstraintSpec:
    """A command that must exit 0 for a keep."""

    name: str
    check: str


@dataclass(frozen=True, slots=True)
class Eval:
    """How a commit is measured. ``time_limit`` is in seconds; ``weights`` is empty unless configured."""

    threshold: float
    tolerance: float
    min_gain: float
    pairs: int
    time_limit: float
    python: str
    setup: str
    smoke: str
    weights: Mapping[str, float]
    dimensions: tuple[DimensionSpec, ...]
    constraints: tuple[ConstraintSpec, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a cycle may spend; 0 is no limit for ``tokens`` and ``usd``. ``timeout``: seconds a call."""

    invocations: int
    tokens: int
    usd: float
    timeout: float
    redirects: int
    phase_retries: int


@dataclass(frozen=True, slots=True)
class StrategySettings:
    """How plans are checked, and when a run of failures counts as stuck."""

    min_growth: int
    max_new: int
    stuck_threshold: int
    plateau_threshold: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Research:
    """The target of research mode; ``target`` is None where there is none to reach.

    ``min_gain`` and ``target`` are in the metric's own units, ``timeout`` in seconds a run.
    """

    objective: str
    metric: str
    target: float | None
    run: str
    result: str
    mutable: tuple[str, ...]
    fixed: tuple[str, ...]
    min_gain: float
    repeats: int
    timeout: float
    held_out: str
    sensitivity: str

    @property
    def configured(self) -> bool:
        """Whether there is a run to do research on."""
        return bool(self.metric and self.run)

    @property
    def sign(self) -> int:
        """1 where more of the metric is better, -1 where less is."""
        return 1 if self.objective == "maximize" else -1


@dataclass(frozen=True, slots=True)
class GitHub:
    """What may happen on GitHub."""

    enabled: bool
    pull_requests: bool
    issues: bool
    authors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoleRunner:
    """The runner and the model of one role; an empty model is the runner's own default."""

    name: str
    model: str


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """An agent CLI by template: how it is called, and how its answer, usage and exit codes are read."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    answer: str
    answer_path: str
    tokens_in: str
    tokens_out: str
    cost_usd: str
    exit_codes: Mapping[str, str]
    error: str = ""
    http_status: str = ""
    login: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """Which agent does the work. ``roles`` holds what differs for a role; see ``for_role``."""

    default: str
    model: str
    sandbox: str
    roles: Mapping[str, RoleRunner]
    commands: Mapping[str, CommandSpec]

    def for_role(self, role: str) -> RoleRunner:
        """The runner and the model in force for a role.

        The general model belongs to the general runner: a role with another runner and no model of its own
        uses that runner's default.
        """
        own = self.roles.get(role, RoleRunner("", ""))
        name = own.name or self.default
        return RoleRunner(name, own.model or (self.model if name == self.default else ""))


@dataclass(frozen=True, slots=True)
class Contribute:
    """Where ``factory contribute`` sends what was learned."""

    repository: str


@dataclass(frozen=True, slots=True)
class Given:
    """A value that a file sets, and where: ``factory.toml:12``."""

    value: Any
    source: str


@dataclass(frozen=True, slots=True)
class ProjectConfig:
    """All settings of a project. ``given`` holds what its file says; the rest are defaults."""

    goal: str
    target_branch: str
    scope: Scope
    eval: Eval
    limits: Limits
    strategy: StrategySettings
    prompts: Mapping[str, str]
    research: Research
    github: GitHub
    runner: RunnerSettings
    contribute: Contribute
    given: Mapping[KeyPath, Given] = field(default_factory=dict, compare=False, repr=False)
