"""The keeps that lie on a target branch one above the other, and how its score stood after each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from factory.config import ProjectConfig
from factory.cycle.experiment import BEFORE, PAIRS, load
from factory.cycle.failures import known_flaky, sample_pairs
from factory.cycle.lab import Lab
from factory.cycle.measuring import measure_commit, run_tests_once, run_verify
from factory.errors import BadInput
from factory.evals.decide import gains
from factory.evals.steady import without
from factory.models import Kind, Measurement, MeasurementPairs, Outcome, Verdict
from factory.rows import Row
from factory.strategy.undone import is_undo
from factory.words import quoted


@dataclass(frozen=True)
class Layer:
    """One layer of the stack: a keep, or commits in between that are not the factory's (``row`` is None).

    ``base`` is the state below it, ``commit`` the state with it.
    """

    base: str
    commit: str
    row: Row | None = None

    @property
    def id(self) -> int | None:
        """The experiment's id; None for commits that are not the factory's."""
        return self.row.id if self.row else None

    @property
    def is_undo(self) -> bool:
        """Whether it takes another keep back, so that what it loses is what a person wanted."""
        return self.row is not None and is_undo(self.row)

    @property
    def name(self) -> str:
        """What it is called when a person is told of it."""
        if self.row is None:
            return f"commits that are not the factory's, {self.base[:12]}..{self.commit[:12]}"
        return f"experiment {self.row.id}: {self.row.hypothesis}"


@dataclass
class Stack:
    """Layers from the oldest to the newest; state 0 is what they began on, state k what layer k left.

    Every state is measured by the judge of state 0, in pairs with it where a dimension is noisy, and once;
    tests that are known to be flaky are left out.
    """

    lab: Lab
    target: str
    policy: ProjectConfig
    layers: list[Layer]
    remarks: list[str] = field(default_factory=list)
    _pairs: dict[int, MeasurementPairs] = field(default_factory=dict)
    _once_more: MeasurementPairs | None = None
    _checks: dict[tuple[int, str], bool] = field(default_factory=dict)
    _reruns: dict[int, dict[str, Outcome]] = field(default_factory=dict)

    @property
    def top(self) -> int:
        """The number of the newest state."""
        return len(self.layers)

    def commit(self, state: int) -> str:
        """The commit of a state."""
        return self.layers[state - 1].commit if state else self.layers[0].base

    def pairs(self, state: int) -> MeasurementPairs:
        """Samples of state 0 and of ``state``, taken in turn; a state that is in the cache costs nothing."""
        if state not in self._pairs:
            start = self.commit(0)
            self.lab.say(f"state {state} of {self.top}: {self.commit(state)[:12]}")
            first = (
                measure_commit(self.lab, start, start, self.policy),
                measure_commit(self.lab, self.commit(state), start, self.policy),
            )
            self._pairs[state] = self._sampled(state, first)
        return self._pairs[state]

    def _sampled(self, state: int, first: tuple[Measurement, Measurement]) -> MeasurementPairs:
        made = sample_pairs(self.lab, self.commit(0), self.commit(state), self.policy, first)
        return steady(self.lab, made)

    @contextmanager
    def second_look(self) -> Iterator[None]:
        """Have the top seen in new pairs for a while, so that what noise has shown once does not count."""
        seen = self.pairs(self.top)
        if self._once_more is None:
            self.lab.say("something seems to be broken: the pairs once more")
            start, top = self.commit(0), self.commit(self.top)
            before, after = (
                measure_commit(self.lab, commit, start, self.policy, fresh=True) for commit in (start, top)
            )
            self._once_more = self._sampled(self.top, (before, after))
        self._pairs[self.top] = self._once_more
        try:
            yield
        finally:
            self._pairs[self.top] = seen

    def measured(self, state: int) -> Measurement:
        """The first sample of a state."""
        return self.pairs(state).after[0]

    def leave_top_as_newest(self) -> None:
        """Have the newest measurement on record be the top's again; it comes from the cache."""
        measure_commit(self.lab, self.commit(self.top), self.commit(0), self.policy)

    def fails_again(self, state: int, test: str) -> bool:
        """Whether a test that failed at a state does so when the whole suite runs once more."""
        if state not in self._reruns:
            done = run_tests_once(self.lab, self.commit(state), self.commit(0), self.policy)
            self._reruns[state] = dict(done.outcomes)
        return self._reruns[state].get(test) != Outcome.PASSED

    def passes(self, state: int, command: str) -> bool:
        """Whether a plan item's check passes at a state."""
        if (state, command) not in self._checks:
            done = run_verify(self.lab, self.commit(state), self.commit(0), self.policy, command)
            self._checks[state, command] = done.passed
        return self._checks[state, command]


