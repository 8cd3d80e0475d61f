"""What is remembered as flaky: what wavers at a baseline, and nothing that a change makes waver."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

from factory.config import default_project
from factory.cycle import failures, measuring
from factory.cycle.deciding import with_scores
from factory.cycle.experiment import AFTER, BEFORE, FAILURES, META, PAIRS, VERIFY
from factory.cycle.failures import known_flaky, sample_pairs
from factory.cycle.judging import as_compared, compare_sides, compare_stored, comparison_of
from factory.cycle.lab import Lab, open_lab
from factory.cycle.steps import observing
from factory.evals import prove
from factory.evals.dimensions import tests
from factory.evals.discover import Discovery
from factory.evals.steady import without
from factory.evals.testrun import TestRun
from factory.models import (
    DimensionScore,
    Experiment,
    FailureReport,
    Measurement,
    MeasurementPairs,
    Outcome,
    PlanItem,
    Reason,
    Tier,
    Verdict,
    VerdictRecord,
    VerifyReport,
)
from factory.paths import HomePaths
from factory.sandbox import OFF
from tests.support.projects import small_project
from tests.support.repos import commit


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return open_lab(small_project(tmp_path / "calc"), lambda _: None)


def sample(commit: str, lint: float, **outcomes: str) -> Measurement:
    base = {"tree": "t", "harness": "h", "environment": "e", "key": "k", "timestamp": "2026-01-01T00:00:00Z"}
    measured = Measurement.model_validate({**base, "commit": commit, "tests": outcomes})
    linted = DimensionScore(name="lint", tier=Tier.HYGIENE, score=lint)
    tested = tests.score(measured.tests).model_copy(update={"noisy": True})
    return measured.model_copy(update={"dimensions": [tested, linted]})


def decided(lab: Lab, monkeypatch: pytest.MonkeyPatch, before: str, after: str) -> str:
    """How five pairs decide in which a test's outcomes on each side take turns, and lint improves."""
    head = lab.repo.resolve("HEAD")
    turns = {head: cycle(before.split()), "candidate": cycle(after.split())}
    lint = {head: 0.80, "candidate": 0.82}

    def measure(lab: Lab, commit: str, *_: object, **__: object) -> Measurement:
        return sample(commit, lint[commit], steady="passed", coin=next(turns[commit]))

    monkeypatch.setattr(measuring, "measure_commit", measure)
    policy = lab.required_policy(head)
    policy = replace(policy, eval=replace(policy.eval, pairs=5))
    first = (measure(lab, head), measure(lab, "candidate"))
    pairs = sample_pairs(lab, head, "candidate", policy, first)
    return compare_sides(lab, pairs.before, pairs.after, policy).direction


