"""``factory contribute``: what was learned in general, and giving it back if a person says so."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from factory import output
from factory.ace.contributor.candidates import load_candidates, load_classification
from factory.ace.contributor.model import ClassifiedItem
from factory.ace.contributor.standing import state_of
from factory.ace.contributor.submissions import Submission, load_submissions
from factory.commands.contribute_classify import classify
from factory.commands.contribute_submit import submit
from factory.errors import EXIT_OK, BadInput
from factory.fsio import FORMAT_VERSION
from factory.github import GhClient
from factory.paths import factory_home

_OF_SUBMIT = {"items": "--items", "repo": "--repo", "dry_run": "--dry-run", "yes": "--yes"}


def run(args: argparse.Namespace) -> int:
    """Classify, submit, or tell how things stand."""
    if args.submit:
        return submit(args)
    stray = [option for name, option in _OF_SUBMIT.items() if getattr(args, name)]
    if stray:
        raise BadInput(f"{stray[0]} belongs to --submit.", "Add --submit, or leave it out.")
    return _status(args) if args.status else classify(args)


def _status(args: argparse.Namespace) -> int:
    home = factory_home()
    candidates, stored = load_candidates(home), load_classification(home)
    github = GhClient() if GhClient.installed() else None
    sent = [(one, state_of(one, github)) for one in load_submissions(home)]
    if args.json:
        output.emit_json(
            {
                "v": FORMAT_VERSION,
                "classified": stored.timestamp if stored else None,
                "candidates": [_candidate(one) for one in candidates],
                "submissions": [one.model_dump(mode="json") | {"state": state} for one, state in sent],
            }
        )
        return EXIT_OK
    _show_candidates(candidates, stored.timestamp if stored else "")
    output.say()
    _show_sent(sent)
    return EXIT_OK


def _candidate(one: ClassifiedItem) -> dict[str, object]:
    return {"item": one.name, "label": one.label.value, "score": one.score, "text": one.item.text}


def _show_candidates(candidates: Sequence[ClassifiedItem], when: str) -> None:
    if not when:
        output.say("Nothing was classified yet: `factory contribute --classify`.")
        return
    cells = [(one.name, one.label.value, f"{one.score:.2f}", one.item.text) for one in candidates]
    output.table(("item", "label", "score", "text"), cells, f"Candidates, classified {when}")


def _show_sent(sent: Sequence[tuple[Submission, str]]) -> None:
    if not sent:
        output.say("Nothing was sent yet.")
    for one, state in sent:
        output.say(f"{state}: {one.url or one.branch} ({one.repository}, {one.last_sent})")
        output.say(f"  {', '.join(item.source for item in one.items)}")
