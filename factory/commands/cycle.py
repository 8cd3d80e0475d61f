"""``factory ceo`` and ``factory run``: cycles in the foreground, and headless."""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Callable

from factory import output
from factory.commands.audit import show_audit
from factory.commands.design import show_design_end
from factory.commands.dry_run import dry_run, dry_run_of_new
from factory.commands.ending import exit_code, show_end
from factory.commands.options import asked_for, new_options, runners_for
from factory.commands.person import AtTerminal
from factory.commands.start import DESIGN, needs_person, prepare
from factory.cycle.auditing import AUDIT_AFTER, audit
from factory.cycle.context import Cycle, CycleOptions
from factory.cycle.inflight import cycle_in_flight
from factory.cycle.lab import Lab, open_lab
from factory.cycle.launch import check_same_options, follow_up, options_of, run_cycle
from factory.cycle.steps.designing import Paused
from factory.fsio import CycleLock, ensure_private_dir
from factory.rows import Row


def run_ceo(args: argparse.Namespace) -> int:
    """``factory ceo``: one cycle in the foreground."""
    return _run(args, cycles=1, interval=0.0, headless=args.headless)


def run_headless(args: argparse.Namespace) -> int:
    """``factory run``: the same cycles, without a person; with ``--loop``, one after another."""
    endless = args.loop and args.max_cycles is None
    cycles = None if endless else (args.max_cycles if args.loop and args.max_cycles else 1)
    return _run(args, cycles=cycles, interval=args.interval, headless=True)


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
        return dry_run_of_new(start, args)
    lab = open_lab(start.place, progress.say, progress.detail, write=not args.dry_run)
    asked = asked_for(args)
    if not args.dry_run:
        ensure_private_dir(lab.home.root)
        CycleLock(lab.repo.common_dir).require_free()
    found = cycle_in_flight(lab.paths)
    if found is not None:
        check_same_options(lab.paths, found, asked)
        recorded = options_of(found)
        needs_person(recorded.mode, headless=headless, plan_only=recorded.plan_only or args.dry_run)
    if not args.json and (found or not start.said):
        output.say(_first_line(lab, found.id if found else ""))
    if args.dry_run:
        taken = found.state.messages if found else []
        options = options_of(found) if found else new_options(lab, asked, start)
        return dry_run(lab, options, taken, resumed=found is not None, as_json=args.json)
    person = AtTerminal(progress) if output.can_ask() and not headless else None
    return _loop(
        lab,
        lambda: new_options(lab, asked, start),
        progress,
        person,
        cycles=cycles,
        interval=interval,
        as_json=args.json,
    )


def _first_line(lab: Lab, in_flight: str) -> str:
    resumed = f", where cycle {in_flight} is in flight and is resumed" if in_flight else ""
    return f"{lab.paths.root} is taken for a directory: a project in git{resumed}."


def _loop(
    lab: Lab,
    open_with: Callable[[], CycleOptions],
    progress: output.Progress,
    person: AtTerminal | None,
    *,
    cycles: int | None,
    interval: float,
    as_json: bool,
) -> int:
    done, rows_before = 0, len(lab.history())
    found = cycle_in_flight(lab.paths)
    options: CycleOptions | None = options_of(found) if found else open_with()
    while options is not None and (cycles is None or done < cycles):
        if done and interval:
            progress.say(f"the next cycle begins in {interval:g} s")
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
    integration = (cycle.state.closed or {}).get("integration") or {}
    on_pulls = integration.get("status") == "pr" or bool(cycle.state.opened.get("below"))
    if len(kept) < AUDIT_AFTER or on_pulls:
        return  # what is on pull requests is not on the target, where an audit would find older keeps
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
        cycle = run_cycle(lab, following, progress, runners_for(lab, following, settings_at), person)
        if not as_json and cycle.options.mode == DESIGN:
            show_design_end(lab, cycle)
        elif not as_json:
            show_end(lab, cycle, lab.history()[before:])
        following = follow_up(cycle.options, cycle.state.closed or {}, looping=False)
        if following is not None and not as_json:
            output.say(f"goes on with: {following.mode}")
    return cycle
