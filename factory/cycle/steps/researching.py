"""Steps of research mode: target, baseline run, each round's analysis and plan, scan, run, and the end."""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import Any

from factory.cycle import experiment as lab_work
from factory.cycle.agents import Question, ask, objection
from factory.cycle.context import Cycle
from factory.cycle.leaks import LEAKS, fingerprints_at, scan_experiment, scan_text
from factory.cycle.machine import Again, Done, End, Outcome
from factory.cycle.metric import Bench, held_out, ratchet
from factory.cycle.ratchet import RATCHET, ratchet_of
from factory.cycle.rounds import best_runs, best_values, ended, since_best
from factory.cycle.steps import experimenting, observing, planning
from factory.cycle.surfaces import restore_fixed
from factory.cycle.target import target_text
from factory.errors import BadInput
from factory.fsio import atomic_write
from factory.git import commit_files
from factory.models import Kind, Reason, Verdict
from factory.paths import CONFIG_FILE
from factory.research.ratchet import Moved, compare_runs, fallen, number, on_held_out
from factory.research.result import cases_of, failures_text, read_result, worst_first
from factory.words import quoted

TARGET_MESSAGE = f"Set up research\n\nThe target of the approved specification, in {CONFIG_FILE}.\n"
RUNS_TOLD = 30


def setup(cycle: Cycle, scope: str) -> Outcome:
    """Make sure that the policy has a research target; where it lacks one, the approved specification's."""
    outcome = observing.setup(cycle, scope)
    commit = str(outcome.result["commit"])
    policy = cycle.lab.required_policy(commit)
    if policy.research.configured:
        return outcome
    text = target_text(cycle.lab, commit, cycle.options.approved_plan)
    made = commit_files(cycle.lab.repo, commit, {CONFIG_FILE: text}, TARGET_MESSAGE)
    cycle.lab.repo.set_ref(cycle.branch_ref, made)
    return Done({**outcome.result, "commit": made, "made": True, "target": True})


def baseline_run(cycle: Cycle, scope: str) -> Outcome:
    """Run the target where the cycle starts: as often as a comparison does, and at least twice."""
    settings = cycle.policy.research
    bench = _bench(cycle, "baseline", cycle.head)
    made = [bench.run(cycle.head, str(n)) for n in range(1, max(2, settings.repeats) + 1)]
    failed = next((run for run in made if run.value is None), None)
    if failed is not None:
        observing.give_up(
            cycle,
            "The research target cannot be run",
            f"run {failed.number}: {failed.error}",
            f"Its log is in {cycle.lab.runs.place(failed.number)}. Mend that, or [research].",
        )
    values = [run.value for run in made if run.value is not None]
    _warn(cycle, values, made[0].harness)
    return Done({"values": values, "runs": [run.number for run in made], "commit": cycle.head})


def _warn(cycle: Cycle, values: list[float], harness: str) -> None:
    settings = cycle.policy.research
    if not settings.fixed:
        cycle.progress.warn(
            "[research] fixed names no file: the scorer and its data may be changed, and the leakage scan "
            "has nothing to look for."
        )
    if settings.repeats == 1 and max(values) > min(values):
        cycle.progress.warn(
            f"{settings.metric} differs between two runs of one commit, and repeats is 1: luck may be kept. "
            "Set [research] repeats to 5 or more."
        )
    kept = [
        record
        for row in cycle.lab.history()
        if row.id is not None and row.verdict == Verdict.KEEP
        if (record := ratchet_of(cycle.lab, row.id)) is not None and record.harness == harness
    ]
    if kept and fallen(values, kept[-1].after, settings.sign):
        best = number(statistics.fmean(kept[-1].after))
        cycle.progress.warn(
            f"{settings.metric} is {number(statistics.fmean(values))} here and was {best} at "
            f"{kept[-1].commit[:12]}, the best that was kept: something since then has made it worse"
        )


def _bench(cycle: Cycle, purpose: str, judge: str, experiment: int | None = None) -> Bench:
    return Bench(cycle.lab, cycle.policy, judge, cycle.id, purpose, experiment=experiment)


def analyse(cycle: Cycle, scope: str) -> Outcome:
    """Have the Failure Analyst group what goes wrong in the best so far; lines that quote fixed files go."""
    refusal = objection(cycle, "failure_analyst", at=(scope, "analyse"))
    if refusal:
        return Done({"left_out": refusal})
    question = Question(
        "failure_analyst", "Find the few causes behind what goes wrong in this run.", _failures(cycle)
    )
    result = ask(cycle, scope, "analyse", question)
    if result.status != "done":
        return Done({"left_out": f"the failure analyst ended as {result.status}: {result.error}"})
    text, left_out = fingerprints_at(cycle.lab, cycle.head, cycle.policy).cleaned(result.text)
    place = cycle.lab.paths.cycle_dir(cycle.id) / f"analysis-{scope}.md"
    atomic_write(place, text)
    return Done({"analysis": place.name, "lines_left_out": left_out})


