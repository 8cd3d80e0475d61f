"""Pull requests: a kept experiment's commit, pushed as a branch, and what becomes of it on GitHub.

Kept experiments stand on one another, as they were measured: the first one's pull request is against the
target branch, each further one's against the branch before it, also when that is an earlier cycle's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from factory.cycle.experiment import VERDICT, load
from factory.cycle.hub import REMOTE, Hub
from factory.cycle.lab import Lab
from factory.cycle.told import experiment_told
from factory.errors import Refused
from factory.git import push, replay
from factory.github import PullDetails, same_account
from factory.github.texts import PullText
from factory.models import Experiment, VerdictRecord
from factory.words import quoted


@dataclass(frozen=True)
class Pull:
    """An experiment's pull request: its number, address, and branch."""

    number: int
    url: str
    branch: str


def pull_below(opened: Mapping[str, Any]) -> Pull | None:
    """The pull request that a cycle began on, by the event that opened it; None where it was the target."""
    return Pull(**opened["below"]) if opened.get("below") else None


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
    below = _still_open(hub, below)
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
    push(lab.repo, REMOTE, decision.commit, experiment.branch)
    base = below.branch if below else experiment.target
    url = client.open_pull_request(hub.slug, experiment.branch, base, text.title, text.body())
    made = int(url.rstrip("/").rpartition("/")[2])
    lab.say(f"pull request #{made} for experiment {experiment.id}: {url}")
    return Pull(made, url, experiment.branch)


def _still_open(hub: Hub, below: Pull | None) -> Pull | None:
    """The pull request below, as long as it waits; once it is merged, the target has what it brought.

    Raises Refused where it was closed: what it brought is not wanted, and would come along.
    """
    state = hub.require().pull(hub.slug, below.number).state if below else ""
    if below and state == "closed":
        raise Refused(
            f"It stands on #{below.number} ({below.url}), which was closed without a merge; "
            "`factory integrate --no-github` brings it in without that.",
            "",
        )
    return below if state == "open" else None


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
    to_pull = [pull for pull in lacking if pull.base_branch == target]
    if to_pull:
        there = f"merged as {_told(to_pull)}, and the local {target} does not have it yet"
        return Standing(False, False, there, "git pull")
    if lacking:
        there = f"merged as {_told(lacking)} into {lacking[0].base_branch}, and {target} does not have it"
        return Standing(False, False, there, f"factory integrate {quoted(lab.paths.root)} --no-github")
    closed = [pull for pull in found if pull.state == "closed"]
    if closed:
        return Standing(False, True, f"closed without a merge: {_told(closed)}")
    return Standing(True, True, f"merged as {_told(merged)}")


def _has(lab: Lab, target: str, pull: PullDetails) -> bool:
    made = lab.repo.find(pull.merge_commit) if pull.merge_commit else None
    if made is not None and lab.repo.is_ancestor(made, f"refs/heads/{target}"):
        return True
    # One that stood on another went into that one's branch, and may have come along with it as a squash.
    return pull.base_branch != target and _has_changes(lab, target, pull.head)


def _has_changes(lab: Lab, target: str, head: str) -> bool:
    """Whether the target has the very changes of a commit, whatever commits brought them."""
    tip, commit = lab.repo.resolve(f"refs/heads/{target}"), lab.repo.find(head)
    base = lab.repo.merge_base(tip, commit) if commit else ""
    replayed = replay(lab.repo, base, commit, tip) if commit and base else None
    return replayed is not None and lab.repo.tree(replayed) == lab.repo.tree(tip)


def _told(pulls: Sequence[PullDetails]) -> str:
    return ", ".join(f"#{pull.number} ({pull.url})" for pull in pulls)


def kept_pulls(
    lab: Lab, hub: Hub, numbers: Sequence[int], below: Pull | None, serves: Mapping[int, Serves]
) -> list[Pull]:
    """A pull request for each of these kept experiments of one branch, in their order.

    ``below`` is what the first one stands on, ``serves`` what each closes.
    """
    made: list[Pull] = []
    for number in numbers:
        below = open_pull(lab, hub, load(lab, number), below, serves.get(number, Serves()))
        made.append(below)
    return made
