"""Research mode: the metric moves on by what is proven, and by nothing else."""

from __future__ import annotations

import base64
import itertools
import json
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from factory.cycle.context import Cycle, CycleOptions
from factory.cycle.inflight import cycle_in_flight
from factory.cycle.lab import open_lab
from factory.cycle.launch import run_cycle
from factory.cycle.ratchet import runs_of
from factory.errors import BadInput, EnvironmentLacking
from factory.journal import Event
from factory.models import LeakReport, RatchetRecord, ResearchRun
from factory.offline.runner import OfflineRunner
from factory.paths import ProjectPaths, factory_home
from factory.research.runs import RunStore
from factory.runners.base import AgentResult, Invocation
from tests.support.cli import factory
from tests.support.cycles import Scripted, Silent, run, said
from tests.support.matrix import sampled
from tests.support.packing import (
    DECREASING,
    OTHER_LUCK,
    POLICY,
    SOLVER,
    TARGET,
    lay_held_out,
    packing_project,
    plan,
)
from tests.support.projects import assert_sound, events, history
from tests.support.repos import commit, git, write


def builds(files: dict[str, str], text: str = "Done as planned.") -> Callable[[Invocation], AgentResult]:
    """A Builder that writes files."""

    def build(invocation: Invocation) -> AgentResult:
        write(invocation.cwd, files)
        return said(text)

    return build


def verdicts(project: Path) -> list[tuple[str, str]]:
    return [(row["verdict"], row["reason"]) for row in history(project)]


def closed(cycle: Cycle) -> dict[str, Any]:
    assert cycle.state.closed is not None
    found: dict[str, Any] = cycle.state.closed["research"]
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return packing_project(tmp_path / "packing")


ANALYSIS = "### Too many bins (9 of 12)\n\n- Cause: big items come late\n"
BETTER = builds({"packing/solver.py": DECREASING})
LUCKY = builds({"packing/solver.py": OTHER_LUCK})


def scripted(*plans: str, builder: list[Any], **roles: Any) -> Scripted:
    return Scripted({"strategist": plans, "builder": builder, "failure_analyst": [ANALYSIS]} | roles)


def folder(project: Path, number: int) -> Path:
    return ProjectPaths(project).experiment(number)


def all_runs(project: Path) -> list[ResearchRun]:
    return list(runs_of(open_lab(project, lambda _: None)).all())


def test_an_improvement_is_kept_and_a_plateau_ends_it(project: Path) -> None:
    runner = scripted(
        plan("Sort the items before packing them"),
        plan("Draw another order of the items", "Begin elsewhere by chance", category="EXPLORE"),
        builder=[BETTER, LUCKY],
    )
    cycle = run(project, runner, mode="research")
    first, *others = history(project)
    assert (first["verdict"], first["reason"], first["kind"]) == ("keep", "improved", "research")
    assert {row["verdict"] for row in others} == {"revert"}
    assert len(others) == 2, "the plateau threshold of this project"
    found = closed(cycle)
    assert (found["stop"], found["detail"]) == ("plateau", "no new best in 2 scored experiments")
    assert found["best"] < found["start"]
    ended = runner.of("archivist")[-1].facts["ended"]
    assert ended["reason"] == "plateau"
    assert ended["detail"].startswith("no new best in 2 scored experiments; mean_gap 2.")
    assert (project / "packing/solver.py").read_text() == DECREASING
    assert (
        "- **Failure mode:** too many bins\n- **Mutable surface:** packing/solver.py"
        in (folder(project, 1) / "hypothesis.md").read_text()
    )
    record = RatchetRecord.model_validate_json((folder(project, 1) / "ratchet.json").read_text())
    assert (len(record.before), len(record.after), len(set(record.seeds))) == (5, 5, 5)
    assert first["score_after"] == pytest.approx(sum(record.after) / 5)
    assert_sound(project)


def test_runs_are_kept_with_seed_result_log_and_commit(project: Path) -> None:
    run(project, scripted(plan("Sort the items first"), builder=[BETTER]), mode="research", lite=True)
    runs = all_runs(project)
    assert [r.number for r in runs] == list(range(1, 16)), "five at the baseline, five pairs"
    by_pair = {r.purpose: r for r in runs if r.experiment == 1}
    cycle_id = runs[0].cycle
    for n in range(1, 6):
        before, after = (by_pair[f"{cycle_id}/experiment-1/{n}/{side}"] for side in ("before", "after"))
        assert before.seed == after.seed
        assert before.commit != after.commit
    place = ProjectPaths(project).research_runs / "001"
    assert json.loads((place / "result.json").read_text())["mean_gap"] == runs[0].value
    assert "12 instances" in (place / "log.txt").read_text()
    assert {r.commit for r in runs if r.experiment is None} == {git(project, "rev-parse", "main~1")}


