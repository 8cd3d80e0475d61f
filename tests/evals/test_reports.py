"""Reports as tools write them, and garbage."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.evals.reports import (
    FileCoverage,
    Finding,
    parse_coverage,
    parse_exit_code,
    parse_mypy,
    parse_probe,
    parse_results,
    parse_score,
)
from factory.models import Outcome
from tests.evals.projects import write


def phases(*entries: tuple[str, str, bool]) -> list[str]:
    """Probe lines of one test."""
    return [json.dumps({"id": "t", "when": w, "outcome": o, "xfail": x}) for w, o, x in entries]


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        (
            [("setup", "passed", False), ("call", "passed", False), ("teardown", "passed", False)],
            Outcome.PASSED,
        ),
        ([("setup", "skipped", False), ("teardown", "passed", False)], Outcome.SKIPPED),
        ([("setup", "skipped", True), ("teardown", "passed", False)], Outcome.XFAILED),
        (
            [("call", "failed", False), ("call", "passed", False), ("teardown", "passed", False)],
            Outcome.FAILED,
        ),
        (
            [("call", "rerun", False), ("call", "passed", False), ("teardown", "passed", False)],
            Outcome.PASSED,
        ),
        ([("call", "passed", False), ("teardown", "failed", False)], Outcome.ERROR),
    ],
)
def test_phases_merge_into_one_outcome(lines: list[tuple[str, str, bool]], outcome: Outcome) -> None:
    assert parse_probe(phases(*lines)).outcomes == {"t": outcome}


def test_a_test_that_did_not_end_has_no_outcome_and_a_torn_line_is_skipped() -> None:
    report = parse_probe(['{"start": "t"}', *phases(("call", "passed", False)), '{"id": "t", "wh'])
    assert (report.outcomes, report.running, report.finished) == ({}, ("t",), None)


def test_a_real_mypy_report(tmp_path: Path) -> None:
    write(tmp_path, {"bad.py": "import os\nx: int = 'a'\n"})
    mypy = [sys.executable, "-m", "mypy", "--output", "json", "--cache-dir", str(tmp_path / "m"), "bad.py"]
    text = subprocess.run(mypy, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    message = 'Incompatible types in assignment (expression has type "str", variable has type "int")'
    assert parse_mypy(text).items == (Finding("bad.py", 2, "assignment", message),)


def test_clean_and_unusable_mypy_output() -> None:
    assert parse_mypy("").items == ()
    assert parse_mypy("Success: no issues found in 3 source files\n").error == ""
    assert parse_mypy("mypy: can't read file 'x'\n").error == "mypy did not report: mypy: can't read file 'x'"


def test_scores() -> None:
    found = parse_score('warming up\n{"score": 0.1}\n{"score": 0.75, "details": {"a": 1}}\nbye\n')
    assert (found.score, found.details, found.error) == (0.75, {"a": 1}, "")
    assert parse_score('{\n  "score": 1\n}').score == 1.0
    assert parse_score('{"score": 1.5}').error == "the score is 1.5, expected a number from 0 to 1"
    assert parse_score('{"score": true}').error == "the score is true, expected a number from 0 to 1"
    assert parse_score('{"score": NaN}').score is None
    assert parse_score("").error == (
        'the output has no JSON object with "score" (the command report is not JSON); it said: nothing'
    )


def test_results() -> None:
    entries = [1, False, {"name": "deep", "score": 0.5, "weight": 2}, {"passed": True}]
    found = parse_results(json.dumps({"results": entries}))
    assert found.score == pytest.approx((1 + 0 + 1 + 1) / 5)
    assert found.details == {"results": {"1": 1.0, "2": 0.0, "deep": 0.5, "4": 1.0}}
    assert parse_results('{"results": []}').error == "results is not a list with entries"
    assert parse_results('{"results": [{"name": "x"}]}').error == (
        'result 1 has no score from 0 to 1: {"name": "x"}'
    )
    assert (
        parse_results('{"results": [{"score": 1, "weight": 0}]}').error
        == "the weights of the results are all 0"
    )


def test_exit_codes() -> None:
    assert (parse_exit_code(0).score, parse_exit_code(2).score) == (1.0, 0.0)


def test_coverage_counts_lines() -> None:
    found = parse_coverage('{"files": {"a.py": {"executed_lines": [1, 2], "missing_lines": [3]}}}')
    assert (found.files, found.error) == ({"a.py": FileCoverage(frozenset({1, 2}), frozenset({3}))}, "")


@given(
    st.text()
    | st.recursive(
        st.none() | st.floats() | st.text(),
        lambda c: (
            st.lists(c)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "files",
                        "results",
                        "score",
                        "id",
                        "when",
                        "weight",
                        "name",
                        "location",
                        "file",
                        "message",
                    ]
                ),
                c,
            )
        ),
    ).map(json.dumps)
)
def test_garbage_is_an_error_or_empty_never_an_exception(text: str) -> None:
    assert parse_coverage(text).error or isinstance(parse_coverage(text).files, dict)
    assert parse_mypy(text).error or isinstance(parse_mypy(text).items, tuple)
    assert (parse_score(text).score is None) == bool(parse_score(text).error)
    assert (parse_results(text).score is None) == bool(parse_results(text).error)
    parse_probe(text.splitlines())
