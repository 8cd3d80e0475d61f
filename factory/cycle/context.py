"""A running cycle: its options, its state, and what its steps reach for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, Protocol

from factory.agents.lite import LITE_INVOCATIONS, LITE_WARNING_AT
from factory.agents.roles import ROLES
from factory.config import ProjectConfig, default_project
from factory.cycle.branches import cycle_branch
from factory.cycle.budget import Ledger, Limits
from factory.cycle.focus import focus_text
from factory.cycle.lab import Lab
from factory.cycle.scopes import phase_of
from factory.cycle.state import CYCLE_SCOPE, CycleState
from factory.fsio import write_lock
from factory.journal import Event, Journal
from factory.log import trail
from factory.models import PlanItem
from factory.paths import ProjectPaths
from factory.project import written_here
from factory.runners.base import Runner
from factory.spec import SpecFinding
from factory.words import in_short


@dataclass(frozen=True)
class CycleOptions:
    """What a person asked for when the cycle was opened; recorded, and never re-derived.

    ``runner`` does the work of every role but those that ``roles`` gives to another. ``idea`` is the text
    that design and build start from, empty for an existing project; ``takes_up`` says that a design goes on
    with the draft that an earlier one has left; ``approved_plan`` is the hash of the plan that a person has
    approved for an improve cycle. ``focus`` is what the person typed, a line each;
    ``focus_items`` what that named when the cycle was opened, issues with their texts.
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
    idea: str = ""
    plan_only: bool = False
    takes_up: bool = False
    approved_plan: str = ""
    roles: dict[str, str] = field(default_factory=dict)
    focus_items: list[dict[str, Any]] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)

    @property
    def focus_text(self) -> str:
        """The focus as prompts show it; empty where there is none."""
        return focus_text(self.focus_items) or self.focus

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


@dataclass(frozen=True)
class Draft:
    """A specification that a person is asked about.

    ``round`` counts from 1; ``findings`` are those of the rules, errors stand in the way of an approval;
    ``previous`` is the draft that the person saw last, empty in the first round.
    """

    text: str
    round: int
    findings: list[SpecFinding]
    previous: str = ""


@dataclass(frozen=True)
class Opinion:
    """What a person says to a draft. ``text`` is the feedback, or the whole draft as they edited it."""

    kind: Literal["approve", "feedback", "edited", "quit"]
    text: str = ""


class Person(Protocol):
    """The person at the terminal."""

    def discuss(self, draft: Draft) -> Opinion:
        """Show a draft and hear what the person says to it."""

    def offer(self, summary: str) -> str:
        """Show what was learned, and send what they agree to upstream; returns what came of it."""


