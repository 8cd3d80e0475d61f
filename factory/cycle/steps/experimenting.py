"""Steps of one phase: from beginning an experiment to its row and its note."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from factory.backlog import add_backlog, one_line, read_backlog, remove_backlog
from factory.cycle import deciding, finalizing, judging
from factory.cycle import experiment as lab_work
from factory.cycle.agents import Question, ask, objection, was_asked
from factory.cycle.archive import write_experiment_note
from factory.cycle.briefing import guidance
from factory.cycle.context import Cycle
from factory.cycle.machine import Again, Done, End, Outcome
from factory.cycle.phases import kind_of
from factory.cycle.research import findings_of, research_text
from factory.cycle.scopes import attempt_of, phase_of, scope_of
from factory.cycle.steps import hosting
from factory.cycle.steps.gates import answer_or_why, ceo_verdict, told_by
from factory.git import GitError
from factory.models import (
    Experiment,
    FailureReport,
    GuardReport,
    Measurement,
    PlanItem,
    Reason,
    ReviewVerdict,
    Verdict,
    VerdictRecord,
    VerifyReport,
)
from factory.rows import DECLINED
from factory.runners.base import AgentResult
from factory.spec.backlog_entries import entries_of, entry_quoted
from factory.words import in_short, signed


def _experiment(cycle: Cycle, scope: str) -> Experiment:
    return lab_work.load(cycle.lab, cycle.experiment_id(scope))


def _candidate(cycle: Cycle, scope: str) -> str:
    return str(cycle.state.result("build", scope).get("commit", ""))


def begin(cycle: Cycle, scope: str) -> Outcome:
    """Id, branch, workspace, baseline; and the anti-pattern check, before anything is spent."""
    experiment = lab_work.begin(
        cycle.lab,
        cycle.journal,
        _item(cycle, scope),
        base=cycle.head,
        target=cycle.target,
        policy=cycle.policy,
        scope=scope,
        kind=kind_of(cycle, scope),
        runner=cycle.runner_for("builder").name,
    )
    cycle.lab.say(f"{_place(scope, experiment)}: {experiment.item.title}")
    result = {"id": experiment.id, "branch": experiment.branch, "baseline": experiment.baseline}
    if experiment.anti_pattern:
        return End(Reason.ANTI_PATTERN, experiment.anti_pattern, result)
    return Done(result)


def _place(scope: str, experiment: Experiment) -> str:
    """Which phase, which attempt and which experiment a line is about."""
    again = f", attempt {attempt_of(scope)}" if attempt_of(scope) > 1 else ""
    return f"phase {phase_of(scope)}{again}, experiment {experiment.id}"


def _item(cycle: Cycle, scope: str) -> PlanItem:
    """The plan item; a further attempt says what became of the last one, and so is no mere repetition."""
    item, attempt = cycle.item(scope), attempt_of(scope)
    if attempt == 1:
        return item
    last = cycle.state.result("verdict", scope_of(item.phase, attempt - 1))
    return item.model_copy(update={"new_approach": f"the last attempt was not kept: {last['rationale']}"})


def baseline(cycle: Cycle, scope: str) -> Outcome:
    """Measure the experiment's baseline, or take it from the cache."""
    before = judging.baseline_measurement(cycle.lab, _experiment(cycle, scope), cycle.policy)
    if before.void:
        return End(Reason.ERROR, f"the baseline could not be measured: {before.void}")
    return Done({"composite": before.composite})


def build(cycle: Cycle, scope: str) -> Outcome:
    """Have the Builder work, once more if it crashed, timed out or left no change; commit what lies there."""
    experiment = _experiment(cycle, scope)
    lab_work.restore_workspace(cycle.lab, experiment)
    told: list[str] = []
    for attempt in ("1", "2"):
        refusal = objection(cycle, "builder", _held_back(cycle), at=(scope, "build"), key=attempt)
        if refusal:
            return End(Reason.BUDGET, f"the builder could not be started: {refusal}")
        result = ask(cycle, scope, "build", _build_question(cycle, scope, experiment, told, attempt),
                     workspace=lab_work.workspace(cycle.lab, experiment))  # fmt: skip
        if attempt == "1" and was_asked(cycle, scope, "build", "builder", "2"):
            # Cut off in the second call: what lies in the workspace is its work, not the first one's.
            told = [_what_failed(result, None)]
            continue
        try:
            commit = lab_work.record_candidate(cycle.lab, experiment)
        except GitError as error:
            # A repository inside without a commit, a file that nobody may read: no call would get over it.
            return End(Reason.ERROR, f"what the builder left cannot be recorded: {error.message}")
        if result.status == "refused":
            why = f"{DECLINED}: {result.text or result.error}"
            return End(Reason.ERROR, why, {"commit": "", "declined": True})
        if result.status == "done" and commit is not None:
            return Done({"commit": commit, "summary": _first_line(result.text)})
        told = [_what_failed(result, commit)]
    return End(Reason.ERROR, f"the builder did not finish: {told[0]}", {"commit": commit or ""})


