"""What a cycle would be, told without opening it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from factory import output
from factory.agents.roles import ROLES
from factory.commands.start import DESIGN, Start
from factory.config import default_project
from factory.cycle.briefing import ceo_task
from factory.cycle.budget import Limits
from factory.cycle.context import CycleOptions, limits_of, waiting_messages
from factory.cycle.lab import Lab
from factory.cycle.launch import plan_cycle
from factory.cycle.machine import EachPhase, Step, Steps
from factory.cycle.metric import held_out_folder
from factory.cycle.modes import MODES
from factory.cycle.steps import designing
from factory.errors import EXIT_OK
from factory.words import counted


def dry_run(lab: Lab, options: CycleOptions, taken: list[str], *, resumed: bool, as_json: bool) -> int:
    """Mode, target, runners, budget, steps and the CEO's task; ``taken`` are messages taken in already."""
    resolved, target, start = (options, "", "") if resumed else plan_cycle(lab, options)
    policy = lab.policy("HEAD") or default_project()
    limits = limits_of(resolved, policy)
    messages = [*taken, *(text for text in waiting_messages(lab.paths) if text not in taken)]
    task = ceo_task(lab.paths.root, resolved, policy, messages)
    if as_json:
        return _emitted(
            resolved,
            resumed=resumed,
            target=target,
            start=start,
            runners={role: _runner_of(resolved, role) for role in ROLES},
            budget={**asdict(limits), "redirects": policy.limits.redirects},
            task=task,
        )
    output.say(f"mode: {resolved.mode}{' (resumed)' if resumed else ''}")
    if target:
        output.say(f"target: {target} at {start[:12]}")
    for line in _runner_lines(resolved):
        output.say(line)
    output.say(f"lite: {'yes' if resolved.lite else 'no'}")
    output.say(f"budget: {_budget(limits)}, {counted(policy.limits.redirects, 'redirect')}")
    if resolved.mode == "research" and policy.research.held_out:
        output.say(f"held-out data, laid over the checkouts of its runs alone: {held_out_folder(lab)}")
    _say_steps(resolved)
    output.say("the CEO's task:")
    output.say(task)
    output.say("Nothing was changed.")
    return EXIT_OK


def dry_run_of_new(start: Start, args: argparse.Namespace) -> int:
    """What is known of a project that does not exist yet; of a clone not even the mode."""
    options = CycleOptions(start.mode, runner="", idea=start.idea, lite=args.lite, plan_only=args.plan_only)
    if args.json:
        return _emitted(options, project=start.place)
    output.say(f"mode: {start.mode}")
    if start.mode in MODES:
        _say_steps(options)
    output.say("Nothing was changed.")
    return EXIT_OK


def _emitted(options: CycleOptions, **facts: object) -> int:
    steps = [line.strip() for line in _step_lines(MODES.get(options.mode, ()), options)]
    output.emit_json({"mode": options.mode, "lite": options.lite, **facts, "steps": steps})
    return EXIT_OK


def _runner_of(options: CycleOptions, role: str) -> dict[str, str]:
    return {"runner": options.runner_of(role), "model": options.models.get(role, options.model)}


def _runner_lines(options: CycleOptions) -> Iterator[str]:
    """The runner of all, and each role for which runner or model is another."""
    yield "runner: " + " ".join(filter(None, (options.runner, options.model)))
    for role in (role for role in ROLES if role in options.roles or role in options.models):
        yield f"runner of the {role}: " + " ".join(filter(None, _runner_of(options, role).values()))


def _budget(limits: Limits) -> str:
    """The ceilings in a few words."""
    told = (
        [counted(limits.invocations, "invocation")] if limits.invocations else ["any number of invocations"]
    )
    if limits.tokens:
        told.append(counted(limits.tokens, "token"))
    if limits.cost_usd:
        told.append(f"{limits.cost_usd:.2f} USD")
    return ", ".join(told)


@dataclass(frozen=True)
class _Planned:
    """A cycle that is not opened, for the reasons to leave a step out that look at its options alone."""

    options: CycleOptions


FORESEEN = (designing.no_code, designing.has_approved_plan)
"""The reasons to leave a step out that are known before a cycle is opened."""


def _say_steps(options: CycleOptions) -> None:
    output.say("steps:")
    for line in _step_lines(MODES[options.mode], options):
        output.say(f"  {line}")


def _step_lines(steps: Steps, options: CycleOptions) -> list[str]:
    lines: list[str] = []
    for step in steps:
        if isinstance(step, EachPhase):
            lines.append(f"{step.told}:")
            lines += [f"  {line}" for line in _step_lines(step.steps, options)]
        else:
            lines.append(f"{step.name} ({step.who}){_remark(step, options)}")
    return lines


def _remark(step: Step, options: CycleOptions) -> str:
    """What a dry run says behind a step: why it is left out, or that it is where the cycle stops."""
    if options.lite and not step.lite:
        return " left out in lite mode"
    for why in FORESEEN:
        if step.unless is why and why(_Planned(options)):
            return f" left out: {why(_Planned(options))}"
    if options.mode == DESIGN and options.plan_only:
        stop = {
            "discuss": " not asked: --plan-only stops here, with the draft",
            "approve": " left out: --plan-only",
        }
        return stop.get(step.name, "")
    return ""
