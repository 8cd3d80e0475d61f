"""The structured review of a pull request: what is on record of an experiment, or a judgement made for it.

Its commits are fetched as objects and never checked out into the person's project, let alone run: what tests
say about them comes from the checks on GitHub. Policy, prompts and guidance are those of the base.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from factory.agents.facts import VIEWS
from factory.agents.roles import ROLES
from factory.answers import read_answer
from factory.config import ProjectConfig, default_project, settings_in_force
from factory.cycle.briefing import guidance
from factory.cycle.deciding import with_scores
from factory.cycle.experiment import FINAL_REVIEW, VERDICT, load
from factory.cycle.hub import REMOTE, Hub
from factory.cycle.judging import candidate_of
from factory.cycle.lab import Lab
from factory.cycle.runners import make_runner, resolve_runner
from factory.cycle.single import ask_once
from factory.cycle.told import experiment_told
from factory.errors import BadInput, EnvironmentLacking, Refused
from factory.evals.dimensions.sources import is_test_file
from factory.fsio import utc_now
from factory.git import fetch, scratch_checkout
from factory.github import CheckRun, Note, PullDetails, same_account
from factory.github.texts import REVIEW_MARK, PullReview, experiment_review, pull_review
from factory.guard import run_guards
from factory.models import (
    Experiment,
    GuardReport,
    Reason,
    ReviewRecord,
    ReviewVerdict,
    Verdict,
    VerdictRecord,
)
from factory.words import counted, quoted

TASK = (
    "Review this pull request. What stands as its plan item are the words of its author: a claim about it, "
    "which nobody has agreed to."
)

_EXPERIMENT = re.compile(r"<!-- factory-experiment: ([0-9A-Za-z-]+)/(\d{1,9}) -->")
_PASSED = ("success", "neutral", "skipped")


@dataclass(frozen=True)
class Review:
    """A review ready to be posted: its text, the commit it judges, and whether it says KEEP."""

    text: str
    commit: str
    keep: bool


def review_of(
    lab: Lab, hub: Hub, pull: PullDetails, *, number: int | None = None, runner: str = "", model: str = ""
) -> Review:
    """The review of a pull request as it stands: of experiment ``number``, or of the one it was opened for.

    Raises Refused where it has moved away from the commit that was judged.
    """
    experiment = load(lab, number) if number is not None else _experiment_of(lab, pull)
    if experiment is None:
        return _judged(lab, hub, pull, (runner, model))
    decision = _decision(lab, experiment)
    if decision.commit != pull.head:
        raise Refused(
            f"Pull request #{pull.number} is at {pull.head[:12]}, and experiment {experiment.id} was judged "
            f"at {decision.commit[:12]}.",
            "What came after that was not measured: push the judged commit, or make it an experiment.",
        )
    told = experiment_told(lab, experiment, decision)
    return Review(experiment_review(told), decision.commit, told.keep)


def _experiment_of(lab: Lab, pull: PullDetails) -> Experiment | None:
    """The experiment of this project that a pull request was opened for, by the mark in its text.

    Whoever wrote the mark, the experiment's own record is what counts, and its commit has to be the head.
    """
    found = _EXPERIMENT.search(pull.body)
    if found is None:
        return None
    try:
        experiment = load(lab, int(found[2]))
    except BadInput:
        return None
    return experiment if experiment.cycle == found[1] else None


def _decision(lab: Lab, experiment: Experiment) -> VerdictRecord:
    """The verdict; before there is one, the final review as it is on record."""
    folder = lab.store.experiment(experiment.id)
    if folder.exists(VERDICT):
        return folder.read(VERDICT, VerdictRecord)
    commit = candidate_of(lab, experiment)
    review = folder.find(FINAL_REVIEW, ReviewRecord)
    if review is None or review.commit != commit:
        raise Refused(
            f"Experiment {experiment.id} is neither decided nor reviewed at {commit[:12]}.",
            f"factory review {quoted(lab.paths.root)} --id {experiment.id} --verdict keep --reason TEXT",
        )
    keep = review.verdict is ReviewVerdict.PROCEED
    record = VerdictRecord(
        commit=commit,
        verdict=Verdict.KEEP if keep else Verdict.REVERT,
        reason=Reason.REVIEW,
        rationale=review.reason,
        decided_by=review.by,
        timestamp=review.timestamp,
    )
    return with_scores(lab, experiment, lab.required_policy(experiment.baseline), record)


def post(hub: Hub, pull: PullDetails, review: Review) -> str:
    """Post a review, or bring the one that is there up to date; returns its address.

    Raises Refused where the pull request has moved on since.
    """
    client = hub.require()
    now = client.pull(hub.slug, pull.number)
    if now.head != review.commit:
        raise Refused(
            f"Pull request #{pull.number} has moved from {review.commit[:12]} to {now.head[:12]} meanwhile.",
            "Run the same command again: the review has to be of what is there.",
        )
    earlier = _earlier(hub, pull.number)
    if earlier is None:
        return client.post_review(hub.slug, pull.number, review.commit, review.text)
    return client.edit_review(hub.slug, pull.number, earlier.id, review.text)


def _earlier(hub: Hub, number: int) -> Note | None:
    client = hub.require()
    me = client.login()
    mine = [
        n
        for n in client.reviews(hub.slug, number)
        if f"<!-- {REVIEW_MARK}:" in n.body and same_account(n.author, me)
    ]
    return mine[-1] if mine else None


def _judged(lab: Lab, hub: Hub, pull: PullDetails, wanted: tuple[str, str]) -> Review:
    """Guard and Reviewer on a pull request that is no experiment."""
    head = fetch(lab.repo, REMOTE, f"refs/pull/{pull.number}/head")
    if head != pull.head:
        raise Refused(f"Pull request #{pull.number} has moved to {head[:12]} meanwhile.", "Run it again.")
    base = lab.repo.merge_base(fetch(lab.repo, REMOTE, f"refs/heads/{pull.base_branch}"), head)
    if not base:
        raise BadInput(f"Pull request #{pull.number} shares no history with {pull.base_branch}.", "")
    policy = lab.policy(base) or default_project()
    guard = run_guards(lab.repo, base, head, policy)
    facts = _facts(lab, pull, guard)
    answer = _ask(lab, policy, guard, facts, wanted)
    checks = hub.require().checks(hub.slug, head)
    failed = [check for check in checks if check.conclusion and check.conclusion not in _PASSED]
    keep = guard.clean and answer["verdict"] == ReviewVerdict.PROCEED and not failed
    told = PullReview(
        commit=head,
        keep=keep,
        reason=_reason(answer, guard, failed),
        time=utc_now(),
        quality=[str(answer["reason"]), *map(str, answer.get("findings", ())), *_not_shown(facts["diff"])],
        strengths=_strengths(lab, guard, checks, base, head),
        tests=[f"{check.name}: {check.conclusion or 'still running'}" for check in checks],
        recommendation=_recommendation(answer, keep, checks),
        guard=guard,
    )
    return Review(pull_review(told), head, keep)


def _facts(lab: Lab, pull: PullDetails, guard: GuardReport) -> dict[str, Any]:
    base, head = guard.baseline, guard.head
    return {
        "item": {"title": pull.title, "what": pull.body, "checklist": []},
        "files": [f"{change.status} {change.path}" for change in lab.repo.changes(base, head)],
        "diff": lab.repo.diff(base, head),
        "guard": guard.model_dump(mode="json"),
        "guidance": guidance(lab, base),
    }


def _ask(
    lab: Lab, policy: ProjectConfig, guard: GuardReport, facts: dict[str, Any], wanted: tuple[str, str]
) -> dict[str, Any]:
    """The Reviewer's answer. Raises EnvironmentLacking where there is none: no answer is no review."""
    role, settings = ROLES["reviewer"], settings_in_force({}, policy).config.runner
    sandbox = lab.agents_sandbox
    chosen = make_runner(resolve_runner(wanted[0] or settings.default, sandbox), sandbox, settings.commands)
    sandbox.require(role.access, own=chosen.protects_itself)
    with scratch_checkout(lab.repo, guard.head, parent=lab.workspaces) as checkout:
        result = ask_once(
            lab,
            chosen,
            role,
            TASK,
            facts,
            cwd=checkout,
            policy=policy,
            revision=guard.baseline,
            model=wanted[1] or policy.runner.model,
        )
    answer, wrong = read_answer(result.answer, result.text, role.schema or {})
    if result.status != "done" or answer is None:
        why = result.error or "; ".join(wrong) or result.status
        raise EnvironmentLacking(f"The reviewer gave no review: {why}.", "Nothing was posted; run it again.")
    return answer


