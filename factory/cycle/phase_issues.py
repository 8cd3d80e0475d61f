"""The issues that a plan's phases become on GitHub, and what they are told of the outcome."""

from __future__ import annotations

from factory.cycle.hub import Hub
from factory.github import Issue, same_account
from factory.github.texts import PHASE_MARK, ExperimentReview, mark, outcome_comment, phase_issue
from factory.models import PlanItem


def open_phase_issue(hub: Hub, item: PlanItem, plan: str, since: str) -> Issue:
    """The issue of a phase of the plan with that key, opened unless it is there already.

    ``since`` is when the plan was first worked on, an ISO time, empty where that is not known.
    """
    client = hub.require()
    title, body = phase_issue(item, f"{plan}/{item.phase}")
    wanted, me = mark(PHASE_MARK, f"{plan}/{item.phase}"), client.login()
    for issue in client.issues_by(hub.slug, me, since):
        if wanted in issue.body and same_account(issue.author, me):
            return issue
    return client.open_issue(hub.slug, title, body)


def tell_outcome(hub: Hub, number: int, told: ExperimentReview, pull: str, key: str) -> bool:
    """Comment on a phase's issue what became of it, once; close it where the work is kept and no pull request
    will, opened by now or later. Returns whether it was closed.
    """
    client = hub.require()
    wanted, me = mark("factory-outcome", key), client.login()
    comments = client.comments(hub.slug, number)
    if not any(wanted in note.body and same_account(note.author, me) for note in comments):
        client.comment(hub.slug, number, outcome_comment(told, pull, key))
    closes = told.keep and not hub.pull_requests
    if closes:
        client.close_issue(hub.slug, number)
    return closes
