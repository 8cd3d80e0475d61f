"""One experiment, from its beginning to its row in the log.

A cycle's steps and the single commands call the same functions, so a run by hand and an automatic run cannot
disagree. No function takes a score: they read what was stored for the experiment.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from factory.config import ProjectConfig
from factory.cycle.evidence import digests
from factory.cycle.failures import confirm_failures
from factory.cycle.lab import Lab
from factory.cycle.measuring import measure_commit, measure_pairs, run_verify
from factory.errors import BadInput, Refused
from factory.evals.decide import Comparison, compare, decide
from factory.fsio import utc_now, write_lock
from factory.globs import matches
from factory.guard import run_guards
from factory.journal import Journal
from factory.models import (
    Check,
    Experiment,
    ExperimentRecord,
    FailureReport,
    FeatureCheck,
    GuardReport,
    Kind,
    Measurement,
    MeasurementPairs,
    Model,
    PlanItem,
    PrecheckReport,
    Reason,
    ReviewRecord,
    ReviewVerdict,
    Verdict,
    VerdictRecord,
    VerifyCheck,
    VerifyReport,
)
from factory.precheck import PrecheckFacts, run_precheck
from factory.registry import Registry
from factory.store import ExperimentFolder
from factory.strategy import find_anti_patterns

META = "experiment.json"
BEFORE = "eval_before.json"
AFTER = "eval_after.json"
GUARD = "guard.json"
PAIRS = "eval_pairs.json"
FAILURES = "failures.json"
VERIFY = "verify.json"
PRECHECK = "precheck.json"
VERDICT = "verdict.json"
FINAL_REVIEW = "reviews/final.json"
M = TypeVar("M", bound=Model)

DEPENDENCY_FILES = ("pyproject.toml", "setup.py", "setup.cfg", "requirements*.txt", "requirements/")
"""Where a Python project declares its dependencies; a change there has an environment of its own."""

_ID_IN_REF = re.compile(r"/(?:exp-|kept/|rejected/|aside/)(\d{1,9})(?!\d)")

BUILDER_HISTORY = 50
"""Commits of history that a Builder's workspace has."""


def load(lab: Lab, number: int) -> Experiment:
    """The experiment with that id.

    Raises BadInput when there is none that was begun here: only an imported row, or a committed folder.
    """
    folder = lab.store.experiment(number)
    if not folder.exists(META) or lab.repo.tracked(folder.path / META):
        raise BadInput(
            f"There is no experiment {number} here to work on.",
            "`factory history` lists them, `factory begin` starts one.",
        )
    return folder.read(META, Experiment)


def load_open(lab: Lab, number: int) -> Experiment:
    """The experiment by hand with that id, to go on working on it.

    Raises Refused when it is finalized, or belongs to a cycle, which alone works on it.
    """
    experiment = load(lab, number)
    if is_finalized(lab, experiment):
        raise Refused(
            f"Experiment {number} is finalized already.",
            f"`factory history {lab.paths.root}` shows its verdict.",
        )
    if experiment.scope:
        raise Refused(
            f"Experiment {number} belongs to cycle {experiment.cycle}.",
            f"`factory ceo {lab.paths.root}` resumes it, `factory begin` starts one by hand.",
        )
    return experiment


def is_finalized(lab: Lab, experiment: Experiment) -> bool:
    """Whether nothing is left to do; one by hand ends with its journal, after row, refs and note."""
    last = "experiment.finalized" if experiment.scope else "cycle.closed"
    return any(
        event.type == last and event.experiment in (None, experiment.id)
        for event in lab.journal(experiment.cycle).events()
    )


def slug(hypothesis: str, longest: int = 40) -> str:
    """The hypothesis as a part of a branch name."""
    words = re.sub(r"[^a-z0-9]+", "-", hypothesis.lower()).strip("-")
    return words[:longest].rstrip("-") or "experiment"


def repeats(lab: Lab, item: PlanItem, policy: ProjectConfig) -> str:
    """Which reverted experiment the item repeats without naming a new approach; empty when none."""
    if item.new_approach:
        return ""
    found = find_anti_patterns(item.title, lab.history(), threshold=policy.strategy.similarity)
    if not found:
        return ""
    closest = found[0].experiment
    return f"resembles experiment {closest.id}, reverted: {closest.reason or 'no reason on record'}"


