"""An experiment as it is begun and worked on: its id, branch, workspace, and the commit that is judged.

A cycle's steps and the single commands call the same functions, here as in ``judging`` and ``finalizing``, so
a run by hand and an automatic run cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from factory.config import ProjectConfig
from factory.cycle.branches import set_aside
from factory.cycle.lab import Lab
from factory.errors import BadInput, Refused
from factory.fsio import hold, utc_now, write_lock
from factory.git import checkout_at, snapshot
from factory.journal import Journal
from factory.models import (
    Experiment,
    Kind,
    PlanItem,
    Verdict,
)
from factory.registry import Registry
from factory.strategy import find_anti_patterns
from factory.words import quoted

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

    Raises Refused when it is finalized or abandoned, or belongs to a cycle, which alone works on it.
    """
    experiment = load(lab, number)
    if is_finalized(lab, experiment):
        raise Refused(
            f"Experiment {number} is finalized already.",
            f"`factory history {quoted(lab.paths.root)}` shows its verdict.",
        )
    if any(event.type == "cycle.abandoned" for event in lab.journal(experiment.cycle).events()):
        raise Refused(
            f"Experiment {number} is abandoned.",
            f"`factory begin {quoted(lab.paths.root)}` starts another one; what was done for it stays in "
            f"{lab.store.experiment(number).path}.",
        )
    if experiment.scope:
        raise Refused(
            f"Experiment {number} belongs to cycle {experiment.cycle}.",
            f"`factory ceo {quoted(lab.paths.root)}` resumes it, `factory begin` starts one by hand.",
        )
    return experiment


@contextmanager
def at_work(lab: Lab, number: int, *, finalizes: bool = False) -> Iterator[Experiment]:
    """What ``load_open`` gives, for one command at a time: what is measured is not decided about meanwhile.

    Raises Refused also where another command is at work on it; and where it is decided, but that was cut off
    before all was written, for everything but what ``finalizes``: the decision's evidence is not to change.
    """
    with alone(lab, load_open(lab, number)):
        # It may have been decided about between the look and the hold.
        experiment = load_open(lab, number)
        if lab.store.experiment(number).exists(VERDICT) and not finalizes:
            raise Refused(
                f"Experiment {number} is decided, but not all of that was written.",
                f"Type: factory finalize {quoted(lab.paths.root)} --id {number}",
            )
        yield experiment


def alone(lab: Lab, experiment: Experiment) -> AbstractContextManager[None]:
    """Keeps other commands from working on an experiment. Raises Refused where one does."""
    return hold(lab.store.experiment(experiment.id).path / META, f"Experiment {experiment.id}")


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
    if closest.verdict == Verdict.KEEP:
        return f"resembles experiment {closest.id}, which a person has taken back"
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
    undoes: int | None = None,
    runner: str = "",
) -> Experiment:
    """Reserve an id, root a branch at ``base`` and make a workspace there.

    Safe to repeat: an experiment that this cycle has begun for ``scope`` already is taken up again.
    """
    experiment = _already_begun(journal, scope)
    if experiment is None:
        experiment = _reserve(
            lab, journal, item, base=base, target=target, policy=policy, scope=scope, kind=kind,
            undoes=undoes, runner=runner,
        )  # fmt: skip
    _open_folder(lab, experiment)
    lab.repo.set_ref(_branch_ref(experiment), experiment.baseline)
    checkout_at(lab.repo, experiment.baseline, workspace(lab, experiment), BUILDER_HISTORY)
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
    undoes: int | None,
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
            # What a person has approved or asked for is done, whatever it resembles.
            anti_pattern=repeats(lab, item, policy) if kind is Kind.CODE else "",
            undoes=undoes,
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
        ("Failure mode", item.failure_mode),
        ("Mutable surface", ", ".join(item.mutable_surface)),
        ("Verify", item.verify),
        ("New approach", item.new_approach),
    )
    lines = [f"- **{name}:** {text}" for name, text in fields if text]
    return "\n".join([*lines, *(f"- [ ] {entry}" for entry in item.checklist)]) + "\n"


def workspace(lab: Lab, experiment: Experiment) -> Path:
    """Where the experiment is worked on: a standalone clone in the factory home."""
    return lab.workspaces / f"exp-{experiment.id:03d}" / "tree"


def restore_workspace(lab: Lab, experiment: Experiment) -> None:
    """Make the workspace again, with what was last recorded of it, where it is gone.

    Its place is told by the project's own: a project that was moved has none.
    """
    place = workspace(lab, experiment)
    if not place.is_dir():
        checkout_at(lab.repo, tip_of(lab, experiment), place, BUILDER_HISTORY)


def record_candidate(lab: Lab, experiment: Experiment) -> str | None:
    """Commit what lies in the workspace, as one commit on the baseline, and move the branch there.

    A branch that a person has moved in their own checkout counts where the workspace has nothing new; where
    it has, their commits are set aside under a ref. None when there is no change at all.
    """
    repo, baseline = lab.repo, experiment.baseline
    tip = tip_of(lab, experiment)
    place = workspace(lab, experiment)
    if not place.is_dir():
        return _changed(tip, baseline)
    made = snapshot(repo, place, baseline, commit_message(experiment))
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


def tip_of(lab: Lab, experiment: Experiment) -> str:
    """The commit that the experiment's branch stands at; the baseline where there is no branch."""
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


def commit_message(experiment: Experiment) -> str:
    """The message of an experiment's commit; the trailer ties it to its row."""
    return f"{experiment.hypothesis}\n\nFactory-Experiment: {experiment.id}\n"
