"""``factory ceo``, ``factory run`` and ``factory abandon``."""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from textwrap import indent
from typing import Any

from factory import output
from factory.agents.lite import LITE_INVOCATIONS
from factory.agents.roles import ROLES
from factory.backlog import read_backlog
from factory.commands.audit import show_audit
from factory.commands.design import show_design_end
from factory.commands.learned import show_learned
from factory.commands.person import AtTerminal
from factory.commands.start import DESIGN, Start, needs_person, prepare
from factory.config import Origin, ProjectConfig, Settings, default_project, settings_in_force
from factory.cycle.auditing import AUDIT_AFTER, audit
from factory.cycle.briefing import ceo_task
from factory.cycle.context import Cycle, CycleOptions, waiting_messages
from factory.cycle.contract import word_for
from factory.cycle.focus import require_work, resolve_focus
from factory.cycle.hub import hub_of
from factory.cycle.inflight import cycle_in_flight
from factory.cycle.lab import Lab, open_lab
from factory.cycle.launch import (
    abandon,
    abandon_by_hand,
    check_same_options,
    cut_off_chain,
    follow_up,
    options_of,
    plan_cycle,
    run_cycle,
)
from factory.cycle.machine import EachPhase, Step, Steps
from factory.cycle.metric import held_out_folder
from factory.cycle.modes import MODES
from factory.cycle.runners import make_runner, resolve_runner
from factory.cycle.scopes import scope_of
from factory.cycle.steps import designing
from factory.cycle.steps.designing import Paused
from factory.errors import EXIT_NO, EXIT_OK, BadInput
from factory.fsio import CycleLock
from factory.research.ratchet import number
from factory.rows import Row
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


def run_ceo(args: argparse.Namespace) -> int:
    """``factory ceo``: one cycle in the foreground."""
    return _run(args, cycles=1, interval=0.0, headless=args.headless)


def run_headless(args: argparse.Namespace) -> int:
    """``factory run``: the same cycles, without a person; with ``--loop``, one after another."""
    endless = args.loop and args.max_cycles is None
    cycles = None if endless else (args.max_cycles if args.loop and args.max_cycles else 1)
    return _run(args, cycles=cycles, interval=args.interval, headless=True)


def _asked(args: argparse.Namespace) -> dict[str, Any]:
    """The options that the person gave, and only these."""
    given = {name: getattr(args, name) for name in OPTION_NAMES if getattr(args, name) is not None}
    if "focus" in given:
        given["focus"] = "\n".join(" ".join(word.split()) for word in args.focus)
    return given | {name: True for name in SWITCHES if getattr(args, name)}


def _run(args: argparse.Namespace, *, cycles: int | None, interval: float, headless: bool) -> int:
    # Being told to end is an interruption like Ctrl-C: children end, and the cycle can be resumed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with output.Progress(as_json=args.json) as progress:
        try:
            return _run_shown(args, progress, cycles=cycles, interval=interval, headless=headless)
        except Paused as left:  # no failure: the person has said so
            progress.say(left.message)
            progress.say(left.hint)
            return left.exit_code


def _run_shown(
    args: argparse.Namespace,
    progress: output.Progress,
    *,
    cycles: int | None,
    interval: float,
    headless: bool,
) -> int:
    start = prepare(args, headless=headless)
    if not start.exists:
        return _dry_run_of_new(start, args)
    lab = open_lab(start.place, progress.say, progress.detail, write=not args.dry_run)
    asked = _asked(args)
    if not args.dry_run:
        CycleLock(lab.repo.common_dir).require_free()
    found = cycle_in_flight(lab.paths)
    if found is not None:
        check_same_options(lab.paths, found, asked)
        needs_person(options_of(found).mode, headless=headless, plan_only=args.plan_only or args.dry_run)
    if not args.json and (found or not start.said):
        output.say(_first_line(lab, found.id if found else ""))
    if args.dry_run:
        taken = found.state.messages if found else []
        options = options_of(found) if found else _options(lab, asked, start)
        return _dry_run(lab, options, taken, resumed=found is not None)
    person = AtTerminal(progress) if output.can_ask() and not headless else None
    return _loop(
        lab,
        lambda: _options(lab, asked, start),
        progress,
        person,
        cycles=cycles,
        interval=interval,
        as_json=args.json,
    )


def _dry_run_of_new(start: Start, args: argparse.Namespace) -> int:
    """What is known of a project that does not exist yet; of a clone not even the mode."""
    output.say(f"mode: {start.mode}")
    if start.mode in MODES:
        options = CycleOptions(
            start.mode, runner="", idea=start.idea, lite=args.lite, plan_only=args.plan_only
        )
        _say_steps(options)
    output.say("Nothing was changed.")
    return EXIT_OK


def _first_line(lab: Lab, in_flight: str) -> str:
    resumed = f", where cycle {in_flight} is in flight and is resumed" if in_flight else ""
    return f"{lab.paths.root} is taken for a directory: a project in git{resumed}."