def begin(
    lab: Lab,
    journal: Journal,
    item: PlanItem,
    *,
    base: str,
    target: str,
    policy: ProjectConfig,
    scope: str = "",
    kind: Kind = Kind.CODE,
    runner: str = "",
) -> Experiment:
    """Reserve an id, root a branch at ``base`` and make a workspace there.

    Safe to repeat: an experiment that this cycle has begun for ``scope`` already is taken up again.
    """
    experiment = _already_begun(journal, scope)
    if experiment is None:
        experiment = _reserve(
            lab, journal, item, base=base, target=target, policy=policy, scope=scope, kind=kind, runner=runner
        )
    _open_folder(lab, experiment)
    lab.repo.set_ref(_branch_ref(experiment), experiment.baseline)
    lab.repo.checkout_at(experiment.baseline, workspace(lab, experiment), BUILDER_HISTORY)
    Registry(lab.home).register(lab.paths.root, lab.repo.remote_url(), lab.repo.root_commit())
    return experiment


def _already_begun(journal: Journal, scope: str) -> Experiment | None:
    begun = (
        event
        for event in journal.events()
        if event.type == "experiment.begun" and event.data["scope"] == scope
    )
    return next((Experiment.model_validate(event.data) for event in begun), None)


def _reserve(
    lab: Lab,
    journal: Journal,
    item: PlanItem,
    *,
    base: str,
    target: str,
    policy: ProjectConfig,
    scope: str,
    kind: Kind,
    runner: str,
) -> Experiment:
    """Take the next free id: event first, folder in the same lock, so that a resumed cycle finds its id."""
    with write_lock(lab.repo.common_dir):
        number = lab.store.next_id(_ids_in_refs(lab))
        experiment = Experiment(
            id=number,
            cycle=journal.cycle,
            scope=scope,
            hypothesis=item.title,
            kind=kind,
            category=item.category,
            branch=f"factory/exp-{number:03d}-{slug(item.title)}",
            baseline=base,
            target=target,
            item=item,
            anti_pattern=repeats(lab, item, policy),
            runner=runner,
            begun=utc_now(),
        )
        journal.append("experiment.begun", number, **experiment.model_dump(mode="json"))
        _open_folder(lab, experiment)
    return experiment


def _ids_in_refs(lab: Lab) -> Iterator[int]:
    """The ids whose commits are still held by a branch or a ref, also where the log was lost."""
    for ref in (*lab.repo.refs("refs/heads/factory/"), *lab.repo.refs("refs/factory/")):
        found = _ID_IN_REF.search(ref)
        if found:
            yield int(found[1])


def _open_folder(lab: Lab, experiment: Experiment) -> None:
    folder = lab.store.experiment(experiment.id)
    if not folder.exists(META):
        folder.write("hypothesis.md", f"# {experiment.hypothesis}\n\n{_item_text(experiment.item)}")
        folder.write(META, experiment)


def _item_text(item: PlanItem) -> str:
    fields = (
        ("What", item.what),
        ("How", item.how),
        ("Why", item.why),
        ("Verify", item.verify),
        ("New approach", item.new_approach),
    )
    lines = [f"- **{name}:** {text}" for name, text in fields if text]
    return "\n".join([*lines, *(f"- [ ] {entry}" for entry in item.checklist)]) + "\n"


def workspace(lab: Lab, experiment: Experiment) -> Path:
    """Where the experiment is worked on: a standalone clone in the factory home."""
    return lab.workspaces / f"exp-{experiment.id:03d}" / "tree"


def record_candidate(lab: Lab, experiment: Experiment) -> str | None:
    """Commit what lies in the workspace, as one commit on the baseline, and move the branch there.

    A branch that a person has moved in their own checkout counts where the workspace has nothing new; where
    it has, their commits are set aside under a ref. None when there is no change at all.
    """
    repo, baseline = lab.repo, experiment.baseline
    tip = _tip(lab, experiment)
    place = workspace(lab, experiment)
    if not place.is_dir():
        return _changed(tip, baseline)
    made = repo.snapshot(place, baseline, commit_message(experiment))
    tree, last = repo.tree(made or baseline), _last_recorded(lab, experiment)
    was_reset = made is not None and tip == baseline
    if not was_reset and (tree == repo.tree(tip) or (tree == repo.tree(last) and tip != last)):
        return _changed(tip, baseline)
    if tip not in (last, baseline):
        set_aside(lab, f"{experiment.id:03d}", tip)
    repo.set_ref(_branch_ref(experiment), made or baseline)
    lab.journal(experiment.cycle).append("experiment.recorded", experiment.id, commit=made or baseline)
    return made


