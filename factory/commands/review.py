"""``factory review``: record a review of an experiment, post that of a pull request, or both."""

from __future__ import annotations

import argparse

from factory import output
from factory.ancestry import refuse_agents
from factory.cycle import experiment as lab_work
from factory.cycle import judging
from factory.cycle.hub import Hub, hub_of
from factory.cycle.lab import Lab, open_lab
from factory.errors import EXIT_OK, BadInput, Refused
from factory.models import ReviewVerdict
from factory.words import quoted


def run(args: argparse.Namespace) -> int:
    """Record what was given with ``--verdict``; with ``--pr``, post the review of that pull request."""
    recorded = args.verdict is not None or args.reason is not None
    if args.pr is None and not recorded:
        raise BadInput(
            "There is nothing to record.", "Give --id, --verdict and --reason; or --pr N to post a review."
        )
    if recorded and (args.id is None or args.verdict is None or not args.reason):
        raise BadInput("A review needs --id, --verdict and --reason.", "Give all three, or --pr alone.")
    lab = open_lab(args.path, output.note)
    if recorded:
        _record(lab, args)
    if args.pr is not None:
        _post(lab, args)
    return EXIT_OK


def _record(lab: Lab, args: argparse.Namespace) -> None:
    refuse_agents("review an experiment by hand")
    verdict = ReviewVerdict.PROCEED if args.verdict == "keep" else ReviewVerdict.ABORT
    with lab_work.at_work(lab, args.id) as experiment:
        lab_work.record_candidate(lab, experiment)
        commit = judging.candidate_of(lab, experiment)
        judging.review(lab, experiment, commit, by="person", verdict=verdict, reason=args.reason)
    output.say(f"review of {commit[:12]} recorded: {args.verdict}")
    output.say(f"next: factory finalize {quoted(lab.paths.root)} --id {args.id}")


def _post(lab: Lab, args: argparse.Namespace) -> None:
    from factory.cycle.pull_review import post, review_of  # noqa: PLC0415 - agents, which recording does without

    refuse_agents("post a review")
    hub = hub_of(lab, lab.policy("HEAD"))
    client = hub.require()
    _insist_on_asker(hub, args.asked_by)
    pull = client.pull(hub.slug, args.pr)
    made = review_of(lab, hub, pull, number=args.id, runner=args.runner or "", model=args.model or "")
    if args.dry_run:
        output.say(made.text.rstrip())
        output.note("Nothing was posted.")
        return
    address = post(hub, pull, made)
    output.say(f"review of #{args.pr} at {made.commit[:12]}: {'KEEP' if made.keep else 'REVERT'}: {address}")


def _insist_on_asker(hub: Hub, asker: str | None) -> None:
    """Raise Refused where somebody asks for a review who may not."""
    if asker is not None and asker.lower() not in {name.lower() for name in hub.settings.authors}:
        raise Refused(
            f"{asker} may not ask for reviews here.",
            "A person adds the account to authors in [github] of factory.toml, on the base branch.",
        )
