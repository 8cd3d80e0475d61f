"""``factory contribute --classify``: which learned items are general, which are not, and why."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from factory import output
from factory.ace.contributor.candidates import Classification, read_playbooks, store_candidates
from factory.ace.contributor.classify import classify_evolved_playbooks
from factory.ace.contributor.explain import explain, package_evidence, what_is_missing
from factory.ace.contributor.summary import contribution_text
from factory.ace.paths import DEFAULTS_DIR, user_playbooks_dir
from factory.commands.insights import histories
from factory.errors import EXIT_OK
from factory.fsio import FORMAT_VERSION
from factory.insights.projects import ProjectHistory
from factory.paths import factory_home


def classified(known: Sequence[ProjectHistory]) -> Classification:
    """Classify the evolved playbooks by these histories, and store the outcome."""
    evolved = read_playbooks(user_playbooks_dir())
    for role, playbook in evolved.items():
        for line in playbook.damaged:
            output.note(f"{role}.md:{line.line}: damaged, not classified: {line.problem}")
    items = classify_evolved_playbooks(evolved, read_playbooks(DEFAULTS_DIR), known)
    return store_candidates(factory_home(), items, sum(bool(one.decided) for one in known))


def classify(args: argparse.Namespace) -> int:
    """Classify and show."""
    found = classified(histories(args.projects_dir))
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
