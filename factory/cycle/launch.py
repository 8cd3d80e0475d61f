"""Opening a cycle, finding the one in flight, and carrying it to its end."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from factory.approvals import Approvals, fingerprint
from factory.cycle.agents import let_end
from factory.cycle.archive import complete_archive
from factory.cycle.branches import cycle_branch
from factory.cycle.briefing import check_templates
from factory.cycle.context import Cycle, CycleOptions, Person, Progress
from factory.cycle.contract import refuse_specified, require_ground, waiting_draft, waits_to_be_built
from factory.cycle.experiment import at_work
from factory.cycle.finalizing import complete
from factory.cycle.ground import ground_of, require_phases_on, stacks
from factory.cycle.hub import hub_of
from factory.cycle.inflight import (
    DAMAGED,
    OpenCycle,
    chained_from,
    cycle_in_flight,
    damaged_in_flight,
    last_cycle,
    last_drafting,
)
from factory.cycle.integrate import integration_event, left_pending
from factory.cycle.lab import Lab
from factory.cycle.machine import run_steps
from factory.cycle.mirror import mirror_log
from factory.cycle.modes import MODES
from factory.cycle.outcomes import left_to_build, tried_phases
from factory.cycle.state import CycleState
from factory.cycle.target import require_target
from factory.errors import BadInput, Refused
from factory.fsio import CycleLock, read_exactly
from factory.git import BRANCHES
from factory.journal import Journal, new_cycle_id
from factory.models import Verdict
from factory.paths import ProjectPaths
from factory.runners.base import Runner
from factory.scratch import remove
from factory.spec import Form, PlanLimits, check, parse
from factory.words import quoted


def options_of(found: OpenCycle) -> CycleOptions:
    """The options that a cycle was opened with; those of other versions are left out."""
    known = {field.name for field in fields(CycleOptions)}
    return CycleOptions(**{k: v for k, v in found.state.opened["options"].items() if k in known})


def resolve_mode(lab: Lab, wanted: str, idea: str, focus: str = "") -> str:
    """The mode to run. ``auto`` is build for an idea, a draft of a new project, and what was agreed to and
    never attempted; else improve, which says what a build has left unbuilt. A focus and an approved plan of
    improvements are for improve.

    A design that is asked for once more, with what came of it not begun yet, goes on with that: what a person
    has approved is not drafted again.
    """
    last = last_cycle(lab.paths) if wanted == "design" else None
    pending = str((last.state.closed or {}).get("next", "")) if last else ""
    if wanted == "design" and not pending and waits_to_be_built(lab):
        pending = "build"
    if pending:
        lab.say(f"What was designed here is approved; it goes on with: {pending}")
        return pending
    if wanted == "auto":
        is_new = waits_to_be_built(lab) or (lab.policy("HEAD") is None and bool(waiting_draft(lab)))
        if idea or is_new:
            return "build"
        return "build" if not focus and not approved_plan(lab) and _has_untried_phases(lab) else "improve"
    if wanted not in MODES:
        raise BadInput(f"There is no mode {wanted!r}.", f"The modes are: auto, {', '.join(MODES)}.")
    return wanted


def _has_untried_phases(lab: Lab) -> bool:
    """Whether a build of SPEC.md as it is has phases that none attempted; tells what others have left."""
    left = left_to_build(lab)
    if left is None or left.untried or not left.unbuilt:
        return bool(left and left.untried)
    lab.say(
        f"{left.unbuilt} of {left.features} {left.word} features are unbuilt; "
        f"to try them again: factory ceo {quoted(lab.paths.root)} --mode build"
    )
    return False


def plan_cycle(lab: Lab, options: CycleOptions) -> tuple[CycleOptions, str, str]:
    """What a new cycle would be: options with the mode resolved, target branch, and that branch's commit."""
    policy = lab.policy("HEAD")
    target = lab.target_branch(options.branch, policy)
    start = lab.repo.resolve(f"refs/heads/{target}")
    in_force = lab.policy(start)
    if in_force is not None:
        check_templates(lab, start, in_force)
    elif lab.paths.config.exists():
        lab.required_policy(start)  # a setup that waits to be committed is not to be replaced by another one
    mode = resolve_mode(lab, options.mode, options.idea, options.focus)
    if options.plan_only and mode != "design":
        raise Refused(
            f"What was designed here is approved, and goes on with {mode}: there is no draft to stop after.",
            f"To go on with it: factory ceo {quoted(lab.paths.root)} --mode {mode}",
        )
    if mode == "build":
        require_ground(lab, start, options.idea)
        require_phases_on(lab, start)
    if mode == "design":
        options = _with_draft(lab, options)
    if mode == "design" and options.idea:
        refuse_specified(lab, start)
    plan = approved_plan(lab) if mode in ("improve", "research") else ""
    if mode == "research":
        require_target(lab, start, plan)
    return replace(options, mode=mode, approved_plan=plan), target, start


def _with_draft(lab: Lab, options: CycleOptions) -> CycleOptions:
    """The options of a design, with the draft of a new project that waits here, if it is of the same idea."""
    text = waiting_draft(lab)
    if not text:
        return options
    drafted = last_drafting(lab.paths)
    idea = (options_of(drafted).idea if drafted else "") or text
    return replace(options, idea=idea, takes_up=True) if options.idea in ("", idea) else options