def _options(lab: Lab, asked: dict[str, Any], start: Start) -> CycleOptions:
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


def _loop(
    lab: Lab,
    new_options: Callable[[], CycleOptions],
    progress: output.Progress,
    person: AtTerminal | None,
    *,
    cycles: int | None,
    interval: float,
    as_json: bool,
) -> int:
    done, rows_before = 0, len(lab.history())
    found = cycle_in_flight(lab.paths)
    options: CycleOptions | None = options_of(found) if found else new_options()
    while options is not None and (cycles is None or done < cycles):
        if done:
            time.sleep(interval)
        cycle = _chain(lab, options, progress, person, as_json=as_json)
        done += 1
        options = follow_up(cycle.options, cycle.state.closed or {}, looping=True)
        if options is None:
            # The plan has nothing left to try; another cycle would find the same.
            break
    if cycles != 1:
        _audit_loop(lab, cycle, lab.history()[rows_before:], as_json=as_json)
    if not as_json and cycle.options.mode != DESIGN:
        output.say(f"next: factory history {lab.paths.root}")
    return exit_code(cycle)


def _audit_loop(lab: Lab, cycle: Cycle, new: list[Row], *, as_json: bool) -> None:
    """After a loop that kept much: is the sum what its parts promised? It decides nothing, it is told."""
    kept = [row.id for row in new if row.verdict == "keep" and row.id is not None]
    if len(kept) < AUDIT_AFTER:
        return
    found = audit(lab, last=len(kept))
    if found is not None:
        cycle.record("audit", **found.to_data())
        if not as_json:
            show_audit(lab, found)


def _chain(
    lab: Lab, options: CycleOptions, progress: output.Progress, person: AtTerminal | None, *, as_json: bool
) -> Cycle:
    """One cycle and those that it goes on to by itself; the last of them."""
    following: CycleOptions | None = options
    while following is not None:
        before = len(lab.history())
        found = cycle_in_flight(lab.paths)
        # A cycle in flight goes by the settings that it was opened with, whatever the branch has become.
        settings_at = str(found.state.opened["start"]) if found else "HEAD"
        cycle = run_cycle(lab, following, progress, _runners(lab, following, settings_at), person)
        if not as_json and cycle.options.mode == DESIGN:
            show_design_end(lab, cycle)
        elif not as_json:
            _show_end(lab, cycle, lab.history()[before:])
        following = follow_up(cycle.options, cycle.state.closed or {}, looping=False)
        if following is not None and not as_json:
            output.say(f"goes on with: {following.mode}")
    return cycle


def exit_code(cycle: Cycle) -> int:
    """1 where approved features are not built, else 0."""
    closed = cycle.state.closed or {}
    unbuilt = cycle.options.mode == "build" and not (closed.get("account") or {}).get("all_built")
    nothing = cycle.options.mode == "design" and (closed.get("ended") or {}).get("reason") not in (
        None, "plan_only",
    )  # fmt: skip
    return EXIT_NO if unbuilt or nothing else EXIT_OK


def _runners(lab: Lab, options: CycleOptions, settings_at: str) -> Callable[[str], Runner]:
    """The runner of each role; a missing one, or a sandbox, is noticed before anything is spent."""
    sandbox = choose(options.sandbox)
    commands = settings_in_force({}, lab.policy(settings_at)).config.runner.commands
    named = cache(lambda name: make_runner(name, sandbox, commands, web=not options.lite))
    used = [named(options.runner_of(role)) for role in ROLES]
    for role, runner in zip(ROLES.values(), used, strict=True):
        sandbox.require(role.access, own=runner.protects_itself or options.mode == "discover")
    if options.budget_usd is not None:
        _insist_on_cost(used)
    return lambda role: named(options.runner_of(role))


def _insist_on_cost(runners: list[Runner]) -> None:
    """A ceiling in USD means nothing where nobody says what a call costs."""
    silent = sorted({runner.name for runner in runners if not runner.reports_cost})
    if silent:
        raise BadInput(
            f"--budget-usd cannot be kept: the {silent[0]} runner does not report what a call costs.",
            "Use --budget-invocations or --budget-tokens.",
        )


def _dry_run(lab: Lab, options: CycleOptions, taken: list[str], *, resumed: bool) -> int:
    resolved, target, start = (options, "", "") if resumed else plan_cycle(lab, options)
    policy = lab.policy("HEAD") or default_project()
    output.say(f"mode: {resolved.mode}{' (resumed)' if resumed else ''}")
    if target:
        output.say(f"target: {target} at {start[:12]}")
    for line in _runner_lines(resolved):
        output.say(line)
    output.say(f"lite: {'yes' if resolved.lite else 'no'}")
    output.say(f"budget: {_budget(resolved, policy)}")
    if resolved.mode == "research" and policy.research.held_out:
        output.say(f"held-out data, laid over the checkouts of its runs alone: {held_out_folder(lab)}")
    _say_steps(resolved)
    output.say("the CEO's task:")
    messages = [*taken, *(text for text in waiting_messages(lab.paths.messages) if text not in taken)]
    output.say(ceo_task(lab.paths.root, resolved, policy, messages))
    output.say("Nothing was changed.")
    return EXIT_OK


