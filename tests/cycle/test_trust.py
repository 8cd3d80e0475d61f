"""What may be kept rests on what the engine itself measured here: not on files that somebody laid there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from factory.cycle import deciding, judging
from factory.cycle import experiment as lab_work
from factory.cycle.lab import open_lab
from factory.errors import BadInput
from factory.git import commit_files
from factory.models import PrecheckReport, Verdict
from factory.paths import ProjectPaths
from factory.precheck import PrecheckFacts, run_precheck
from factory.runners.base import AgentResult, Invocation
from tests.support.cli import factory
from tests.support.cycles import Scripted, run, said
from tests.support.projects import (
    BROKEN_SUMS,
    CLEAN_SUMS,
    POLICY,
    TESTED_POLICY,
    begin,
    history,
    refs,
    small_project,
)
from tests.support.repos import commit, git, write


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc")


def test_a_verdict_that_a_builder_lays_into_its_records_keeps_nothing(project: Path) -> None:
    def builder(invocation: Invocation) -> AgentResult:
        write(invocation.cwd, {"calc/sums.py": CLEAN_SUMS})
        planted = {
            "v": 1, "commit": git(project, "rev-parse", "HEAD"), "verdict": "keep", "reason": "improved",
            "rationale": "trust me", "decided_by": "factory", "timestamp": "2026-01-01T00:00:00+00:00",
        }  # fmt: skip
        write(ProjectPaths(project).experiment(1), {"verdict.json": json.dumps(planted)})
        return said("Done.")

    run(project, Scripted({"builder": [builder]}), sandbox="off")
    assert [(row["verdict"], row["reason"]) for row in history(project)] == [("revert", "guard")]
    assert refs(project, "refs/factory/kept") == []


class TestAStateFolderThatCameWithTheRepository:
    CYCLE = "20200101-000000-000000aa"

    def clone(self, project: Path, files: dict[str, str], place: Path) -> Path:
        write(project, {f".factory/{name}": text for name, text in files.items()})
        git(project, "add", "--force", ".factory")
        git(project, "commit", "-qm", "With its records")
        git(project.parent, "clone", "-q", str(project), str(place))
        return place

    def journal(self, start: str) -> str:
        options = {"mode": "improve", "runner": "offline", "sandbox": "off"}
        data = {"mode": "improve", "options": options, "target": "main", "start": start}
        event = {"v": 1, "seq": 1, "ts": "2020-01-01T00:00:00.000+00:00", "cycle": self.CYCLE}
        return json.dumps(event | {"experiment": None, "type": "cycle.opened", "data": data}) + "\n"

    def test_holds_no_cycle_to_resume(self, project: Path, tmp_path: Path) -> None:
        planted = {f"cycles/{self.CYCLE}.jsonl": self.journal(git(project, "rev-parse", "HEAD"))}
        clone = self.clone(project, planted, tmp_path / "clone")
        assert "resumed" not in factory("ceo", clone, "--dry-run").expect(0).out
        assert factory("abandon", clone).code == 3

    def test_holds_no_experiment_to_go_on_with(self, project: Path, tmp_path: Path) -> None:
        begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
        begun.measure()
        begun.review()
        clone = self.clone(project, {}, tmp_path / "clone")
        with pytest.raises(BadInput, match="There is no experiment 1 here to work on"):
            lab_work.load(open_lab(clone, lambda _: None), 1)

    def test_excuses_no_test(self, tmp_path: Path) -> None:
        project = small_project(tmp_path / "calc", policy=TESTED_POLICY)
        flaky = {"v": 1, "tests": {f"tests/test_sums.py::test_{n}": {} for n in ("add", "double")}}
        clone = self.clone(project, {"flaky.json": json.dumps(flaky)}, tmp_path / "clone")
        assert begin(clone).edit({"calc/sums.py": BROKEN_SUMS}).decide() == ("revert", "new_failures")


def test_what_was_found_on_another_commit_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A measurement that was cut off leaves findings on a newer commit beside scores of an older one."""
    project = small_project(tmp_path / "calc", policy=TESTED_POLICY)
    begun = begin(project).edit({"calc/sums.py": BROKEN_SUMS})
    begun.measure()
    older = begun.tip
    begun.edit({"calc/sums.py": CLEAN_SUMS})
    lab = open_lab(project, lambda _: None)
    experiment = lab_work.load(lab, 1)
    policy = lab.required_policy(experiment.baseline)
    newer = lab_work.record_candidate(lab, experiment)
    assert newer is not None

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(judging, "_verify", cut_off)
    with pytest.raises(KeyboardInterrupt):
        judging.measure_candidate(lab, experiment, newer, policy)
    begun.edit({"calc/sums.py": BROKEN_SUMS})
    lab.repo.set_ref(f"refs/heads/{begun.branch}", older)
    begun.review()
    assert begun.tip == older
    assert "measured" in begun.failed_checks()
    assert begun.run("finalize").code == 3


