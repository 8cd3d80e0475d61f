"""What runs where more than one dimension tells tests."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from factory.evals.commands import CommandRun
from factory.evals.deadline import Deadline
from factory.evals.gather import measure_dimensions, run_suite
from factory.evals.subject import Subject
from factory.evals.testrun import TestRun, merged
from factory.models import Outcome
from factory.sandbox import OFF
from tests.evals.project_builder import config

E, F, XP, XF, P, S = (
    *(Outcome.ERROR, Outcome.FAILED, Outcome.XPASSED),
    *(Outcome.XFAILED, Outcome.PASSED, Outcome.SKIPPED),
)
OF_PYTEST = TestRun({"tests/test_a.py::test_a": P}, None, {}, [], 0, 0.0)
TESTS = "[[eval.dimension]]\nname = 'tests'\n"


def dimension(name: str, command: str) -> str:
    return f"[[eval.dimension]]\nname = '{name}'\ncommand = {json.dumps(command)}\nparser = 'junit'\n"


def suite(name: str, outcome: str = "") -> str:
    """A dimension whose report has one test of its name."""
    return dimension(
        name, f'<testsuite><testcase classname="{name}" name="t">{outcome}</testcase></testsuite>'
    )


@pytest.fixture
def pytest_ran(monkeypatch: pytest.MonkeyPatch) -> list[TestRun]:
    """Nothing is run: pytest says the last of these, and a command its own words."""
    runs = [OF_PYTEST]
    monkeypatch.setattr("factory.evals.gather.run_tests", lambda *_, **__: runs[-1])
    monkeypatch.setattr(
        "factory.evals.gather.run_command", lambda words, **_: CommandRun(words, 0, words, "", 0.0)
    )
    return runs


def subject(checkout: Path, *dimensions: str, python: bool = True) -> Subject:
    environment = cast(Any, object()) if python else None  # no interpreter is started
    settings = config("".join(dimensions))
    return Subject(checkout, settings, environment, [], [], Deadline(60), lambda _: None, OFF)


@pytest.mark.usefixtures("pytest_ran")
def test_a_repetition_has_the_tests_that_a_measurement_has(tmp_path: Path) -> None:
    looked_at = subject(tmp_path, TESTS, suite("ui"), suite("e2e", "<failure/>"))
    measured = measure_dimensions(looked_at, looked_at.dimensions)
    again = run_suite(looked_at, timeout=60)
    assert again.valid
    assert again.outcomes == measured.tests == {**OF_PYTEST.outcomes, "ui::t": P, "e2e::t": F}
    assert [d.tests for d in measured.dimensions] == [[*OF_PYTEST.outcomes], ["ui::t"], ["e2e::t"]]


def test_a_repetition_of_which_one_suite_breaks_off_says_nothing(
    tmp_path: Path, pytest_ran: list[TestRun]
) -> None:
    again = run_suite(subject(tmp_path, TESTS, dimension("ui", "no report")), timeout=60)
    assert (again.valid, again.outcomes) == (False, OF_PYTEST.outcomes)
    assert again.error.startswith("the report is no JUnit XML")
    pytest_ran.append(replace(OF_PYTEST, outside=["a was loaded from a copy"]))
    assert not run_suite(subject(tmp_path, TESTS, suite("ui")), timeout=60).valid


@pytest.mark.usefixtures("pytest_ran")
def test_without_python_a_repetition_runs_the_commands_alone(tmp_path: Path) -> None:
    alone = run_suite(subject(tmp_path, TESTS, suite("ui", "<skipped/>"), python=False), timeout=60)
    assert alone.outcomes == {"ui::t": S}
    assert run_suite(subject(tmp_path, TESTS, python=False), timeout=60).error == "no dimension runs tests"


@pytest.mark.usefixtures("pytest_ran")
def test_a_configured_pytest_command_line_is_run_by_us_whatever_its_parser(tmp_path: Path) -> None:
    assert run_suite(subject(tmp_path, dimension("tests", "pytest -q")), timeout=60) == OF_PYTEST


@pytest.mark.parametrize(
    ("one", "other", "worse"), [(P, F, F), (E, P, E), (S, P, P), (P, XF, XF), (XP, F, F), (S, S, S)]
)
def test_of_a_test_in_two_reports_the_worse_outcome_counts(
    one: Outcome, other: Outcome, worse: Outcome
) -> None:
    assert merged({"t": one}, {"t": other}) == merged({"t": other}, {"t": one}) == {"t": worse}
