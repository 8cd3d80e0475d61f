"""Where research mode gets its target from: the policy, or a specification that a person has approved."""

from __future__ import annotations

from dataclasses import replace

from factory.config import ProjectConfig, literal, load_project
from factory.cycle.contract import approved_text, waiting_plan
from factory.cycle.lab import Lab
from factory.errors import BadInput
from factory.evals.discover import Discovery
from factory.git import scratch_checkout
from factory.paths import CONFIG_FILE
from factory.research.ratchet import number
from factory.research.run import Ran, run_target
from factory.research.target import configuration_in, render_target, settings_of
from factory.spec import ResearchConfiguration
from factory.spec.configuration import budget_of
from factory.target import SPEC_FILE

EXAMPLE = f"""Commit one in {CONFIG_FILE}, such as this, where the run prints {{"length": 14.9}} at its end:
  [research]
  objective = "minimize"
  metric = "length"
  run = "python bench/score.py"
  mutable = ["src/**"]
  fixed = ["bench/**"]"""
"""A research target to copy."""

REPEATS = 5
"""Repeats that are written for a metric whose two trials differ."""


def require_target(lab: Lab, revision: str, approved_plan: str) -> None:
    """Before research begins: a target in the policy, or in an approved specification.

    Raises BadInput where there is none, Refused where the specification is not approved.
    """
    policy = lab.policy(revision)
    if (policy is None or not policy.research.configured) and specified(lab, revision, approved_plan) is None:
        raise BadInput(
            f"There is no research target: [research] in {CONFIG_FILE} names no run command, and "
            "no approved specification has a Research Configuration.",
            EXAMPLE,
        )


def specified(lab: Lab, revision: str, approved_plan: str) -> ResearchConfiguration | None:
    """The research configuration of the approved plan, else of the approved SPEC.md at a commit."""
    if approved_plan:
        found = configuration_in(waiting_plan(lab))
        if found is not None:
            return found
    if configuration_in(lab.repo.show(revision, SPEC_FILE) or "") is None:
        return None
    return configuration_in(approved_text(lab, revision))


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
    whole = f"{text.rstrip()}\n\n{added}{_limits(found, policy)}"
    load_project(whole, CONFIG_FILE)
    return whole


def _limits(found: ResearchConfiguration, policy: ProjectConfig) -> str:
    """``[limits]`` with the cost budget of the specification; empty where the policy has limits already."""
    budget = budget_of(found)
    if budget is None or any(path[:1] == ("limits",) for path in policy.given):
        return ""
    return f"\n[limits]\nusd = {literal(budget)}\n"


def with_target(lab: Lab, revision: str, found: Discovery) -> Discovery:
    """What discover found, with the target of the SPEC.md at ``revision``, if that gives one.

    It is run twice, with two seeds: what differs has noise and is repeated. What cannot be run is written as
    a comment, with the reason, for a person to look at.
    """
    configuration = configuration_in(lab.repo.show(revision, SPEC_FILE) or "")
    if configuration is None:
        return found
    try:
        settings = settings_of(configuration)
        policy = load_project(f"{found.config_text}\n{render_target(settings)}", CONFIG_FILE)
    except BadInput as error:
        return replace(found, notes=[*found.notes, f"research: {error.message}"])
    tried = [_tried(lab, revision, policy, seed) for seed in (1, 2)]
    failed = next((ran.error for ran in tried if ran.value is None), "")
    values = [number(ran.value) for ran in tried]
    if failed:
        told = f"{SPEC_FILE} names a research target, and its run fails: {failed}"
        section = "".join(
            f"# {line}\n" for line in (" ".join(told.split()), *render_target(settings).splitlines())
        )
    else:
        settings["repeats"] = REPEATS if values[0] != values[1] else 1
        told = (
            f"{settings['metric']} {values[0]} and {values[1]} in two runs: repeats = {settings['repeats']}"
        )
        section = render_target(settings, (f"From the Research Configuration of {SPEC_FILE}; {told}.",))
        section += _limits(configuration, policy)
    return replace(
        found,
        config_text=f"{found.config_text.rstrip()}\n\n{section}",
        notes=[*found.notes, f"research: {told}"],
    )


def _tried(lab: Lab, revision: str, policy: ProjectConfig, seed: int) -> Ran:
    lab.say(f"trial of the research target with seed {seed}")
    with scratch_checkout(lab.repo, revision, parent=lab.workspaces) as checkout:
        return run_target(
            checkout,
            policy.research.run,
            seed,
            config=policy,
            project_root=lab.paths.root,
            home=lab.home,
            sandbox=lab.sandbox,
            progress=lab.progress,
        )