@dataclass
class Cycle:
    """One cycle in hand.

    ``runner_for`` gives the runner of a role; ``person`` is None where nobody is there.
    """

    lab: Lab
    journal: Journal
    state: CycleState
    options: CycleOptions
    progress: Progress
    runner_for: Callable[[str], Runner]
    person: Person | None = None

    def __post_init__(self) -> None:
        self.journal.listener = self._tell

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
        """Where the cycle stands: the commit kept or made last, the base of the next phase.

        It is what the journal says. The branch shows it to people, who could move it.
        """
        return self.state.head or self.start

    @property
    def policy(self) -> ProjectConfig:
        """The policy in force, as committed at ``policy_commit``; the defaults before there is any.

        In research mode nothing but the mutable surfaces may change, where these are configured.
        """
        policy = self._policy_at(self.policy_commit)
        if self.options.mode != "research" or not policy.research.mutable:
            return policy
        return replace(policy, scope=replace(policy.scope, modifiable=policy.research.mutable))

    @cached_property
    def _policy_at(self) -> Callable[[str], ProjectConfig]:
        return cache(lambda revision: self.lab.policy(revision) or default_project())

    @property
    def policy_commit(self) -> str:
        """The commit that the policy in force was read from: where the cycle started, or its setup commit.

        Where neither has one it is where the cycle stands: a kept phase of a build may bring the first.
        """
        made = self.state.result("setup").get("commit")
        return str(made or (self.head if self.lab.policy(self.start) is None else self.start))

    @property
    def ledger(self) -> Ledger:
        """What may still be spent."""
        return Ledger(limits_of(self.options, self.policy), self.state.spent)

    @property
    def redirects_allowed(self) -> int:
        """How often work may be sent back in one scope."""
        return self.policy.limits.redirects

    def model_for(self, role: str) -> str:
        """The model that a role's runner asks for; empty for the runner's own default."""
        return self.options.models.get(role, self.options.model)

    def may_redirect(self, scope: str) -> bool:
        """Whether work in ``scope`` may be sent back once more."""
        return len(self.state.scope(scope).redirects) < self.redirects_allowed

    def record(self, kind: str, experiment: int | None = None, **data: Any) -> Event:
        """Journal an event, and take it into the state."""
        event = self.journal.append(kind, experiment, **data)
        self.state.absorb(event)
        return event

    def _tell(self, event: Event) -> None:
        trail(event.type, cycle=event.cycle, seq=event.seq, experiment=event.experiment)
        self.progress.event(
            event.type, ts=event.ts, cycle=event.cycle, experiment=event.experiment, data=event.data
        )

    # ---- the plan

    @property
    def items(self) -> list[PlanItem]:
        """The phases that this cycle goes through, in order."""
        contract = self.state.result("contract")
        accepted = [contract] if contract else self.accepted_plans
        return [PlanItem.model_validate(item) for plan in accepted for item in plan.get("items", [])]

    @property
    def accepted_plans(self) -> list[Mapping[str, Any]]:
        """What the plan gate has let pass: one plan, or in research mode one in each round."""
        return [scope.done["gate_plan"] for scope in self.state.scopes.values() if "gate_plan" in scope.done]

    def item(self, scope: str) -> PlanItem:
        """The plan item of a phase's scope."""
        return next(item for item in self.items if item.phase == phase_of(scope))

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
        """Tell the person that a step has ended, and what is spent by now."""
        self.progress.step_finished(
            self.label(scope, step), elapsed_s, self.state.spent.tokens or None, self._ledger_text()
        )

    def _ledger_text(self) -> str:
        if not any(self.runner_for(role).invocations_per_call for role in ROLES):
            return ""  # no model is called
        return self.ledger.describe()

    def warn_if_low(self) -> None:
        """Journal a warning when a lite cycle comes to its last invocations."""
        if self.options.lite and self.ledger.left == LITE_WARNING_AT:
            self.record("budget.warning", left=LITE_WARNING_AT)
            self.progress.warn(f"{LITE_WARNING_AT} invocations are left in this lite cycle")

    def take_in_messages(self, step: str) -> None:
        """Take waiting messages of the person into the cycle, each journalled, a text once."""
        box = _box(self.lab.paths)
        if box is None:
            return
        with write_lock(self.lab.repo.common_dir):
            known = set(self.state.messages)
            for text in waiting_messages(self.lab.paths, self.progress.warn):
                if text not in known:
                    self.record("message.taken", text=text, step=step)
                    self.lab.say(f"message taken: {in_short(text)}")
            box.unlink()


def limits_of(options: CycleOptions, policy: ProjectConfig) -> Limits:
    """A cycle's ceilings: its options', else the project's; in a lite one at most ``LITE_INVOCATIONS``."""
    ceiling = options.budget_invocations or policy.limits.invocations or None
    if options.lite:
        ceiling = min(LITE_INVOCATIONS, ceiling or LITE_INVOCATIONS)
    return Limits(
        invocations=ceiling,
        tokens=options.budget_tokens or policy.limits.tokens or None,
        cost_usd=options.budget_usd or policy.limits.usd or None,
    )


def _box(paths: ProjectPaths) -> Path | None:
    """Where messages wait; None where none do, and for what came with the repository: nobody sent it here."""
    box = paths.messages
    return box if box.exists() and written_here(paths.root, [box]) else None


def waiting_messages(paths: ProjectPaths, warn: Callable[[str], None] = lambda _: None) -> list[str]:
    """The messages of the person that no cycle has taken in yet; ``warn`` is told of lines that are none."""
    box = _box(paths)
    lines = box.read_text(encoding="utf-8", errors="replace").splitlines() if box else []
    messages = []
    for line in lines:
        try:
            messages.append(str(json.loads(line)["text"]))
        except (ValueError, TypeError, KeyError, RecursionError):
            warn(f"a line of {box} is no message and is left out: {line[:60]}")
    return messages