def _branch_ref(experiment: Experiment) -> str:
    return f"refs/heads/{experiment.branch}"


def _tip(lab: Lab, experiment: Experiment) -> str:
    ref = _branch_ref(experiment)
    return lab.repo.refs(ref).get(ref, experiment.baseline)


def _changed(tip: str, baseline: str) -> str | None:
    return None if tip == baseline else tip


def _last_recorded(lab: Lab, experiment: Experiment) -> str:
    """The commit that was last made of the workspace; the baseline where none was."""
    made = [
        str(event.data["commit"])
        for event in lab.journal(experiment.cycle).events()
        if event.type == "experiment.recorded" and event.experiment == experiment.id
    ]
    return made[-1] if made else experiment.baseline


def set_aside(lab: Lab, name: str, commit: str) -> None:
    """Keep commits that a branch is moved away from: they are not the engine's to lose."""
    ref = f"refs/factory/aside/{name}-{commit[:12]}"
    lab.repo.set_ref(ref, commit)
    lab.say(f"commits that were not made here are set aside as {ref}")


def commit_message(experiment: Experiment) -> str:
    """The message of an experiment's commit; the trailer ties it to its row."""
    return f"{experiment.hypothesis}\n\nFactory-Experiment: {experiment.id}\n"


def baseline_measurement(lab: Lab, experiment: Experiment, policy: ProjectConfig) -> Measurement:
    """The stored measurement of the baseline, made now if there is none."""
    folder = lab.store.experiment(experiment.id)
    if not folder.exists(BEFORE):
        folder.write(
            BEFORE, measure_commit(lab, experiment.baseline, experiment.baseline, policy, fresh=True)
        )
    return folder.read(BEFORE, Measurement)


def guard(lab: Lab, experiment: Experiment, commit: str, policy: ProjectConfig) -> GuardReport:
    """Run the guards on the candidate and store what they say."""
    folder = lab.store.experiment(experiment.id)
    before = folder.read(BEFORE, Measurement) if folder.exists(BEFORE) else None
    passing = [test for test, outcome in before.tests.items() if outcome == "passed"] if before else []
    report = run_guards(
        lab.repo,
        experiment.baseline,
        commit,
        policy,
        allows=experiment.item.allows,
        passing_tests=passing,
        founds_judge=experiment.kind is Kind.SCAFFOLD,
    )
    folder.write(GUARD, report)
    folder.write("changes.diff", lab.repo.diff(experiment.baseline, commit))
    return report


def measure_candidate(lab: Lab, experiment: Experiment, commit: str, policy: ProjectConfig) -> Measurement:
    """Measure the candidate with the baseline's judge; repeat what newly fails; try the item's own check."""
    folder = lab.store.experiment(experiment.id)
    before = baseline_measurement(lab, experiment, policy)
    # A scaffold makes the harness that measures it; everything later is judged by its baseline's.
    judge = commit if experiment.kind is Kind.SCAFFOLD else experiment.baseline
    after = measure_commit(lab, commit, judge, policy, fresh=True)
    failures = confirm_failures(
        lab, experiment.baseline, commit, policy, before=before.tests, after=after.tests
    )
    folder.write(FAILURES, failures)
    folder.write(VERIFY, _verify(lab, experiment, commit, policy))
    folder.write(PAIRS, measure_pairs(lab, experiment.baseline, commit, policy, (before, after)))
    folder.write(AFTER, after)
    return after


def _verify(lab: Lab, experiment: Experiment, commit: str, policy: ProjectConfig) -> VerifyReport:
    own = [FeatureCheck(command=experiment.item.verify)] if experiment.item.verify else []
    checks = []
    for wanted in experiment.item.checks or own:
        before, after = (
            run_verify(lab, sha, experiment.baseline, policy, wanted.command)
            for sha in (experiment.baseline, commit)
        )
        checks.append(VerifyCheck(feature=wanted.feature, before=before, after=after))
    return VerifyReport(commit=commit, checks=checks)


