"""What a person is told of a measurement that shows nothing, or less than they may think."""

from __future__ import annotations

from factory.evals.remarks import no_baseline, remarks, unmeasured
from factory.models import CommandResult, DimensionScore, Measurement, Outcome, Tier

LINT = DimensionScore(name="lint", tier=Tier.HYGIENE, score=0.5)
SPEED = DimensionScore(name="speed", tier=Tier.PROJECT, error='there is no "score" in it')
NOTHING_TO_SEE = DimensionScore(name="documentation", tier=Tier.GROWTH)


def measured(composite: float | None, **changes: object) -> Measurement:
    base = dict.fromkeys(("commit", "tree", "harness", "environment", "key", "timestamp"), "x")
    return Measurement.model_validate({**base, "composite": composite, **changes})


def ended(name: str, code: int, output: str = "") -> CommandResult:
    return CommandResult(name=name, command="check it", exit_code=code, output=output)


def test_a_measurement_without_a_score_says_why() -> None:
    assert unmeasured(measured(0.5, dimensions=[LINT, SPEED], smoke=ended("smoke", 0))) == ""
    assert unmeasured(measured(0.5, void="setup failed")) == "setup failed"
    smoke = ended("smoke", 1, "Traceback:\nModuleNotFoundError: No module named 'nothere'\n")
    assert unmeasured(measured(None, smoke=smoke)) == (
        "the smoke test `check it` exits 1: ModuleNotFoundError: No module named 'nothere'"
    )
    assert unmeasured(measured(None)) == "no dimension has a score"
    assert unmeasured(measured(None, dimensions=[SPEED, NOTHING_TO_SEE])) == (
        'no dimension has a score; speed is not measured: there is no "score" in it'
    )


def test_of_a_baseline_that_is_not_measured_a_person_is_told_what_to_do() -> None:
    assert no_baseline(measured(0.5)) == ""
    assert no_baseline(measured(None)) == (
        "nothing can be kept on this baseline, for it is not measured: no dimension has a score; mend that "
        "on the target branch by hand, or in [eval] of factory.toml, and begin anew"
    )


def test_what_fails_already_is_told_and_so_is_what_has_no_score() -> None:
    sound = measured(0.5, dimensions=[LINT, NOTHING_TO_SEE], constraints=[ended("no-todo", 0)])
    assert list(remarks(sound)) == []
    poor = measured(
        0.5,
        dimensions=[LINT, SPEED],
        tests={"t": Outcome.FAILED},
        constraints=[ended("no-todo", 1), ended("small", 0)],
    )
    assert list(remarks(poor)) == [
        "constraint no-todo fails already, and nothing can be kept that does not mend it: `check it` exits 1",
        "failing already, and guarding nothing: 1 of 1 test, t",
        'speed is not measured: there is no "score" in it',
    ]
    assert list(remarks(measured(None, dimensions=[SPEED]))) == []  # unmeasured says that
