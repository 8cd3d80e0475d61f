"""Steps that look: preflight, setup, study."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from factory.backlog import read_backlog
from factory.cycle.context import Cycle
from factory.cycle.failures import remember_flaky
from factory.cycle.focus import open_issues
from factory.cycle.lab import Lab
from factory.cycle.machine import Done, Outcome
from factory.cycle.measuring import measure_commit
from factory.cycle.oldplans import set_aside_old_plans
from factory.cycle.steps.hosting import cycle_hub
from factory.cycle.target import with_target
from factory.errors import EnvironmentLacking
from factory.evals.discover import Discovery, discover
from factory.evals.progress import Remark
from factory.evals.remarks import remarks, unmeasured
from factory.fsio import atomic_write
from factory.git import commit_files, scratch_checkout
from factory.models import Measurement
from factory.paths import CONFIG_FILE
from factory.scratch import remove
from factory.study import Study, find_todos, observe
from factory.words import quoted

SETUP_MESSAGE = f"Set up factory\n\nMeasured and written by `factory discover`: {CONFIG_FILE}.\n"
SOURCES_READ = 400
"""Source files looked through for TODO remarks, at the most."""


def preflight(cycle: Cycle, scope: str) -> Outcome:
    """Start the cycle's branch at the target's commit; clear away checkouts that a crash has left."""
    lab = cycle.lab
    if not lab.repo.refs(cycle.branch_ref):
        lab.repo.set_ref(cycle.branch_ref, cycle.start)
    left_over = lab.left_over()
    for place in left_over:
        remove(place)
    set_aside_old_plans(cycle)
    return Done({"branch": cycle.branch_ref, "start": cycle.start, "removed": len(left_over)})


def setup(cycle: Cycle, scope: str) -> Outcome:
    """Make sure there is a policy: a project without one is measured, and gets one as the first commit."""
    if cycle.lab.policy(cycle.start) is not None:
        return Done({"commit": cycle.start, "made": False})
    with nothing_begun(cycle):
        found = discover_setup(cycle.lab, cycle.start, cycle.target)
    if found.untestable:
        give_up(
            cycle,
            "The project's tests cannot be run",
            found.untestable,
            f"Mend that. To do without tests, run `factory discover {quoted(cycle.lab.paths.root)}` and "
            "commit the factory.toml.",
        )
    for note in found.notes:
        cycle.lab.progress(Remark(note))
    commit = commit_files(cycle.lab.repo, cycle.start, {CONFIG_FILE: found.config_text}, SETUP_MESSAGE)
    cycle.lab.repo.set_ref(cycle.branch_ref, commit)
    return Done({"commit": commit, "made": True, "summary": told(found)})


def give_up(cycle: Cycle, what: str, why: str, hint: str) -> NoReturn:
    """End a cycle before it has begun anything."""
    _withdraw(cycle, what)
    raise EnvironmentLacking(f"{what}: {why.rstrip('.')}.", hint)


@contextmanager
def nothing_begun(cycle: Cycle) -> Iterator[None]:
    """Ends the cycle where no environment can be had to measure its start in."""
    try:
        yield
    except EnvironmentLacking as error:
        _withdraw(cycle, error.message)
        raise


def _withdraw(cycle: Cycle, why: str) -> None:
    """What mends the cause is often a commit, which a cycle that is resumed would never see."""
    if cycle.head == cycle.start:
        cycle.lab.repo.delete_ref(cycle.branch_ref)
    cycle.record("cycle.abandoned", why=why)


def discover_setup(lab: Lab, revision: str, target: str) -> Discovery:
    """What a factory.toml for the project at ``revision`` would say, by trying; what flips is remembered.

    Raises EnvironmentLacking where there is no interpreter to measure with, or nothing to measure.
    """
    if not lab.repo.files(revision):
        raise EnvironmentLacking(
            f"There is no file in {lab.paths.root} at {revision[:12]}, so there is nothing to measure.",
            "Put a project's files there and commit them; or start with an idea in a folder of its own: "
            'factory ceo "…" --dir FOLDER',
        )
    found = discover(
        lab.paths.root,
        lambda: scratch_checkout(lab.repo, revision, parent=lab.workspaces),
        target_branch=target,
        home=lab.home,
        sandbox=lab.sandbox,
        progress=lab.progress,
    )
    remember_flaky(lab, found.flaky, lab.repo.tree(revision))
    return with_target(lab, revision, found)


def told(found: Discovery) -> list[str]:
    """What discover found, a line each; a reason that several dimensions share is told once."""
    lines = [f"language: {found.language}"]
    reasons: dict[str, str] = {}
    for tried in found.tried:
        name, scores = tried.spec.name, ["none" if s is None else f"{s:.4f}" for s in tried.scores]
        if tried.kept:
            lines.append(f"{name}: {' and '.join(scores)}{', noisy' if tried.spec.noisy else ''}")
        elif tried.reason in reasons:
            lines.append(f"{name}: dropped, as {reasons[tried.reason]}")
        else:
            lines.append(f"{name}: dropped: {tried.reason}")
            reasons[tried.reason] = name
    return [*lines, *found.notes]


def study(cycle: Cycle, scope: str) -> Outcome:
    """Measure the starting point and write the observations down."""
    with nothing_begun(cycle):
        measurement = measure_commit(cycle.lab, cycle.head, cycle.head, cycle.policy)
    why_not = unmeasured(measurement)
    if why_not:
        give_up(cycle, "The project cannot be measured", why_not, _mend(cycle))
    for remark in remarks(measurement):
        cycle.lab.say(remark)
    asked_for = open_issues(cycle_hub(cycle), cycle.progress.warn)
    text = observe_at(cycle.lab, cycle.head, measurement, cycle.state.messages, asked_for)
    atomic_write(cycle.lab.paths.cycle_dir(cycle.id) / "observations.md", text)
    return Done({"composite": measurement.composite, "measurement": measurement.model_dump(mode="json")})


def _mend(cycle: Cycle) -> str:
    """What a person can do where nothing is measured, by whose setup it is."""
    if cycle.head == cycle.start:
        return f"Mend that in the project, or in [eval] of {CONFIG_FILE}, and commit it."
    command = f"factory discover {quoted(cycle.lab.paths.root)}"
    return f"`{command}` writes a {CONFIG_FILE}; add a dimension of your own to it, and commit it."


def observe_at(
    lab: Lab, commit: str, measurement: Measurement, messages: list[str], issues: list[str]
) -> str:
    """The observations on ``commit``, from records and repository, and what is asked for."""
    policy = lab.required_policy(commit)
    sources = [path for path in lab.repo.files(commit) if path.endswith((".py", ".js", ".ts"))][:SOURCES_READ]
    return observe(
        Study(
            measurement=measurement,
            history=lab.history(),
            backlog=read_backlog(lab.paths.backlog),
            messages=messages,
            issues=issues,
            churn=lab.repo.churn(commit),
            todos=find_todos({path: lab.repo.show(commit, path) or "" for path in sources}),
            stuck_threshold=policy.strategy.stuck_threshold,
            plateau_threshold=policy.strategy.plateau_threshold,
        )
    )