def review(
    lab: Lab, experiment: Experiment, commit: str, *, by: str, verdict: ReviewVerdict, reason: str
) -> ReviewRecord:
    """Store the final review of the candidate, bound to its commit."""
    record = ReviewRecord(by=by, commit=commit, verdict=verdict, reason=reason, timestamp=utc_now())
    lab.store.experiment(experiment.id).write(FINAL_REVIEW, record)
    return record


def candidate_of(lab: Lab, experiment: Experiment) -> str:
    """The commit that the experiment's branch stands at. Raises Refused where nothing was committed yet."""
    tip = _tip(lab, experiment)
    if tip == experiment.baseline:
        raise Refused(
            f"Experiment {experiment.id} has no change yet.",
            f"Edit {workspace(lab, experiment)}, then `factory eval {lab.paths.root} --id {experiment.id}`.",
        )
    return tip


def out_of_order(lab: Lab, experiment: Experiment, commit: str) -> tuple[str, str]:
    """What has to come before a decision on ``commit``, and the command for it; empty when nothing.

    A review that rejects the commit decides it, measured or not.
    """
    folder = lab.store.experiment(experiment.id)
    place = f"{lab.paths.root} --id {experiment.id}"
    review = _stored(folder, FINAL_REVIEW, ReviewRecord)
    if review is not None and _rejects(review, commit):
        return "", ""
    if None in _sides(folder, commit):
        return f"Commit {commit[:12]} is not measured.", f"factory eval {place}"
    again = f"factory review {place} --verdict keep --reason TEXT"
    if review is None:
        return f"Commit {commit[:12]} is not reviewed.", again
    if review.commit != commit:
        return f"The branch is at {commit[:12]}, and the review is of {review.commit[:12]}.", again
    return "", ""


def _rejects(review: ReviewRecord, commit: str) -> bool:
    return review.commit == commit and review.verdict is not ReviewVerdict.PROCEED


def precheck(lab: Lab, experiment: Experiment, policy: ProjectConfig) -> PrecheckReport:
    """The hard gate on what is stored for the experiment's branch tip; its answer is stored too."""
    folder = lab.store.experiment(experiment.id)
    commit = candidate_of(lab, experiment)
    before, after = _sides(folder, commit)
    failures = _stored(folder, FAILURES, FailureReport)
    report = run_precheck(
        PrecheckFacts(
            commit=commit,
            before=before,
            after=after,
            guard=_stored(folder, GUARD, GuardReport),
            threshold=policy.eval.threshold,
            comparison=_comparison(folder, commit, policy),
            new_failures=failures.confirmed if failures else (),
            unclear_failures=failures.unclear if failures else (),
            anti_pattern=experiment.anti_pattern,
            dependencies_changed=_changes_dependencies(lab, experiment, commit),
            scaffold=experiment.kind == Kind.SCAFFOLD,
            review=_stored(folder, FINAL_REVIEW, ReviewRecord),
        )
    )
    folder.write(PRECHECK, report)
    return report


def _changes_dependencies(lab: Lab, experiment: Experiment, commit: str) -> bool:
    changes = lab.repo.changes(experiment.baseline, commit)
    return any(matches(DEPENDENCY_FILES, change.path) for change in changes)


def _sides(folder: ExperimentFolder, commit: str) -> tuple[Measurement | None, Measurement | None]:
    """Baseline and candidate as measured; what was measured at another commit counts for nothing.

    Nor does a measurement whose findings a later, broken-off one on another commit has replaced.
    """
    after = _stored(folder, AFTER, Measurement)
    complete = after is not None and after.commit == commit and _found_on(folder, commit)
    return _stored(folder, BEFORE, Measurement), after if complete else None


def _found_on(folder: ExperimentFolder, commit: str) -> bool:
    """Whether new failures, the item's checks and the pairs are all on record for that commit."""
    failures, shown = _stored(folder, FAILURES, FailureReport), _stored(folder, VERIFY, VerifyReport)
    pairs = _stored(folder, PAIRS, MeasurementPairs)
    if failures is None or shown is None or pairs is None:
        return False
    return {failures.commit, shown.commit, *(sample.commit for sample in pairs.after)} == {commit}


