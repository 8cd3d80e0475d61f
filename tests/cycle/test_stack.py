"""The stack that an audit looks at: its pairs, second looks, keeps of research, and what came later."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.cycle import auditing, deciding
from factory.cycle.auditing import Promise
from factory.cycle.experiment import BEFORE, META, PAIRS
from factory.cycle.lab import Lab, open_lab
from factory.cycle.ratchet import RATCHET
from factory.cycle.stack import Layer, Stack, find_stack, recorded_gains
from factory.evals import noise
from factory.models import (
    DimensionScore,
    Experiment,
    ExperimentRecord,
    Measurement,
    MeasurementPairs,
    PlanItem,
    RatchetRecord,
    Tier,
    Verdict,
)
from factory.rows import Row
from tests.support.projects import small_project
from tests.support.repos import commit

NOW = "2026-01-01T00:00:00Z"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return open_lab(small_project(tmp_path / "calc"), lambda _: None)


def samples(*scores: float) -> list[Measurement]:
    base = {name: name for name in ("commit", "tree", "harness", "environment", "key")}
    return [
        Measurement.model_validate(
            {**base, "timestamp": NOW, "composite": score,
             "dimensions": [DimensionScore(name="speed", tier=Tier.PROJECT, score=score, noisy=True)]}
        )
        for score in scores
    ]  # fmt: skip


def pairs(before: tuple[float, ...], after: tuple[float, ...]) -> MeasurementPairs:
    return MeasurementPairs(before=samples(*before), after=samples(*after))


FLAT = (0.5, 0.5, 0.5)


def keep(lab: Lab, number: int, recorded: MeasurementPairs, kind: str = "code", delta: float = 0.0) -> Layer:
    """A layer for a keep that was decided on these pairs."""
    folder = lab.store.experiment(number)
    folder.write(PAIRS, recorded)
    folder.write(BEFORE, recorded.before[0])
    return Layer(
        "base", f"c{number}", Row.of(id=number, kind=kind, delta=delta, verdict="keep", hypothesis="x")
    )


def stack_of(
    lab: Lab, layers: list[Layer], now: MeasurementPairs, again: MeasurementPairs | None = None
) -> Stack:
    policy = lab.required_policy("HEAD")
    return Stack(lab, "main", policy, layers, _pairs={len(layers): now}, _once_more=again)


def broken(stack: Stack) -> list[str]:
    """The promises that do not hold at the top, nor when it is looked at again."""
    made = auditing.promises(stack, [])
    return [p.text for p in made if not p.holds(stack.top) and not auditing._holds_in_new_pairs(stack, p)]


def test_the_promise_is_the_mean_over_the_pairs_less_its_noise(lab: Lab) -> None:
    layer = keep(lab, 1, pairs(FLAT, (0.52, 0.60, 0.53)), delta=0.02)
    stack = stack_of(lab, [layer], pairs(FLAT, (0.51, 0.51, 0.52)))
    sure = 0.05 - noise.margin([0.02, 0.10, 0.03])
    assert auditing._promised(stack, 1) == pytest.approx(sure)
    assert broken(stack) == [], "0.04 less is within what three such pairs can tell"


def test_a_dimension_that_was_raised_by_chance_promises_nothing(lab: Lab) -> None:
    raised = {
        name: pairs(FLAT, after)
        for name, after in {"chance": (0.7, 0.4, 0.5), "sure": (0.6, 0.6, 0.61)}.items()
    }
    for number, (name, recorded) in enumerate(raised.items(), start=1):
        layer = keep(lab, number, recorded)
        told = list(auditing._gains(stack_of(lab, [layer], pairs(FLAT, FLAT)), 1, layer))
        assert [p.text for p in told] == (
            ["experiment 2 raised speed by 0.0936, and that stays"] if name == "sure" else []
        )


@pytest.mark.parametrize(("again", "holds"), [((0.60, 0.61, 0.60), True), ((0.40, 0.41, 0.40), False)])
def test_what_seems_broken_is_looked_at_in_new_pairs(lab: Lab, again: tuple[float, ...], holds: bool) -> None:
    now = pairs(FLAT, (0.40, 0.41, 0.40))
    stack = stack_of(lab, [keep(lab, 1, pairs(FLAT, (0.6, 0.61, 0.6)))], now, pairs(FLAT, again))
    assert (broken(stack) == []) is holds
    assert stack.pairs(1) is now


def test_noise_that_is_none_needs_no_second_look(lab: Lab) -> None:
    stack = stack_of(lab, [keep(lab, 1, pairs((0.5,), (0.6,)))], pairs((0.5,), (0.4,)))
    assert not auditing._holds_in_new_pairs(stack, Promise("x", 0, lambda _: True))


def test_of_a_research_keep_the_composite_counts_and_the_metric_is_named(lab: Lab) -> None:
    layer = keep(lab, 1, pairs((0.5,), (0.49,)), kind="research", delta=-0.7833)
    moved = {
        "commit": "c1", "baseline": "base", "metric": "loss", "objective": "minimize", "harness": "metric's",
        "seeds": [1], "runs": [1, 2], "before": [1.5], "after": [0.7167], "direction": "improved",
        "rationale": "",
    }  # fmt: skip
    lab.store.experiment(1).write(RATCHET, RatchetRecord.model_validate(moved))
    stack = stack_of(lab, [layer], pairs((0.5,), (0.49,)))
    assert recorded_gains(stack, layer) == pytest.approx([-0.01])
    notes = list(auditing._metrics(stack))
    assert len(notes) == 1
    assert notes[0].startswith(
        "experiment 1 was kept for loss 1.5 → 0.7167, which an audit does not run again"
    )
    assert auditing._comparable(stack, notes)
    assert deciding._given_away(lab, 1) == "; it gives away loss 1.5 → 0.7167 (minimize)"


def test_what_was_committed_after_the_newest_keep_is_a_layer_too(lab: Lab) -> None:
    root = lab.paths.root
    base = lab.repo.resolve("HEAD")
    kept = commit(root, {"notes.md": "Kept.\n"}, "Kept")
    item = PlanItem(phase=1, title="Say it", category="FIX")
    begun = {"id": 1, "cycle": "c", "branch": "b", "baseline": base, "target": "main", "item": item,
             "hypothesis": "Say it", "category": "FIX", "begun": NOW}  # fmt: skip
    lab.store.experiment(1).write(META, Experiment.model_validate(begun))
    row = {"id": 1, "timestamp": NOW, "hypothesis": "Say it", "verdict": Verdict.KEEP, "cycle": "c",
           "baseline": base, "commit": kept}  # fmt: skip
    lab.store.append(ExperimentRecord.model_validate(row))
    alone = find_stack(lab)
    assert alone is not None
    assert [(layer.id, layer.commit) for layer in alone.layers] == [(1, kept)]
    later = commit(root, {"notes.md": "Later.\n"}, "Later")
    stack = find_stack(lab)
    assert stack is not None
    assert [(layer.id, layer.commit) for layer in stack.layers] == [(1, kept), (None, later)]
    assert stack.remarks == ["what was committed after experiment 1 is audited too"]