def test_a_lucky_first_run_is_not_kept(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = open_lab(project, lambda _: None)
    seeds = iter(best_luck_first(project))
    monkeypatch.setattr("secrets.randbelow", lambda _: next(seeds))
    cycle = run(
        project,
        scripted(plan("Draw another order of the items"), builder=[LUCKY]),
        mode="research",
        lite=True,
    )
    record = RatchetRecord.model_validate_json((folder(project, 1) / "ratchet.json").read_text())
    assert record.after[0] < record.before[0], "one run alone would have said better"
    assert verdicts(project) == [("revert", "inconclusive")]
    assert closed(cycle)["best"] == closed(cycle)["start"]
    assert lab.repo.show("main", "packing/solver.py") == SOLVER
    assert_sound(project)


def bins_by_seed(project: Path, seeds: int) -> list[int]:
    """How many bins the solver needs with each seed from 0 on."""
    namespace: dict[str, Any] = {}
    exec(SOLVER, namespace)
    given = json.loads((project / "bench/instances.json").read_text())
    return [
        sum(len(namespace["pack"](sizes, 100, seed)) for sizes in given.values()) for seed in range(seeds)
    ]


def best_luck_first(project: Path) -> list[int]:
    """Seeds for a baseline and five pairs: in the first the candidate is lucky, in the others it is as often
    better as worse."""
    bins = bins_by_seed(project, 207)
    differences = {seed: bins[seed + 7] - bins[seed] for seed in range(200)}
    lucky = min(differences, key=lambda seed: differences[seed])
    worse = [seed for seed, moved in differences.items() if moved > 0]
    better = [seed for seed, moved in differences.items() if moved < 0 and seed != lucky]
    return [1, 2, 3, 4, 5, lucky, worse[0], better[0], worse[1], worse[2]]


@pytest.mark.parametrize(
    ("solver", "how"),
    [
        ("encoded", "holds an encoded piece of bench/best_known.json"),
        ("table", "bench/best_known.json"),
        ("reads", "newly names bench/best_known.json"),
    ],
)
def test_answers_that_are_read_or_encoded_are_found(project: Path, solver: str, how: str) -> None:
    answers = (project / "bench/best_known.json").read_text()
    cheats = {
        "encoded": SOLVER + f"\nTABLE = {base64.b64encode(zlib.compress(answers.encode())).decode()!r}\n",
        "table": SOLVER + f"\nTABLE = {json.loads(answers)!r}\n",
        "reads": SOLVER.replace(
            "    order = list(sizes)",
            '    known = open("bench/best_known.json").read()\n    order = list(sizes)',
        ),
    }
    runner = scripted(plan("Sort the items first"), builder=[builds({"packing/solver.py": cheats[solver]})])
    cycle = run(project, runner, mode="research")
    assert verdicts(project) == [("revert", "leakage")]
    assert how in history(project)[0]["notes"]
    report = LeakReport.model_validate_json((folder(project, 1) / "leakage.json").read_text())
    assert report.leaks
    assert {leak.where for leak in report.leaks} == {"packing/solver.py"}
    assert not [r for r in all_runs(project) if r.experiment == 1], "nothing is run for it"
    assert closed(cycle)["stop"] == "stalled"
    assert_sound(project)


@pytest.mark.matrix
def test_answers_in_a_plan_go_back_to_the_strategist(project: Path) -> None:
    answers = json.loads((project / "bench/best_known.json").read_text())
    told = "; ".join(f"{name} is {bins}" for name, bins in list(answers.items())[:4])
    runner = scripted(
        plan("Sort the items first", words=f"Answer as known: {told}."),
        plan("Sort the items first"),
        builder=[BETTER],
    )
    run(project, runner, mode="research", lite=True)
    again = runner.of("strategist")[1]
    assert any("bench/best_known.json" in text for text in again.facts["corrections"])
    assert verdicts(project) == [("keep", "improved")]


@pytest.mark.matrix
def test_what_an_analysis_quotes_of_the_answers_reaches_nobody(project: Path) -> None:
    answers = json.loads((project / "bench/best_known.json").read_text())
    quoted = f"- inst-03 should be {answers['inst-03']}\n"
    runner = scripted(plan("Sort the items first"), builder=[BETTER], failure_analyst=[ANALYSIS + quoted])
    run(project, runner, mode="research", lite=True)
    shown = runner.of("strategist")[0]
    assert "big items come late" in shown.prompt
    assert "1 lines left out: they quote fixed files" in shown.prompt
    assert str(answers["inst-03"]) not in shown.prompt


def test_a_fixed_file_that_is_touched_is_put_back_and_told_of(project: Path) -> None:
    scorer = (project / "bench/score.py").read_text()

    def cheat(invocation: Invocation) -> AgentResult:
        place = invocation.cwd / "bench/score.py"
        assert not place.stat().st_mode & 0o222, "read-only while agents work"
        place.chmod(0o644)
        write(invocation.cwd, {"bench/score.py": scorer.replace("len(bins) - len(best[name])", "0")})
        return BETTER(invocation)

    def honest(invocation: Invocation) -> AgentResult:
        assert (invocation.cwd / "bench/score.py").read_text() == scorer
        write(invocation.cwd, {"packing/solver.py": DECREASING.replace("biggest", "largest")})
        return said("Left alone.")

    runner = scripted(plan("Sort the items first"), builder=[cheat, honest])
    run(project, runner, mode="research", lite=True)
    restored = [e.data["files"] for e in events(project) if e.type == "fixed.restored"]
    assert restored == [["bench/score.py"]]
    told = runner.of("builder")[1].facts["corrections"]
    assert any("fixed_surfaces" in text for text in told)
    assert any("put back: bench/score.py" in text for text in told)
    assert verdicts(project) == [("keep", "improved")]
    assert git(project, "diff", "--name-only", "main~1", "main") == "packing/solver.py"


@pytest.mark.matrix
def test_who_goes_on_touching_fixed_files_is_ended(project: Path) -> None:
    cheat = builds({"bench/instances.json": "{}"})
    run(project, scripted(plan("Sort the items first"), builder=[cheat]), mode="research", lite=True)
    assert verdicts(project) == [("revert", "guard")]
    assert "bench/instances.json" in history(project)[0]["notes"]


def test_only_mutable_surfaces_may_change(tmp_path: Path) -> None:
    project = packing_project(tmp_path / "packing", policy=POLICY + TARGET, more={"packing/notes.md": "-\n"})
    outside = builds({"packing/solver.py": DECREASING, "other.py": "x = 1\n"})
    run(project, scripted(plan("Sort the items first"), builder=[outside]), mode="research", lite=True)
    assert verdicts(project) == [("revert", "guard")]
    assert "other.py" in history(project)[0]["notes"]


@pytest.mark.matrix
def test_a_candidate_that_cannot_be_run_is_no_improvement(project: Path) -> None:
    broken = builds(
        {"packing/solver.py": DECREASING.replace("    bins = []", "    assert not order\n    bins = []")}
    )
    run(project, scripted(plan("Sort the items first"), builder=[broken]), mode="research", lite=True)
    assert verdicts(project) == [("revert", "regressed")]
    assert "AssertionError" in history(project)[0]["notes"]
    assert_sound(project)


@pytest.mark.matrix
def test_a_result_that_the_run_has_not_made_is_none(tmp_path: Path) -> None:
    policy = POLICY + TARGET.replace("python bench/score.py", "true")
    project = packing_project(tmp_path / "packing", policy=policy)
    write(project, {".gitignore": "__pycache__/\n", "result.json": '{"mean_gap": 0}'})
    git(project, "add", "-f", "result.json", ".gitignore")
    git(project, "commit", "-qm", "A result from nowhere")
    with pytest.raises(
        EnvironmentLacking, match="The research target cannot be run: run 1: it left no result"
    ):
        run(project, Scripted(), mode="research")
    assert cycle_in_flight(ProjectPaths(project)) is None


def test_the_target_ends_it(tmp_path: Path) -> None:
    project = packing_project(tmp_path / "packing", policy=POLICY + TARGET + "target = 1.2\n")
    runner = scripted(plan("Sort the items first", "Never begun"), builder=[BETTER])
    cycle = run(project, runner, mode="research")
    assert verdicts(project) == [("keep", "improved")]
    assert closed(cycle)["stop"] == "target"
    again = run(project, Scripted(), mode="research")
    assert (closed(again)["stop"], again.state.spent.invocations) == ("target", 1), "the archivist alone"


@pytest.mark.matrix
def test_a_budget_ends_it(project: Path) -> None:
    runner = scripted(plan("Sort the items first"), builder=[BETTER])
    cycle = run(project, runner, mode="research", budget_invocations=2)
    assert closed(cycle)["stop"] == "budget"
    assert history(project) == []


def test_without_a_target_there_is_nothing_to_do(tmp_path: Path) -> None:
    project = packing_project(tmp_path / "packing", policy=POLICY)
    with pytest.raises(BadInput, match="There is no research target"):
        run(project, Scripted(), mode="research")


def test_the_offline_runner_says_what_it_cannot_do(project: Path) -> None:
    cycle = run(project, OfflineRunner(), mode="research")
    assert closed(cycle)["stop"] == "no_plan"
    assert closed(cycle)["detail"].startswith(
        "nothing to propose: a method that moves mean_gap needs judgement"
    )
    place = ProjectPaths(project).cycle_dir(cycle.id) / "analysis-round-1.md"
    assert "### too many bins (" in place.read_text()


class TestHeldOut:
    HELD_OUT = 'held_out = "python bench/score.py held-out"\n'

    def project(self, tmp_path: Path) -> Path:
        project = packing_project(tmp_path / "packing", policy=POLICY + TARGET + self.HELD_OUT)
        lay_held_out(factory_home().held_out / ProjectPaths(project).key)
        return project

    def test_a_gain_that_holds_is_said_to_hold(self, tmp_path: Path) -> None:
        project = self.project(tmp_path)
        cycle = run(project, scripted(plan("Sort the items"), builder=[BETTER]), mode="research", lite=True)
        assert closed(cycle)["held_out"]["answer"] == "holds"
        held = [r for r in all_runs(project) if r.kind == "held_out"]
        assert len(held) == 10
        assert {r.command for r in held} == {"python bench/score.py held-out"}
        assert not list(project.rglob("held-out"))

    def test_over_fitting_is_named(self, tmp_path: Path) -> None:
        project = self.project(tmp_path)
        given = json.loads((project / "bench/instances.json").read_text())
        fitted = SOLVER.replace(
            "    random.Random(seed).shuffle(order)",
            "    key = (order[0] * 31 + order[-1] * 17 + len(order) * 7) % 997\n"
            f"    if key in {{{', '.join(map(str, keys(given)))}}}:\n"
            "        order.sort(reverse=True)\n    else:\n        random.Random(seed).shuffle(order)",
        )
        cycle = run(
            project,
            scripted(plan("Sort some of the items"), builder=[builds({"packing/solver.py": fitted})]),
            mode="research",
            lite=True,
        )
        assert verdicts(project) == [("keep", "improved")]
        assert closed(cycle)["held_out"]["answer"] == "overfitted"

    def test_agents_are_told_nothing_of_it(self, tmp_path: Path) -> None:
        project = self.project(tmp_path)
        runner = scripted(plan("Sort the items"), builder=[BETTER])
        run(project, runner, mode="research", lite=True)
        for call in runner.calls:
            assert not re.search("held[-_ ]out", call.prompt.lower()), call.role
            assert "held" not in json.dumps(call.facts.get("target", {}))


def keys(given: dict[str, list[int]]) -> list[int]:
    return sorted({(s[0] * 31 + s[-1] * 17 + len(s) * 7) % 997 for s in given.values()})


class Killed(BaseException):
    """What no code of the program sees, like SIGKILL."""


STEPS = ("baseline_run", "analyse", "gate_plan", "build", "leakage", "run",
         "finalize", "conclude", "close")  # fmt: skip


@pytest.mark.parametrize("step", sampled(STEPS, STEPS[::3]))
def test_what_is_cut_off_goes_on_to_the_same_end(
    project: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    real = Cycle.record

    def record(self: Cycle, kind: str, experiment: int | None = None, **data: Any) -> Event:
        if (kind, data.get("step")) == ("step.completed", step):
            monkeypatch.setattr(Cycle, "record", real)
            raise Killed
        return real(self, kind, experiment, **data)

    monkeypatch.setattr(Cycle, "record", record)
    runner = scripted(plan("Sort the items first"), builder=[BETTER])
    with pytest.raises(Killed):
        run(project, runner, mode="research", lite=True)
    made, calls = len(all_runs(project)), len(runner.calls)
    cycle = run(project, runner, mode="research", lite=True)
    assert verdicts(project) == [("keep", "improved")]
    assert closed(cycle)["stop"] == "lite"
    assert len(all_runs(project)) == 15, f"{made} were made before, none is made twice"
    assert len(runner.calls) == 6, f"{calls} were asked before, none is asked twice"
    assert_sound(project)


def test_a_run_that_is_cut_off_leaves_nothing_half(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, done = RunStore.add, []

    def add(self: RunStore, run: ResearchRun, result: str, log: str) -> ResearchRun:
        done.append(run)
        if len(done) == 8:
            raise Killed
        return real(self, run, result, log)

    monkeypatch.setattr(RunStore, "add", add)
    runner = scripted(plan("Sort the items first"), builder=[BETTER])
    with pytest.raises(Killed):
        run(project, runner, mode="research", lite=True)
    assert len(all_runs(project)) == 7
    run(project, runner, mode="research", lite=True)
    assert len(all_runs(project)) == 15
    assert verdicts(project) == [("keep", "improved")]


@pytest.mark.matrix
def test_on_a_target_that_has_moved_the_metric_is_run_again(project: Path) -> None:
    def archivist(invocation: Invocation) -> AgentResult:
        if invocation.facts["subject"] == "cycle":
            commit(project, {"notes.md": "Meanwhile.\n"}, "Something else")
        return said("A note.")

    runner = scripted(plan("Sort the items first"), builder=[BETTER], archivist=[archivist])
    cycle = run(project, runner, mode="research", lite=True)
    assert cycle.state.integration["status"] == "merged"
    again = [r for r in all_runs(project) if "/integrate-" in r.purpose]
    assert len(again) == 10
    assert (project / "packing/solver.py").read_text() == DECREASING
    assert (project / "notes.md").read_text() == "Meanwhile.\n"


@pytest.mark.matrix
def test_a_gain_that_the_target_has_by_now_stays_pending(project: Path) -> None:
    def archivist(invocation: Invocation) -> AgentResult:
        if invocation.facts["subject"] == "cycle":
            worse = "def first_fit(order, capacity):\n    return [[size] for size in order]\n"
            commit(project, {"packing/other.py": worse, "bench/instances.json": "{}"}, "Another task")
        return said("A note.")

    runner = scripted(plan("Sort the items first"), builder=[BETTER], archivist=[archivist])
    cycle = run(project, runner, mode="research", lite=True)
    assert cycle.state.integration["status"] == "pending"
    assert "the metric does not show the gain" in cycle.state.integration["message"]


def test_a_changed_run_is_noticed(project: Path) -> None:
    run(project, scripted(plan("Sort the items first"), builder=[BETTER]), mode="research", lite=True)
    place = ProjectPaths(project).research_runs / "007" / "run.json"
    data = json.loads(place.read_text())
    place.write_text(json.dumps(data | {"value": 0.0}))
    assert factory("verify", project, "--json").json["problems"] == [
        "experiment 1: ratchet.json and its runs differ in the metric"
    ]


def test_what_a_person_should_know_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blind = TARGET.replace('fixed = ["bench/**"]\n', "").replace("repeats = 5", "repeats = 1")
    project = packing_project(tmp_path / "packing", policy=POLICY + blind)
    bins = bins_by_seed(project, 50)
    two_runs = itertools.cycle([bins.index(min(bins)), bins.index(max(bins))])
    monkeypatch.setattr("secrets.randbelow", lambda _: next(two_runs))
    progress = Silent()
    options = CycleOptions(mode="research", runner="offline")
    runner = OfflineRunner()
    run_cycle(open_lab(project, lambda _: None), options, progress, lambda role: runner)
    assert progress.warnings[0].startswith("[research] fixed names no file")
    assert progress.warnings[1].startswith(
        "mean_gap differs between two runs of one commit, and repeats is 1"
    )


@pytest.mark.matrix
def test_a_metric_that_somebody_made_worse_is_told(project: Path) -> None:
    run(project, scripted(plan("Sort the items first"), builder=[BETTER]), mode="research", lite=True)
    commit(project, {"packing/solver.py": SOLVER}, "Take it back by hand")
    progress = Silent()
    options = CycleOptions(mode="research", runner="offline")
    runner = OfflineRunner()
    run_cycle(open_lab(project, lambda _: None), options, progress, lambda role: runner)
    assert "the best that was kept: something since then has made it worse" in progress.warnings[0]
