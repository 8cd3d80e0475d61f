"""``factory begin``: an experiment by hand."""

from __future__ import annotations

import argparse
from dataclasses import replace

from factory import output
from factory.commands.spec_files import read_text
from factory.cycle import experiment as lab_work
from factory.cycle.inflight import BY_HAND
from factory.cycle.lab import Lab, open_lab
from factory.cycle.planned import Planned, planned
from factory.errors import EXIT_OK, BadInput, Refused
from factory.evals.cache import read_last_eval
from factory.evals.remarks import no_baseline, remarks
from factory.journal import new_cycle_id
from factory.models import FeatureCheck, Kind, PlanItem
from factory.rows import BY_PERSON
from factory.strategy import categorize_hypothesis
from factory.words import quoted


def run(args: argparse.Namespace) -> int:
    """Id, branch, workspace and baseline of a new experiment."""
    lab = open_lab(args.path, output.note)
    policy = lab.policy("HEAD")
    target = lab.target_branch(args.branch or "", policy)
    base = lab.repo.resolve(f"refs/heads/{target}")
    policy = lab.required_policy(base)
    wanted = _planned(lab, args)
    # What was agreed to is done, whatever it resembles.
    repeated = lab_work.repeats(lab, wanted.item, policy) if wanted.kind is Kind.CODE else ""
    if repeated:
        raise Refused(
            f"This {repeated}.", "Say what is different with --new-approach, or try something else."
        )
    known = read_last_eval(lab.paths.last_eval, base)
    for remark in filter(None, (no_baseline(known), *remarks(known))) if known else ():
        output.note(remark)
    journal = lab.journal(new_cycle_id())
    options = {"approved_plan": wanted.plan} if wanted.plan else {}
    journal.append("cycle.opened", mode=BY_HAND, options=options, target=target, start=base)
    begun = lab_work.begin(
        lab, journal, wanted.item, base=base, target=target, policy=policy, kind=wanted.kind, runner=BY_PERSON
    )
    workspace = lab_work.workspace(lab, begun)
    if args.json:
        output.emit_json(
            {"id": begun.id, "branch": begun.branch, "workspace": str(workspace), "baseline": begun.baseline}
        )
        return EXIT_OK
    if args.phase is not None:
        output.say(f"phase {args.phase} of {wanted.source}: {wanted.item.title}")
    output.say(f"id: {begun.id}\nbranch: {begun.branch}\nworkspace: {workspace}\nbaseline: {begun.baseline}")
    output.say(f"next: edit the workspace, then factory eval {quoted(lab.paths.root)} --id {begun.id}")
    return EXIT_OK


def _planned(lab: Lab, args: argparse.Namespace) -> Planned:
    if args.phase is None:
        if not args.hypothesis.strip():
            raise BadInput("The hypothesis is empty.", "Say what the change will improve.")
        title = " ".join(args.hypothesis.split())
        made = Planned(
            PlanItem.model_validate(
                {"phase": 1, "title": title, "category": categorize_hypothesis(title).name}
            )
        )
    else:
        place = lab.paths.plan
        made = planned(lab, args.phase, read_text(place) if place.exists() else "")
    item = made.item
    # Beside the checks of a contract's phase one of one's own is a further one.
    checks = [*item.checks, FeatureCheck(command=args.verify)] if item.checks and args.verify else item.checks
    update = {
        "new_approach": args.new_approach or item.new_approach,
        "verify": args.verify or item.verify,
        "checks": checks,
    }
    return replace(made, item=item.model_copy(update=update))
