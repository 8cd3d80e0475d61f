"""Integration: moving the target branch on to what was kept, and nothing else.

The target moves by fast-forward only. Where it has moved meanwhile, the kept commits are replayed on it, and
guarded and measured again as a sum. Whatever stands in the way leaves the work pending on its branch, never
reverted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from factory.config import ProjectConfig
from factory.cycle.branches import CYCLE_BRANCHES, cycle_branch, drop_branch
from factory.cycle.contract import approval_of
from factory.cycle.experiment import load
from factory.cycle.failures import confirm_failures, sample_pairs
from factory.cycle.hub import Hub
from factory.cycle.inflight import first_event, own_journals
from factory.cycle.judging import compare_sides
from factory.cycle.lab import Lab
from factory.cycle.measuring import measure_commit
from factory.cycle.metric import Bench, ratchet
from factory.cycle.pulls import Pull, Serves, kept_pulls, pull_below, standing
from factory.errors import FactoryError
from factory.evals.decide import threshold_holds
from factory.fsio import write_lock
from factory.git import BRANCHES, fast_forward, replay
from factory.guard import run_guards
from factory.journal import Event, read_events
from factory.models import GuardFinding, Integration, Verdict
from factory.target import SPEC_FILE
from factory.words import quoted


@dataclass(frozen=True)
class Integrated:
    """What became of an integration. ``command`` is what a person types where it is pending.

    ``pulls`` are the numbers of its pull requests; ``settled`` when these were closed without a merge, so
    that nothing is waited for any more.
    """

    status: Integration
    branch: str
    target: str
    head: str
    message: str
    command: str = ""
    pulls: tuple[int, ...] = ()
    settled: bool = False


def integrate_branch(lab: Lab, branch: str, target: str, *, start: str, kept: str) -> Integrated:
    """Bring ``branch``, begun at commit ``start``, into ``target``. Safe to repeat.

    ``kept`` is the commit on it that was decided last: nothing else on the branch is brought anywhere.
    """
    ref, aim = (lab.repo.refs(f"refs/heads/{name}").get(f"refs/heads/{name}") for name in (branch, target))
    if aim is None:
        return left_pending(lab, branch, target, kept, f"there is no branch {target} any more")
    if lab.repo.is_ancestor(kept, aim):
        return Integrated(Integration.MERGED, branch, target, kept, f"{target} has all of it")
    if ref != kept:
        moved = f"{branch} has commits that were not measured; {kept[:12]} was kept"
        return left_pending(lab, branch, target, kept, moved)
    head = kept
    # What lies below the branch and is not on the target does not come along: a person may have refused it.
    if not (lab.repo.is_ancestor(aim, kept) and lab.repo.is_ancestor(start, aim)):
        try:
            replayed, why_not = _replay(lab, branch, target, start=start, head=kept, tip=aim)
        except FactoryError as error:
            # The target's new state may be one that cannot be measured at all; the kept work waits.
            replayed, why_not = None, f"on the new {target}: {error.message}"
        if replayed is None:
            return left_pending(lab, branch, target, kept, why_not)
        head = replayed
    merge = fast_forward(lab.repo, target, head)
    if not merge.done:
        return left_pending(lab, branch, target, kept, merge.message)
    return Integrated(Integration.MERGED, branch, target, head, f"{target} is now at {head[:12]}")


def left_pending(lab: Lab, branch: str, target: str, head: str, message: str) -> Integrated:
    """What is said of kept work that stays on its branch, and why."""
    place = lab.repo.worktree_of(target) or lab.paths.root
    command = f"factory integrate {quoted(place)}"
    return Integrated(Integration.PENDING, branch, target, head, message, command)


def _replay(lab: Lab, branch: str, target: str, *, start: str, head: str, tip: str) -> tuple[str | None, str]:
    """The branch's commits on top of a target that has moved; None with the reason if that is unsound."""
    lab.say(f"{target} has moved to {tip[:12]}: replaying what was kept on it")
    replayed = replay(lab.repo, start, head, tip)
    if replayed is None:
        return None, f"the kept changes conflict with what {target} has become"
    if lab.repo.tree(replayed) == lab.repo.tree(tip):
        return tip, ""  # the target has these very changes already
    policy = lab.required_policy(tip)
    allows = _allowed_by(lab, start, head)
    report = run_guards(lab.repo, tip, replayed, policy, allows=allows, passing_tests=())
    objections = [found for found in report.findings if not _is_contract(lab, found, replayed)]
    if objections:
        return None, f"on the new {target}, a guard objects: {objections[0].message}"
    before, after = (measure_commit(lab, commit, tip, policy) for commit in (tip, replayed))
    pairs = sample_pairs(lab, tip, replayed, policy, (before, after))
    lost = _metric_lost(lab, branch, tip, replayed, policy)
    if lost:
        return None, f"on the new {target}, the metric does not show the gain: {lost}"
    comparison = compare_sides(lab, pairs.before, pairs.after, policy)
    failures = confirm_failures(
        lab, tip, replayed, policy, before=before.tests, after=after.tests, allows=allows
    )
    if comparison.direction in ("regressed", "inconclusive"):
        return None, f"on the new {target}, the sum is {comparison.direction}: {comparison.rationale}"
    if not threshold_holds(comparison, policy.eval.threshold):
        return None, f"on the new {target}, the sum is below the threshold {policy.eval.threshold:.4f}"
    broken = [check.name for check in after.constraints if not check.passed]
    if broken:
        return None, f"on the new {target}, a constraint fails: {', '.join(broken)}"
    if failures.confirmed or failures.unclear:
        failing = ", ".join([*failures.confirmed, *failures.unclear][:3])
        return None, f"on the new {target}, tests fail: {failing}"
    return replayed, ""