def _build_question(
    cycle: Cycle, scope: str, experiment: Experiment, told: list[str], attempt: str
) -> Question:
    scope_rules = cycle.policy.scope
    facts = {
        "goal": cycle.policy.goal,
        "experiment": experiment.id,
        "item": experiment.item.model_dump(mode="json"),
        "corrections": cycle.state.scope(scope).corrections + told,
        "scope": {
            "modifiable": list(scope_rules.modifiable),
            "read_only": [*scope_rules.read_only, *cycle.policy.research.fixed],
        },
        "messages": cycle.state.messages,
        # Elsewhere the plan item was made to serve it; a phase that was agreed to before says nothing of it.
        "focus": cycle.options.focus_text if cycle.options.mode == "build" else "",
        "cited": findings_of(research_text(cycle), experiment.item.citations),
        "guidance": guidance(cycle.lab, experiment.baseline),
    }
    return Question(
        "builder",
        f"Carry out the plan item: {experiment.hypothesis}",
        facts,
        access="write",
        key=attempt,
        reserved=_held_back(cycle),
    )


def _what_failed(result: AgentResult, commit: str | None) -> str:
    if result.status != "done":
        return f"it ended as {result.status}: {result.error or 'no reason given'}"
    return "it left no change in the workspace" if commit is None else "unknown"


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def guard(cycle: Cycle, scope: str) -> Outcome:
    """The guards on the candidate; a violation goes back to the Builder, or ends the experiment."""
    tampered = cycle.state.tampered.get(cycle.experiment_id(scope))
    if tampered:
        return End(Reason.GUARD, "; ".join(tampered))
    report = judging.guard(cycle.lab, _experiment(cycle, scope), _candidate(cycle, scope), cycle.policy)
    if report.clean:
        return Done({"findings": 0})
    told = [f"{f.told}. {f.mend}" for f in report.findings]
    if _may_go_back(cycle, scope):
        return Again("build", told)
    return End(Reason.GUARD, told[0] + (f" (and {len(told) - 1} more)" if len(told) > 1 else ""))


def _may_go_back(cycle: Cycle, scope: str) -> bool:
    """Whether the Builder may try again. Else what it left is judged as it stands."""
    return cycle.may_redirect(scope) and not objection(cycle, "builder", _held_back(cycle))


def _held_back(cycle: Cycle) -> int:
    """Invocations that a Builder may not use up: in lite the CEO's review of its work."""
    return 1 if cycle.options.lite else 0


def review(cycle: Cycle, scope: str) -> Outcome:
    """The Reviewer's reading of the diff, for the CEO."""
    refusal = objection(cycle, "reviewer", reserved=1, at=(scope, "review"))
    if refusal:
        return Done({"left_out": refusal})
    experiment = _experiment(cycle, scope)
    question = Question(
        "reviewer",
        "Review this change against its plan item.",
        _change_facts(cycle, scope) | {"guidance": guidance(cycle.lab, experiment.baseline)},
        revision=_candidate(cycle, scope),
        reserved=1,
    )
    return Done(answer_or_why("reviewer", ask(cycle, scope, "review", question)))


def _change_facts(cycle: Cycle, scope: str) -> dict[str, Any]:
    experiment, commit = _experiment(cycle, scope), _candidate(cycle, scope)
    folder = cycle.lab.store.experiment(experiment.id)
    return {
        "goal": cycle.policy.goal,
        "experiment": experiment.id,
        "item": experiment.item.model_dump(mode="json"),
        "files": _files(cycle, experiment, commit),
        "diff": cycle.lab.repo.diff(experiment.baseline, commit),
        "guard": folder.read(lab_work.GUARD, GuardReport).model_dump(mode="json"),
    }


def _files(cycle: Cycle, experiment: Experiment, commit: str) -> list[str]:
    """The changed files, each with git's letter for what became of it."""
    return [
        f"{change.status} {change.path}" for change in cycle.lab.repo.changes(experiment.baseline, commit)
    ]


def measure(cycle: Cycle, scope: str) -> Outcome:
    """Measure the candidate in a fresh checkout, with the baseline's harness."""
    after = judging.measure_candidate(
        cycle.lab, _experiment(cycle, scope), _candidate(cycle, scope), cycle.policy
    )
    shown = cycle.lab.store.experiment(cycle.experiment_id(scope)).read(lab_work.VERIFY, VerifyReport)
    return Done(
        {
            "composite": after.composite,
            "void": after.void,
            "delivered": shown.delivered,
            "verified": shown.by_feature,
            "passed_before": shown.passed_before,
        }
    )


