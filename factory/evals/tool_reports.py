"""Reports of test runners and checkers of other languages, read into scores. Garbage is an ``error``."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

from factory.evals.dimensions import density_score
from factory.evals.reports import ScoreReport
from factory.models import Outcome

_TSC_ERROR = re.compile(r"^(.+?)\((\d+),\d+\): error (TS\d+): (.*)$", re.MULTILINE)
_JEST = {
    "passed": Outcome.PASSED, "failed": Outcome.FAILED, "pending": Outcome.SKIPPED,
    "skipped": Outcome.SKIPPED, "todo": Outcome.SKIPPED, "disabled": Outcome.SKIPPED,
}  # fmt: skip
PLACES = 20
MOST_STARTS = 200


def parse_junit(text: str) -> ScoreReport:
    """JUnit's XML, as many test runners write it: the share of the tests that pass, and each one's outcome.

    What stands before the XML is passed by.
    """
    try:
        root = ElementTree.fromstring(text[text.index("<") :])
    except (ValueError, ElementTree.ParseError) as problem:
        return ScoreReport(error=f"the report is no JUnit XML: {problem}")
    return _of_tests(_junit_tests(root, ()))


def _junit_tests(node: ElementTree.Element, path: tuple[str, ...]) -> Iterator[tuple[str, Outcome]]:
    for child in node:
        if child.tag == "testsuite":
            yield from _junit_tests(child, (*path, child.get("name", "")))
        elif child.tag == "testcase":
            place = child.get("file") or child.get("classname", "")
            yield "::".join(filter(None, (place, *path, child.get("name", "")))), _junit_outcome(child)


def _junit_outcome(case: ElementTree.Element) -> Outcome:
    tags = {child.tag for child in case}
    if "failure" in tags:
        return Outcome.FAILED
    return Outcome.ERROR if "error" in tags else Outcome.SKIPPED if "skipped" in tags else Outcome.PASSED


def parse_jest(text: str) -> ScoreReport:
    """The JSON of jest, which vitest writes too: share of passing tests, and each one's outcome.

    A file that could not be run counts as one test that failed.
    """
    data = _json(text)
    if not isinstance(data, dict) or not isinstance(data.get("testResults"), list):
        return ScoreReport(error="the report is no JSON of jest or vitest")
    return _of_tests(_jest_tests(data["testResults"]))


def _jest_tests(files: Iterable[Any]) -> Iterator[tuple[str, Outcome]]:
    for file in files:
        name = _name(file, "name")
        tests = file.get("assertionResults") or []
        if not tests and file.get("status") == "failed":
            yield f"{name}::collection", Outcome.ERROR
        for test in tests:
            full = str(test.get("fullName") or test.get("title", ""))
            yield f"{name}::{full}", _JEST.get(str(test.get("status")), Outcome.ERROR)


def _name(file: Mapping[str, Any], key: str) -> str:
    """A file's path in the checkout; of one outside, whose place may differ in each run, its name."""
    path = str(file.get(key, ""))
    return path.rpartition("/")[2] if path.startswith("/") else path


def _of_tests(found: Iterable[tuple[str, Outcome]]) -> ScoreReport:
    """The share that passes among those not skipped; 0 without any. Tests of one name are numbered."""
    seen: Counter[str] = Counter()
    outcomes: dict[str, Outcome] = {}
    for name, outcome in found:
        seen[name] += 1
        outcomes[name if seen[name] == 1 else f"{name}#{seen[name]}"] = outcome
    ran = [outcome for outcome in outcomes.values() if outcome is not Outcome.SKIPPED]
    passed = ran.count(Outcome.PASSED)
    details = {"passed": passed, "failed": len(ran) - passed, "skipped": len(outcomes) - len(ran)}
    return ScoreReport(passed / len(ran) if ran else 0.0, details, outcomes=outcomes)


def parse_eslint(text: str, lines: int) -> ScoreReport:
    """``eslint --format json``: density of its messages in ``lines`` lines of code.

    Those that a comment suppresses count too: otherwise a comment would be the cheapest mending.
    """
    data = _json(text)
    if not isinstance(data, list):
        return ScoreReport(error=f"the report is no JSON of eslint: {text.strip()[:120]}")
    places = [
        f"{_name(file, 'filePath')}:{message.get('line', 0)}: {message.get('ruleId')}"
        for file in data
        for message in (*file.get("messages", ()), *file.get("suppressedMessages", ()))
    ]
    return _density(places, lines)


def parse_tsc(text: str, lines: int) -> ScoreReport:
    """``tsc --noEmit --pretty false``: density of its errors in ``lines`` lines of code."""
    found = _TSC_ERROR.findall(text)
    if text.strip() and not found:
        return ScoreReport(error=f"tsc did not report: {text.strip()[:120]}")
    return _density([f"{path}:{line}: {code} {message}" for path, line, code, message in found], lines)


def _density(places: list[str], lines: int) -> ScoreReport:
    """``density_score`` in lines of code."""
    details = {"problems": len(places), "size": lines, "places": places[:PLACES]}
    return ScoreReport(density_score(len(places), lines), details, by_problems="density")


def parse_istanbul(text: str) -> ScoreReport:
    """The ``json-summary`` of c8, nyc, jest and vitest: the share of the lines that ran."""
    data = _json(text)
    try:
        total: Mapping[str, Any] = data["total"]["lines"]
        covered, lines = int(total["covered"]), int(total["total"])
    except (KeyError, TypeError, ValueError):
        return ScoreReport(error="the report is no json-summary of istanbul")
    return ScoreReport(min(1.0, covered / lines) if lines else 0.0, {"executed": covered, "lines": lines})


def _json(text: str) -> Any:
    """The JSON value that a tool printed, after what else it said; None where there is none.

    What else was said may look like the beginning of one: it is read from the first line that begins one to
    the end, else from the next.
    """
    starts = [0, *(found.start(1) for found in re.finditer(r"(?m)^\s*([{\[])", text))]
    starts += [at for at in (text.find("{"), text.find("[")) if at >= 0]
    for at in starts[:MOST_STARTS]:
        try:
            return json.loads(text[at:])
        except (ValueError, RecursionError):
            continue
    return None


TOOL_PARSERS: Mapping[str, Callable[[str, int], ScoreReport]] = {
    "junit": lambda text, lines: parse_junit(text),
    "jest": lambda text, lines: parse_jest(text),
    "eslint": parse_eslint,
    "tsc": parse_tsc,
    "istanbul": lambda text, lines: parse_istanbul(text),
}
"""The reports that a tool may write and yet exit otherwise than 0, because it has found something."""


def read_tool_report(kind: str, text: str, lines: int) -> ScoreReport:
    """What a tool reported, by the parser of that kind; a report of an unknown form is an error."""
    try:
        return TOOL_PARSERS[kind](text, lines)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return ScoreReport(error=f"the {kind} report is not of the known form")


TEST_PARSERS = ("junit", "jest")
"""Those that tell the outcome of each test."""
