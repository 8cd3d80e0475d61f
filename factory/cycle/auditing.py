"""The audit: is the sum of the keeps what its parts promised? If not, bisection names what broke the promise.

A keep promises what it was kept for: its gain in the composite, each dimension that it raised, the check of
its plan item, the tests that passed with it; and all of them together promise to have made nothing worse.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from factory.cycle.experiment import AFTER, VERIFY, load
from factory.cycle.failures import known_flaky
from factory.cycle.judging import compare_sides
from factory.cycle.lab import Lab
from factory.cycle.ratchet import ratchet_of
from factory.cycle.stack import Layer, Stack, find_stack, harness_of, recorded, recorded_gains
from factory.evals import noise
from factory.evals.decide import gains
from factory.models import Kind, Measurement, MeasurementPairs, Outcome, VerifyReport
from factory.strategy.undone import undone_by

AUDIT_AFTER = 3
"""A loop that has kept so many experiments ends with an audit of them."""

FAILING = (Outcome.FAILED, Outcome.ERROR)


@dataclass(frozen=True)
class Promise:
    """Something that held at state ``since`` and should hold at every later one; ``text`` says what."""

    text: str
    since: int
    holds: Callable[[int], bool]


@dataclass(frozen=True)
class Broken:
    """A promise that the top of the stack does not keep, and the layer with which it was broken."""

    text: str
    culprit: Layer


@dataclass(frozen=True)
class Audit:
    """What an audit came to. ``promised`` and ``found`` are gains of the composite, None where unknown."""

    keeps: list[int]
    target: str
    start: str
    head: str
    promised: float | None
    found: float | None
    broken: list[Broken]
    notes: list[str] = field(default_factory=list)

    @property
    def culprits(self) -> list[int]:
        """The experiments that broke a promise, each once."""
        return list(dict.fromkeys(b.culprit.id for b in self.broken if b.culprit.id is not None))

    def to_data(self) -> dict[str, Any]:
        """The audit as JSON."""
        broken = [{"promise": b.text, "by": b.culprit.id, "culprit": b.culprit.name} for b in self.broken]
        return {
            "keeps": self.keeps,
            "target": self.target,
            "start": self.start,
            "head": self.head,
            "promised": self.promised,
            "found": self.found,
            "broken": broken,
            "culprits": self.culprits,
            "notes": self.notes,
        }


def audit(lab: Lab, *, last: int | None = None, since: int | None = None) -> Audit | None:
    """Measure the stacked keeps against the state before them; None where there are none.

    Nothing is changed. Raises BadInput where ``since`` is no keep on the target branch.
    """
    stack = find_stack(lab, last=last, since=since)
    if stack is None:
        return None
    notes = [*stack.remarks, *_metrics(stack)]
    broken = []
    for promise in promises(stack, notes):
        if promise.holds(stack.top) or _holds_in_new_pairs(stack, promise):
            continue
        culprit = breaker(stack, promise)
        if culprit.is_undo:
            notes.append(f"{promise.text}: {culprit.name} took that back, as asked")
        else:
            broken.append(Broken(promise.text, culprit))
    stack.leave_top_as_newest()
    found = _composite_gains(stack, stack.top)
    return Audit(
        keeps=[layer.id for layer in stack.layers if layer.id is not None],
        target=stack.target,
        start=stack.commit(0),
        head=stack.commit(stack.top),
        promised=_promised(stack, stack.top),
        found=statistics.fmean(found) if found else None,
        broken=broken,
        notes=notes,
    )


def _metrics(stack: Stack) -> Iterator[str]:
    """What research keeps were kept for, which is not run again here."""
    for layer in stack.layers:
        moved = ratchet_of(stack.lab, layer.id) if layer.id is not None else None
        if moved is not None and layer.row is not None and layer.row.kind == Kind.RESEARCH:
            yield (
                f"experiment {layer.id} was kept for {moved.told}, which an audit does not run again; of it "
                "only what it did to the composite counts here"
            )


def _holds_in_new_pairs(stack: Stack, promise: Promise) -> bool:
    """Whether a promise that seems broken holds when the noise is drawn anew; never where there is none."""
    if len(stack.pairs(stack.top).before) < 2:
        return False
    with stack.second_look():
        return promise.holds(stack.top)


def breaker(stack: Stack, promise: Promise) -> Layer:
    """The layer with which a broken promise was broken, by bisection: it holds below it, and not with it.

    Where it does not even hold with the keep that made it, that keep is meant: what it was kept for does not
    show any more.
    """
    if promise.since and not promise.holds(promise.since):
        return stack.layers[promise.since - 1]
    good, bad = promise.since, stack.top
    while bad - good > 1:
        middle = (good + bad) // 2
        if promise.holds(middle):
            good = middle
        else:
            bad = middle
    return stack.layers[bad - 1]


def promises(stack: Stack, notes: list[str]) -> Iterator[Promise]:
    """What the layers have promised; ``notes`` takes what cannot be compared and why."""
    yield Promise("all keeps together make nothing worse", 0, lambda state: _not_worse(stack, state))
    comparable = _comparable(stack, notes)
    if comparable and _promised(stack, stack.top) is not None:
        promised = f"{_promised(stack, stack.top):+.4f}"
        yield Promise(f"the parts promised {promised} together", 0, lambda state: _adds_up(stack, state))
    undone = undone_by(stack.lab.history())
    for state, layer in enumerate(stack.layers, start=1):
        if layer.id is not None and layer.id not in undone and not layer.is_undo:
            if comparable:
                yield from _gains(stack, state, layer)
            yield from _delivered(stack, state, layer)
    yield from _tests(stack)


def _comparable(stack: Stack, notes: list[str]) -> bool:
    """Whether the scores on record were measured by the judge that measures now."""
    now = stack.pairs(stack.top).before[0].harness
    others = [
        layer.id
        for layer in stack.layers
        if layer.row is not None and harness_of(stack.lab, layer.row) != now
    ]
    if others:
        named = ", ".join(map(str, others))
        notes.append(f"another harness measured experiments {named}: their scores are not compared")
    return not others


def _not_worse(stack: Stack, state: int) -> bool:
    pairs = stack.pairs(state)
    return (
        state == 0
        or compare_sides(stack.lab, pairs.before, pairs.after, stack.policy).direction != "regressed"
    )


def _promised(stack: Stack, state: int) -> float | None:
    """The sum of the gains on record up to a state, means over their pairs; None where one is unknown.

    Of a gain that was measured under noise only the part counts that is sure at 95 %: keeps are chosen for
    having been measured high, so that their sum would promise what was luck.
    """
    made = [recorded_gains(stack, layer) for layer in stack.layers[:state] if layer.row is not None]
    return sum(_sure(one) for one in made) if all(made) else None


def _sure(gain: Sequence[float]) -> float:
    """What is sure of a gain that was measured in these pairs."""
    return statistics.fmean(gain) - noise.margin(gain)


def _adds_up(stack: Stack, state: int) -> bool:
    promised = _promised(stack, state) or 0.0
    return not _below(
        [gain - promised for gain in _composite_gains(stack, state)], -stack.policy.eval.tolerance
    )


def _composite_gains(stack: Stack, state: int) -> list[float]:
    """By how much the composite of a state lies above that of state 0, pair by pair."""
    pairs = stack.pairs(state)
    return gains(pairs.before, pairs.after, stack.policy.eval.weights) if state else [0.0]


def _gains(stack: Stack, state: int, layer: Layer) -> Iterator[Promise]:
    """A promise for each dimension that the keep has raised by more than may be lost of it.

    It is broken where no more than the tolerance is left; with noise, where significantly less than half is:
    that something is gone altogether could hardly ever be told.
    """
    tolerances = {spec.name: spec.tolerance for spec in stack.policy.eval.dimensions}
    for name, gain in raised_by(stack.lab, layer).items():
        tolerance = tolerances.get(name, stack.policy.eval.tolerance)
        if gain > tolerance + noise.EPSILON:
            text = f"experiment {layer.id} raised {name} by {gain:.4f}, and that stays"

            def holds(
                now: int, name: str = name, tolerance: float = tolerance, half: float = gain / 2
            ) -> bool:
                raised = _raised(stack, name, state - 1, now)
                return not _below(raised, max(tolerance, half) if len(raised) > 1 else tolerance)

            yield Promise(text, state, holds)


def raised_by(lab: Lab, layer: Layer) -> dict[str, float]:
    """By how much a keep has surely moved each dimension, as measured when it was kept: the mean over its
    pairs, less what may be noise.
    """
    pairs = recorded(lab, layer)
    names = [dimension.name for dimension in pairs.before[0].dimensions] if pairs else []
    found = {name: _differences(pairs, _score_of(name)) for name in names if pairs}
    return {name: _sure(values) for name, values in found.items() if values}


def _raised(stack: Stack, name: str, below: int, now: int) -> list[float]:
    """By how much a dimension stands higher at state ``now`` than at state ``below``, pair by pair."""
    here = _differences(stack.pairs(now), _score_of(name))
    there = _differences(stack.pairs(below), _score_of(name)) if below else [0.0] * len(here)
    return [a - b for a, b in zip(here, there, strict=False)]


def _score_of(name: str) -> Callable[[Measurement], float | None]:
    def score(measurement: Measurement) -> float | None:
        dimension = measurement.dimension(name)
        return dimension.score if dimension else None

    return score


def _differences(pairs: MeasurementPairs, value: Callable[[Measurement], float | None]) -> list[float]:
    """After minus before, pair by pair; empty where a side has no value."""
    sides = [(value(before), value(after)) for before, after in zip(pairs.before, pairs.after, strict=True)]
    known = [(b, a) for b, a in sides if b is not None and a is not None]
    return [a - b for b, a in known] if len(known) == len(sides) else []


def _below(values: Sequence[float], bound: float) -> bool:
    """Whether values lie below a bound: significantly so where there are several; none do not."""
    if len(values) > 1:
        return noise.significantly_below(values, bound)
    return bool(values) and values[0] < bound - noise.EPSILON


def _delivered(stack: Stack, state: int, layer: Layer) -> Iterator[Promise]:
    """A promise for the check of the keep's plan item, where it was shown to pass."""
    folder = stack.lab.store.experiment(layer.id or 0)
    if not folder.exists(VERIFY) or not folder.read(VERIFY, VerifyReport).delivered:
        return
    item = load(stack.lab, layer.id or 0).item
    for command in [check.command for check in item.checks] or [item.verify]:
        text = f"experiment {layer.id} made `{command}` pass"
        yield Promise(text, state, partial(_still_passes, stack, command))


def _still_passes(stack: Stack, command: str, now: int) -> bool:
    return stack.passes(now, command)


def _tests(stack: Stack) -> Iterator[Promise]:
    """A promise for each test that fails at the top, twice, and passed with the keep that is named."""
    failing = [test for test, outcome in stack.measured(stack.top).tests.items() if outcome in FAILING]
    flaky = known_flaky(stack.lab) if failing else set()
    for test in failing:
        passed = [
            state for state, layer in enumerate(stack.layers, start=1) if _passed_with(stack, layer, test)
        ]
        if passed and test not in flaky and stack.fails_again(stack.top, test):
            text = f"{test} passed with experiment {stack.layers[passed[-1] - 1].id}"

            def holds(now: int, test: str = test) -> bool:
                return stack.measured(now).tests.get(test) not in FAILING

            yield Promise(text, passed[-1], holds)


def _passed_with(stack: Stack, layer: Layer, test: str) -> bool:
    folder = stack.lab.store.experiment(layer.id or 0)
    if layer.id is None or not folder.exists(AFTER):
        return False
    return folder.read(AFTER, Measurement).tests.get(test) == Outcome.PASSED