def explain(cycle: Cycle, scope: str) -> Outcome:
    """The Evaluator's account of what moved, for the CEO and the archive."""
    refusal = objection(cycle, "evaluator", reserved=1, at=(scope, "explain"))
    if refusal:
        return Done({"left_out": refusal})
    before, after = _measurements(cycle, scope)
    facts = {
        "goal": cycle.policy.goal,
        "item": cycle.item(scope).model_dump(mode="json"),
        "files": _files(cycle, _experiment(cycle, scope), _candidate(cycle, scope)),
        "before": _scores(before, after),
        "after": _scores(after, before),
    } | _metric_facts(cycle, scope)
    question = Question(
        "evaluator",
        "Explain what moved between these measurements.",
        facts,
        revision=_candidate(cycle, scope),
        reserved=1,
    )
    return Done(answer_or_why("evaluator", ask(cycle, scope, "explain", question)))


def _measurements(cycle: Cycle, scope: str) -> tuple[Measurement, Measurement]:
    experiment = _experiment(cycle, scope)
    before, after = judging.as_compared(cycle.lab, experiment, _candidate(cycle, scope), cycle.policy)
    assert before is not None, "the step before has measured both sides"
    assert after is not None, "the step before has measured both sides"
    return before, after


def _scores(measurement: Measurement, other: Measurement) -> dict[str, Any]:
    """A measurement for a prompt: no lists of places, and only the tests that differ from the other side."""
    differing = {test: o for test, o in measurement.tests.items() if other.tests.get(test) != o}
    return {
        "composite": measurement.composite,
        "dimensions": [
            {"name": d.name, "score": d.score, "error": d.error, "details": _counts(d.details)}
            for d in measurement.dimensions
        ],
        "tests": differing,
        "void": measurement.void,
    }


