"""``factory contribute``: what was learned in general, and giving it back if a person says so."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from factory import output
from factory.ace.contributor.candidates import (
    Classification,
    classify_known,
    load_candidates,
    load_classification,
)
from factory.ace.contributor.explain import explain, package_evidence, what_is_missing
from factory.ace.contributor.model import ClassifiedItem
from factory.ace.contributor.standing import state_of
from factory.ace.contributor.submissions import load_submissions
from factory.ace.contributor.summary import offer, summary_text
from factory.commands.contribute_submit import submit
from factory.commands.insights import histories
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
    return _status(args) if args.status else _classify(args)


def _classify(args: argparse.Namespace) -> int:
    found = classify_known(factory_home(), histories(args.projects_dir), output.note)
    if args.json:
        output.emit_json(_as_json(found))
        return EXIT_OK
    output.say(summary_text(found.items, found.projects))
    output.say()
    output.say(offer(found.items))
    return EXIT_OK


def _as_json(found: Classification) -> dict[str, object]:
    items = [
        {
            "id": one.item.id,
            "text": one.item.text,
            **evidence,
            "reason": explain(one),
            "missing": what_is_missing(one),
        }
        for one, evidence in zip(found.items, package_evidence(found.items), strict=True)
    ]
    return {"v": FORMAT_VERSION, "timestamp": found.timestamp, "projects": found.projects, "items": items}


def _status(args: argparse.Namespace) -> int:
    home = factory_home()
    candidates, stored = load_candidates(home), load_classification(home)
    github = GhClient() if GhClient.installed() else None
    sent = [one.model_dump(mode="json") | {"state": state_of(one, github)} for one in load_submissions(home)]
    if args.json:
        when = stored.timestamp if stored else None
        listed = [_candidate(one) for one in candidates]
        output.emit_json({"v": FORMAT_VERSION, "classified": when, "candidates": listed, "submissions": sent})
        return EXIT_OK
    _show_candidates(candidates, stored.timestamp if stored else "")
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


def _show_sent(sent: Sequence[dict[str, object]]) -> None:
    output.say()
    if not sent:
        output.say("Nothing was sent yet.")
        return
    for one in sent:
        names = ", ".join(item["source"] for item in one["items"])  # type: ignore[attr-defined]
        output.say(f"{one['state']}: {one['url'] or one['branch']} ({one['repository']}, {one['last_sent']})")
        output.say(f"  {names}")
