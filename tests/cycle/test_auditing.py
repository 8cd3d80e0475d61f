"""What an audit makes of noisy measurements: luck is promised by nobody, and a loss is told from noise."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bench.noise_rates import kept, measured
from factory.cycle.auditing import breaker, promises
from factory.cycle.experiment import PAIRS
from factory.cycle.lab import Lab, open_lab
from factory.cycle.stack import Layer, Stack
from factory.evals.score import composite
from factory.models import Measurement, MeasurementPairs
from factory.rows import Row
from tests.support.projects import POLICY
from tests.support.repos import make_repo

SIGMA = 0.01


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return open_lab(make_repo(tmp_path / "r", {"factory.toml": POLICY}), lambda _: None)


def scored(level: float) -> Measurement:
    found = measured(level)
    return found.model_copy(update={"composite": composite(found.dimensions)})


def pairs(chance: random.Random, before: float, after: float) -> MeasurementPairs:
    sides = [[scored(chance.gauss(level, SIGMA)) for _ in range(5)] for level in (before, after)]
    return MeasurementPairs(before=sides[0], after=sides[1])


def levels_of(found: MeasurementPairs) -> tuple[list[float], list[float]]:
    before, after = ([m.composite or 0.0 for m in side] for side in (found.before, found.after))
    return before, after


def stack_of(lab: Lab, chance: random.Random, worth: float, *, lost: float = 0.0) -> Stack:
    """Three keeps, each worth that much and kept by the rule; the third takes ``lost`` away unseen."""
    layers = []
    for number in range(1, 4):
        found = pairs(chance, 0.5, 0.5 + worth)
        while not kept(*levels_of(found)):
            found = pairs(chance, 0.5, 0.5 + worth)
        lab.store.experiment(number).write(PAIRS, found)
        before, after = levels_of(found)
        delta = (sum(after) - sum(before)) / 5
        row = Row.of(id=number, hypothesis="h", kind="code", verdict="keep", delta=delta)
        layers.append(Layer(f"{number - 1:040d}", f"{number:040d}", row))
    stack = Stack(lab, "main", lab.required_policy("HEAD"), layers)
    for state in range(4):
        gain = worth * state - (lost if state == 3 else 0.0)
        stack._pairs[state] = pairs(chance, 0.5, 0.5 + gain)
    return stack


def broken(stack: Stack) -> list[str]:
    return [promise.text for promise in promises(stack, []) if not promise.holds(stack.top)]


def test_keeps_that_are_worth_what_they_are_worth_are_seldom_accused(lab: Lab) -> None:
    chance = random.Random(7)
    accused = [bool(broken(stack_of(lab, chance, SIGMA))) for _ in range(10)]
    assert sum(accused) <= 2


def test_what_is_lost_again_is_found_under_noise_and_traced(lab: Lab) -> None:
    chance = random.Random(7)
    worth = 10 * SIGMA
    found = 0
    for _ in range(5):
        stack = stack_of(lab, chance, worth, lost=3 * worth)
        told = [promise for promise in promises(stack, []) if not promise.holds(stack.top)]
        texts = [promise.text for promise in told]
        assert any(text.startswith("the parts promised +") for text in texts)
        assert any(text.startswith("experiment 1 raised speed by ") for text in texts)
        found += all(breaker(stack, promise).id == 3 for promise in told)
    assert found >= 4