def _failures(cycle: Cycle) -> dict[str, Any]:
    """The worst of the newest runs of the best so far, as text, and its cases for runners that read facts."""
    settings, store = cycle.policy.research, cycle.lab.runs
    wanted = set(best_runs(cycle))
    runs = [run for run in store.all() if run.number in wanted and run.value is not None]
    if not runs:
        raise BadInput(
            f"The runs of this cycle are gone from {store.folder}.",
            f"`factory abandon {quoted(cycle.lab.paths.root)}` ends it; another cycle makes runs of its own.",
        )
    worst = min(runs, key=lambda run: settings.sign * (run.value or 0.0))
    result = read_result(store.result(worst.number))
    return {
        "goal": cycle.policy.goal,
        "target": _target(cycle),
        "failures": failures_text(result, store.log(worst.number), sign=settings.sign),
        "cases": worst_first(cases_of(result), settings.sign),
        "scope": _scope(cycle),
    }


def _scope(cycle: Cycle) -> dict[str, list[str]]:
    return {
        "modifiable": list(cycle.policy.scope.modifiable),
        "read_only": [*cycle.policy.scope.read_only, *cycle.policy.research.fixed],
    }


def _target(cycle: Cycle) -> dict[str, Any]:
    """The target and how the metric stands, for prompts."""
    settings, best = cycle.policy.research, best_values(cycle)
    return {
        "metric": settings.metric,
        "objective": settings.objective,
        "target": settings.target,
        "best so far": number(statistics.fmean(best)),
        "its runs": [number(value) for value in best],
        "run command": settings.run,
        "mutable surfaces": list(settings.mutable),
        "fixed surfaces, never to change, to be read by new code, or to be learned by heart": list(
            settings.fixed
        ),
    }


def plan(cycle: Cycle, scope: str) -> Outcome:
    """Have the Strategist write this round's plan from the analysis, the metric and what was tried."""
    refusal = objection(cycle, "strategist", at=(scope, "plan"))
    if refusal:
        return End("budget", f"no plan: {refusal}")
    settings = cycle.policy.research
    task = (
        f"Write the plan of this research round, in the improvement form: {settings.objective} "
        f"{settings.metric}. Every item names its Failure mode, from the analysis, and its Mutable surface, "
        "within the mutable surfaces given. FIX comes first. An item is kept only if the metric gains more "
        "than its noise."
    )
    if cycle.options.lite:
        task += " One item and one phase only."
    place = cycle.lab.paths.cycle_dir(cycle.id) / f"analysis-{scope}.md"
    facts = planning.plan_facts(cycle, scope) | {
        "target": _target(cycle),
        "analysis": place.read_text(encoding="utf-8") if place.exists() else "",
        "tried": _tried(cycle),
        "config": _scope(cycle),
    }
    return planning.store_plan(cycle, ask(cycle, scope, "plan", Question("strategist", task, facts)))


def _tried(cycle: Cycle) -> list[str]:
    """The experiments of research so far, the newest first, with what became of the metric."""
    rows = [row for row in cycle.lab.history() if row.kind == Kind.RESEARCH]
    return [
        f"#{row.id} {row.verdict} ({row.reason}): {row.hypothesis}: {row.notes}"
        for row in rows[-RUNS_TOLD:][::-1]
    ]


def gate_plan(cycle: Cycle, scope: str) -> Outcome:
    """Nothing of the fixed files in the plan; then every rule, and the CEO. Phases are numbered on.

    So each phase has one number in the cycle, however many rounds there are.
    """
    approved = bool(cycle.options.approved_plan)
    found = (
        []
        if approved
        else scan_text(cycle.lab, cycle.head, cycle.policy, "the plan", planning.plan_text(cycle))
    )
    if found:
        told = [leak.message for leak in found]
        if cycle.may_redirect(scope):
            return Again("plan", [f"{text}: plan a method, not the answers" for text in told])
        return End("leakage", "; ".join(told))
    outcome = planning.gate_plan(cycle, scope)
    before = max((item.phase for item in cycle.items), default=0)
    if not isinstance(outcome, Done) or not before:
        return outcome
    items = [
        item | {"phase": item["phase"] + before, "depends_on": [n + before for n in item["depends_on"]]}
        for item in outcome.result["items"]
    ]
    return replace(outcome, result={**outcome.result, "items": items})