def steady(lab: Lab, pairs: MeasurementPairs) -> MeasurementPairs:
    """The same pairs without the tests that are known to be flaky."""
    flaky = known_flaky(lab)
    return MeasurementPairs(before=without(pairs.before, flaky), after=without(pairs.after, flaky))


def recorded(lab: Lab, layer: Layer) -> MeasurementPairs | None:
    """The pairs that a keep was decided on, without what is known to be flaky; None where none are stored."""
    folder = lab.store.experiment(layer.id or 0)
    return steady(lab, folder.read(PAIRS, MeasurementPairs)) if layer.id and folder.exists(PAIRS) else None


def recorded_gains(stack: Stack, layer: Layer) -> list[float]:
    """By how much the composite moved with a keep when it was decided, pair by pair; empty where unknown.

    That of a research keep too, whose row has the metric. Commits that are not the factory's have none.
    """
    pairs = recorded(stack.lab, layer)
    if pairs is not None:
        return gains(pairs.before, pairs.after, stack.policy.eval.weights)
    row = layer.row
    return [row.delta] if row is not None and row.delta is not None and row.kind != Kind.RESEARCH else []


def harness_of(lab: Lab, row: Row) -> str:
    """Who measured a keep's dimensions; the row of a research keep names who judged its metric."""
    folder = lab.store.experiment(row.id or 0)
    return folder.read(BEFORE, Measurement).harness if row.id and folder.exists(BEFORE) else row.harness


def find_stack(lab: Lab, *, last: int | None = None, since: int | None = None) -> Stack | None:
    """The keeps on the target branch: the ``last`` so many, those from ``since`` on, or, without either, all
    that the harness of the newest has measured; above them what was committed later. None where there is no
    keep.

    Raises BadInput where ``since`` is no keep on the target.
    """
    kept = [row for row in lab.history() if row.verdict == Verdict.KEEP and row.cycle and row.commit]
    if not kept:
        return None
    target = load(lab, int(kept[-1].id or 0)).target
    places, remarks = _places(lab, kept, target)
    chosen = _chosen([row for row in kept if row.id in places], last, since, lab)
    if not chosen:
        return None
    layers = _layers(lab, chosen, places)
    tip = lab.repo.resolve(f"refs/heads/{target}")
    if layers[-1].commit != tip:
        remarks.append(f"what was committed after experiment {layers[-1].id} is audited too")
        layers.append(Layer(layers[-1].commit, tip))
    return Stack(lab, target, lab.required_policy(layers[0].base), layers, remarks)


def _places(lab: Lab, kept: Sequence[Row], target: str) -> tuple[dict[int | None, str], list[str]]:
    """Where each keep lies on the target: its commit, or the one that replays it; and what lies nowhere."""
    line = lab.repo.line_of(target)
    replayed = {number: sha for sha, number in line.items() if number}
    found: dict[int | None, str] = {}
    remarks = []
    for row in kept:
        place = row.commit if row.commit in line else replayed.get(str(row.id))
        if place is None:
            remarks.append(f"experiment {row.id} is not on {target} and is left out")
        else:
            found[row.id] = place
    order = {sha: number for number, sha in enumerate(line)}
    return dict(sorted(found.items(), key=lambda entry: order[entry[1]])), remarks


def _chosen(kept: list[Row], last: int | None, since: int | None, lab: Lab) -> list[Row]:
    if since is not None:
        if all(row.id != since for row in kept):
            raise BadInput(
                f"Experiment {since} is no kept experiment on the target branch.",
                f"`factory history {quoted(lab.paths.root)} --all` lists them.",
            )
        return [row for row in kept if row.id is not None and row.id >= since]
    if last is not None:
        return kept[-last:]
    newest = harness_of(lab, kept[-1])
    return [row for row in kept if harness_of(lab, row) == newest]


def _layers(lab: Lab, chosen: Sequence[Row], places: dict[int | None, str]) -> list[Layer]:
    """The keeps in the order of the branch, and between them what else was committed there."""
    by_id = {row.id: row for row in chosen}
    layers: list[Layer] = []
    for number, commit in places.items():
        if number not in by_id:
            continue
        row = by_id[number]
        base = row.text("baseline") if row.commit == commit else lab.repo.resolve(f"{commit}^")
        if layers and layers[-1].commit != base:
            layers.append(Layer(layers[-1].commit, base))
        layers.append(Layer(base, commit, row))
    return layers