def _counts(details: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a dimension's details, and its tables of numbers."""
    return {key: value for key, value in details.items() if isinstance(value, int | float | dict)}


def _metric_facts(cycle: Cycle, scope: str) -> dict[str, Any]:
    """In research mode, how the metric moved; else nothing."""
    moved = cycle.state.result("run", scope)
    return {"metric": dict(moved)} if moved else {}


def structured_review(cycle: Cycle, scope: str) -> Outcome:
    """The CEO's decision on the experiment: it may send it back or end it, never let a failed rule pass."""
    experiment, commit = _experiment(cycle, scope), _candidate(cycle, scope)
    answer = ceo_verdict(cycle, scope, "structured_review", _review_facts(cycle, scope), revision=commit)
    if answer.unaffordable:
        return End(Reason.BUDGET, f"not reviewed, so not kept: {answer.reason}")
    if answer.verdict is ReviewVerdict.REDIRECT and _may_go_back(cycle, scope):
        return Again("build", answer.corrections or [answer.reason])
    judging.review(cycle.lab, experiment, commit, by="ceo", verdict=answer.verdict, reason=answer.reason)
    return Done({"verdict": answer.verdict, "reason": answer.reason})


def _review_facts(cycle: Cycle, scope: str) -> dict[str, Any]:
    before, after = _measurements(cycle, scope)
    folder = cycle.lab.store.experiment(cycle.experiment_id(scope))
    failures = folder.read(lab_work.FAILURES, FailureReport)
    shown = folder.read(lab_work.VERIFY, VerifyReport)
    checks = [
        {"name": "guard", "passed": folder.read(lab_work.GUARD, GuardReport).clean},
        {"name": "measured", "passed": not (before.void or after.void)},
        {"name": "new_failures", "passed": not failures.confirmed, "tests": failures.confirmed},
    ]
    if failures.unearned:
        name = "failing tests are mended in the code"
        told = f"no gain are {judging.ONLY_EDITED}: {', '.join(failures.unearned[:3])}"
        checks.append({"name": name, "passed": False, "detail": told, "tests": failures.unearned})
    return (
        _change_facts(cycle, scope)
        | _metric_facts(cycle, scope)
        | {
            "checks": checks,
            "own_check": shown.unmet or ("it passes now" if shown.checks else ""),
            "before": _scores(before, after),
            "after": _scores(after, before),
            "reviewer": told_by(cycle, scope, "review"),
            "evaluator": told_by(cycle, scope, "explain"),
        }
    )


def precheck(cycle: Cycle, scope: str) -> Outcome:
    """The hard gate. It runs whatever the agents could afford; without a candidate nothing is checked."""
    if not _candidate(cycle, scope):
        return Done({"checked": False})
    report = judging.precheck(cycle.lab, _experiment(cycle, scope), cycle.policy)
    return Done(
        {"checked": True, "passed": report.passed, "failed": [c.name for c in report.checks if not c.passed]}
    )


def verdict(cycle: Cycle, scope: str) -> Outcome:
    """Decide by rule from what is stored."""
    ended = cycle.state.scope(scope).ended
    record = deciding.settle(cycle.lab, _experiment(cycle, scope), cycle.policy, ended=ended)
    return Done({"verdict": record.verdict, "reason": record.reason, "rationale": record.rationale})


def finalize(cycle: Cycle, scope: str) -> Outcome:
    """Row, event, branch; a kept item leaves the backlog, the findings of its review join it."""
    experiment = _experiment(cycle, scope)
    decision = cycle.lab.store.experiment(experiment.id).read(lab_work.VERDICT, VerdictRecord)
    built = cycle.state.result("build", scope)
    # What the Builder said when it declined is the whole story of its change.
    summary = str(built.get("summary") or (decision.rationale if built.get("declined") else ""))
    record = finalizing.finalize(
        cycle.lab,
        cycle.journal,
        experiment,
        decision,
        summary=summary,
        cost=_cost(cycle, scope),
        hosted=hosting.references(cycle, scope),
    )
    cycle.state.finalized[experiment.id] = record.model_dump(mode="json")
    gaps = _keep_backlog(cycle, scope, experiment) if record.verdict is Verdict.KEEP else []
    moved = "" if record.delta is None else f" {signed(record.delta)}"
    why = f": {in_short(record.notes)}" if record.notes else ""
    cycle.lab.say(f"{_place(scope, experiment)}: {record.verdict} ({record.reason}){moved}{why}")
    return Done(
        {
            "id": experiment.id,
            "verdict": record.verdict,
            "reason": record.reason,
            "delta": record.delta,
            "known_gaps": gaps,
            "commit": record.commit if record.verdict is Verdict.KEEP else "",
        }
    )


def _keep_backlog(cycle: Cycle, scope: str, experiment: Experiment) -> list[str]:
    """Take what was delivered off the backlog, and put on it what the review has found beside that.

    Safe to repeat, and a person may have taken it off: the item quotes the backlog since its plan was
    accepted, so an entry that only resembles what is gone stays.
    """
    place, common = cycle.lab.paths.backlog, cycle.lab.repo.common_dir
    backlog = read_backlog(place)
    delivered = entries_of(experiment.item.backlog_item, backlog, entry_quoted)
    for entry in [entry for entry in backlog if entry in delivered]:
        remove_backlog(place, entry, common)
    gaps = [text for text in told_by(cycle, scope, "review").get("findings", []) if one_line(text)]
    for text in gaps:
        add_backlog(place, text, common)
    return gaps


def _cost(cycle: Cycle, scope: str) -> finalizing.Cost:
    """What all calls of the experiment took: a try that failed is paid for, too."""
    calls = [call for call in cycle.state.ended_calls if call["key"].startswith(f"{scope}/")]
    known_cost = [call["cost_usd"] for call in calls if call.get("cost_usd") is not None]
    return finalizing.Cost(
        tokens=sum(call.get("tokens") or 0 for call in calls),
        cost_usd=round(sum(known_cost), 6) if known_cost else None,
        duration_s=round(cycle.state.scope(scope).elapsed_s, 1),
    )


def archive_experiment(cycle: Cycle, scope: str) -> Outcome:
    """A note on the experiment, by the Archivist; by the program where it cannot be asked."""
    number = cycle.experiment_id(scope)
    facts = _archive_facts(cycle, scope)
    text = ""
    if not cycle.options.lite and not objection(cycle, "archivist", at=(scope, "archive_experiment")):
        result = ask(
            cycle,
            scope,
            "archive_experiment",
            Question("archivist", "Write the note on this experiment.", facts),
        )
        text = result.text if result.status == "done" else ""
    place = write_experiment_note(cycle.lab, cycle.state.finalized[number], text)
    return Done(
        {"note": str(place.relative_to(cycle.lab.paths.state)), "by": "archivist" if text else "factory"}
    )


def _archive_facts(cycle: Cycle, scope: str) -> Mapping[str, Any]:
    """What the Archivist is told of a phase's experiment."""
    result = cycle.state.result("finalize", scope)
    return {
        "subject": "experiment",
        "goal": cycle.policy.goal,
        "experiment": cycle.experiment_id(scope),
        "item": cycle.item(scope).model_dump(mode="json"),
        "verdict": str(result.get("verdict", "")),
        "reason": str(result.get("reason", "")),
        "rationale": str(cycle.state.result("verdict", scope).get("rationale", "")),
        "delta": result.get("delta"),
        "evaluator": told_by(cycle, scope, "explain"),
        "reviewer": told_by(cycle, scope, "review"),
    }