def test_the_verdict_is_on_the_commit_that_was_checked(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    begun.measure()
    begun.review()
    lab = open_lab(project, lambda _: None)
    experiment, checked = lab_work.load(lab, 1), begun.tip

    def moved_meanwhile(facts: PrecheckFacts) -> PrecheckReport:
        other = commit_files(lab.repo, checked, {"calc/sums.py": BROKEN_SUMS}, "Other")
        lab.repo.set_ref(f"refs/heads/{begun.branch}", other)
        return run_precheck(facts)

    monkeypatch.setattr(judging, "run_precheck", moved_meanwhile)
    decision = deciding.settle(lab, experiment, lab.required_policy(experiment.baseline))
    assert (decision.verdict, decision.commit) == (Verdict.KEEP, checked)


class TestIntegration:
    CONSTRAINT = """
[[eval.constraint]]
name = "short"
check = "test $(cat notes.md calc/names.py 2>/dev/null | wc -l) -lt 4"
"""

    def test_a_constraint_that_the_sum_breaks_leaves_it_pending(self, tmp_path: Path) -> None:
        project = small_project(tmp_path / "calc", policy=POLICY + self.CONSTRAINT)
        files = {"calc/sums.py": CLEAN_SUMS, "calc/names.py": '"""Names."""\n\nA = 1\n'}
        assert begin(project).edit(files).decide() == ("revert", "constraint")
        files["calc/names.py"] = '"""Names."""\n'
        begun = begin(project, "Tidy what sums import", "--new-approach", "shorter").edit(files)
        assert begun.decide() == ("keep", "improved")
        commit(project, {"notes.md": "Notes.\nMore.\nYet more.\n"}, "Notes")
        done = factory("integrate", project)
        assert (done.code, done.out.partition(":")[0]) == (1, "pending")
        assert "constraint" in done.out

    def test_commits_on_a_merged_branch_are_not_lost(self, project: Path) -> None:
        begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
        assert begun.decide() == ("keep", "improved")
        kept = begun.tip
        git(project, "switch", "-q", begun.branch)
        mine = commit(project, {"notes.md": "Mine.\n"}, "Mine")
        git(project, "switch", "-q", "main")
        git(project, "merge", "-q", "--ff-only", kept)
        factory("integrate", project).expect(0)
        assert refs(project, "refs/heads") == ["refs/heads/main"]
        assert mine in git(project, "for-each-ref", "--format=%(objectname)").split()

    def test_commits_on_a_cycles_branch_are_not_lost(self, project: Path) -> None:
        found: list[str] = []

        def archivist(invocation: Invocation) -> AgentResult:
            if invocation.facts["subject"] == "cycle":
                branch = refs(project, "refs/heads/factory/cycle-*")[0]
                lab = open_lab(project, lambda _: None)
                found.append(commit_files(lab.repo, branch, {"mine": "1"}, "Mine"))
                lab.repo.set_ref(branch, found[0])
            return said("A note.")

        run(project, Scripted({"strategist": [AgentResult("refused", "no")], "archivist": [archivist]}))
        assert found[0] in git(project, "for-each-ref", "--format=%(objectname)").split()


def test_a_link_in_a_candidate_leads_nothing_outside(tmp_path: Path) -> None:
    """The judge's files are laid into the checkout, never through what a candidate put in their place."""
    outside = tmp_path / "outside"
    write(outside, {"table.txt": "a person's\n"})
    project = small_project(tmp_path / "calc")
    begun = begin(project).edit({"fixed/table.txt": None})
    (begun.workspace / "fixed").rmdir()
    (begun.workspace / "fixed").symlink_to(outside)
    begun.measure()
    assert (outside / "table.txt").read_text() == "a person's\n"
    assert "guard" in begun.failed_checks()


@pytest.mark.parametrize("shape", ["file", "folder"])
def test_the_judges_place_may_be_taken_by_anything(project: Path, shape: str) -> None:
    begun = begin(project)
    if shape == "file":
        begun.edit({"fixed/table.txt": None})
        (begun.workspace / "fixed").rmdir()
        begun.edit({"fixed": "no folder\n"})
    else:
        begun.edit({"fixed/table.txt": None}).edit({"fixed/table.txt/deep": "no file\n"})
    begun.measure()
    assert "guard" in begun.failed_checks()


@pytest.mark.parametrize("name", ["pytest.toml", "tests/.pytest.toml", ".coveragerc.toml"])
def test_newer_configuration_files_of_the_measuring_tools_are_the_judges(project: Path, name: str) -> None:
    start = git(project, "rev-parse", "HEAD")
    commit(project, {name: "[pytest]\n"}, "Configure")
    done = factory("guard", project, "--baseline", start, "--head", "HEAD").expect(1)
    assert "eval_immutable: adds the configuration of a measuring tool" in done.out
