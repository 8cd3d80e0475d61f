"""Steps on GitHub: a plan's phases as issues, a kept experiment as a pull request, outcomes told.

Nothing here decides anything about an experiment, and GitHub out of reach ends nothing: what could not be
sent is told and journalled. A pull request is opened later, by ``factory integrate``; an issue is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from factory.cycle.context import Cycle
from factory.cycle.experiment import VERDICT, load
from factory.cycle.focus import issues_of, served_by
from factory.cycle.hub import Hub, hub_of
from factory.cycle.machine import Done, Outcome
from factory.cycle.phase_issues import open_phase_issue, tell_outcome
from factory.cycle.pulls import Pull, Serves, open_pull, pull_below
from factory.cycle.scopes import phase_of
from factory.cycle.told import experiment_told
from factory.errors import FactoryError
from factory.models import Verdict, VerdictRecord


def cycle_hub(cycle: Cycle) -> Hub:
    """GitHub as this cycle may use it."""
    return hub_of(cycle.lab, cycle.policy, no_github=cycle.options.no_github)


def no_pull_requests(cycle: Cycle) -> str:
    """Why no pull requests are opened, empty where they are."""
    return "" if cycle_hub(cycle).pull_requests else "pull requests are switched off"


def no_issues(cycle: Cycle) -> str:
    """Why phases become no issues, empty where they do."""
    return "" if cycle_hub(cycle).issues else "issues are switched off"


def open_issues(cycle: Cycle, scope: str) -> Outcome:
    """An issue for each phase of the plan."""
    plan = str(cycle.state.result("contract").get("sha256", ""))[:16] or cycle.id
    since = "" if plan != cycle.id else str(cycle.journal.events()[0].ts)
    opened: dict[str, int] = {}

    def send(hub: Hub) -> dict[str, Any]:
        for item in cycle.items:
            opened[str(item.phase)] = open_phase_issue(hub, item, plan, since).number
        return {}

    return Done(_sent(cycle, "the phases' issues", send).result | {"issues": opened})


def _sent(cycle: Cycle, what: str, send: Callable[[Hub], dict[str, Any]]) -> Done:
    """What was sent; or, where GitHub or git would not take it, that it was left out and why.

    Whatever is sent is looked for first, so a failure, half-done or not, is tried once more.
    """
    hub = cycle_hub(cycle)
    for tries_left in (1, 0):
        try:
            return Done(send(hub))
        except FactoryError as error:
            why = error.message
            if not tries_left or hub.lacking:
                break
    cycle.progress.warn(f"{what}: not on GitHub: {why}")
    return Done({"left_out": why})


def pull_request(cycle: Cycle, scope: str) -> Outcome:
    """A branch and a pull request for an experiment that is kept; with it what that closes, for later."""
    experiment = load(cycle.lab, cycle.experiment_id(scope))
    decision = cycle.lab.store.experiment(experiment.id).read(VERDICT, VerdictRecord)
    if decision.verdict is not Verdict.KEEP:
        return Done({})

    served = serves(cycle, scope)

    def send(hub: Hub) -> dict[str, Any]:
        return asdict(open_pull(cycle.lab, hub, experiment, _below(cycle, scope), served))

    return Done(_sent(cycle, f"experiment {experiment.id}", send).result | asdict(served))


def kept_scopes(cycle: Cycle) -> list[str]:
    """The scopes whose experiments were kept, in order."""
    return [
        scope for scope in cycle.state.scopes
        if cycle.state.result("verdict", scope).get("verdict") == Verdict.KEEP
    ]  # fmt: skip


def _below(cycle: Cycle, scope: str) -> Pull | None:
    """The pull request that this one stands on: that of the experiment kept last, in an earlier cycle maybe.

    None where it stands on the target. Raises FactoryError where that one was left out: it comes first.
    """
    earlier = [one for one in kept_scopes(cycle) if one != scope]
    if not earlier:
        return pull_below(cycle.state.opened)
    made = cycle.state.result("pull_request", earlier[-1])
    if "number" not in made:
        last = load(cycle.lab, cycle.experiment_id(earlier[-1]))
        raise FactoryError(f"experiment {last.id}, on which it stands, has no pull request yet")
    return Pull(int(made["number"]), str(made["url"]), str(made["branch"]))


def serves(cycle: Cycle, scope: str) -> Serves:
    """What an experiment's pull request closes: its phase's issue, and each issue in focus that is now served
    whole. One that a later phase serves too, or whose earlier phase was not kept, is served in part.
    """
    phase = phase_of(scope)
    closes: list[str] = []
    part_of: list[str] = []
    own = phase_issue_number(cycle, scope)
    if own is not None:
        closes.append(f"#{own}")
    for issue in issues_served(cycle, scope):
        others = [i.phase for i in cycle.items if issue in served_by(i, _issues(cycle)) and i.phase != phase]
        whole = all(other in _kept_phases(cycle) for other in others)
        (closes if whole else part_of).append(issue)
    return Serves(closes, part_of)


def _issues(cycle: Cycle) -> list[str]:
    return issues_of(cycle.options.focus_items)


def issues_served(cycle: Cycle, scope: str) -> list[str]:
    """The issues in focus that a scope's plan item serves."""
    return served_by(cycle.item(scope), _issues(cycle))


def _kept_phases(cycle: Cycle) -> set[int]:
    return {phase_of(scope) for scope in kept_scopes(cycle)}


def phase_issue_number(cycle: Cycle, scope: str) -> int | None:
    """The issue that a scope's phase has become, if any."""
    found = cycle.state.result("open_issues").get("issues", {}).get(str(phase_of(scope)))
    return None if found is None else int(found)


def report_issue(cycle: Cycle, scope: str) -> Outcome:
    """Tell a phase's issue what became of it."""
    number = phase_issue_number(cycle, scope)
    if number is None or not cycle.state.result("begin", scope):
        return Done({})
    experiment = load(cycle.lab, cycle.experiment_id(scope))
    decision = cycle.lab.store.experiment(experiment.id).read(VERDICT, VerdictRecord)
    told = experiment_told(cycle.lab, experiment, decision)
    made = cycle.state.result("pull_request", scope).get("number")

    def send(hub: Hub) -> dict[str, Any]:
        pull = f"pull request #{made}" if made else ""
        closed = tell_outcome(hub, number, told, pull, f"{experiment.cycle}/{experiment.id}")
        return {"issue": number, "closed": closed}

    return _sent(cycle, f"issue #{number}", send)


def references(cycle: Cycle, scope: str) -> tuple[int | str | None, int | None]:
    """An experiment's columns ``issue_number`` and ``pr_number``: a number, or names joined by ``|``."""
    own = phase_issue_number(cycle, scope)
    names = [*issues_served(cycle, scope), *([f"#{own}"] if own is not None else [])]
    pull = cycle.state.result("pull_request", scope).get("number")
    return column(names), None if pull is None else int(pull)


def column(names: Sequence[str]) -> int | str | None:
    """Issues as the log has them: one of the project's own as its number, several joined by ``|``."""
    plain = [name.removeprefix("#") for name in names]
    if not plain:
        return None
    return int(plain[0]) if len(plain) == 1 and plain[0].isdecimal() else "|".join(plain)