def test_a_test_that_flips_on_the_baseline_in_pairs_is_out_of_the_decision(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert decided(lab, monkeypatch, "passed failed failed", "failed passed") == "improved"
    assert known_flaky(lab) == {"coin"}


def test_a_test_that_flips_on_the_candidate_alone_does_not_excuse_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert decided(lab, monkeypatch, "passed", "passed failed") != "improved"
    assert known_flaky(lab) == set()


def test_verdict_and_eval_tell_the_means_over_the_pairs_that_decide(lab: Lab) -> None:
    head = lab.repo.resolve("HEAD")
    item = PlanItem(phase=1, title="Remove unused imports", category="FIX")
    experiment = Experiment.model_validate(
        {"id": 1, "cycle": "c", "branch": "b", "baseline": head, "target": "main", "item": item,
         "hypothesis": item.title, "category": "FIX", "begun": "2026-01-01T00:00:00Z"}
    )  # fmt: skip
    before = [
        sample(head, lint, steady="passed", coin=coin) for lint, coin in ((0.7, "passed"), (0.5, "failed"))
    ]
    after = [sample("tip", lint, steady="passed", coin="passed") for lint in (0.6, 0.8)]
    folder = lab.store.experiment(1)
    for name, record in {
        META: experiment,
        BEFORE: before[0],
        AFTER: after[0],
        PAIRS: MeasurementPairs(before=before, after=after),
        FAILURES: FailureReport(commit="tip", excused=["coin"]),
        VERIFY: VerifyReport(commit="tip", checks=[]),
    }.items():
        folder.write(name, record)
    policy = lab.required_policy(head)
    record = VerdictRecord(
        commit="tip",
        verdict=Verdict.KEEP,
        reason=Reason.IMPROVED,
        rationale="",
        timestamp="2026-01-01T00:00:00Z",
    )
    told = with_scores(lab, experiment, policy, record)
    moved = comparison_of(lab, folder, "tip", policy)
    shown = [side.composite for side in as_compared(lab, experiment, "tip", policy) if side]
    assert moved is not None
    assert [told.score_before, told.score_after] == [moved.before, moved.after] == shown
    assert shown == pytest.approx([0.8, 0.85])
    assert told.left_out == ["coin"]
    assert compare_stored(folder, policy, told.left_out) == moved
    folder.write(FAILURES, FailureReport(commit="tip", excused=["coin"], unearned=["steady"]))
    named = comparison_of(lab, folder, "tip", policy)
    assert named is not None
    assert named.rationale.endswith(
        "; no gain are tests that pass only as edited, or are skipped or gone: steady"
    )


def test_what_discover_has_seen_flipping_is_remembered(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Discovery("Python", [], [], None, 0.0, [], ["coin"], [], "goal = 'x'\n")
    monkeypatch.setattr(observing, "discover", lambda *_, **__: found)
    monkeypatch.setattr(observing, "with_target", lambda *given: given[-1])
    observing.discover_setup(lab, "HEAD", "main")
    assert known_flaky(lab) == {"coin"}


def test_a_failing_test_that_was_edited_to_pass_is_no_gain(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    base = lab.repo.resolve("HEAD")
    edited = commit(lab.paths.root, {"tests/test_sums.py": "def test_add():\n    assert True\n"}, "Edit")
    old = {"right": "failed", "edited": "failed", "gone": "failed", "mended": "failed", "fine": "passed"}
    new = {"right": "failed", "edited": "passed", "mended": "passed", "fine": "passed"}
    before, after = (sample("x", 1.0, **outcomes).tests for outcomes in (old, new))
    as_it_was = before | {"mended": Outcome.PASSED}
    ran = TestRun(dict(as_it_was), None, {}, [], 0, 0.0)
    monkeypatch.setattr(failures, "run_tests_once", lambda *_, **__: ran)
    policy = lab.required_policy(base)
    report = failures.confirm_failures(lab, base, edited, policy, before=before, after=after)
    assert (report.unearned, report.confirmed) == (["edited", "gone"], [])
    scores = [
        without([sample("x", 1.0, **outcomes)], report.unearned)[0].dimensions[0].score
        for outcomes in (old, new)
    ]
    assert scores == pytest.approx([1 / 3, 2 / 3]), "what was mended counts, and nothing else"


def test_a_file_of_an_unusual_name_that_could_not_be_collected_is_one_of_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = "calc/check_sums.py"
    lab = open_lab(small_project(tmp_path / "odd", {checks: "import nothere\n"}), lambda _: None)
    base = lab.repo.resolve("HEAD")
    edited = commit(lab.paths.root, {checks: "def test_add():\n    pass\n"}, "Edit")
    asked = []

    def run(*_: object, old_tests: list[str]) -> TestRun:
        asked.extend(old_tests)
        return TestRun({f"{checks}::collection": Outcome.ERROR}, None, {}, [], 0, 0.0)

    monkeypatch.setattr(failures, "run_tests_once", run)
    before, after = ({f"{checks}::collection": Outcome.ERROR}, {f"{checks}::test_add": Outcome.PASSED})
    policy = lab.required_policy(base)
    report = failures.confirm_failures(lab, base, edited, policy, before=before, after=after)
    assert (asked, report.unearned) == ([checks], [f"{checks}::collection"])


def test_a_file_that_is_collected_at_the_baseline_now_and_then_is_flaky(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = {"a.py::collection": Outcome.ERROR}, {"a.py::test_x": Outcome.PASSED}
    monkeypatch.setattr(
        failures, "run_tests_once", lambda *_, **__: TestRun(dict(after), None, {}, [], 0, 0.0)
    )
    base = lab.repo.resolve("HEAD")
    failures.find_lucky(lab, base, lab.required_policy(base), before=before, after=after)
    assert known_flaky(lab) == {"a.py::collection"}


def test_a_proof_leaves_out_what_is_flaky_and_what_flips_between_its_first_two_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coin = cycle(["passed", "failed"])
    monkeypatch.setattr(
        prove, "sample", lambda *_, **__: sample("x", 1.0, steady="passed", coin=next(coin), known="failed")
    )
    bench = prove.Bench(
        lambda: nullcontext(tmp_path), default_project(), tmp_path, HomePaths(tmp_path), OFF, print,
        frozenset({"known"}),
    )  # fmt: skip
    bench, unchanged = prove._twice_unchanged(bench)
    assert bench.flaky == {"coin", "known"}
    assert [m.dimensions[0].score for m in (*unchanged, bench.sample(), bench.sample())] == [1.0] * 4
