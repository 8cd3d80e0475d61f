"""``factory study``: what a plan starts from."""

from __future__ import annotations

import argparse

from factory import output
from factory.cycle.focus import open_issues
from factory.cycle.hub import hub_of
from factory.cycle.lab import open_lab
from factory.cycle.measuring import measure_commit
from factory.cycle.steps.observing import observe_at
from factory.errors import EXIT_OK


def run(args: argparse.Namespace) -> int:
    """Measure HEAD and print the observations that a plan starts from."""
    with output.Progress() as progress:
        lab = open_lab(args.path, progress.say, progress.detail)
        commit = lab.repo.resolve("HEAD")
        policy = lab.required_policy(commit)
        measured = measure_commit(lab, commit, commit, policy)
        issues = open_issues(hub_of(lab, policy), progress.warn)
    output.say(observe_at(lab, commit, measured, [], issues))
    return EXIT_OK
