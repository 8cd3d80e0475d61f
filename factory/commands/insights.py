"""``factory insights``: what the histories of many projects say together."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from factory import output
from factory.errors import EXIT_OK
from factory.insights.projects import ProjectHistory, discover_projects, load_all_histories
from factory.insights.report import Insights, Pattern, Rate, gather_insights
from factory.paths import factory_home
from factory.registry import Registry

SHOWN = 10
"""So many patterns and failures are shown; ``--json`` has them all."""


def run(args: argparse.Namespace) -> int:
    """Show keep rates, transferable patterns and repeated failures."""
    found = gather_insights(histories(args.projects_dir))
    if args.json:
        output.emit_json(found)
    else:
        _show(found)
    return EXIT_OK


def histories(projects_dir: str | None, more: Sequence[Path] = ()) -> list[ProjectHistory]:
    """The histories of all known projects, or of those in a folder, and of ``more``.

    Says what is wrong with the registry.
    """
    if projects_dir is not None:
        return load_all_histories([*discover_projects(Path(projects_dir)), *more])
    registry = Registry(factory_home())
    known = load_all_histories([*(project.path for project in registry.known()), *more])
    if registry.problem:
        output.note(f"factory: {registry.problem}")
    return known


def _show(found: Insights) -> None:
    for note in found.notes:
        output.note(note)
    if not found.projects:
        output.say("No project with experiments is known: `factory begin` and `factory ceo` register theirs.")
        return
    _rates("project", [project.verdicts for project in found.projects])
    _rates("category", found.categories)
    _rates("topic", found.topics)
    _patterns(
        "Transferable: kept more often than not in three unrelated projects or more", found.transferable
    )
    _patterns("Repeated failures", found.repeated_failures)


def _rates(what: str, rates: Sequence[Rate]) -> None:
    output.table(
        (what, "kept", "reverted", "errors", "keep rate", "95 % between"), [_cells(r) for r in rates]
    )
    output.say()


def _cells(rate: Rate) -> tuple[object, ...]:
    between = "" if rate.low is None or rate.high is None else f"{rate.low:.0%} and {rate.high:.0%}"
    return (
        rate.name,
        rate.kept,
        rate.reverted,
        rate.errors,
        "" if rate.rate is None else f"{rate.rate:.0%}",
        between,
    )


def _patterns(title: str, patterns: Sequence[Pattern]) -> None:
    if not patterns:
        output.say(f"{title}: none seen.")
        return
    cells = [(p.projects, p.verdicts.kept, p.verdicts.reverted, p.topic, p.example) for p in patterns[:SHOWN]]
    output.table(("projects", "kept", "reverted", "topic", "for example"), cells, title)
    if len(patterns) > SHOWN:
        output.note(f"The first {SHOWN} of {len(patterns)}; --json has every one.")
