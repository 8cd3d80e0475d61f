"""The formulas of the built-in dimensions, on facts made by hand."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.evals.dimensions import (
    capability,
    coverage,
    density_score,
    documentation,
    lint,
    observability,
    project,
    tests,
    type_check,
)
from factory.evals.dimensions.sources import Source, parse_source
from factory.evals.reports import FileCoverage, Finding
from factory.models import Outcome


def source(text: str, path: str = "a.py") -> Source:
    return parse_source(path, text.encode())


def ran(*executed: int, missing: tuple[int, ...] = ()) -> FileCoverage:
    return FileCoverage(frozenset(executed), frozenset(missing))


def test_density_is_half_at_five_in_a_hundred_and_relative_to_size() -> None:
    assert density_score(0, 0) == 1.0
    assert density_score(5, 100) == 0.5
    assert density_score(50, 1000) == 0.5


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_each_problem_more_lowers_the_density_score(problems: int, size: int) -> None:
    assert 0 < density_score(problems + 1, size) < density_score(problems, size) <= 1


def test_tests_count_passing_among_decided() -> None:
    outcomes = {
        "a": Outcome.PASSED,
        "b": Outcome.FAILED,
        "c": Outcome.SKIPPED,
        "d": Outcome.XFAILED,
        "e": Outcome.ERROR,
    }
    result = tests.score(outcomes)
    assert result.score == 0.5
    assert result.details == {"problems": 2, "passed": 2, "failed": 2, "skipped": 1, "failing": ["b", "e"]}
    assert tests.score({}).score == 0.0
    assert tests.score({"a": Outcome.SKIPPED}).score == 0.0


def finding(code: str | None, row: int, file: str = "a.py", safe: bool = False) -> dict[str, object]:
    fix = {"applicability": "safe" if safe else "unsafe"}
    return {"filename": file, "code": code, "message": "m", "location": {"row": row}, "fix": fix}


def test_lint_counts_by_rule_and_by_safe_fix_and_leaves_out_what_is_no_source() -> None:
    found = [
        finding("F401", 1, safe=True),
        finding("B006", 2),
        finding("B006", 3),
        finding("F401", 1, "tests/t.py"),
    ]
    result = lint.score([source("x = 1\n" * 20)], found)
    assert result.score == 0.25
    assert result.details["rules"] == {"B006": 2, "F401": 1}
    assert result.details["fixable"] == {"F401": 1}
    assert [p["line"] for p in result.details["places"]] == [2, 3, 1]


def test_a_file_that_does_not_parse_is_no_way_to_fewer_findings() -> None:
    sound, broken = source("import os\nx = 1\n"), source("import os\nx = = 1\n")
    before = lint.score([sound], [finding("F401", 1)])
    after = lint.score([broken], [finding(None, 2)])
    assert (after.score or 0) < (before.score or 0)
    assert after.details["syntax_errors"] == [{"file": "a.py", "line": 2, "what": "invalid syntax"}]


def test_ruff_output_is_made_relative_and_garbage_is_none() -> None:
    row = finding("F401", 1, "/work/checkout/src/a.py")
    assert lint.parse(json.dumps([row]), "/work/checkout") == [row | {"filename": "src/a.py"}]
    assert lint.parse("error: no", "/x") is None
    assert lint.parse('{"a": 1}', "/x") is None


def test_types_that_could_not_be_checked_to_the_end_score_zero() -> None:
    errors = [Finding("a.py", 3, "syntax", "bad")]
    sources = [source("x = 1\n" * 20)]
    blocked, whole = (type_check.score(sources, errors, blocked=gave_up) for gave_up in (True, False))
    assert (blocked.score, blocked.by_problems) == (0.0, "")
    assert (whole.score, whole.by_problems) == (0.5, "density")


FUNCTIONS = (
    "import os\n\n\ndef f(a):\n    if a:\n        return 1\n    return 2\n\n\ndef g():\n    return 3\n"
)


def test_coverage_is_that_of_function_bodies() -> None:
    lines = {"a.py": ran(1, 4, 5, 6, 10, missing=(7, 11))}
    result = coverage.score([source(FUNCTIONS)], lines)
    assert result.score == 0.5
    assert result.details["line_rate"] == pytest.approx(5 / 7, abs=1e-6)
    assert result.details["places"] == [{"file": "a.py", "line": 7, "what": "2 lines not run"}]


def test_tidying_imports_does_not_move_coverage() -> None:
    shorter = source(FUNCTIONS.removeprefix("import os\n"))
    before = coverage.score([source(FUNCTIONS)], {"a.py": ran(1, 4, 5, 6, 10, missing=(7, 11))})
    after = coverage.score([shorter], {"a.py": ran(3, 4, 5, 9, missing=(6, 10))})
    assert before.score == after.score


def test_a_file_that_coverage_never_saw_is_not_covered() -> None:
    lines = {"a.py": ran(1, 4, 5, 6, 7, 10, 11)}
    sources = [source(FUNCTIONS), source(FUNCTIONS, "b.py")]
    assert coverage.score(sources, lines).score == 0.5
    assert coverage.score(sources, {}).score == 0.0


def test_without_functions_all_lines_count() -> None:
    assert coverage.score([source("a = 1\nb = 2\n")], {"a.py": ran(1, missing=(2,))}).score == 0.5


def test_capability_grows_with_each_tested_symbol_and_tends_to_the_share() -> None:
    lines = {"a.py": ran(1, 4, 5, 6, 10)}
    assert capability.score([source(FUNCTIONS)], lines).score == pytest.approx(1 / 7)
    many = "".join(f"def f{i}():\n    return {i}\n" for i in range(1000))
    everything = {"a.py": ran(*range(1, 2001))}
    assert capability.score([source(many)], everything).score == pytest.approx(1000 / 1005)


def test_capability_knows_classes_by_their_methods_and_leaves_out_stubs() -> None:
    used = "class A:\n    def __init__(self):\n        self.x = 1\n\n"
    text = used + "    def stub(self):\n        ...\n\nclass B:\n    x = 1\n"
    result = capability.score([source(text)], {"a.py": ran(1, 2, 3, 5, 8, 9)})
    assert (result.details["public"], result.details["exercised"]) == (1, 1)


def test_documentation_is_the_share_with_a_docstring() -> None:
    text = 'def a():\n    """Yes."""\n\ndef b():\n    pass\n\ndef _c():\n    pass\n\nclass D:\n    """ """\n'
    result = documentation.score([source(text)])
    assert result.score == pytest.approx(1 / 3)
    assert [p["what"] for p in result.details["places"]] == ["b has no docstring", "D has no docstring"]
    assert documentation.score([source("x = 1\n")]).score is None


def handler(body: str, catch: str = "except OSError as e") -> str:
    return f"import logging\nlog = logging.getLogger()\ntry:\n    f()\n{catch}:\n    {body}\n"


@pytest.mark.parametrize(
    "body",
    [
        "raise",
        "raise X from e",
        "log.warning('x')",
        "self._logger.error(e)",
        "logging.exception('x')",
        "warnings.warn('x')",
        "return_value = str(e)",
        "errors.append(e)",
        "sys.exit(1)",
        "traceback.print_exc()",
        "state.set_exception(sys.exc_info())",
    ],
)
def test_a_handler_that_leaves_a_trace_is_not_silent(body: str) -> None:
    assert [h.silent for h in observability.find_handlers(source(handler(body)))] == [False]


@pytest.mark.parametrize("body", ["pass", "x = None", "parser.error('x')", "print('oops')", "_ = e", "e"])
def test_a_handler_without_a_trace_is_silent(body: str) -> None:
    assert [h.silent for h in observability.find_handlers(source(handler(body)))] == [True]


@pytest.mark.parametrize(
    "catch", ["except ImportError", "except (StopIteration, queue.Empty)", "except (TypeError, ValueError)"]
)
def test_control_flow_is_no_failure(catch: str) -> None:
    assert observability.find_handlers(source(handler("pass", catch))) == []


def test_a_bare_except_counts() -> None:
    found = observability.score([source(handler("pass", "except"))])
    assert found.details["places"] == [{"file": "a.py", "line": 5, "what": "silent except"}]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("from contextlib import suppress\nwith suppress(OSError):\n    f()\n", ["silent suppress(OSError)"]),
        ("import contextlib as c\nwith c.suppress(*E):\n    f()\n", ["silent c.suppress(*E)"]),
        (
            "from contextlib import suppress as s\nwith a(), s(KeyError, OSError): f()\n",
            ["silent s(KeyError, OSError)"],
        ),
        ("from contextlib import suppress\nwith suppress(KeyError, queue.Empty):\n    f()\n", []),
        ("from contextlib import suppress\nwith suppress():\n    f()\n", []),
        ("from mine import suppress\nwith suppress(OSError):\n    f()\n", []),
    ],
)
def test_suppressing_an_exception_is_a_silent_handler(text: str, places: list[str]) -> None:
    found = observability.score([source(text)])
    assert [place["what"] for place in found.details.get("places", [])] == places
    assert found.score == (0.0 if places else None)


def test_observability_reads_handlers_that_are_nested_deeply() -> None:
    text = f"try:\n    f()\nexcept a{'.b' * 900}:\n    a{'.b()' * 300}.info('x')\n"
    assert observability.score([parse_source("a.py", text.encode())]).details["handlers"] == 1


def test_observability_weighs_handlers_and_modules() -> None:
    silent = source("try:\n    f()\nexcept OSError:\n    pass\n", "dark.py")
    loud = source(handler("raise"), "loud.py")
    assert observability.score([silent]).score == 0.0
    assert observability.score([loud]).score == 1.0
    assert observability.score([silent, loud]).score == 0.5
    assert observability.score([source(handler("pass"))]).score == pytest.approx(0.3)
    assert observability.score([source("x = 1\n")]).score is None


def test_a_module_that_loses_its_logger_is_a_problem_more() -> None:
    logged = observability.score([source(handler("pass"))])
    dark = observability.score([source("try:\n    f()\nexcept OSError:\n    pass\n")])
    assert (logged.score, dark.score) == (0.3, 0.0)
    assert (logged.details["problems"], dark.details["problems"]) == (1, 2)


def test_project_dimensions_are_read_by_their_parser() -> None:
    assert project.read("exit_code", 3, "").score == 0.0
    assert project.read("json", 0, 'noise\n{"score": 0.25}\n').score == 0.25
    assert (
        project.read("json", 0, '{"score": 1.5}').error == "the score is 1.5, expected a number from 0 to 1"
    )
    assert project.read("results", 0, '{"results": [{"score": 1}, {"passed": false}]}').score == 0.5
    assert project.read("json:out.json", 0, '{"score": 1}').score == 1.0
    assert project.report_file("json:out.json") == "out.json"


def test_a_command_that_fails_has_measured_nothing_whatever_it_printed() -> None:
    assert project.read("json", 1, '{"score": 1}').error == 'the command exited 1: {"score": 1}'
    unknown = project.read("csv", 0, "").error
    assert unknown == "unknown parser 'csv'; it is one of " + ", ".join(
        ("exit_code", "json", "results", "junit", "jest", "eslint", "tsc", "istanbul")
    )
