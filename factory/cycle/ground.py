"""What a new cycle begins on: its target, or kept work that only waits for its pull requests to be merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from factory.approvals import fingerprint
from factory.cycle.branches import CYCLE_BRANCHES
from factory.cycle.contract import agreed_text
from factory.cycle.hub import Hub
from factory.cycle.integrate import Integrated, Waiting, integrate_pending, waiting_work, waits_on
from factory.cycle.lab import Lab
from factory.cycle.outcomes import outcome_events, outcomes_of
from factory.cycle.pulls import Pull
from factory.errors import Refused
from factory.models import Integration, Verdict
from factory.words import quoted


def stacks(mode: str) -> bool:
    """Whether a cycle of this mode may begin on open pull requests; the others read what the target has."""
    return mode in ("improve", "research", "meta")


@dataclass(frozen=True)
class Ground:
    """Kept work that waits on open pull requests: its newest commit, and the pull request of that.

    ``refusal`` is for a cycle that cannot begin there.
    """

    commit: str
    pull: Pull
    target: str
    refusal: Refused

    def for_cycle(self, mode: str, target: str) -> str:
        """The commit that a cycle begins on. Raises Refused where one of that mode and target cannot."""
        if not stacks(mode) or target != self.target:
            raise self.refusal
        return self.commit


def ground_of(lab: Lab, hub: Hub) -> Ground | None:
    """Bring what earlier cycles kept to its target; what still waits there on open pull requests is the
    ground of the next cycle, which would do the same work again beside it. None where nothing waits.

    Raises Refused where something waits that nothing can stand on.
    """
    waiting = _of_cycles(lab)
    on_pulls = [str(number) for one in waiting for number in one.pulls]
    if on_pulls and not hub.pull_requests:
        raise Refused(
            f"What an earlier cycle kept waits on #{', #'.join(on_pulls)}, and GitHub is to be left alone.",
            f"To merge it here: factory integrate {quoted(lab.paths.root)} --no-github",
        )
    tried = {done.branch: done for done in integrate_pending(lab, hub)} if waiting else {}
    stuck = [tried[one.branch] for one in waiting if not _settled(tried[one.branch])]
    if not stuck:
        return None
    refusal = Refused(
        f"What an earlier cycle kept still waits on {stuck[0].branch}: {stuck[0].message}",
        f"When that is out of the way: {stuck[0].command}",
    )
    left = _of_cycles(lab)
    if any(done.status is not Integration.PR for done in stuck) or not _stand_on_one_another(lab, left):
        raise refusal
    top = _open_pull_at(hub, left)
    if top is None:
        raise refusal
    return Ground(left[-1].kept, top, left[-1].target, refusal)


def require_phases_on(lab: Lab, start: str) -> None:
    """Raise Refused where a phase that a person has done counts as built, and a build on ``start`` would be
    without it.
    """
    text = agreed_text(lab)
    outcomes = outcomes_of(outcome_events(lab.paths), fingerprint(text)) if text else {}
    for phase, outcome in outcomes.items():
        for attempt in outcome.experiments:
            if attempt.verdict != Verdict.KEEP or lab.repo.is_ancestor(attempt.commit, start):
                continue
            branch = waits_on(lab, attempt.commit)
            if branch and not branch.startswith(CYCLE_BRANCHES):
                raise Refused(
                    f"Phase {phase}, which was done by hand, is kept on {branch}, and what is built would "
                    "stand without it.",
                    f"To bring it in: factory integrate {quoted(lab.paths.root)}",
                )


def _of_cycles(lab: Lab) -> list[Waiting]:
    return [one for one in waiting_work(lab) if one.branch.startswith(CYCLE_BRANCHES)]


def _settled(done: Integrated) -> bool:
    return done.status is Integration.MERGED or done.settled


def _stand_on_one_another(lab: Lab, waiting: Sequence[Waiting]) -> bool:
    """Whether the first begins where the target is now, and each further one where the one before it ends.

    Where the target has moved, or one of them was closed, a person has to say how it goes on.
    """
    tip = lab.repo.find(f"refs/heads/{waiting[0].target}") or ""
    ends = [tip, *(one.kept for one in waiting)]
    return all(one.start == end for one, end in zip(waiting, ends, strict=False))


def _open_pull_at(hub: Hub, waiting: Sequence[Waiting]) -> Pull | None:
    """The newest pull request, if all are open and it is at the commit that was kept; else None."""
    client = hub.require()
    found = [client.pull(hub.slug, number) for one in waiting for number in one.pulls]
    if any(pull.state != "open" for pull in found) or found[-1].head != waiting[-1].kept:
        return None
    return Pull(found[-1].number, found[-1].url, found[-1].head_branch)