def _allowed_by(lab: Lab, start: str, head: str) -> set[str]:
    """What the plan items of the kept experiments among these commits allow by name."""
    commits = set(lab.repo.commits(start, head))
    kept = [row for row in lab.history() if row.verdict == Verdict.KEEP and row.commit in commits]
    return {name for row in kept for name in load(lab, int(row.id or 0)).item.allows}


def _is_contract(lab: Lab, found: GuardFinding, revision: str) -> bool:
    """Whether a guard objects to a specification that the program itself committed once it was approved."""
    text = lab.repo.show(revision, SPEC_FILE) if found.file == SPEC_FILE else None
    return text is not None and approval_of(lab, text) is not None


def _metric_lost(lab: Lab, branch: str, tip: str, replayed: str, policy: ProjectConfig) -> str:
    """What the metric says against work of research mode on another target; empty where it still gains."""
    cycle = branch.removeprefix(CYCLE_BRANCHES)
    journal = lab.paths.journal(cycle)
    in_research = journal.is_file() and first_event(journal).get("data", {}).get("mode") == "research"
    if not in_research or not policy.research.configured:
        return ""
    record = ratchet(Bench(lab, policy, tip, cycle, f"integrate-{tip[:12]}"), tip, replayed)
    return "" if record.direction == "improved" else record.rationale


def clear_branch(lab: Lab, cycle: str, kept: str, done: Integrated) -> None:
    """Drop a cycle's branch once the target has all of it; while it is pending it stays."""
    if done.status is Integration.MERGED:
        _drop_merged(lab, cycle_branch(cycle), kept, done)


def _drop_merged(lab: Lab, branch: str, kept: str, done: Integrated) -> None:
    """Drop a branch whose kept work is on the target; what somebody put on top of that is set aside."""
    target = f"refs/heads/{done.target}"
    tip = lab.repo.refs(f"refs/heads/{branch}").get(f"refs/heads/{branch}")
    merged = tip is not None and lab.repo.find(target) is not None and lab.repo.is_ancestor(tip, target)
    drop_branch(lab, branch, tip if tip is not None and merged else kept, branch.rpartition("/")[2])


@dataclass(frozen=True)
class Waiting:
    """Kept work that has not reached its target: the branch, its base, and the commit that was decided.

    ``pulls`` are the numbers of the pull requests it waits on, ``below`` the one that the first stands on;
    ``serves`` is what each experiment's closes.
    """

    branch: str
    target: str
    start: str
    kept: str
    experiments: tuple[int, ...] = ()
    pulls: tuple[int, ...] = ()
    below: Pull | None = None
    serves: Mapping[int, Serves] = field(default_factory=dict)


def integrate_pending(lab: Lab, hub: Hub, only: str = "") -> list[Integrated]:
    """Try every branch whose kept work has not reached its target, oldest first, and journal the outcome.

    Where kept work goes by pull requests, these are opened, or looked at; else the branch is merged. ``only``
    names the one branch that is meant, where it is not all of them.
    """
    results = []
    for path, waiting in list(_all_waiting(lab)):
        if only and waiting.branch != only:
            continue
        done = _journalled(lab, path, waiting, _bring(lab, hub, waiting))
        if done.status is Integration.MERGED:
            _drop_merged(lab, waiting.branch, waiting.kept, done)
        results.append(done)
    return results


def _journalled(lab: Lab, path: Path, waiting: Waiting, done: Integrated) -> Integrated:
    """The outcome, which the journal says now; that of another command where it has merged this meanwhile."""
    with write_lock(lab.repo.common_dir):
        faster = None if done.status is Integration.MERGED else _merged(read_events(path), waiting)
        if faster is None:
            event = integration_event(done, waiting.start, waiting.kept)
            lab.journal(path.stem).append("integration", **event)
    return faster or done


