"""Parsers of the reports that measuring tools write. Garbage is an ``error`` in the result, never an
exception.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory.models import ByProblems, Outcome

SHOWN = 120


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """The line numbers of statements in one file: run, and not run."""

    executed: frozenset[int]
    missing: frozenset[int]


@dataclass(frozen=True, slots=True)
class CoverageData:
    """Line coverage by file, paths relative to the checkout with ``/``. ``error`` says why there is none."""

    files: Mapping[str, FileCoverage] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What the pytest plugin wrote.

    ``outcomes`` by node id, of tests that ran to their end; ``collection_errors``: node id → text;
    ``modules``: name → file; ``running``: tests that began and did not end; ``finished``: the session's exit
    status, None when it did not end by itself.
    """

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    collection_errors: dict[str, str] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    running: tuple[str, ...] = ()
    finished: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a checker. ``path`` is as the checker gave it, ``code`` its rule."""

    path: str
    line: int
    code: str
    message: str
    severity: str = "error"


@dataclass(frozen=True, slots=True)
class Findings:
    """A checker's findings, or why they could not be read."""

    items: tuple[Finding, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """A project dimension's score in [0, 1], or why there is none; and what it tells of tests.

    ``by_problems`` as for a DimensionScore.
    """

    score: float | None = None
    details: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    by_problems: ByProblems = ""


def parse_probe(lines: Iterable[str]) -> ProbeReport:
    """The plugin's lines, its phases merged into one outcome a test. A damaged line (the last, after a kill)
    is skipped.
    """
    phases: dict[str, dict[str, Outcome]] = {}
    started: dict[str, None] = {}
    collection: dict[str, str] = {}
    modules: dict[str, str] = {}
    finished = None
    for record in _records(lines):
        if "start" in record:
            started[str(record["start"])] = None
        elif "when" in record:
            _merge_phase(phases.setdefault(str(record.get("id")), {}), record)
        elif "collection" in record:
            collection[f"{record['collection']}::collection"] = str(record.get("text", ""))
        elif isinstance(record.get("modules"), dict):
            modules.update({str(k): str(v) for k, v in record["modules"].items()})
        elif isinstance(record.get("finish"), int):
            finished = record["finish"]
    complete = {test: _overall(done) for test, done in phases.items() if "teardown" in done}
    outcomes = {**complete, **dict.fromkeys(collection, Outcome.ERROR)}
    return ProbeReport(
        outcomes, collection, modules, tuple(t for t in started if t not in complete), finished
    )


def _records(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def _merge_phase(done: dict[str, Outcome], record: Mapping[str, Any]) -> None:
    """Add a phase; a failure stays, whatever is reported for the phase later (subtests report more than
    once).
    """
    when, outcome = str(record["when"]), _phase_outcome(record)
    if outcome is not None and done.get(when) not in (Outcome.FAILED, Outcome.ERROR):
        done[when] = outcome


def _phase_outcome(record: Mapping[str, Any]) -> Outcome | None:
    """The meaning of one phase; None for a run that a plugin repeats."""
    outcome, xfail = record.get("outcome"), bool(record.get("xfail"))
    if outcome == "failed":
        return Outcome.FAILED if record["when"] == "call" else Outcome.ERROR
    if outcome == "skipped":
        return Outcome.XFAILED if xfail else Outcome.SKIPPED
    if outcome == "passed":
        return Outcome.XPASSED if xfail else Outcome.PASSED
    return None


def _overall(done: Mapping[str, Outcome]) -> Outcome:
    """A failing call outranks a failing teardown, and that outranks anything that went well."""
    call = done.get("call")
    if call in (Outcome.FAILED, Outcome.ERROR):
        return call
    if Outcome.ERROR in done.values():
        return Outcome.ERROR
    return call or done.get("setup", Outcome.PASSED)


def read_probe(path: Path) -> ProbeReport:
    """The plugin's report file; empty when there is none."""
    try:
        return parse_probe(path.read_text(encoding="utf-8", errors="replace").splitlines())
    except OSError:
        return ProbeReport()


def parse_coverage(text: str) -> CoverageData:
    """The JSON report of coverage.py, or ours, which has the same form."""
    data, error = _load(text, "coverage")
    files = data.get("files") if isinstance(data, dict) else None
    if not isinstance(files, dict):
        return CoverageData(error=error or "the coverage report has no files")
    try:
        return CoverageData({str(name): _file_coverage(entry) for name, entry in files.items()})
    except (KeyError, TypeError, ValueError, OverflowError):
        return CoverageData(error="the coverage report is not of the known form")


def _file_coverage(entry: Mapping[str, Any]) -> FileCoverage:
    executed, missing = (
        frozenset(int(line) for line in entry[f"{kind}_lines"]) for kind in ("executed", "missing")
    )
    return FileCoverage(executed, missing)


def parse_mypy(text: str) -> Findings:
    """``mypy --output json``: one JSON object a line; other lines (the summary) are passed by."""
    items = []
    other = ""
    for line in text.splitlines():
        record = next(_records([line]), None)
        if record is None:
            other = other or line.strip()
        elif {"file", "message"} <= set(record):
            items.append(_mypy_finding(record))
    if other and not items and not other.startswith("Success"):
        return Findings(error=f"mypy did not report: {_shown(other)}")
    return Findings(tuple(items))


def _mypy_finding(record: Mapping[str, Any]) -> Finding:
    line = record.get("line")
    return Finding(
        path=str(record["file"]),
        line=line if isinstance(line, int) else 0,
        code=str(record.get("code") or ""),
        message=str(record["message"]),
        severity=str(record.get("severity") or "error"),
    )


def parse_score(text: str) -> ScoreReport:
    """``{"score": …, "details": …}``: the last line that is such an object, or the whole text."""
    data, error = _last_object(text, "score")
    if data is None:
        return ScoreReport(error=error)
    details = data.get("details")
    if not _is_score(data["score"]):
        return ScoreReport(error=f"the score is {_shown(data['score'])}, expected a number from 0 to 1")
    if details is not None and not isinstance(details, dict):
        details = {"details": details}
    return ScoreReport(float(data["score"]), details or {})


def parse_results(text: str) -> ScoreReport:
    """``{"results": [...]}`` of a harness: the mean over its entries, weighted where they say so.

    An entry is a number, a boolean, or an object with ``score`` or ``passed``, and ``name`` and ``weight`` if
    it likes.
    """
    data, error = _last_object(text, "results")
    if data is None:
        return ScoreReport(error=error)
    results = data["results"]
    if not isinstance(results, list) or not results:
        return ScoreReport(error="results is not a list with entries")
    total = weights = 0.0
    named: dict[str, Any] = {}
    for number, entry in enumerate(results, start=1):
        fields = entry if isinstance(entry, dict) else {"score": entry}
        name, score, weight = _entry(fields, number)
        if score is None or weight is None:
            return ScoreReport(error=f"result {number} has no score from 0 to 1: {_shown(entry)}")
        named[name] = score
        total += weight * score
        weights += weight
    if not weights:
        return ScoreReport(error="the weights of the results are all 0")
    return ScoreReport(min(1.0, total / weights), {"results": named})


def _entry(fields: Mapping[str, Any], number: int) -> tuple[str, float | None, float | None]:
    """Name, score and weight of one result; None for what is not valid."""
    score = fields.get("score", fields.get("passed"))
    score = float(score) if isinstance(score, bool) else score
    weight = fields.get("weight", 1.0)
    valid_weight = (
        isinstance(weight, int | float) and not isinstance(weight, bool) and 0 <= weight < float("inf")
    )
    name = str(fields.get("name") or fields.get("id") or number)
    return name, float(score) if _is_score(score) else None, float(weight) if valid_weight else None


def parse_exit_code(exit_code: int) -> ScoreReport:
    """1 for exit code 0, else 0."""
    return ScoreReport(1.0 if exit_code == 0 else 0.0, {"exit_code": exit_code})


def _last_object(text: str, key: str) -> tuple[dict[str, Any] | None, str]:
    """The object with ``key`` that a command printed, after whatever else it said."""
    whole, error = _load(text, "command")
    if isinstance(whole, dict) and key in whole:
        return whole, ""
    for record in _records(reversed(text.splitlines())):
        if key in record:
            return record, ""
    said = _shown(text.strip()) if text.strip() else "nothing"
    return None, f'the output has no JSON object with "{key}" ({error or "another object"}); it said: {said}'


def _load(text: str, tool: str) -> tuple[Any, str]:
    try:
        return json.loads(text), ""
    except (ValueError, RecursionError):
        return None, f"the {tool} report is not JSON"


def _is_score(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
