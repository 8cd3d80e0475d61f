"""``factory agent``: one role, one piece of work."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from factory import output
from factory.agents.roles import Role, role_named
from factory.ancestry import refuse_agents
from factory.config import default_project, settings_in_force
from factory.cycle import experiment as lab_work
from factory.cycle.lab import Lab, open_lab
from factory.cycle.runners import make_runner, resolve_runner
from factory.cycle.single import ask_once
from factory.errors import EXIT_NO, EXIT_OK, BadInput
from factory.git import scratch_checkout
from factory.runners.base import AgentResult


def run(args: argparse.Namespace) -> int:
    """Ask the role and print its answer; exit 1 when it did not do the work."""
    refuse_agents("start an agent")  # it would be past the ledger of the cycle that asked this one
    role = role_named(args.role)
    lab = open_lab(args.path, output.note)
    policy = lab.policy("HEAD") or default_project()
    settings = settings_in_force({"runner": args.runner, "model": args.model}, policy).config.runner
    sandbox = lab.agents_sandbox
    chosen = settings.for_role(role.name)
    runner = make_runner(resolve_runner(chosen.name, sandbox), sandbox, settings.commands)
    sandbox.require(role.access, own=runner.protects_itself)
    facts = {
        "goal": policy.goal,
        "experiment": args.id,
        "item": {"title": args.task, "what": args.task, "checklist": [args.task]},
    }
    facts["scope"] = facts["config"] = {
        "modifiable": list(policy.scope.modifiable),
        "read_only": list(policy.scope.read_only),
    }

    def ask(cwd: Path) -> AgentResult:
        head = lab.repo.resolve("HEAD")
        return ask_once(
            lab, runner, role, args.task, facts, cwd=cwd, policy=policy, revision=head, model=chosen.model
        )

    result = _in_place(lab, role, args.id, ask)
    if result.text:
        output.say(result.text)
    if result.status != "done":
        output.note(f"{role.name} ended as {result.status}: {result.error or 'no reason given'}")
    return EXIT_OK if result.status == "done" else EXIT_NO


def _in_place(lab: Lab, role: Role, number: int | None, ask: Callable[[Path], AgentResult]) -> AgentResult:
    """Let a reading role look at a throwaway checkout, the Builder work in its experiment's workspace."""
    if role.access == "write":
        if number is None:
            raise BadInput(
                "The builder needs an experiment to work on.",
                "`factory begin` makes one; give its id with --id.",
            )
        return ask(lab_work.workspace(lab, lab_work.load_open(lab, number)))
    revision = lab_work.load(lab, number).branch if number is not None else "HEAD"
    with scratch_checkout(lab.repo, revision, parent=lab.workspaces) as checkout:
        return ask(checkout)
