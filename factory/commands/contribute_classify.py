"""``factory contribute --classify``: which learned items are general, which are not, and why."""

from __future__ import annotations

import argparse

from factory import output
from factory.ace.contributor.candidates import Classification, classify_known
from factory.ace.contributor.explain import explain, package_evidence, what_is_missing
from factory.ace.contributor.summary import contribution_text
from factory.commands.insights import histories
from factory.errors import EXIT_OK
from factory.fsio import FORMAT_VERSION
from factory.paths import factory_home


def classify(args: argparse.Namespace) -> int:
    """Classify and show."""
    found = classify_known(factory_home(), histories(args.projects_dir), output.note)
    if args.json:
        output.emit_json(_as_json(found))
        return EXIT_OK
    output.say(contribution_text(found.items, found.projects))
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
