"""Integration: moving the target branch on to what was kept, and nothing else.

The target moves by fast-forward only. Where it has moved meanwhile, the kept commits are replayed on it, and
guarded and measured again as a sum. Whatever stands in the way leaves the work pending on its branch, never
reverted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from factory.cycle.experiment import compare_sides, cycle_branch
from factory.cycle.failures import confirm_failures
from factory.cycle.inflight import journals
from factory.cycle.lab import Lab
from factory.cycle.measuring import measure_commit, measure_pairs
from factory.guard import run_guards
from factory.journal import Event, read_events
from factory.models import Integration, Verdict


@dataclass(frozen=True)
class Integrated:
    """What became of an integration. ``command`` is what a person types where it is pending."""

    status: Integration
    branch: str
    target: str
    head: str
    message: str
    command: str = ""


def integrate_branch(lab: Lab, branch: str, target: str, start: str) -> Integrated:
    """Bring ``branch``, begun at commit ``start``, into ``target``. Safe to repeat."""
    head = lab.repo.resolve(f"refs/heads/{branch}")
    tip = lab.repo.resolve(f"refs/heads/{target}")
    if lab.repo.is_ancestor(head, tip):
        return Integrated(Integration.MERGED, branch, target, head, f"{target} has all of it")
    if not lab.repo.is_ancestor(tip, head):
        replayed, why_not = _replay(lab, branch, target, start=start, head=head, tip=tip)
        if replayed is None:
            return _pending(lab, branch, target, head, why_not)
        head = replayed
    merge = lab.repo.fast_forward(target, head)
    if not merge.done:
        return _pending(lab, branch, target, head, merge.message)
    return Integrated(Integration.MERGED, branch, target, head, f"{target} is now at {head[:12]}")


def _pending(lab: Lab, branch: str, target: str, head: str, message: str) -> Integrated:
    place = lab.repo.worktree_of(target) or lab.paths.root
    command = f"factory integrate {place}"
    return Integrated(Integration.PENDING, branch, target, head, message, command)


def _replay(lab: Lab, branch: str, target: str, *, start: str, head: str, tip: str) -> tuple[str | None, str]:
    """The branch's commits on top of a target that has moved; None with the reason if that is unsound."""
    lab.say(f"{target} has moved to {tip[:12]}: replaying what was kept on it")
    replayed = lab.repo.replay(start, head, tip)
    if replayed is None:
        return None, f"the kept changes conflict with what {target} has become"
    policy = lab.required_policy(tip)
    report = run_guards(lab.repo, tip, replayed, policy)
    if not report.clean:
        return None, f"on the new {target}, a guard objects: {report.findings[0].message}"
    before, after = (measure_commit(lab, commit, tip, policy) for commit in (tip, replayed))
    pairs = measure_pairs(lab, tip, replayed, policy, (before, after))
    comparison = compare_sides(pairs.before, pairs.after, policy)
    failures = confirm_failures(lab, tip, replayed, policy, before=before.tests, after=after.tests)
    if comparison.direction in ("regressed", "inconclusive"):
        return None, f"on the new {target}, the sum is {comparison.direction}: {comparison.rationale}"
    if failures.confirmed or failures.unclear:
        failing = ", ".join([*failures.confirmed, *failures.unclear][:3])
        return None, f"on the new {target}, tests fail: {failing}"
    lab.repo.set_ref(f"refs/heads/{branch}", replayed, head)
    return replayed, ""


def clear_branch(lab: Lab, cycle: str, done: Integrated) -> None:
    """Drop a cycle's branch once the target has all of it; while it is pending it stays."""
    if done.status is Integration.MERGED:
        lab.repo.delete_ref(f"refs/heads/{cycle_branch(cycle)}")


def integrate_pending(lab: Lab) -> list[Integrated]:
    """Try every branch whose kept work has not reached its target, oldest first, and journal the outcome."""
    results = []
    for path in sorted(journals(lab.paths)):
        events = read_events(path)
        for branch, target, start in _pending_in(lab, events):
            done = integrate_branch(lab, branch, target, start)
            lab.journal(path.stem).append("integration", **(asdict(done) | {"start": start}))
            if done.status is Integration.MERGED:
                lab.repo.delete_ref(f"refs/heads/{branch}")
            results.append(done)
    return results


def _pending_in(lab: Lab, events: Sequence[Event]) -> list[tuple[str, str, str]]:
    """Branch, target and start of what a journal says is kept and not merged."""
    found: dict[str, tuple[str, str, str]] = {}
    for event in events:
        data = event.data
        if event.type == "experiment.finalized" and data["verdict"] == Verdict.KEEP:
            found[data["branch"]] = (data["branch"], events[0].data["target"], data["baseline"])
        elif event.type == "integration":
            found[data["branch"]] = (data["branch"], data["target"], data["start"])
            if data["status"] == Integration.MERGED:
                del found[data["branch"]]
    return [entry for entry in found.values() if lab.repo.refs(f"refs/heads/{entry[0]}")]
