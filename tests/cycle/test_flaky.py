"""What is remembered as flaky: what wavers at a baseline, and nothing that a change makes waver."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

from factory.cycle import measuring
from factory.cycle.failures import known_flaky, sample_pairs
from factory.cycle.judging import compare_sides
from factory.cycle.lab import Lab, open_lab
from factory.cycle.steps import observing
from factory.evals.dimensions import tests
from factory.evals.discover import Discovery
from factory.models import DimensionScore, Measurement, Tier
from tests.support.projects import small_project


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


def test_what_discover_has_seen_flipping_is_remembered(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Discovery("Python", [], [], None, 0.0, [], ["coin"], [], "goal = 'x'\n")
    monkeypatch.setattr(observing, "discover", lambda *_, **__: found)
    monkeypatch.setattr(observing, "with_target", lambda *given: given[-1])
    observing.discover_setup(lab, "HEAD", "main")
    assert known_flaky(lab) == {"coin"}
