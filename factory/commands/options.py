"""The options of a cycle: as the person asked, else as configured; and who works under them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from textwrap import indent
from typing import Any

from factory import output
from factory.agents.roles import ROLES
from factory.backlog import read_backlog
from factory.commands.start import Start
from factory.config import Origin, Settings, default_project, settings_in_force
from factory.cycle.context import CycleOptions, limits_of
from factory.cycle.focus import require_work, resolve_focus
from factory.cycle.hub import hub_of
from factory.cycle.lab import Lab
from factory.cycle.launch import cut_off_chain
from factory.cycle.runners import make_runner, resolve_runner
from factory.errors import BadInput
from factory.runners.base import Runner
from factory.sandbox import choose

OPTION_NAMES = (
    "mode", "focus", "runner", "model", "branch", "max_new", "min_growth", "sandbox",
    "budget_invocations", "budget_tokens", "budget_usd", "timeout",
)  # fmt: skip
SHOWN_OF_STRANGERS = 2_000
"""Characters of an issue that are shown to the person and not acted on."""
LIMITS = {
    "budget_invocations": "limits.invocations", "budget_tokens": "limits.tokens",
    "budget_usd": "limits.usd", "timeout": "limits.timeout",
}  # fmt: skip
"""Options of a cycle, by the settings that they stand for."""
SWITCHES = ("lite", "no_github", "plan_only")


def asked_for(args: argparse.Namespace) -> dict[str, Any]:
    """The options that the person gave, and only these."""
    given = {name: getattr(args, name) for name in OPTION_NAMES if getattr(args, name) is not None}
    if "focus" in given:
        if not all(word.strip() for word in args.focus):
            raise BadInput("The focus is empty.", "Say what to work on, or leave --focus out.")
        given["focus"] = "\n".join(" ".join(word.split()) for word in args.focus)
    return given | {name: True for name in SWITCHES if getattr(args, name)}


def new_options(lab: Lab, asked: dict[str, Any], start: Start) -> CycleOptions:
    """The options of a new cycle: as asked, else those of the chain that was cut off, else as configured."""
    following = cut_off_chain(lab) if not start.idea and asked.get("mode", "auto") == "auto" else None
    if following is not None:
        output.note(f"Goes on with {following.mode}, as the last cycle was to.")
    chosen = _configured(lab, start, asked) if following is None else following.to_data()
    if following is not None and not {"runner", "model"}.isdisjoint(asked):
        # A runner, or a model, that the person names is meant for every role.
        chosen |= {"model": "", "models": {}} | ({"roles": {}} if "runner" in asked else {})
    chosen |= asked | ({"idea": start.idea} if start.idea else {})
    chosen["mode"] = following.mode if following else start.mode if start.idea else chosen["mode"]
    chosen["runner"] = resolve_runner(chosen["runner"], choose(chosen["sandbox"]))
    chosen["focus_items"] = _focus_items(lab, chosen)
    return CycleOptions(**chosen)


def _configured(lab: Lab, start: Start, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the target and the settings say: the person's word, environment, project, user, in this order."""
    found = settings_in_force(asked, lab.policy("HEAD"))
    named = found.config.runner
    # From here on the runner is known by its name, also where the settings say auto.
    runner = replace(named, default=resolve_runner(named.default, choose(named.sandbox)))
    own = {role: runner.for_role(role) for role in runner.roles}
    return _budgets(found) | {
        "mode": start.mode,
        "runner": runner.default,
        "model": runner.model,
        "sandbox": runner.sandbox,
        "roles": {role: one.name for role, one in own.items() if one.name != runner.default},
        "models": {role: one.model for role, one in own.items() if one.model != runner.model},
    }


def _focus_items(lab: Lab, chosen: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What --focus names. Issues of people who may not drive work here are shown, and left out."""
    wanted = chosen.get("focus", "")
    if not wanted:
        return []
    hub = hub_of(lab, lab.policy("HEAD"), no_github=bool(chosen.get("no_github")))
    focus = resolve_focus(wanted.split("\n"), hub, read_backlog(lab.paths.backlog))
    for issue in focus.strangers:
        output.note(f"{issue.slug}#{issue.number} is by {issue.author}, who may not drive work here:")
        output.note(f"    {issue.title}\n" + indent(issue.body[:SHOWN_OF_STRANGERS], "    "))
    require_work(focus)
    return focus.items


def _budgets(found: Settings) -> dict[str, Any]:
    """The limits that this machine sets; those of the project are read from its commit."""
    values = {option: found.value(key) for option, key in LIMITS.items()}
    here = (Origin.ENVIRONMENT, Origin.USER)
    return {option: value.value for option, value in values.items() if value.origin in here}


def runners_for(lab: Lab, options: CycleOptions, settings_at: str) -> Callable[[str], Runner]:
    """The runner of each role; a missing one, or a sandbox, is noticed before anything is spent."""
    sandbox = replace(lab, sandbox_wanted=options.sandbox).agents_sandbox
    policy = lab.policy(settings_at) or default_project()
    commands = settings_in_force({}, policy).config.runner.commands
    named = cache(lambda name: make_runner(name, sandbox, commands, web=not options.lite))
    used = [named(options.runner_of(role)) for role in ROLES]
    for role, runner in zip(ROLES.values(), used, strict=True):
        sandbox.require(role.access, own=runner.protects_itself or options.mode == "discover")
    ceiling = limits_of(options, policy).cost_usd
    if ceiling is not None:
        _insist_on_cost(used, ceiling)
    return lambda role: named(options.runner_of(role))


def _insist_on_cost(runners: list[Runner], ceiling: float) -> None:
    """A ceiling in USD means nothing where nobody says what a call costs."""
    silent = sorted({runner.name for runner in runners if not runner.reports_cost})
    if silent:
        raise BadInput(
            f"A ceiling of {ceiling:g} USD cannot be kept: the {silent[0]} runner does not report its costs.",
            "Set invocations or tokens instead, by --budget-invocations and --budget-tokens or in [limits].",
        )
