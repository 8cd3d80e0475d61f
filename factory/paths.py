"""Every path under ``.factory`` and under the factory home, once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

STATE_DIR = ".factory"
CONFIG_FILE = "factory.toml"


@dataclass(frozen=True, slots=True)
class ProjectPaths:
    """Where a project keeps its state. ``root`` is the top of the main checkout."""

    root: Path

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.root / STATE_DIR

    @property
    def config(self) -> Path:
        """The policy file in the working tree (the one that counts is the baseline commit's)."""
        return self.root / CONFIG_FILE

    @property
    def results(self) -> Path:
        """The append-only experiment log."""
        return self.state / "results.tsv"

    @property
    def last_eval(self) -> Path:
        """The newest measurement."""
        return self.state / "last_eval.json"

    @property
    def flaky(self) -> Path:
        """Tests seen with both outcomes on one tree."""
        return self.state / "flaky.json"

    @property
    def cycles(self) -> Path:
        """The folder of the journals."""
        return self.state / "cycles"

    def journal(self, cycle: str) -> Path:
        """The journal of a cycle."""
        return self.cycles / f"{cycle}.jsonl"

    def cycle_dir(self, cycle: str) -> Path:
        """What a cycle produced: research, plan, agents' prompts and outputs."""
        return self.cycles / cycle

    @property
    def experiments(self) -> Path:
        """The folder of the experiment folders."""
        return self.state / "experiments"

    def experiment(self, number: int) -> Path:
        """The folder of one experiment."""
        return self.experiments / f"{number:03d}"

    @property
    def strategy(self) -> Path:
        """The folder of plan, research and backlog."""
        return self.state / "strategy"

    @property
    def plan(self) -> Path:
        """The current plan."""
        return self.strategy / "current.md"

    @property
    def backlog(self) -> Path:
        """The backlog."""
        return self.strategy / "backlog.md"

    @property
    def research_runs(self) -> Path:
        """The runs of research mode: each with its result, seed, log, commit and duration."""
        return self.state / "research" / "runs"

    @property
    def archive(self) -> Path:
        """The archive's notes."""
        return self.state / "archive"

    @property
    def messages(self) -> Path:
        """Messages from the person that no cycle has taken in yet."""
        return self.state / "messages.jsonl"

    @property
    def key(self) -> str:
        """A short, stable, readable name of this project for folders in the factory home."""
        import hashlib  # noqa: PLC0415 - the key is for who works, and readers do without

        digest = hashlib.sha256(os.fsencode(self.root.resolve())).hexdigest()[:10]
        return f"{self.root.name}-{digest}"


@dataclass(frozen=True, slots=True)
class HomePaths:
    """The factory home: ``~/.factory``, or where ``FACTORY_HOME`` points."""

    root: Path

    @property
    def config(self) -> Path:
        """The user's settings."""
        return self.root / "config.toml"

    @property
    def registry(self) -> Path:
        """Known projects."""
        return self.root / "registry.json"

    @property
    def approvals(self) -> Path:
        """Approvals of specifications, by project and hash."""
        return self.root / "approvals"

    @property
    def trust(self) -> Path:
        """The git URLs whose code the person has agreed to run."""
        return self.root / "trust"

    @property
    def playbooks(self) -> Path:
        """Evolved playbooks."""
        return self.root / "playbooks"

    @property
    def workspaces(self) -> Path:
        """Builders' workspaces and measurement checkouts."""
        return self.root / "workspaces"

    @property
    def agents(self) -> Path:
        """Homes and temporary files of running agents, gone when they end."""
        return self.root / "agents"

    @property
    def environments(self) -> Path:
        """Python environments made for projects."""
        return self.root / "environments"

    @property
    def tools(self) -> Path:
        """Measuring tools (pytest, coverage) for targets that lack them."""
        return self.root / "tools"

    @property
    def cache(self) -> Path:
        """Cached measurements."""
        return self.root / "cache"

    @property
    def contributions(self) -> Path:
        """What was classified, and what was sent upstream."""
        return self.root / "contributions"

    @property
    def held_out(self) -> Path:
        """What only the held-out runs of research mode see, in a folder for each project."""
        return self.root / "held-out"

    @property
    def logs(self) -> Path:
        """Logs of the program and of its crashes."""
        return self.root / "logs"


def factory_home() -> HomePaths:
    """The factory home in force for this process."""
    override = os.environ.get("FACTORY_HOME")
    return HomePaths(Path(override).expanduser() if override else Path.home() / ".factory")
