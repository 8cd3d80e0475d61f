"""``factory backlog-add``, ``backlog-list`` and ``backlog-remove``."""

from __future__ import annotations

import argparse

from factory import output
from factory.backlog import add_backlog, one_line, read_items, remove_backlog
from factory.commands.state import state_of
from factory.errors import EXIT_OK


def run_add(args: argparse.Namespace) -> int:
    """Put an item on the backlog; one that is there already is not added twice."""
    from factory.project import ensure_state_dir, open_project  # noqa: PLC0415 - git, which listing does without

    project = open_project(args.path)
    ensure_state_dir(project)
    added = add_backlog(project.paths.backlog, args.text, project.common_dir)
    output.say(f"{'Added' if added else 'Already there'}: {one_line(args.text)}")
    return EXIT_OK


def run_list(args: argparse.Namespace) -> int:
    """Show the open items with their numbers."""
    items = read_items(state_of(args.path).backlog)
    if args.json:
        output.emit_json([{"number": item.number, "text": item.text} for item in items])
    elif not items:
        output.say("The backlog is empty.")
    else:
        for item in items:
            output.say(f"{item.number:>3}. {item.text}")
    return EXIT_OK


def run_remove(args: argparse.Namespace) -> int:
    """Take an item off the backlog, by its number or its text."""
    from factory.project import open_project  # noqa: PLC0415 - git, which listing does without

    project = open_project(args.path)
    removed = remove_backlog(project.paths.backlog, args.item, project.common_dir)
    output.say(f"Removed: {removed}")
    return EXIT_OK
