"""The end of an experiment that is cut off or refused, and what becomes of it when its cycle is abandoned."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.cycle import experiment as lab_work
from factory.cycle.finalizing import finalize
from factory.cycle.lab import Lab, open_lab
from factory.cycle.launch import abandon
from factory.cycle.verify import verify
from factory.errors import Refused
from factory.git import Repo
from factory.journal import Event, Journal
from factory.models import Experiment, PlanItem, Reason, Verdict, VerdictRecord
from tests.support.cli import factory
from tests.support.repos import git, make_repo, write

CYCLE = "20260101-000000-00000000"
BRANCH = f"factory/cycle-{CYCLE}"


class Killed(BaseException):
    """What no code of the program sees, like SIGKILL."""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A cycle in flight, whose first experiment has a commit."""
    lab = open_lab(make_repo(tmp_path / "calc", {"notes.md": "Notes.\n", "factory.toml": ""}), print)
    start = lab.repo.resolve("HEAD")
    git(lab.paths.root, "branch", BRANCH)
    journal = lab.journal(CYCLE)
    journal.append("cycle.opened", mode="improve", options={"mode": "improve"}, target="main", start=start)
    item = PlanItem.model_validate({"phase": 1, "title": "Write more", "category": "FIX"})
    policy = lab.required_policy(start)
    begun = lab_work.begin(lab, journal, item, base=start, target="main", policy=policy, scope="phase-1")
    write(lab_work.workspace(lab, begun), {"notes.md": "More notes.\n"})
    lab_work.record_candidate(lab, begun)
    return lab


def kept(lab: Lab) -> tuple[Experiment, VerdictRecord]:
    """The experiment, and the stored decision to keep it."""
    experiment = lab_work.load(lab, 1)
    decision = VerdictRecord(
        commit=lab_work.tip_of(lab, experiment), verdict=Verdict.KEEP, reason=Reason.IMPROVED,
        rationale="better", timestamp="2026-01-01T00:00:00+00:00",
    )  # fmt: skip
    lab.store.experiment(1).write(lab_work.VERDICT, decision)
    return experiment, decision


def cut_off(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finalize the experiment, and die when its row is written and its event is not."""

    def append(self: Journal, *_: object, **__: object) -> Event:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Journal, "append", append)
        finalize(lab, lab.journal(CYCLE), *kept(lab), summary="longer\tnotes", hosted=("7|o/r#8", 9))


def checked_out(lab: Lab) -> None:
    git(lab.paths.root, "switch", "--quiet", BRANCH)


def test_a_branch_that_is_checked_out_is_refused_before_the_row_is_written(lab: Lab) -> None:
    checked_out(lab)
    with pytest.raises(Refused, match=f"{BRANCH} is checked out in"):
        finalize(lab, lab.journal(CYCLE), *kept(lab))
    assert lab.history() == []
    assert abandon(lab, "looked at too long").kept == 0
    assert verify(lab).problems == []


def test_an_abandoned_cycle_completes_what_has_its_row(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(lab, monkeypatch)
    assert "has a row, but no event in its cycle's journal" in " ".join(verify(lab).problems)
    assert abandon(lab, "not now").kept == 1
    assert verify(lab).problems == []
    event = next(e for e in lab.journal(CYCLE).events() if e.type == "experiment.finalized")
    assert [event.data[name] for name in ("change_summary", "issue_number", "pr_number")] == [
        "longer notes",
        "7|o/r#8",
        9,
    ]
    assert lab.repo.resolve(f"refs/heads/{BRANCH}") == lab.history()[0].commit


def test_a_completion_that_is_refused_keeps_the_cycle_open(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Repo, "set_ref", lambda *_: (_ for _ in ()).throw(Killed))
        finalize(lab, lab.journal(CYCLE), *kept(lab))
    checked_out(lab)
    with pytest.raises(Refused, match=f"{BRANCH} is checked out in"):
        abandon(lab, "not now")
    git(lab.paths.root, "switch", "--quiet", "main")
    assert abandon(lab, "not now").kept == 1
    assert verify(lab).problems == []


def test_a_lost_folder_keeps_no_cycle_open(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_off(lab, monkeypatch)
    (lab.store.experiment(1).path / lab_work.VERDICT).unlink()
    assert abandon(lab, "not now").kept == 0
    assert "verdict.json does not exist." in capsys.readouterr().out


def test_an_abandoned_cycle_leaves_no_experiment_without_its_note(lab: Lab) -> None:
    finalize(lab, lab.journal(CYCLE), *kept(lab))
    assert verify(lab).problems == ["experiment 1: has no archive note"]
    abandon(lab, "not now")
    assert verify(lab).problems == []


def test_the_kept_work_of_a_damaged_journal_is_told_with_its_branch(lab: Lab) -> None:
    finalize(lab, lab.journal(CYCLE), *kept(lab))
    with lab.paths.journal(CYCLE).open("a") as journal:
        journal.write("{broken\n")
    told = factory("abandon", lab.paths.root).expect(0).out.splitlines()
    merge = f"git -C {lab.paths.root} merge --ff-only {BRANCH}"
    assert told[1:] == [f"its 1 kept experiments wait on {BRANCH}: {merge}"]
    git(lab.paths.root, *merge.split()[3:])
    assert (lab.paths.root / "notes.md").read_text() == "More notes.\n"


def test_what_the_checkout_has_does_not_wait_when_its_journal_is_damaged(lab: Lab) -> None:
    finalize(lab, lab.journal(CYCLE), *kept(lab))
    git(lab.paths.root, "merge", "--quiet", "--ff-only", BRANCH)
    lab.paths.journal(CYCLE).write_text("{broken\n")
    assert abandon(lab, "it is damaged").kept == 0


def test_gc_works_beside_a_damaged_journal_and_takes_its_cycle_for_one_in_flight(lab: Lab) -> None:
    finalize(lab, lab.journal(CYCLE), *kept(lab))
    left = lab.workspaces / "exp-009"
    left.mkdir()
    with lab.paths.journal(CYCLE).open("a") as journal:
        journal.write("{broken\n")
    done = factory("gc", lab.paths.root).expect(0)
    assert done.out == f"removed: {left}\n"
    assert BRANCH in git(lab.paths.root, "branch", "--format=%(refname:short)")
