"""A running cycle: its options, its state, and what its steps reach for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from factory.agents.lite import LITE_INVOCATIONS, LITE_WARNING_AT
from factory.agents.roles import ROLES
from factory.config import ProjectConfig
from factory.cycle.branches import cycle_branch
from factory.cycle.budget import Ledger, Limits
from factory.cycle.lab import Lab
from factory.cycle.state import CYCLE_SCOPE, CycleState
from factory.errors import FactoryError
from factory.fsio import write_lock
from factory.journal import Event, Journal
from factory.log import trail
from factory.models import PlanItem, Verdict
from factory.runners.base import Runner


@dataclass(frozen=True)
class CycleOptions:
    """What a person asked for when the cycle was opened; recorded, and never re-derived.

    ``runner`` does the work of every role but those that ``roles`` gives to another.
    """

    mode: str
    lite: bool = False
    focus: str = ""
    runner: str = "offline"
    model: str = ""
    branch: str = ""
    max_new: int | None = None
    min_growth: int | None = None
    no_github: bool = False
    sandbox: str = "auto"
    budget_invocations: int | None = None
    budget_tokens: int | None = None
    budget_usd: float | None = None
    timeout: float | None = None
    roles: dict[str, str] = field(default_factory=dict)

    def runner_of(self, role: str) -> str:
        """The name of the runner that does a role's work."""
        return self.roles.get(role, self.runner)

    def to_data(self) -> dict[str, Any]:
        """The options as they stand in the journal."""
        return asdict(self)


class Progress(Protocol):
    """Who is told how a cycle gets on."""

    def step_started(self, label: str) -> None:
        """A step has begun."""

    def step_finished(self, label: str, elapsed_s: float, tokens: int | None, budget_text: str) -> None:
        """A step has ended; ``tokens`` and budget are those of the whole cycle so far."""

    def event(self, name: str, **data: Any) -> None:
        """An event was journalled."""

    def warn(self, text: str) -> None:
        """Something a person should know."""


