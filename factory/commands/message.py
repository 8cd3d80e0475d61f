"""``factory message``: a word from the person, taken in at the cycle's next safe boundary."""

from __future__ import annotations

import argparse
import json

from factory import output
from factory.ancestry import refuse_agents
from factory.errors import EXIT_OK, BadInput
from factory.fsio import durable_append, utc_now, write_lock
from factory.project import ensure_state_dir, open_project, written_here
from factory.words import quoted


def run(args: argparse.Namespace) -> int:
    """Put the message where the running or the next cycle finds it."""
    refuse_agents("send a message")
    if not args.text.strip():
        raise BadInput("The message is empty.", "factory message PATH TEXT")
    project = open_project(args.path)
    ensure_state_dir(project)
    box = project.paths.messages
    if not written_here(project.root, [box]):
        raise BadInput(
            f"{box} is tracked by git: what came with a repository is nobody's message.",
            f"git -C {quoted(project.root)} rm {box.relative_to(project.root)}",
        )
    with write_lock(project.common_dir):
        durable_append(box, json.dumps({"text": args.text, "ts": utc_now()}))
    output.say("the message waits for the next step of the cycle that runs, or of the next one")
    return EXIT_OK
