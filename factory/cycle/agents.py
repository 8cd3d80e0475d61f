"""Asking an agent: budget, prompt, call, and everything stored before anyone reads the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from factory.agents.prompting import render_prompt
from factory.agents.roles import ROLES
from factory.cycle.context import Cycle
from factory.cycle.machine import Parked
from factory.cycle.state import CYCLE_SCOPE
from factory.fsio import atomic_write, write_json
from factory.git import scratch_checkout
from factory.models import FORMAT_VERSION
from factory.runners.base import NOT_EVIDENCE, AgentResult, Invocation


@dataclass(frozen=True)
class Question:
    """What an agent is asked. ``key`` tells apart several calls of one role in one step."""

    role: str
    task: str
    facts: Mapping[str, Any]
    access: Literal["read", "write"] = "read"
    key: str = "1"


def objection(cycle: Cycle, role: str, reserved: int = 0) -> str:
    """Why the ledger forbids asking ``role`` now; empty when it does not."""
    calls = cycle.runner_for(role).invocations_per_call
    return cycle.ledger.objection(calls, reserved) if calls else ""


def ask(
    cycle: Cycle, scope: str, step: str, question: Question, *, workspace: Path | None = None
) -> AgentResult:
    """Put a question to an agent; a stored answer to the same question is taken instead.

    Read-only roles work in a throwaway checkout of the cycle's head, the Builder in ``workspace``. Raises
    Parked when quota, login or network are lacking. The caller has asked the ledger before.
    """
    redirects = len(cycle.state.scope(scope).redirects)
    key = f"{scope}/{step}/{redirects}/{question.role}/{question.key}"
    folder = _agents_dir(cycle, scope)
    stored = cycle.state.answers.get(key)
    if stored is not None:
        return _read_answer(folder, stored)
    runner = cycle.runner_for(question.role)
    name = _free_name(folder, question.role)
    prompt = render_prompt(question.role, question.task, question.facts, goal=cycle.policy.goal)
    atomic_write(folder / f"{name}.prompt.md", prompt)
    cycle.record(
        "agent.started",
        _experiment(cycle, scope),
        key=key,
        role=question.role,
        runner=runner.name,
        name=name,
        invocations=runner.invocations_per_call,
        prompt_bytes=len(prompt.encode()),
    )
    cycle.warn_if_low()
    if workspace is not None:
        invocation = _invocation(cycle, scope, question, prompt, cwd=workspace, output=folder / name)
        result = runner.run(invocation)
    else:
        with scratch_checkout(cycle.lab.repo, cycle.head, parent=cycle.lab.workspaces) as checkout:
            invocation = _invocation(cycle, scope, question, prompt, cwd=checkout, output=folder / name)
            result = runner.run(invocation)
    _store_answer(cycle, scope, result, key=key, folder=folder, name=name, role=question.role)
    if result.status in NOT_EVIDENCE:
        raise Parked(
            f"The {runner.name} runner cannot go on: {result.error or result.status}.",
            "Nothing is lost: run the same command again when it is mended.",
        )
    return result


def _agents_dir(cycle: Cycle, scope: str) -> Path:
    if scope == CYCLE_SCOPE:
        return cycle.lab.paths.cycle_dir(cycle.id) / "agents"
    return cycle.lab.store.experiment(cycle.experiment_id(scope)).path / "agents"


def _experiment(cycle: Cycle, scope: str) -> int | None:
    return None if scope == CYCLE_SCOPE else cycle.experiment_id(scope)


def _free_name(folder: Path, role: str) -> str:
    taken = len(list(folder.glob(f"{role}-*.prompt.md")))
    return f"{role}-{taken + 1}"


def _invocation(
    cycle: Cycle, scope: str, question: Question, prompt: str, *, cwd: Path, output: Path
) -> Invocation:
    env = {"FACTORY_ROLE": question.role, "FACTORY_CYCLE": cycle.id}
    if scope != CYCLE_SCOPE:
        env["FACTORY_EXPERIMENT"] = str(cycle.experiment_id(scope))
    return Invocation(
        role=question.role,
        prompt=prompt,
        cwd=cwd,
        access=question.access,
        facts=question.facts,
        output_dir=output,
        timeout_s=cycle.options.timeout or cycle.policy.limits.timeout,
        env=env,
        schema=ROLES[question.role].schema,
        model=cycle.options.model,
    )


def _store_answer(
    cycle: Cycle, scope: str, result: AgentResult, *, key: str, folder: Path, name: str, role: str
) -> None:
    """Store what the agent said, then journal that it is stored; a parked call leaves no answer to adopt."""
    atomic_write(folder / f"{name}.output.md", result.text)
    write_json(folder / f"{name}.meta.json", {"v": FORMAT_VERSION, "role": role} | result.to_data())
    kind = "agent.parked" if result.status in NOT_EVIDENCE else "agent.completed"
    cycle.record(
        kind,
        _experiment(cycle, scope),
        key=key,
        role=role,
        name=name,
        status=result.status,
        tokens=result.tokens,
        cost_usd=result.cost_usd,
        duration_s=round(result.duration_s, 3),
    )


def _read_answer(folder: Path, stored: Mapping[str, Any]) -> AgentResult:
    meta = json.loads((folder / f"{stored['name']}.meta.json").read_text(encoding="utf-8"))
    text = (folder / f"{stored['name']}.output.md").read_text(encoding="utf-8")
    return AgentResult.from_data(meta, text)
