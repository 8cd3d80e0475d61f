"""The project's own dimensions: a score read from what a command leaves."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from factory.evals.dimensions import PLACES_SHOWN

EXIT_CODE = "exit_code"
JSON = "json"
RESULTS = "results"
SHOWN_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Reading:
    """A score in [0, 1] with details, or None and why there is none."""

    score: float | None
    error: str = ""
    details: dict[str, Any] = field(default_factory=dict)


def report_file(parser: str) -> str:
    """The file that a parser reads in place of stdout (``json:out/score.json``); empty for stdout."""
    return parser.partition(":")[2]


def read(parser: str, exit_code: int, output: str) -> Reading:
    """The score by one of three parsers; the latter two may name a file after a colon.

    ``exit_code``: 1 for exit code 0, else 0. ``json``: ``{"score": …}``, the last JSON object of the output.
    ``results``: ``{"results": [{"score": …}, {"passed": …}, …]}``, the mean by each one's ``weight`` (1).
    With both, a command that fails has not measured anything.
    """
    kind = parser.partition(":")[0]
    if kind == EXIT_CODE:
        return Reading(
            1.0 if exit_code == 0 else 0.0,
            details={"exit_code": exit_code, "output": output[-SHOWN_CHARACTERS:]},
        )
    if kind not in (JSON, RESULTS):
        return Reading(None, f"unknown parser {parser!r}; it is one of exit_code, json, results")
    if exit_code != 0:
        return Reading(None, f"the command exited {exit_code}: {output.strip()[-300:]}")
    found = last_object(output, "score" if kind == JSON else "results")
    if found is None:
        return Reading(None, f"no JSON object with {'score' if kind == JSON else 'results'!r} in its output")
    return _from_score(found) if kind == JSON else _from_results(found)


def last_object(text: str, key: str) -> dict[str, Any] | None:
    """The last JSON object in a text that has ``key``, whatever stands around it; None when there is none."""
    return next((found for found in reversed(list(_objects(text))) if key in found), None)


def _objects(text: str) -> Iterator[dict[str, Any]]:
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        try:
            found, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            found, end = None, at + 1
        if isinstance(found, dict):
            yield found
        at = text.find("{", end)


def _from_score(found: Mapping[str, Any]) -> Reading:
    score = share(found["score"])
    if score is None:
        return Reading(None, f"the score is {found['score']!r}, no number from 0 to 1")
    return Reading(score, details={"details": found["details"]} if "details" in found else {})


def _from_results(found: Mapping[str, Any]) -> Reading:
    results = found["results"]
    if not isinstance(results, list) or not results or not all(isinstance(r, dict) for r in results):
        return Reading(None, "results is no list of objects, or an empty one")
    scores = [_result_score(r) for r in results]
    weights = [_weight(r.get("weight", 1)) for r in results]
    if any(s is None for s in scores) or any(w is None for w in weights) or not sum(w or 0 for w in weights):
        return Reading(None, "a result has neither a score from 0 to 1 nor passed, or a weight that is none")
    total = math.fsum((s or 0.0) * (w or 0.0) for s, w in zip(scores, weights, strict=True))
    return Reading(total / math.fsum(w or 0.0 for w in weights), details=_results_details(results, scores))


def _results_details(results: list[Mapping[str, Any]], scores: list[float | None]) -> dict[str, Any]:
    named = [(str(r.get("name", i + 1)), s) for i, (r, s) in enumerate(zip(results, scores, strict=True))]
    worst = sorted(named, key=lambda item: (item[1] or 0.0, item[0]))[:PLACES_SHOWN]
    return {"results": len(named), "worst": [{"name": name, "score": score} for name, score in worst]}


def _result_score(result: Mapping[str, Any]) -> float | None:
    passed = result.get("passed")
    return (
        share(result["score"]) if "score" in result else float(passed) if isinstance(passed, bool) else None
    )


def share(value: object) -> float | None:
    """A number from 0 to 1 as a float; None for anything else, a truth value or NaN above all."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 1 else None


def _weight(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < math.inf else None