def guard(cycle: Cycle, scope: str) -> Outcome:
    """The guards; where a fixed surface was touched, it is put back before the Builder goes on."""
    outcome = experimenting.guard(cycle, scope)
    if isinstance(outcome, Again):
        experiment = lab_work.load(cycle.lab, cycle.experiment_id(scope))
        place = lab_work.workspace(cycle.lab, experiment)
        commit = str(cycle.state.result("build", scope)["commit"])
        touched = restore_fixed(cycle.lab, place, experiment.baseline, commit, cycle.policy)
        if touched:
            cycle.record("fixed.restored", experiment.id, files=touched)
            cycle.progress.warn(f"put back after the Builder touched them: {', '.join(touched)}")
            put_back = f"They were put back: {', '.join(touched)}. Leave them as they are."
            outcome = replace(outcome, corrections=[*outcome.corrections, put_back])
    return outcome


def leakage(cycle: Cycle, scope: str) -> Outcome:
    """Look for the fixed files' contents in hypothesis, diff and prompts. A finding ends the experiment."""
    experiment = lab_work.load(cycle.lab, cycle.experiment_id(scope))
    commit = str(cycle.state.result("build", scope)["commit"])
    report = scan_experiment(cycle.lab, experiment, commit, cycle.policy)
    cycle.lab.store.experiment(experiment.id).write(LEAKS, report)
    if report.leaks:
        told = "; ".join(dict.fromkeys(leak.message for leak in report.leaks))
        return End(Reason.LEAKAGE, told, {"leaks": len(report.leaks)})
    return Done({"leaks": 0, "fingerprints": report.fingerprints})


def run(cycle: Cycle, scope: str) -> Outcome:
    """Run best and candidate in pairs, and let the ratchet say whether the metric has moved."""
    experiment = lab_work.load(cycle.lab, cycle.experiment_id(scope))
    commit = str(cycle.state.result("build", scope)["commit"])
    bench = _bench(cycle, f"experiment-{experiment.id}", experiment.baseline, experiment.id)
    record = ratchet(bench, experiment.baseline, commit)
    cycle.lab.store.experiment(experiment.id).write(RATCHET, record)
    facts = record.model_dump(
        mode="json", include={"runs", "before", "after", "gain", "direction", "rationale"}
    )
    return Done(facts)


def conclude(cycle: Cycle, scope: str) -> Outcome:
    """Say why research has ended and how far the metric came, on held-out runs too, where there are any."""
    start = cycle.state.result("baseline_run")
    if not start:
        return Done({})
    early = cycle.state.scope(scope).ended
    reason, detail = (early["reason"], early["detail"]) if early else ended(cycle)
    settings, best = cycle.policy.research, best_values(cycle)
    return Done(
        {
            "stop": reason,
            "detail": detail,
            "metric": settings.metric,
            "objective": settings.objective,
            "start": statistics.fmean(start["values"]),
            "best": statistics.fmean(best),
            "commit": cycle.head,
            "since_best": since_best(cycle),
            "held_out": _held_out(cycle, str(start["commit"])),
        }
    )


def _held_out(cycle: Cycle, first: str) -> dict[str, Any]:
    """What the runs that no agent saw say of what was kept; only a report, no decision."""
    settings = cycle.policy.research
    if not settings.held_out:
        return {}
    if cycle.head == first:
        return {"left_out": "nothing was kept"}
    train = _sum_of(cycle, first)
    bench = replace(_bench(cycle, "held-out", first), kind="held_out")
    moved, numbers, why_not = held_out(bench, first, cycle.head)
    if moved is None:
        return {"left_out": why_not, "runs": numbers}
    return {"answer": on_held_out(train, moved), "told": moved.rationale, "gain": moved.gain, "runs": numbers}


def _sum_of(cycle: Cycle, first: str) -> Moved:
    """How the metric moved on known runs from the cycle's first state to its last, in pairs of their own."""
    settings = cycle.policy.research
    made = list(_bench(cycle, "sum", first).pairs(first, cycle.head))
    old, new = ([run.value for run in side if run.value is not None] for side in zip(*made, strict=True))
    if len(old) != len(new):
        return Moved("inconclusive", 0.0, "a run failed")
    return compare_runs(old, new, metric=settings.metric, sign=settings.sign, min_gain=settings.min_gain)