@dataclass
class Cycle:
    """One cycle in hand. ``runner_for`` gives the runner of a role."""

    lab: Lab
    journal: Journal
    state: CycleState
    options: CycleOptions
    progress: Progress
    runner_for: Callable[[str], Runner]

    @property
    def id(self) -> str:
        """The cycle's id."""
        return self.journal.cycle

    @property
    def target(self) -> str:
        """The target branch, resolved once."""
        return str(self.state.opened["target"])

    @property
    def start(self) -> str:
        """The commit of the target branch when the cycle was opened."""
        return str(self.state.opened["start"])

    @property
    def branch_ref(self) -> str:
        """The ref of the cycle's branch."""
        return f"refs/heads/{cycle_branch(self.id)}"

    @property
    def head(self) -> str:
        """Where the cycle stands: the commit kept last, the base of the next phase.

        It is what the journal says. The branch shows it to people, who could move it.
        """
        kept = [r["commit"] for r in self.state.finalized.values() if r["verdict"] == Verdict.KEEP]
        return str(kept[-1] if kept else self.state.result("setup").get("commit") or self.start)

    @cached_property
    def policy(self) -> ProjectConfig:
        """The policy in force, read from the commit where the cycle started, or from its setup commit."""
        return self.lab.required_policy(self.policy_commit)

    @property
    def policy_commit(self) -> str:
        """The commit that the policy in force was read from."""
        return str(self.state.result("setup").get("commit") or self.start)

    @property
    def ledger(self) -> Ledger:
        """What may still be spent."""
        configured = self.policy.limits
        ceiling = self.options.budget_invocations or configured.invocations or None
        if self.options.lite:
            ceiling = min(LITE_INVOCATIONS, ceiling or LITE_INVOCATIONS)
        limits = Limits(
            invocations=ceiling,
            tokens=self.options.budget_tokens or configured.tokens or None,
            cost_usd=self.options.budget_usd or configured.usd or None,
        )
        return Ledger(limits, self.state.spent)

    @property
    def redirects_allowed(self) -> int:
        """How often work may be sent back in one scope."""
        return self.policy.limits.redirects

    def model_for(self, role: str) -> str:
        """The model that a role's runner asks for; empty for the runner's own default."""
        return self.options.model or self.policy.runner.for_role(role).model

    def may_redirect(self, scope: str) -> bool:
        """Whether work in ``scope`` may be sent back once more."""
        return len(self.state.scope(scope).redirects) < self.redirects_allowed

    def record(self, kind: str, experiment: int | None = None, **data: Any) -> Event:
        """Journal an event, and take it into the state."""
        event = self.journal.append(kind, experiment, **data)
        self.state.absorb(event)
        trail(kind, cycle=event.cycle, seq=event.seq, experiment=experiment)
        self.progress.event(kind, ts=event.ts, cycle=event.cycle, experiment=experiment, data=data)
        return event

    # ---- the plan

    @property
    def items(self) -> list[PlanItem]:
        """The phases of the accepted plan, in order."""
        return [PlanItem.model_validate(item) for item in self.state.result("gate_plan").get("items", [])]

    def phase_scopes(self) -> list[str]:
        """The scope of each phase, in plan order."""
        return [f"phase-{item.phase}" for item in self.items]

    def item(self, scope: str) -> PlanItem:
        """The plan item of a phase's scope."""
        return next(item for item in self.items if f"phase-{item.phase}" == scope)

    def experiment_id(self, scope: str) -> int:
        """The id of the experiment that a phase has become."""
        return int(self.state.result("begin", scope)["id"])

    def experiment_of(self, scope: str) -> int | None:
        """The experiment that a scope has become by now; None for the cycle's own and before it has begun."""
        number = self.state.result("begin", scope).get("id")
        return None if number is None else int(number)

    # ---- people

    def label(self, scope: str, step: str) -> str:
        """A step's name for a progress line."""
        return (
            step.replace("_", " ")
            if scope == CYCLE_SCOPE
            else f"{scope.replace('-', ' ')}: {step.replace('_', ' ')}"
        )

    def report_step(self, scope: str, step: str, elapsed_s: float) -> None:
        """Tell the person that a step has ended, and warn when a lite budget runs low."""
        self.progress.step_finished(
            self.label(scope, step), elapsed_s, self.state.spent.tokens or None, self._ledger_text()
        )

    def _ledger_text(self) -> str:
        if not any(self.runner_for(role).invocations_per_call for role in ROLES):
            return ""  # no model is called
        try:
            return self.ledger.describe()
        except FactoryError:
            # Before `discover` has made a policy there are no limits to tell of.
            return f"{self.state.spent.invocations} calls"

    def warn_if_low(self) -> None:
        """Journal a warning when a lite cycle comes to its last invocations."""
        if self.options.lite and self.ledger.left == LITE_WARNING_AT:
            self.record("budget.warning", left=LITE_WARNING_AT)
            self.progress.warn(f"{LITE_WARNING_AT} invocations are left in this lite cycle")

    def take_in_messages(self, step: str) -> None:
        """Take waiting messages of the person into the cycle, each acknowledged in the journal."""
        box = self.lab.paths.messages
        if not box.exists():
            return
        with write_lock(self.lab.repo.common_dir):
            known = set(self.state.messages)
            for text in waiting_messages(box, self.progress.warn):
                if text not in known:
                    self.record("message.taken", text=text, step=step)
            box.unlink()


def waiting_messages(box: Path, warn: Callable[[str], None] = lambda _: None) -> list[str]:
    """The messages of the person that no cycle has taken in yet; ``warn`` is told of lines that are none."""
    lines = box.read_text(encoding="utf-8", errors="replace").splitlines() if box.exists() else []
    messages = []
    for line in lines:
        try:
            messages.append(str(json.loads(line)["text"]))
        except (ValueError, TypeError, KeyError):
            warn(f"a line of {box} is no message and is left out: {line[:60]}")
    return messages