def _reason(answer: dict[str, Any], guard: GuardReport, failed: list[CheckRun]) -> str:
    """What decides it, the hardest first."""
    if not guard.clean:
        return f"{guard.findings[0].guard}: {guard.findings[0].message}"
    if failed:
        return f"a check fails: {', '.join(check.name for check in failed)}"
    return str(answer["reason"])


def _strengths(lab: Lab, guard: GuardReport, checks: list[CheckRun], base: str, head: str) -> list[str]:
    """What speaks for it, from facts alone."""
    tests = [c.path for c in lab.repo.changes(base, head) if c.status != "D" and is_test_file(c.path)]
    passed = [check for check in checks if check.conclusion == "success"]
    return [
        *(["no guard objects: scope, judge and tests are as they were"] if guard.clean else []),
        *([f"adds to or changes {counted(len(tests), 'test file')}"] if tests else []),
        *([f"{len(passed)} of {len(checks)} checks pass"] if passed else []),
    ]


def _not_shown(diff: str) -> list[str]:
    """That the Reviewer has not been shown all of a diff, where that is so."""
    size, shown = len(diff.encode("utf-8", "surrogateescape")), VIEWS["diff"].limit
    return (
        [f"Of the diff, the first {shown} of {size} bytes were shown to the reviewer."]
        if size > shown
        else []
    )


def _recommendation(answer: dict[str, Any], keep: bool, checks: list[CheckRun]) -> str:
    if keep:
        running = any(not check.conclusion for check in checks)
        return "Merge it once its checks have passed." if running else "Merge it."
    return "Change it first." if answer["verdict"] == ReviewVerdict.REDIRECT else "Do not merge it as it is."
