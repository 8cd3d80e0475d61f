"""Reports of other languages' tools: what they say is read, and garbage is an error in the result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.evals.javascript import dependencies, javascript_tools
from factory.evals.tool_reports import TOOL_PARSERS, parse_jest, parse_junit, read_tool_report

JUNIT = """\
> sums@1.0.0 test
<?xml version="1.0" encoding="utf-8"?>
<testsuites>
  <testsuite name="sums">
    <testcase name="adds" classname="test"/>
    <testcase name="adds" classname="test"><failure message="no"/></testcase>
    <testsuite name="more"><testcase name="later" classname="test"><skipped/></testcase></testsuite>
  </testsuite>
  <testcase name="breaks" file="test/b.js"><error/></testcase>
</testsuites>
"""


def test_junit_tells_each_test_by_its_place_and_name() -> None:
    read = parse_junit(JUNIT)
    assert read.score == pytest.approx(1 / 3)
    assert {name: str(outcome) for name, outcome in read.outcomes.items()} == {
        "test::sums::adds": "passed",
        "test::sums::adds#2": "failed",
        "test::sums::more::later": "skipped",
        "test/b.js::breaks": "error",
    }


def test_jest_tells_each_test_and_a_file_that_does_not_run() -> None:
    results = [
        {
            "name": "src/lists/a.test.js",
            "status": "failed",
            "assertionResults": [
                {"fullName": "sums adds", "status": "passed"},
                {"fullName": "sums later", "status": "todo"},
            ],
        },
        {"name": "/work/b.test.js", "status": "failed", "assertionResults": []},
    ]
    read = parse_jest(f"some {{ words\n[ too\n{json.dumps({'testResults': results})}")
    assert (read.score, read.error) == (0.5, "")
    assert {name: str(outcome) for name, outcome in read.outcomes.items()} == {
        "src/lists/a.test.js::sums adds": "passed",
        "src/lists/a.test.js::sums later": "skipped",
        "b.test.js::collection": "error",
    }


def test_findings_are_judged_by_their_density() -> None:
    messages = [{"line": 3, "ruleId": "no-var"}] * 5
    eslint = TOOL_PARSERS["eslint"](json.dumps([{"filePath": "/x/a.js", "messages": messages}]), 100)
    assert (eslint.score, eslint.details["places"][0]) == (0.5, "a.js:3: no-var")
    silenced = [{"filePath": "/x/a.js", "messages": [], "suppressedMessages": messages}]
    assert TOOL_PARSERS["eslint"](json.dumps(silenced), 100).score == 0.5
    assert TOOL_PARSERS["eslint"]("[]", 100).score == 1.0
    said = "src/a.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.\n"
    tsc = TOOL_PARSERS["tsc"](said * 10, 100)
    assert tsc.score == pytest.approx(1 / 3)
    assert TOOL_PARSERS["tsc"]("", 100).score == 1.0
    assert TOOL_PARSERS["tsc"]("npm ERR! no tsc", 100).error == "tsc did not report: npm ERR! no tsc"


RECORDED = Path(__file__).parent / "recorded"
"""What jest 29, vitest 3, eslint 9 and TypeScript 5 wrote of a small project in /checkout; shortened."""


def recorded(name: str) -> str:
    return (RECORDED / name).read_text().replace("/checkout/", "")


@pytest.mark.parametrize(("tool", "folder", "ending"), [("jest", "test", "js"), ("vitest", "src", "ts")])
def test_what_jest_and_vitest_really_write(tool: str, folder: str, ending: str) -> None:
    read = parse_jest(recorded(f"{tool}.json"))
    sums, broken = (
        f"{folder}/sums.test.{ending}",
        "src/lists/broken.test.js" if tool == "jest" else "src/broken.test.ts",
    )
    expected = {
        f"{sums}::sums double": "passed",
        f"{sums}::sums wrong": "failed",
        f"{sums}::sums later": "skipped",
        f"{sums}::sums soon": "skipped",
        f"{broken}::collection": "error",
    } | ({"src/lists/sums.test.js::double": "passed"} if tool == "jest" else {})
    assert {name: str(outcome) for name, outcome in read.outcomes.items()} == expected
    assert read.score == pytest.approx(0.5 if tool == "jest" else 1 / 3)


def test_what_eslint_typescript_and_istanbul_really_write() -> None:
    eslint = TOOL_PARSERS["eslint"](recorded("eslint.json"), 100)
    assert "src/odd.js:3: eqeqeq" in eslint.details["places"], "suppressed, and told all the same"
    assert "src/odd.js:5: no-var" in eslint.details["places"]
    tsc = TOOL_PARSERS["tsc"](recorded("tsc.txt"), 100)
    assert [place.split(" ")[:2] for place in tsc.details["places"]] == [
        ["src/bad.ts:1:", "TS2322"],
        ["src/bad.ts:3:", "TS2353"],
    ]
    istanbul = TOOL_PARSERS["istanbul"](recorded("istanbul.json"), 0)
    assert istanbul.score == istanbul.details["executed"] / istanbul.details["lines"]
    assert 0 < istanbul.details["executed"] < istanbul.details["lines"]


def test_coverage_is_the_share_of_lines() -> None:
    summary = json.dumps({"total": {"lines": {"total": 40, "covered": 30}}})
    assert TOOL_PARSERS["istanbul"](summary, 0).score == 0.75


@given(text=st.text())
@pytest.mark.parametrize("parser", sorted(TOOL_PARSERS))
def test_garbage_is_an_error_or_a_score_and_never_an_exception(parser: str, text: str) -> None:
    read = read_tool_report(parser, text, 0)
    assert read.error or read.score is not None


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["testResults", "assertionResults", "total", "lines", "messages"]), inner
    ),
    max_leaves=12,
)  # fmt: skip


@given(value=ODD)
@pytest.mark.parametrize("parser", ["jest", "eslint", "istanbul"])
def test_json_of_another_form_is_an_error_or_a_score(parser: str, value: object) -> None:
    read = read_tool_report(parser, json.dumps(value), 10)
    assert read.error or read.score is not None


def test_the_tools_are_those_that_the_files_show() -> None:
    package = {
        "scripts": {"test": "jest"},
        "devDependencies": {"jest": "1", "eslint": "1", "typescript": "5"},
    }
    assert list(javascript_tools(package, ["tsconfig.json", "src/a.ts"])) == [
        ("tests", "npx --no-install jest --ci --json --silent", "jest"),
        ("lint", "npx --no-install eslint . --format json", "eslint"),
        ("type_check", "npx --no-install tsc --noEmit --pretty false", "tsc"),
        (
            "coverage",
            "npx --no-install jest --ci --silent --coverage --coverageReporters=json-summary",
            "istanbul:coverage/coverage-summary.json",
        ),
    ]
    vitest = {"devDependencies": {"vitest": "3", "@vitest/coverage-v8": "3"}}
    assert [(name, command) for name, command, _ in javascript_tools(vitest, [])] == [
        ("tests", "npx --no-install vitest run --reporter=json"),
        ("coverage", "npx --no-install vitest run --coverage --coverage.reporter=json-summary"),
    ]
    node = {"scripts": {"test": "node --test test/"}}
    assert list(javascript_tools(node, [])) == [("tests", "node --test --test-reporter=junit test/", "junit")]
    assert list(javascript_tools({}, ["a.js", "test/a.js"])) == [
        ("tests", "node --test --test-reporter=junit", "junit")
    ]
    assert list(javascript_tools({}, ["src/a.js"])) == []
    assert dependencies(package) == {"jest", "eslint", "typescript"}
