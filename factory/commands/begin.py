"""``factory begin``: an experiment by hand."""

from __future__ import annotations

import argparse

from factory import output
from factory.commands.spec_files import read_text
from factory.cycle import experiment as lab_work
from factory.cycle.inflight import BY_HAND
from factory.cycle.lab import Lab, open_lab
from factory.errors import EXIT_OK, BadInput, Refused
from factory.evals.cache import read_last_eval
from factory.evals.remarks import no_baseline, remarks
from factory.journal import new_cycle_id
from factory.models import PlanItem
from factory.spec import parse
from factory.strategy import categorize_hypothesis
from factory.words import quoted


def run(args: argparse.Namespace) -> int:
    """Id, branch, workspace and baseline of a new experiment."""
    lab = open_lab(args.path, output.note)
    policy = lab.policy("HEAD")
    target = lab.target_branch(args.branch or "", policy)
    base = lab.repo.resolve(f"refs/heads/{target}")
    policy = lab.required_policy(base)
    item = _item(lab, args)
    repeated = lab_work.repeats(lab, item, policy)
    if repeated:
        raise Refused(
            f"This {repeated}.", "Say what is different with --new-approach, or try something else."
        )
    known = read_last_eval(lab.paths.last_eval, base)
    for remark in filter(None, (no_baseline(known), *remarks(known))) if known else ():
        output.note(remark)
    journal = lab.journal(new_cycle_id())
    journal.append("cycle.opened", mode=BY_HAND, options={}, target=target, start=base)
    begun = lab_work.begin(lab, journal, item, base=base, target=target, policy=policy, runner="person")
    workspace = lab_work.workspace(lab, begun)
    if args.json:
        output.emit_json(
            {"id": begun.id, "branch": begun.branch, "workspace": str(workspace), "baseline": begun.baseline}
        )
        return EXIT_OK
    output.say(f"id: {begun.id}\nbranch: {begun.branch}\nworkspace: {workspace}\nbaseline: {begun.baseline}")
    output.say(f"next: edit the workspace, then factory eval {quoted(lab.paths.root)} --id {begun.id}")
    return EXIT_OK


def _item(lab: Lab, args: argparse.Namespace) -> PlanItem:
    if args.phase is None:
        if not args.hypothesis.strip():
            raise BadInput("The hypothesis is empty.", "Say what the change will improve.")
        title = " ".join(args.hypothesis.split())
        made = PlanItem.model_validate(
            {"phase": 1, "title": title, "category": categorize_hypothesis(title).name}
        )
    else:
        made = _planned(lab, args.phase)
    update = {"new_approach": args.new_approach or made.new_approach, "verify": args.verify or made.verify}
    return made.model_copy(update=update)


def _planned(lab: Lab, phase: int) -> PlanItem:
    if not lab.paths.plan.exists():
        raise BadInput(
            "There is no current plan.",
            f"`factory begin {quoted(lab.paths.root)} --hypothesis TEXT` needs none.",
        )
    items = parse(read_text(lab.paths.plan)).items()
    found = next((item for item in items if item.phase == phase), None)
    if found is None:
        raise BadInput(
            f"The current plan has no phase {phase}.",
            f"`factory spec show {quoted(lab.paths.root)}` shows it.",
        )
    return found