def approved_plan(lab: Lab) -> str:
    """The hash of the current plan, if a person has approved it and not all of it was tried yet; else ""."""
    if not lab.paths.plan.is_file():
        return ""
    text = read_exactly(lab.paths.plan)
    sha256, approval = fingerprint(text), Approvals(lab.home, lab.paths.key).of(text)
    if approval is None or approval.form != Form.IMPROVEMENT:
        return ""
    wanted = {item.phase for item in parse(text).items()}
    if wanted <= tried_phases(lab.paths, sha256):
        return ""
    _insist_on_rules(lab, text)
    return sha256


def _insist_on_rules(lab: Lab, text: str) -> None:
    """Raise Refused for an approved plan that breaks a rule which needs no facts to be checked.

    What a person has approved kept them; a newer version may demand more. The rules about a plan's mixture
    bind the Strategist, and facts move on: neither takes an approval back.
    """
    found = [f for f in check(parse(text), PlanLimits(focus=True)) if f.severity == "error"]
    if found:
        raise Refused(
            f"The approved plan breaks a rule: line {found[0].line}: {found[0].rule}: {found[0].message}.",
            f"Mend {lab.paths.plan}, then: factory spec approve {quoted(lab.paths.plan)}",
        )


def follow_up(options: CycleOptions, closed: Mapping[str, Any], *, looping: bool) -> CycleOptions | None:
    """The cycle that goes on from one that has closed, with every option carried along; None where none does.

    An approved design goes on to build or improve; a lite build, and lite on an approved plan, to the next
    phase; a loop to the next cycle, a complete build to improve. What is not integrated yet is nothing to go
    on from, but for what can stand on pull requests that are open.
    """
    following = _following(options, closed, looping=looping)
    status = (closed.get("integration") or {}).get("status")
    blocked = status == "pending" or (status == "pr" and following is not None and not stacks(following.mode))
    return None if blocked else following


def _following(options: CycleOptions, closed: Mapping[str, Any], *, looping: bool) -> CycleOptions | None:
    account = closed.get("account") or {}
    if closed.get("next"):
        return replace(
            options, mode=closed["next"], idea="", plan_only=False, takes_up=False, approved_plan=""
        )
    if options.mode == "build" and options.lite and account.get("untried") and closed.get("phases"):
        return replace(options, idea="")
    if closed.get("plan_left") and any(closed[count] for count in ("kept", "reverted", "errors")):
        return options
    if not looping or closed.get("ended") or research_has_ended(closed):
        return None
    if options.mode != "build":
        return replace(options, approved_plan="")
    return replace(options, mode="improve", idea="") if account.get("complete") else None


def cut_off_chain(lab: Lab) -> CycleOptions | None:
    """The cycle that the last one was to go on to by itself, and has not: it was cut off between the two."""
    last = last_cycle(lab.paths)
    if last is None or last.state.closed is None:
        return None
    return follow_up(options_of(last), {**last.state.closed, "integration": {}}, looping=False)


def research_has_ended(closed: Mapping[str, Any]) -> bool:
    """Whether research has come to an end that another cycle would only come to again; lite has not."""
    stop = (closed.get("research") or {}).get("stop")
    return stop is not None and stop != "lite"


def check_same_options(paths: ProjectPaths, open_cycle: OpenCycle, asked: dict[str, Any]) -> None:
    """Raise BadInput where a person asks for other options than those of the cycle in flight.

    The command that began a design is also the one that resumes what the design has gone on to.
    """
    recorded = options_of(open_cycle).to_data()
    other = [name for name, value in asked.items() if name in recorded and recorded[name] != value]
    if "mode" in other and asked["mode"] in ("auto", chained_from(paths, open_cycle)):
        other.remove("mode")
    if "runner" in other and asked["runner"] == "auto":  # it has been settled then
        other.remove("runner")
    if other:
        told = ", ".join(_as_typed(name, recorded[name]) for name in other)
        raise BadInput(
            f"Cycle {open_cycle.id} is in flight with other options: it was begun {told}.",
            "Run the command without these options to resume it, or `factory abandon` it first.",
        )


def _as_typed(name: str, value: object) -> str:
    """An option as the person gave it, or did not."""
    option = f"--{name.replace('_', '-')}"
    if value in (None, "", False):
        return f"without {option}"
    return f"with {option}" if value is True else f"with {option} {quoted(str(value))}"


def run_cycle(
    lab: Lab,
    options: CycleOptions,
    progress: Progress,
    runner_for: Callable[[str], Runner],
    person: Person | None = None,
) -> Cycle:
    """Resume the cycle in flight, or open a new one, and run it to its end.

    Raises Refused when another process runs a cycle here.
    """
    lock = CycleLock(lab.repo.common_dir)
    with lock.acquire({"mode": options.mode}):
        found = cycle_in_flight(lab.paths)
        cycle = (
            _resume(lab, found, progress, runner_for) if found else _open(lab, options, progress, runner_for)
        )
        cycle.person = person
        run_steps(cycle, MODES[cycle.options.mode])
        if cycle.state.closed is None:
            cycle.record("cycle.closed", **cycle.state.result("close"))
    return cycle


