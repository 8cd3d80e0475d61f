"""One question to one agent outside of any cycle: nothing is journalled, and no ledger is asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from factory.agents.prompting import Occasion, render_prompt
from factory.agents.roles import Role
from factory.config import ProjectConfig
from factory.cycle.briefing import own_template
from factory.cycle.lab import Lab
from factory.cycle.learning import answer_without_citations, playbook_text
from factory.runners.base import AgentResult, Invocation, Runner
from factory.scratch import scratch_folder


def ask_once(
    lab: Lab,
    runner: Runner,
    role: Role,
    task: str,
    facts: Mapping[str, Any],
    *,
    cwd: Path,
    policy: ProjectConfig,
    revision: str,
    model: str,
) -> AgentResult:
    """Ask a role in ``cwd``, by the prompt of ``revision`` where the policy has one of its own.

    ``model`` is empty for the runner's default. Whatever the agent's CLI leaves behind is removed.
    """
    template, source = own_template(lab, revision, policy, role.name)
    told = Occasion(
        goal=policy.goal, template=template, source=source, playbook=playbook_text(lab.home, role.name)
    )
    with scratch_folder("question") as scratch:
        result = runner.run(
            Invocation(
                role=role.name,
                prompt=render_prompt(role.name, task, facts, told),
                cwd=cwd,
                access=role.access,
                facts=facts,
                output_dir=scratch,
                timeout_s=policy.limits.timeout,
                env={"FACTORY_ROLE": role.name},
                schema=role.schema,
                model=model,
            )
        )
    return answer_without_citations(role.name, result)
