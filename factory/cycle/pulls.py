"""Pull requests: a kept experiment's commit, pushed as a branch, and what becomes of it on GitHub.

Kept experiments of one cycle stand on one another, as they were measured: the first one's pull request is
against the target branch, each further one's against the branch before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from factory.cycle.experiment import VERDICT, load
from factory.cycle.hub import REMOTE, Hub
from factory.cycle.lab import Lab
from factory.cycle.told import experiment_told
from factory.github import PullDetails, same_account
from factory.github.texts import PullText
from factory.models import Experiment, VerdictRecord


@dataclass(frozen=True)
class Pull:
    """An experiment's pull request: its number, address, and branch."""

    number: int
    url: str
    branch: str


@dataclass(frozen=True)
class Serves:
    """The issues that a pull request closes when it is merged, and those it serves in part."""

    closes: Sequence[str] = ()
    part_of: Sequence[str] = ()


def open_pull(
    lab: Lab, hub: Hub, experiment: Experiment, below: Pull | None = None, serves: Serves = Serves()
) -> Pull:
    """The experiment's pull request, opened unless it is there already; ``below`` is the one it stands on.

    Safe to repeat: its branch and the mark in its text are looked for first. Raises EnvironmentLacking and
    GitError when GitHub or git cannot be reached or say no; nothing is forced over what is there.
    """
    client = hub.require()
    decision = lab.store.experiment(experiment.id).read(VERDICT, VerdictRecord)
    text = PullText(
        experiment.item,
        experiment_told(lab, experiment, decision),
        key=f"{experiment.cycle}/{experiment.id}",
        closes=serves.closes,
        part_of=serves.part_of,
        after=f"#{below.number}" if below else "",
    )
    known = _known(hub, experiment, text)
    if known is not None:
        return Pull(known.number, known.url, experiment.branch)
    lab.repo.push(REMOTE, decision.commit, experiment.branch)
    base = below.branch if below else experiment.target
    url = client.open_pull_request(hub.slug, experiment.branch, base, text.title, text.body())
    made = int(url.rstrip("/").rpartition("/")[2])
    lab.say(f"pull request #{made} for experiment {experiment.id}: {url}")
    return Pull(made, url, experiment.branch)


def _known(hub: Hub, experiment: Experiment, text: PullText) -> PullDetails | None:
    """The pull request that an earlier try has opened. One from a branch of that name alone is somebody's."""
    client = hub.require()
    for found in client.pull_requests(hub.slug, experiment.branch):
        details = client.pull(hub.slug, found.number)
        if text.mark in details.body and same_account(details.author, client.login()):
            return details
    return None


@dataclass(frozen=True)
class Standing:
    """How pull requests stand: ``merged`` all, ``settled`` when nothing is open, and that in words."""

    merged: bool
    settled: bool
    message: str
    command: str = ""


def standing(lab: Lab, hub: Hub, numbers: Sequence[int], target: str) -> Standing:
    """Ask GitHub how pull requests stand, and whether the local target has what was merged."""
    client = hub.require()
    found = [client.pull(hub.slug, number) for number in numbers]
    waiting = [pull for pull in found if pull.state == "open"]
    if waiting:
        return Standing(False, False, f"waits on {_told(waiting)}")
    merged = [pull for pull in found if pull.state == "merged"]
    lacking = [pull for pull in merged if not _has(lab, target, pull)]
    if lacking:
        there = f"merged as {_told(lacking)}, and the local {target} does not have it yet"
        return Standing(False, False, there, "git pull")
    closed = [pull for pull in found if pull.state == "closed"]
    if closed:
        return Standing(False, True, f"closed without a merge: {_told(closed)}")
    return Standing(True, True, f"merged as {_told(merged)}")


def _has(lab: Lab, target: str, pull: PullDetails) -> bool:
    made = lab.repo.find(pull.merge_commit) if pull.merge_commit else None
    return made is not None and lab.repo.is_ancestor(made, f"refs/heads/{target}")


def _told(pulls: Sequence[PullDetails]) -> str:
    return ", ".join(f"#{pull.number} ({pull.url})" for pull in pulls)


def kept_pulls(lab: Lab, hub: Hub, numbers: Sequence[int]) -> list[Pull]:
    """A pull request for each of these kept experiments of one branch, in their order."""
    made: list[Pull] = []
    for number in numbers:
        made.append(open_pull(lab, hub, load(lab, number), made[-1] if made else None))
    return made