def _resume(lab: Lab, found: OpenCycle, progress: Progress, runner_for: Callable[[str], Runner]) -> Cycle:
    options = options_of(found)
    lab = replace(lab, sandbox_wanted=options.sandbox)
    cycle = Cycle(lab, lab.journal(found.id), found.state, options, progress, runner_for)
    let_end(cycle)
    for place in lab.left_over():
        remove(place)
    cycle.record("cycle.resumed", pid=os.getpid())
    return cycle


def _open(lab: Lab, options: CycleOptions, progress: Progress, runner_for: Callable[[str], Runner]) -> Cycle:
    lab = replace(lab, sandbox_wanted=options.sandbox)
    hub = hub_of(lab, lab.policy("HEAD"), no_github=options.no_github)
    if hub.settings.enabled and hub.lacking:
        progress.warn(f"nothing goes to GitHub: {hub.lacking}")
    ground = ground_of(lab, hub)
    resolved, target, start = plan_cycle(lab, options)
    below: dict[str, Any] = {}
    if ground is not None:
        start, below = ground.for_cycle(resolved.mode, target), {"below": asdict(ground.pull)}
        progress.warn(
            f"begins on what #{ground.pull.number} ({ground.pull.url}) brings, which is not merged yet"
        )
    cycle = Cycle(lab, lab.journal(new_cycle_id()), CycleState(), resolved, progress, runner_for)
    options_data = resolved.to_data()
    cycle.record(
        "cycle.opened", mode=resolved.mode, options=options_data, target=target, start=start, **below
    )
    return cycle


@dataclass(frozen=True)
class Abandoned:
    """The cycle that was ended, how many kept experiments wait on which branch, and what to type for them."""

    cycle: str
    kept: int = 0
    branch: str = ""
    command: str = ""


def abandon(lab: Lab, why: str) -> Abandoned:
    """End the cycle in flight, and keep its evidence.

    An experiment that was cut off after its row was written is completed; one without a row stays without.
    A damaged journal is set aside under another name. Raises Refused when there is no cycle in flight, and
    where an experiment cannot be completed yet.
    """
    with CycleLock(lab.repo.common_dir).acquire({"mode": "abandon"}):
        damaged = damaged_in_flight(lab.paths)
        if damaged is not None:
            damaged.rename(damaged.with_suffix(DAMAGED))
            return _stranded(lab, damaged.stem)
        found = cycle_in_flight(lab.paths)
        if found is None:
            raise Refused(
                "There is no cycle in flight to abandon.",
                f"`factory status {quoted(lab.paths.root)}` shows the last one.",
            )
        journal = lab.journal(found.id)
        finalized = found.state.finalized | _completed(lab, journal, found)
        complete_archive(lab, finalized)
        kept = [r["commit"] for r in finalized.values() if r["verdict"] == Verdict.KEEP]
        if kept:
            opened = found.state.opened
            left = left_pending(
                lab, cycle_branch(found.id), opened["target"], kept[-1], "its cycle was abandoned"
            )
            journal.append("integration", **integration_event(left, opened["start"], kept[-1]))
        journal.append("cycle.abandoned", why=why)
        mirror_log(lab, f"cycle {found.id}")
    if not kept:
        return Abandoned(found.id)
    integrate = f"factory integrate {quoted(lab.paths.root)}"
    return Abandoned(found.id, len(kept), cycle_branch(found.id), integrate)


def _stranded(lab: Lab, cycle: str) -> Abandoned:
    """What waits of a cycle whose journal cannot be read: ``integrate`` knows nothing of it, the log does."""
    kept = [row for row in lab.history() if row.cycle == cycle and row.verdict == Verdict.KEEP]
    branch = cycle_branch(cycle)
    if not kept or lab.repo.find(f"{BRANCHES}{branch}") is None or lab.repo.is_ancestor(branch, "HEAD"):
        return Abandoned(cycle)
    merge = f"git -C {quoted(lab.paths.root)} merge --ff-only {branch}"
    return Abandoned(cycle, len(kept), branch, merge)


def _completed(lab: Lab, journal: Journal, found: OpenCycle) -> dict[int, dict[str, Any]]:
    """The records of the cycle's experiments that had their row and no event, and have both now."""
    made: dict[int, dict[str, Any]] = {}
    for row in lab.history():
        if row.id is None or row.cycle != found.id or row.id in found.state.finalized:
            continue
        try:
            made[row.id] = complete(lab, journal, row).model_dump(mode="json")
        except BadInput as error:
            lab.say(error.message)  # `verify` tells of it too; it must not keep the cycle open
    return made


def abandon_by_hand(lab: Lab, number: int, why: str) -> None:
    """End an experiment that was begun by hand and that nobody wants to decide; its evidence stays.

    Raises Refused for one that has its row, and for one of a cycle, which ends with its cycle.
    """
    with at_work(lab, number) as experiment:
        lab.journal(experiment.cycle).append("cycle.abandoned", why=why)
