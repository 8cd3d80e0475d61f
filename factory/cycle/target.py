"""Where research mode gets its target from: the policy, or a specification that a person has approved."""

from __future__ import annotations

from factory.approvals import Approvals
from factory.config import load_project
from factory.cycle.contract import approved_text
from factory.cycle.lab import Lab
from factory.errors import BadInput
from factory.fsio import read_exactly
from factory.paths import CONFIG_FILE
from factory.research.target import budget_of, configuration_in, render_target, settings_of
from factory.spec import ResearchConfiguration
from factory.target import SPEC_FILE


def require_target(lab: Lab, revision: str, approved_plan: str) -> None:
    """Before research begins: a target in the policy, or in an approved specification.

    Raises BadInput where there is none, Refused where the specification is not approved.
    """
    policy = lab.policy(revision)
    if (policy is None or not policy.research.configured) and specified(lab, revision, approved_plan) is None:
        raise BadInput(
            f"There is no research target: [research] in {CONFIG_FILE} names no run command, and "
            "no approved specification has a Research Configuration.",
            f"docs/research.md has an example; commit it in {CONFIG_FILE}.",
        )


def specified(lab: Lab, revision: str, approved_plan: str) -> ResearchConfiguration | None:
    """The research configuration of the approved plan, else of the approved SPEC.md at a commit."""
    if approved_plan:
        found = configuration_in(read_exactly(lab.paths.plan))
        if found is not None:
            return found
    if configuration_in(lab.repo.show(revision, SPEC_FILE) or "") is None:
        return None
    return configuration_in(approved_text(lab, revision))


def wants_research(lab: Lab, text: str) -> bool:
    """Whether an approved plan is one for research mode."""
    return configuration_in(text) is not None and Approvals(lab.home, lab.paths.key).of(text) is not None


def target_text(lab: Lab, commit: str, approved_plan: str) -> str:
    """The policy at ``commit`` with the target that the specification gives.

    Raises BadInput where it cannot be put there, for the file has a part of [research] already.
    """
    text = lab.repo.show(commit, CONFIG_FILE) or ""
    found = specified(lab, commit, approved_plan)
    if found is None:
        raise BadInput(f"No specification at {commit[:12]} has a Research Configuration any more.")
    policy = lab.required_policy(commit)
    if any(path[:1] == ("research",) for path in policy.given):
        raise BadInput(
            f"[research] in {CONFIG_FILE} names no metric or no run command.",
            "Complete it by what the specification says, and commit it.",
        )
    added = render_target(
        settings_of(found), ("From the Research Configuration of the approved specification.",)
    )
    budget = budget_of(found)
    if budget is not None and not any(path[:1] == ("limits",) for path in policy.given):
        added += f"\n[limits]\nusd = {budget:g}\n"
    whole = f"{text.rstrip()}\n\n{added}"
    load_project(whole, CONFIG_FILE)
    return whole