def _runner_lines(options: CycleOptions) -> Iterator[str]:
    """The runner of all, and each role for which runner or model is another."""
    yield "runner: " + " ".join(filter(None, (options.runner, options.model)))
    for role in (role for role in ROLES if role in options.roles or role in options.models):
        told = (options.runner_of(role), options.models.get(role, options.model))
        yield f"runner of the {role}: " + " ".join(filter(None, told))


def _budget(options: CycleOptions, policy: ProjectConfig) -> str:
    calls = options.budget_invocations or policy.limits.invocations
    if options.lite:
        calls = min(LITE_INVOCATIONS, calls or LITE_INVOCATIONS)
    return f"{calls} invocations, {policy.limits.redirects} redirects"


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


def _show_end(lab: Lab, cycle: Cycle, new: list[Row]) -> None:
    end = cycle.state.closed or {}
    for row in new:
        delta = "" if row.delta is None else f" {row.delta:+.4f}"
        output.say(f"experiment {row.id}: {row.verdict} ({row.reason}){delta}  {row.hypothesis}{_why(row)}")
    output.say(
        f"cycle {cycle.id}: {end.get('kept', 0)} kept, {end.get('reverted', 0)} reverted, "
        f"{end.get('errors', 0)} errors"
    )
    _show_account(lab, cycle, end.get("account") or {})
    _show_research(end.get("research") or {})
    if end.get("ended"):
        output.say(f"ended early: {end['ended']['reason']}: {end['ended']['detail']}")
    integration = end.get("integration", {})
    if integration.get("status") == "pending":
        output.say(f"integration is pending: {integration['message']}")
        output.say(f"when that is out of the way: {integration['command']}")
    elif integration.get("status") == "pr":
        output.say(f"kept work {integration['message']}")
        output.say(f"when that is merged: git pull, then {integration['command']}")
    elif integration and (end.get("kept") or end.get("setup")):
        output.say(f"integrated: {integration['message']}")
    show_learned(cycle)


def _why(row: Row) -> str:
    """What went wrong with an experiment that was neither kept nor reverted."""
    told = " ".join(row.notes.split())
    return f": {told}" if row.verdict == "error" and told else ""


def _declined(cycle: Cycle) -> Iterator[tuple[int, str]]:
    """The phases that the Builder said are not its work, each with what it said."""
    for item in cycle.items:
        scope = scope_of(item.phase)
        ended = cycle.state.scope(scope).ended
        if cycle.state.result("build", scope).get("declined") and ended:
            yield item.phase, ended["detail"]


def _show_account(lab: Lab, cycle: Cycle, account: Mapping[str, Any]) -> None:
    """What became of every approved feature."""
    for feature in account.get("features", ()):
        output.say(f"feature {feature['number']}: {feature['state']}  {feature['title']}")
    for phase, why in _declined(cycle):
        output.say(f"phase {phase} waits for a person, or for a runner that can do it: {why}")
    if account.get("features") and not account.get("all_built"):
        word = word_for(lab, cycle.state.result("contract").get("sha256", ""))
        output.say(f"not everything that was {word} is built: factory spec trace {lab.paths.root}")


def _show_research(found: Mapping[str, Any]) -> None:
    """How far the metric came, why research ended, and what the held-out runs say."""
    if not found:
        return
    moved = f"{number(found['start'])} → {number(found['best'])}"
    output.say(
        f"research: {found['metric']} {moved} ({found['objective']}); {found['stop']}: {found['detail']}"
    )
    held = found.get("held_out") or {}
    if "left_out" in held:
        output.say(f"held-out runs: left out: {held['left_out']}")
    elif held:
        told = {
            "holds": "the gain holds there",
            "overfitted": "over-fitted: better on the known runs, not on these",
            "unproven": "better there too, but not beyond what may be luck",
        }[held["answer"]]
        output.say(f"held-out runs: {held['told']}; {told}")


def run_abandon(args: argparse.Namespace) -> int:
    """``factory abandon``: end the cycle in flight, or an experiment by hand, and keep its evidence."""
    lab = open_lab(args.path, output.note)
    if args.id is not None:
        abandon_by_hand(lab, args.id, args.reason)
        output.say(f"experiment {args.id} is abandoned without a row; `factory gc` clears its workspace")
        return EXIT_OK
    ended, kept = abandon(lab, args.reason)
    output.say(
        f"cycle {ended} is abandoned; its journal and experiments stay, `factory gc` clears its workspaces"
    )
    if kept:
        output.say(f"its {kept} kept experiments wait on their branch: factory integrate {lab.paths.root}")
    return EXIT_OK
