"""What is told of tests that fail before anything is changed."""

from __future__ import annotations

from factory.evals.steady import failing_already
from factory.models import Measurement, Outcome


def measured(**tests: Outcome) -> Measurement:
    return Measurement.model_construct(tests=tests)


def test_tests_that_fail_already_are_counted_and_named() -> None:
    assert failing_already(measured(a=Outcome.PASSED, b=Outcome.SKIPPED)) == ""
    assert failing_already(measured(a=Outcome.FAILED)) == (
        "failing already, and guarding nothing: 1 of 1 test, a"
    )
    many = dict.fromkeys("edcba", Outcome.ERROR)
    assert failing_already(measured(**many)) == "failing already, and guarding nothing: 5 of 5 tests, a, b, c"