def _merged(events: Sequence[Event], waiting: Waiting) -> Integrated | None:
    """The merge of that branch, if it is what a journal says of it last."""
    tried = (e.data for e in events if e.type == "integration" and e.data["branch"] == waiting.branch)
    last = next(reversed(list(tried)), None)
    if last is None or last["status"] != Integration.MERGED:
        return None
    return Integrated(Integration.MERGED, waiting.branch, waiting.target, last["head"], last["message"])


def waits_on(lab: Lab, commit: str) -> str:
    """The branch on which a kept commit waits to reach its target; empty where it does not wait."""
    holding = (
        waiting.branch for _, waiting in _all_waiting(lab) if lab.repo.is_ancestor(commit, waiting.kept)
    )
    return next(holding, "")


def _bring(lab: Lab, hub: Hub, waiting: Waiting) -> Integrated:
    if not hub.pull_requests or not waiting.experiments:
        return integrate_branch(lab, waiting.branch, waiting.target, start=waiting.start, kept=waiting.kept)
    try:
        pulls = waiting.pulls or _pulls_made(lab, hub, waiting)
        return _by_pulls(lab, hub, waiting, pulls)
    except FactoryError as error:
        left = left_pending(lab, waiting.branch, waiting.target, waiting.kept, error.message)
        return replace(left, pulls=waiting.pulls)


def _pulls_made(lab: Lab, hub: Hub, waiting: Waiting) -> tuple[int, ...]:
    made = kept_pulls(lab, hub, waiting.experiments, waiting.below, waiting.serves)
    return tuple(pull.number for pull in made)


def _by_pulls(lab: Lab, hub: Hub, waiting: Waiting, pulls: tuple[int, ...]) -> Integrated:
    found = standing(lab, hub, pulls, waiting.target)
    return Integrated(
        Integration.MERGED if found.merged else Integration.PR,
        waiting.branch,
        waiting.target,
        waiting.kept,
        found.message,
        found.command or f"factory integrate {quoted(lab.paths.root)}",
        pulls,
        settled=found.settled and not found.merged,
    )


def waiting_work(lab: Lab) -> list[Waiting]:
    """Kept work on its way to a target, oldest first."""
    return [waiting for _, waiting in _all_waiting(lab)]


def pending_branches(lab: Lab) -> set[str]:
    """The branches that hold kept work on its way to a target."""
    return {waiting.branch for waiting in waiting_work(lab)}


def _all_waiting(lab: Lab) -> Iterator[tuple[Path, Waiting]]:
    """What waits, by journal, oldest first. A damaged journal is told of and left out."""
    for path in _with_branches(lab, sorted(own_journals(lab.paths))):
        try:
            events = read_events(path)
        except FactoryError as error:
            lab.say(error.message)
            continue
        yield from ((path, waiting) for waiting in _waiting_in(lab, events))


def _with_branches(lab: Lab, journals: list[Path]) -> list[Path]:
    """Those journals of which a branch may be left: nothing else can wait, and they grow to be many."""
    left = [ref.removeprefix(BRANCHES) for ref in lab.repo.refs(f"{BRANCHES}factory/")]
    cycles = {branch.removeprefix(CYCLE_BRANCHES) for branch in left if branch.startswith(CYCLE_BRANCHES)}
    # The branch of an experiment does not name its journal.
    return [path for path in journals if len(cycles) < len(left) or path.stem in cycles]


def integration_event(done: Integrated, start: str, kept: str) -> dict[str, Any]:
    """What a journal says of an integration that was tried."""
    return asdict(done) | {"start": start, "kept": kept}


def _waiting_in(lab: Lab, events: Sequence[Event]) -> list[Waiting]:
    """What a journal says is kept and not merged."""
    found: dict[str, Waiting] = {}
    kept: list[int] = []
    serves: dict[int, Serves] = {}
    below = pull_below(events[0].data) if events else None
    for event in events:
        data = event.data
        if event.type == "step.completed" and data["step"] == "pull_request" and event.experiment is not None:
            serves[event.experiment] = Serves(*(data["result"].get(k, ()) for k in ("closes", "part_of")))
        elif event.type == "experiment.finalized" and data["verdict"] == Verdict.KEEP:
            opened = events[0].data
            kept.append(int(data["id"]))
            found[data["branch"]] = Waiting(
                data["branch"], opened["target"], data["baseline"], data["commit"], (int(data["id"]),)
            )
        elif event.type == "integration":
            found[data["branch"]] = Waiting(
                data["branch"], data["target"], data["start"], data["kept"], tuple(kept),
                tuple(data.get("pulls", ())), below, serves,
            )  # fmt: skip
            if data["status"] == Integration.MERGED or data.get("settled"):
                del found[data["branch"]]
    return [entry for entry in found.values() if lab.repo.refs(f"refs/heads/{entry.branch}")]
