"""The Evaluator: what moved between two measurements, and what looks like gaming, by rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from factory.offline.answers import answered
from factory.offline.facts import mapping_of, mappings_of, scores_of
from factory.runners.base import AgentResult, Invocation

#: Differences below this are not shown as a move.
VISIBLE = 1e-9
PASSED = ("passed", "xpassed")


def explain(invocation: Invocation) -> AgentResult:
    """Compare the dimensions and the tests before and after."""
    before, after = mapping_of(invocation.facts, "before"), mapping_of(invocation.facts, "after")
    moved = list(_moved(before, after))
    suspicions = list(_suspicions(before, after))
    names = ", ".join(f"{m['dimension']} {_number(m['before'])} → {_number(m['after'])}" for m in moved)
    summary = f"by rule: {names or 'no dimension moved'}"
    return answered({"summary": summary, "moved": moved, "suspicions": suspicions})


def _number(score: Any) -> str:
    return f"{score:.4f}" if isinstance(score, int | float) else "not measured"


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    old, new = scores_of(before), scores_of(after)
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        if was is None or now is None or abs(now - was) > VISIBLE:
            why = _why(_details(before, name), _details(after, name))
            yield {"dimension": name, "before": was, "after": now, "why": why}


def _details(measurement: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = next((d for d in mappings_of(measurement, "dimensions") if d.get("name") == name), {})
    return mapping_of(found, "details")


def _why(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The numbers of the dimension's details that changed; one level of nested counts is looked into."""
    old, new = _counts(before), _counts(after)
    changed = [
        f"{key}: {old.get(key, 0):g} → {new.get(key, 0):g}"
        for key in sorted(old.keys() | new.keys())
        if old.get(key, 0) != new.get(key, 0)
    ]
    return "by rule: " + (", ".join(changed[:8]) or "the details name no change")


def _counts(details: Mapping[str, Any]) -> dict[str, float]:
    flat: dict[str, float] = {}
    for key, value in details.items():
        inner = {f"{key} {k}": v for k, v in value.items()} if isinstance(value, Mapping) else {key: value}
        flat |= {
            k: float(v) for k, v in inner.items() if isinstance(v, int | float) and not isinstance(v, bool)
        }
    return flat


def _suspicions(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """A score that rises while tests vanish, are skipped, or a dimension is no longer measured."""
    if not _rises(before, after):
        return
    old, new = mapping_of(before, "tests"), mapping_of(after, "tests")
    passing = [node for node, outcome in old.items() if outcome in PASSED]
    gone = sorted(node for node in passing if node not in new)
    skipped = sorted(node for node in passing if new.get(node) == "skipped")
    yield from _named("the score rises while tests vanish", gone or _fewer(old, new))
    yield from _named("the score rises while tests are skipped", skipped)
    unmeasured = sorted(scores_of(before).keys() - scores_of(after).keys())
    yield from _named("the score rises while dimensions are no longer measured", unmeasured)


def _fewer(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The counts that went down, where the facts hold counts in place of single tests."""
    return [
        f"{key} {old[key]} → {new[key]}"
        for key in ("total", "passed")
        if isinstance(old.get(key), int) and isinstance(new.get(key), int) and new[key] < old[key]
    ]


def _rises(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    old, new = scores_of(before), scores_of(after)
    was, now = before.get("composite"), after.get("composite")
    whole = isinstance(was, int | float) and isinstance(now, int | float) and now > was
    return whole or any(new[name] > old[name] for name in old.keys() & new.keys())


def _named(what: str, names: list[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        yield f"{what}: {', '.join(names[:5])}{more}"
