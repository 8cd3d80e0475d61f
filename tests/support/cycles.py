"""Whole cycles in this process, with agents that answer by a script."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from factory.cycle.context import Cycle, CycleOptions
from factory.cycle.lab import open_lab
from factory.cycle.launch import run_cycle
from factory.offline.runner import OfflineRunner
from factory.paths import ProjectPaths
from factory.runners.base import AgentResult, Invocation

Answer = str | AgentResult | Callable[[Invocation], AgentResult]


def said(text: str) -> AgentResult:
    """A model's final message, with no structured answer apart."""
    return AgentResult("done", text, tokens_in=100, tokens_out=10)


def verdict(word: str, *corrections: str, reason: str = "by script") -> str:
    """A valid verdict as a model writes it."""
    return json.dumps({"verdict": word, "reason": reason, "corrections": list(corrections)})


@dataclass
class Scripted:
    """Answers a role's calls from its list, in order, the last one again; other roles work offline.

    Counts as a model: every call is an invocation. ``calls`` are the invocations seen.
    """

    answers: Mapping[str, Iterable[Answer]] = field(default_factory=dict)
    name: str = "scripted"
    invocations_per_call: int = 1
    reports_cost: bool = True
    protects_itself: bool = True
    calls: list[Invocation] = field(default_factory=list)

    def missing(self) -> str:
        """Nothing is."""
        return ""

    def adopt(self, invocation: Invocation) -> AgentResult | None:
        """No child outlives this runner."""
        return None

    def run(self, invocation: Invocation) -> AgentResult:
        """The next answer of the role's list."""
        self.calls.append(invocation)
        script = list(self.answers.get(invocation.role, ()))
        if not script:
            result = OfflineRunner().run(invocation)
            # A model has no answer apart: what it says is its answer.
            return replace(result, answer=None, invocations=1)
        answer = script[min(len(self.of(invocation.role)), len(script)) - 1]
        if isinstance(answer, str):
            return said(answer)
        return answer(invocation) if callable(answer) else answer

    def of(self, role: str) -> list[Invocation]:
        """The calls of a role."""
        return [call for call in self.calls if call.role == role]


class Silent:
    """A progress that nobody watches; ``warnings`` are kept."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def step_started(self, label: str) -> None:
        """Nothing."""

    def step_finished(self, label: str, elapsed_s: float, tokens: int | None, budget_text: str) -> None:
        """Nothing."""

    def event(self, name: str, **data: Any) -> None:
        """Nothing."""

    def warn(self, text: str) -> None:
        """Keep it."""
        self.warnings.append(text)


def run(project: Path, runner: Scripted, **options: Any) -> Cycle:
    """One cycle on ``project``, every role by ``runner``."""
    chosen = CycleOptions(**({"mode": "improve", "runner": runner.name} | options))
    return run_cycle(open_lab(project, lambda _: None), chosen, Silent(), lambda role: runner)


def prompts(project: Path) -> dict[str, str]:
    """Every stored prompt of a project, by its path below the state folder."""
    state = ProjectPaths(project).state
    return {str(p.relative_to(state)): p.read_text() for p in sorted(state.rglob("*.prompt.md"))}