def _comparison(folder: ExperimentFolder, commit: str, policy: ProjectConfig) -> Comparison | None:
    if None in _sides(folder, commit):
        return None
    pairs = folder.read(PAIRS, MeasurementPairs)
    return compare_sides(pairs.before, pairs.after, policy)


def compare_sides(
    before: Sequence[Measurement], after: Sequence[Measurement], policy: ProjectConfig
) -> Comparison:
    """How the score moved between two sides, by the policy's margins."""
    settings = policy.eval
    return compare(
        before,
        after,
        weights=settings.weights,
        min_gain=settings.min_gain,
        tolerance=settings.tolerance,
        tolerances={spec.name: spec.tolerance for spec in settings.dimensions},
    )


def _stored(folder: ExperimentFolder, name: str, kind: type[M]) -> M | None:
    return folder.read(name, kind) if folder.exists(name) else None


def settle(
    lab: Lab,
    experiment: Experiment,
    policy: ProjectConfig,
    *,
    ended: Mapping[str, str] | None = None,
    override: Override | None = None,
) -> VerdictRecord:
    """Decide the experiment by rule from what is stored, and store the decision.

    ``ended`` is the early end of its scope (reason and detail), where there was one: then there is nothing to
    weigh. Once decided by hand, the stored decision stands. A cycle decides by what it knows itself: nobody
    else can have decided for it, so a verdict that lies there was cut off, or laid there.
    """
    folder = lab.store.experiment(experiment.id)
    if folder.exists(VERDICT) and not experiment.scope:
        return folder.read(VERDICT, VerdictRecord)
    if ended is not None:
        reason = Reason(ended["reason"])
        verdict = Verdict.ERROR if reason is Reason.ERROR else Verdict.REVERT
        record = _verdict(_tip(lab, experiment), verdict, reason, ended["detail"])
    else:
        record = _weigh(lab, experiment, policy, override)
    folder.write(VERDICT, record)
    return record


@dataclass(frozen=True)
class Override:
    """A person's word, given in a terminal, that named checks of the precheck shall not stop a keep."""

    checks: frozenset[str]
    reason: str


def _weigh(
    lab: Lab, experiment: Experiment, policy: ProjectConfig, override: Override | None
) -> VerdictRecord:
    report = precheck(lab, experiment, policy)
    if override is not None:
        report = report.model_copy(
            update={"checks": [_overridden(check, override) for check in report.checks]}
        )
        if report.passed:
            rationale = f"a person overrode {', '.join(sorted(override.checks))}: {override.reason}"
            return _verdict(report.commit, Verdict.KEEP, Reason.IMPROVED, rationale, decided_by="person")
    folder = lab.store.experiment(experiment.id)
    if experiment.kind == Kind.SCAFFOLD and report.passed:
        rationale = "a scaffold: nothing could be measured before, and what can be measured now passes"
        return _verdict(report.commit, Verdict.KEEP, Reason.HELD_DELIVERED, rationale)
    comparison = _comparison(folder, report.commit, policy)
    if comparison is None:
        return _unmeasured(lab, experiment, report.commit)
    shown = _stored(folder, VERIFY, VerifyReport)
    decision = decide(
        report,
        comparison,
        delivered=shown.delivered if shown else None,
        is_contract=experiment.kind == Kind.CONTRACT,
    )
    # A measurement that counts for nothing is no evidence against the change.
    verdict = Verdict.ERROR if decision.reason is Reason.ERROR else decision.verdict
    return _verdict(report.commit, verdict, decision.reason, decision.rationale)


def _unmeasured(lab: Lab, experiment: Experiment, commit: str) -> VerdictRecord:
    review = _stored(lab.store.experiment(experiment.id), FINAL_REVIEW, ReviewRecord)
    if review is not None and _rejects(review, commit):
        words = f"not measured; {review.by} says {review.verdict}: {review.reason}"
        return _verdict(commit, Verdict.REVERT, Reason.REVIEW, words)
    return _verdict(commit, Verdict.ERROR, Reason.ERROR, "baseline or candidate were not measured")


def _overridden(check: Check, override: Override) -> Check:
    return check.model_copy(update={"passed": True}) if check.name in override.checks else check


def _verdict(
    commit: str,
    verdict: Verdict,
    reason: Reason,
    rationale: str,
    *,
    decided_by: str = "factory",
) -> VerdictRecord:
    return VerdictRecord(
        commit=commit,
        verdict=verdict,
        reason=reason,
        rationale=rationale,
        decided_by=decided_by,
        timestamp=utc_now(),
    )


