"""``factory discover`` and ``factory init``: a project's factory.toml."""

from __future__ import annotations

import argparse
from pathlib import Path

from factory import output
from factory.cycle.lab import Lab, open_lab
from factory.cycle.steps.observing import discover_setup, told
from factory.errors import EXIT_OK, Refused
from factory.evals.setup_file import plain_setup
from factory.fsio import atomic_write
from factory.paths import CONFIG_FILE
from factory.words import quoted


def run_discover(args: argparse.Namespace) -> int:
    """Measure what can be measured at HEAD, twice, and write factory.toml into the checkout."""
    with output.Progress() as progress:
        lab = open_lab(args.path, progress.say, progress.detail)
        _refuse_existing(lab)
        found = discover_setup(lab, lab.repo.resolve("HEAD"), lab.target_branch(""))
    return _write(lab, found.config_text, told(found), as_json=args.json)


def run_init(args: argparse.Namespace) -> int:
    """Write a commented factory.toml from what the files tell, running nothing."""
    lab = open_lab(args.path, output.note)
    _refuse_existing(lab)
    text = plain_setup(lab.paths.root, lab.repo.files("HEAD"), lab.target_branch(""))
    return _write(lab, text, [], as_json=False)


def _refuse_existing(lab: Lab) -> None:
    if lab.paths.config.exists():
        raise Refused(f"{lab.paths.config} exists already.", "Edit it, or move it away first.")


def _write(lab: Lab, text: str, summary: list[str], *, as_json: bool) -> int:
    atomic_write(lab.paths.config, text)
    if as_json:
        output.emit_json({"file": str(lab.paths.config), "found": summary})
        return EXIT_OK
    for line in summary:
        output.say(line)
    output.say(f"written: {lab.paths.config}")
    git = "git" if lab.paths.root == Path.cwd() else f"git -C {quoted(lab.paths.root)}"
    output.say(f"next: look at it, then {git} add {CONFIG_FILE} && {git} commit -m 'Set up factory'")
    return EXIT_OK
