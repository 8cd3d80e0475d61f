"""What a person is told of a measurement: why it has no score, and what there is to know of one that has."""

from __future__ import annotations

from collections.abc import Iterator

from factory.evals.steady import failing_already
from factory.models import CommandResult, Measurement
from factory.paths import CONFIG_FILE
from factory.words import in_short


def unmeasured(measurement: Measurement) -> str:
    """Why a measurement has no composite; empty where it has one."""
    if measurement.void or measurement.composite is not None:
        return measurement.void
    if measurement.smoke and measurement.smoke_failed:
        return f"the smoke test {_failure(measurement.smoke)}"
    return "; ".join(["no dimension has a score", *_without_score(measurement)])


def no_baseline(measurement: Measurement) -> str:
    """Why no change can be judged against this baseline, and what to do; empty where it has a composite."""
    why_not = unmeasured(measurement)
    if not why_not:
        return ""
    return (
        f"nothing can be kept on this baseline, for it is not measured: {why_not}; mend that on the target "
        f"branch by hand, or in [eval] of {CONFIG_FILE}, and begin anew"
    )


def remarks(measurement: Measurement) -> Iterator[str]:
    """What a person should know of a baseline: what fails already, and what is left out of its score."""
    yield from fails_already(measurement)
    if measurement.composite is not None:
        yield from _without_score(measurement)


def fails_already(measurement: Measurement) -> Iterator[str]:
    """The constraints that keep every change from being kept, and the tests that can show no harm."""
    for constraint in measurement.constraints:
        if not constraint.passed:
            yield (
                f"constraint {constraint.name} fails already, and nothing can be kept that does not mend it: "
                f"{_failure(constraint)}"
            )
    failing = failing_already(measurement)
    if failing:
        yield failing


def _without_score(measurement: Measurement) -> Iterator[str]:
    """The dimensions that something kept from being measured."""
    for found in measurement.dimensions:
        if found.score is None and found.error:
            yield f"{found.name} is not measured: {found.error}"


def _failure(done: CommandResult) -> str:
    """The command, how it ended, and the last line of what it said."""
    said = done.output.strip().rpartition("\n")[2]
    return f"`{done.command}` exits {done.exit_code}" + (f": {in_short(said)}" if said else "")