@dataclass(frozen=True)
class Cost:
    """What an experiment took: tokens and US dollars where known, and seconds."""

    tokens: int | None = None
    cost_usd: float | None = None
    duration_s: float | None = None


def finalize(
    lab: Lab,
    journal: Journal,
    experiment: Experiment,
    decision: VerdictRecord,
    *,
    summary: str = "",
    cost: Cost = Cost(),
) -> ExperimentRecord:
    """Write the experiment's row and event, and put its branch where its verdict says.

    Safe to repeat: a row or an event that is there already is not written again.
    """
    record = _row(lab, experiment, decision, summary, cost)
    lab.store.append(record)
    if decision.verdict is Verdict.KEEP:
        _advance(lab, experiment, decision.commit)
    else:
        _put_aside(lab, experiment, decision.commit)
    if not any(e.type == "experiment.finalized" and e.experiment == experiment.id for e in journal.events()):
        evidence = digests(lab.store.experiment(experiment.id))
        journal.append(
            "experiment.finalized", experiment.id, **record.model_dump(mode="json"), evidence=evidence
        )
    shutil.rmtree(workspace(lab, experiment).parent, ignore_errors=True)
    return record


def _row(
    lab: Lab, experiment: Experiment, decision: VerdictRecord, summary: str, cost: Cost
) -> ExperimentRecord:
    # A score of another commit than the one that was decided on is no score of this experiment.
    before, after = _sides(lab.store.experiment(experiment.id), decision.commit)
    score_before, score_after = (m.composite if m else None for m in (before, after))
    known = score_before is not None and score_after is not None
    return ExperimentRecord(
        id=experiment.id,
        timestamp=decision.timestamp,
        hypothesis=experiment.hypothesis,
        change_summary=summary,
        score_before=score_before,
        score_after=score_after,
        delta=score_after - score_before if known else None,  # type: ignore[operator]
        verdict=decision.verdict,
        cost_usd=cost.cost_usd,
        notes=decision.rationale,
        research_citations=experiment.item.citations,
        reason=decision.reason,
        category=experiment.category,
        kind=experiment.kind,
        cycle=experiment.cycle,
        branch=experiment.branch,
        baseline=experiment.baseline,
        commit=decision.commit,
        tokens=cost.tokens,
        duration_s=cost.duration_s,
        runner=experiment.runner,
        harness=before.harness if before else "",
    )


CYCLE_BRANCHES = "factory/cycle-"
"""How the branches of cycles begin."""


def cycle_branch(cycle: str) -> str:
    """The branch that a cycle's keeps advance."""
    return f"{CYCLE_BRANCHES}{cycle}"


def _advance(lab: Lab, experiment: Experiment, commit: str) -> None:
    """Move the cycle's branch on to a kept commit. An experiment by hand keeps its own branch."""
    lab.repo.set_ref(f"refs/factory/kept/{experiment.id:03d}", commit)
    ref = f"refs/heads/{cycle_branch(experiment.cycle)}"
    tip = lab.repo.refs(ref).get(ref)
    if tip is None:
        return
    if not lab.repo.is_ancestor(commit, tip):
        if not lab.repo.is_ancestor(tip, commit):
            set_aside(lab, f"{experiment.id:03d}", tip)
        lab.repo.set_ref(ref, commit, tip)
    drop_branch(lab, experiment.branch, commit, f"{experiment.id:03d}")


def _put_aside(lab: Lab, experiment: Experiment, commit: str) -> None:
    """Keep a rejected change's commits under a ref, and free its branch name."""
    if commit != experiment.baseline:
        lab.repo.set_ref(f"refs/factory/rejected/{experiment.id:03d}", commit)
    drop_branch(lab, experiment.branch, commit, f"{experiment.id:03d}")


def drop_branch(lab: Lab, branch: str, decided: str, name: str) -> None:
    """Remove a branch whose commits up to ``decided`` are held elsewhere; others are set aside first."""
    ref = f"refs/heads/{branch}"
    tip = lab.repo.refs(ref).get(ref)
    if tip is not None and not lab.repo.is_ancestor(tip, decided):
        set_aside(lab, name, tip)
    lab.repo.delete_ref(ref)
