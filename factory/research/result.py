"""What a run of the research target leaves behind: the metric, and the cases that went worst."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

CASES_SHOWN = 40
"""Cases of a result that the Failure Analyst is told of, the worst first."""

EXCERPT = 300
"""Characters of one case."""

CASE_LISTS = ("failures", "cases", "instances", "results", "items")
"""The names under which results list their cases, the most telling first."""

CASE_SCORES = ("score", "gap", "loss", "cost", "value", "error")
"""The names under which a case says how it went."""

HIGHER_IS_WORSE = frozenset(CASE_SCORES[1:4] + CASE_SCORES[5:])
"""Those of them of which more is worse, whatever the objective of the metric."""


def read_result(text: str) -> Any:
    """The JSON of a result file. Raises ValueError with the reason where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the result is no JSON: {error}") from None


def last_object(printed: str) -> str:
    """The last line of a command's output that looks like a JSON object; "" where none does."""
    lines = (line.strip() for line in reversed(printed.splitlines()))
    return next((line for line in lines if line.startswith("{") and line.endswith("}")), "")


def metric_of(result: Any, name: str) -> float:
    """The metric ``name`` in a result; dots lead into nested objects, a name with dots of its own wins.

    Raises ValueError, saying what is there, where it is missing or no finite number.
    """
    found = _at(result, name)
    value = _finite(found)
    if value is None:
        there = ", ".join(map(str, result)) if isinstance(result, Mapping) else type(result).__name__
        what = "is missing" if found is None else f"is {json.dumps(found)[:60]}, not a finite number"
        raise ValueError(f"the metric {name!r} {what} (the result has: {there[:200] or 'nothing'})")
    return value


def _finite(found: Any) -> float | None:
    """A number of JSON as a float; None for what is none, and for one that no float can hold."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    try:
        return float(found) if isfinite(found) else None
    except OverflowError:
        return None


def _at(result: Any, name: str) -> Any:
    if isinstance(result, Mapping) and name in result:
        return result[name]
    for part in name.split("."):
        result = result.get(part) if isinstance(result, Mapping) else None
    return result


def cases_of(result: Any) -> list[Mapping[str, Any]]:
    """The cases that a result lists, each an object; empty where it lists none."""
    if not isinstance(result, Mapping):
        return []
    for name in CASE_LISTS:
        found = result.get(name)
        if isinstance(found, list) and found and all(isinstance(case, Mapping) for case in found):
            return list(found)
    return []


def worst_first(cases: Sequence[Mapping[str, Any]], sign: int) -> list[Mapping[str, Any]]:
    """The cases that went worst first: those that did not pass, then by what they score.

    ``sign`` is 1 where more of the metric is better, -1 where less is; a case's gap, loss, cost or error is
    always worse the more there is of it.
    """
    return sorted(cases, key=lambda case: (case.get("passed") is True, _goodness(case, sign)))


def _goodness(case: Mapping[str, Any], sign: int) -> float:
    for name in CASE_SCORES:
        value = case.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return -value if name in HIGHER_IS_WORSE else sign * value
    return 0.0


def failures_text(result: Any, log: str, *, sign: int, shown: int = CASES_SHOWN) -> str:
    """A run's result and the end of its log, as the Failure Analyst is told them."""
    cases = worst_first(cases_of(result), sign)
    if isinstance(result, Mapping):
        plain = {k: v for k, v in result.items() if not isinstance(v, list)}
        head = json.dumps(plain, ensure_ascii=False)[:2000]
    else:
        head = json.dumps(result, ensure_ascii=False)[:2000]
    lines = [f"result: {head}"]
    if cases:
        lines += [f"cases, the worst first ({min(shown, len(cases))} of {len(cases)}):"]
        lines += [json.dumps(case, ensure_ascii=False)[:EXCERPT] for case in cases[:shown]]
    if log.strip():
        lines += ["end of its log:", log.strip()[-2000:]]
    return "\n".join(lines)
