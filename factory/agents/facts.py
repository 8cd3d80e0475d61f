"""Which facts a role is told, and how: compact text for a prompt. This page is what a cycle costs in tokens.

A runner gets all facts as they are; a prompt shows what its role needs for its judgement, each fact cut to a
limit, so that however big the project, a standard cycle of one hypothesis sends at most 40,000 tokens of four
bytes (tests/prompts/test_facts.py adds the worst case up).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from factory.agents.fences import cut, fenced
from factory.words import signed

Facts = Mapping[str, Any]

KINDS_SHOWN = 10
PLACES_SHOWN = 6
"""Kinds of places that are listed for a dimension, and places for each."""

BEYOND_LITE = ("## Design space", "## Churn")
"""Sections of the observations that lite leaves out."""


@dataclass(frozen=True, slots=True)
class View:
    """One section of facts.

    ``write`` makes its text from the facts named in ``uses``; it may have ``limit`` bytes, in lite ``lite``.
    """

    title: str
    write: Callable[[Facts], str]
    uses: tuple[str, ...]
    limit: int = 2_000
    lite: int | None = None


def show_facts(role: str, facts: Facts, *, lite: bool = False) -> str:
    """The facts that a role is told, as fenced sections. A fact that is empty has no section.

    A fact that this page does not know is shown as it is: told at a price rather than lost.
    """
    views = [VIEWS[name] for name in views_of(role, lite=lite)]
    views += [
        View(name.replace("_", " ").capitalize(), _plain(name), (name,))
        for name in facts
        if name not in KNOWN
    ]
    return "\n\n".join(
        f"### {view.title} (data)\n\n{fenced(cut(text, _limit(view, lite=lite)))}"
        for view in views
        if (text := view.write(facts).strip())
    )


def views_of(role: str, *, lite: bool) -> tuple[str, ...]:
    """The names of the views that a role is shown, in order."""
    return (LITE.get(role) if lite else None) or STANDARD[role]


def _limit(view: View, *, lite: bool) -> int:
    return view.limit if view.lite is None or not lite else view.lite


# ---- how facts are written


def _plain(key: str) -> Callable[[Facts], str]:
    return lambda facts: _text(facts.get(key))


def _text(value: Any) -> str:
    if not value:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _list(key: str) -> Callable[[Facts], str]:
    return lambda facts: "\n".join(f"- {entry}" for entry in facts.get(key) or ())


def _pairs(key: str) -> Callable[[Facts], str]:
    def write(facts: Facts) -> str:
        pairs = (facts.get(key) or {}).items()
        return "\n".join(f"{name}: {_text(value) or value}" for name, value in pairs if value is not None)

    return write


def _newest_first(key: str) -> Callable[[Facts], str]:
    return lambda facts: "\n".join(f"- {entry}" for entry in reversed(facts.get(key) or ()))


def _brief(facts: Facts) -> str:
    """What is empty in the brief says nothing that its absence does not."""
    brief = facts.get("brief") or {}
    categories = {name: counts for name, counts in (brief.get("categories") or {}).items() if any(counts)}
    return _text({name: value for name, value in {**brief, "categories": categories}.items() if value})


def _observations_lite(facts: Facts) -> str:
    """Without what lite plans on the brief for, and what only a look at the files could use."""
    sections = re.split(r"^(?=## )", _text(facts.get("observations")), flags=re.MULTILINE)
    return "".join(section for section in sections if not section.startswith(BEYOND_LITE))


def _scope(facts: Facts) -> str:
    scope = facts.get("scope") or facts.get("config") or {}
    named = (("may change", scope.get("modifiable")), ("never changes", scope.get("read_only")))
    return "\n".join(f"{name}: {', '.join(patterns)}" for name, patterns in named if patterns)


_ITEM_FIELDS = (
    ("What", "what"),
    ("How", "how"),
    ("Why", "why"),
    ("Failure mode", "failure_mode"),
    ("Mutable surface", "mutable_surface"),
    ("Growth dimension", "growth_dimension"),
    ("Backlog item", "backlog_item"),
    ("Verify", "verify"),
    ("New approach", "new_approach"),
    ("Allows", "allows"),
)


def _item(facts: Facts) -> str:
    return _item_text(facts.get("item") or {})


def _items(facts: Facts) -> str:
    return "\n\n".join(_item_text(item) for item in facts.get("items") or ())


def _item_text(item: Mapping[str, Any]) -> str:
    if not item:
        return ""
    category = f" ({item['category']})" if item.get("category") else ""
    lines = [f"{item.get('title', '')}{category}"]
    for name, key in _ITEM_FIELDS:
        value = item.get(key)
        if value:
            lines.append(f"{name}: {', '.join(value) if isinstance(value, list) else value}")
    return "\n".join([*lines, *(f"- [ ] {entry}" for entry in item.get("checklist") or ())])


def _measurement(facts: Facts) -> str:
    """The dimensions, weakest first, with their counts and the places that count against them."""
    measured = facts.get("measurement") or {}
    ranked = sorted(
        measured.get("dimensions") or (), key=lambda d: (d["score"] is None, d["score"] or 0.0, d["name"])
    )
    return "\n".join(line for dimension in ranked for line in _dimension(dimension))


def _dimension(dimension: Mapping[str, Any]) -> Iterator[str]:
    details = dimension.get("details") or {}
    told = dimension.get("error") or _counts(details)
    yield f"{dimension['name']} {_score(dimension['score'])}" + (f": {told}" if told else "")
    for key, value in details.items():
        if isinstance(value, list) and value:
            yield from _places(key, value)


def _places(key: str, entries: Sequence[Any]) -> Iterator[str]:
    """Places, gathered by what is wrong there, so that a list does not begin with ten of a kind."""
    kinds: dict[str, list[str]] = {}
    for entry in entries:
        what, place = _place(entry)
        kinds.setdefault(what, []).append(place)
    for what, places in list(kinds.items())[:KINDS_SHOWN]:
        yield f"  {what or key}: {_some(places, PLACES_SHOWN)}"
    if len(kinds) > KINDS_SHOWN:
        yield f"  and {len(kinds) - KINDS_SHOWN} other kinds"


def _place(entry: Any) -> tuple[str, str]:
    """What is wrong at a place, and the place."""
    if isinstance(entry, Mapping) and "file" in entry:
        line = f":{entry['line']}" if entry.get("line") else ""
        return str(entry.get("what", "")), f"{entry['file']}{line}"
    return "", _text(entry)


def _some(entries: Sequence[str], shown: int) -> str:
    more = f" and {len(entries) - shown} more" if len(entries) > shown else ""
    return ", ".join(entries[:shown]) + more


def _counts(details: Mapping[str, Any]) -> str:
    """The numbers of a dimension's details; tables of numbers one level deep."""
    told = []
    for key, value in details.items():
        if isinstance(value, Mapping) and value:
            told.append(f"{key} ({', '.join(f'{k} {v}' for k, v in value.items())})")
        elif isinstance(value, int | float):
            told.append(f"{key} {value}")
    return ", ".join(told)


def _score(score: float | None) -> str:
    return "not measured" if score is None else f"{score:.4f}"


def _change(facts: Facts) -> str:
    """Two measurements side by side: scores, the counts that differ, the tests whose outcome differs."""
    before, after = facts.get("before") or {}, facts.get("after") or {}
    if not before and not after:
        return ""
    lines = [f"composite {_score(before.get('composite'))} → {_score(after.get('composite'))}"]
    lines += [f"void: {side['void']}" for side in (before, after) if side.get("void")]
    old, new = (_by_name(side) for side in (before, after))
    lines += [_moved(name, old.get(name, {}), new.get(name, {})) for name in dict.fromkeys([*old, *new])]
    was, now = before.get("tests") or {}, after.get("tests") or {}
    tests = [t for t in dict.fromkeys([*was, *now]) if was.get(t) != now.get(t)]
    return "\n".join(
        [*lines, *(f"{t}: {was.get(t, 'not there')} → {now.get(t, 'not there')}" for t in tests)]
    )


def _by_name(measurement: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {d["name"]: d for d in measurement.get("dimensions") or ()}


def _moved(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    was, now = _score(old.get("score")), _score(new.get("score"))
    if was == now:
        return f"{name} {now}, as before"
    counts = [_flat(side.get("details") or {}) for side in (old, new)]
    differing = [
        f"{key} {counts[0].get(key, 0)} → {counts[1].get(key, 0)}"
        for key in dict.fromkeys([*counts[0], *counts[1]])
        if counts[0].get(key, 0) != counts[1].get(key, 0)
    ]
    return f"{name} {was} → {now}" + (f" ({', '.join(differing)})" if differing else "")


def _flat(details: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in details.items():
        flat |= {f"{key} {k}": v for k, v in value.items()} if isinstance(value, Mapping) else {key: value}
    return {key: value for key, value in flat.items() if isinstance(value, int | float)}


def _checks(facts: Facts) -> str:
    return "\n".join(
        f"{check['name']}: {'passed' if check['passed'] else 'FAILED'}"
        + "".join(f"\n- {test}" for test in check.get("tests") or ())
        for check in facts.get("checks") or ()
    )


def _guard(facts: Facts) -> str:
    report = facts.get("guard")
    if not report:
        return ""
    told = [f"{f['guard']}: {f['message']}" for f in report.get("findings") or ()]
    return "\n".join(told) or "clean: no guard objects"


def _reviewer(facts: Facts) -> str:
    return _judged(facts.get("reviewer") or {}, "findings")


def _evaluator(facts: Facts) -> str:
    answer = facts.get("evaluator") or {}
    moved = [f"{m['dimension']}: {m['why']}" for m in answer.get("moved") or ()]
    return "\n".join([*filter(None, [_judged(answer, "suspicions")]), *(f"- {line}" for line in moved)])


def _judged(answer: Mapping[str, Any], listed: str) -> str:
    if not answer:
        return ""
    if "left_out" in answer:
        return f"left out: {answer['left_out']}"
    head = " ".join(filter(None, (answer.get("verdict", ""), answer.get("reason") or answer.get("summary"))))
    entries: Sequence[str] = answer.get(listed) or ()
    return "\n".join([head, *(f"- {listed[:-1]}: {entry}" for entry in entries)])


def _outcome(facts: Facts) -> str:
    if "verdict" not in facts:
        return ""
    delta = facts.get("delta")
    moved = "not measured" if delta is None else signed(delta)
    return f"{facts['verdict']} ({facts.get('reason', '')}), composite {moved}\n{facts.get('rationale', '')}"


def _experiments(facts: Facts) -> str:
    return "\n".join(_experiment(record) for record in facts.get("experiments") or ())


def _experiment(record: Mapping[str, Any]) -> str:
    delta = record.get("delta")
    moved = "" if delta is None else f" {signed(delta)}"
    verdict = f"{record.get('id')} {record.get('verdict')} ({record.get('reason')}){moved}"
    return f"- {verdict} {record.get('category')} {record.get('hypothesis')}: {record.get('notes')}"


def _ended(facts: Facts) -> str:
    ended = facts.get("ended") or {}
    return f"{ended['reason']}: {ended['detail']}" if ended else ""


# ---- the table

VIEWS: dict[str, View] = {
    "focus": View("Focus", _plain("focus"), ("focus",), 6_000),
    "corrections": View("Corrections", _list("corrections"), ("corrections",), 4_000),
    "messages": View("Messages", _list("messages"), ("messages",), 1_500),
    "scope": View("Scope", _scope, ("scope", "config"), 1_000),
    "observations": View("Observations", _plain("observations"), ("observations",), 4_500),
    "observations_lite": View("Observations", _observations_lite, ("observations",), 3_000),
    "measurement": View("Measurement", _measurement, ("measurement",), 4_000),
    "archive": View("Archive", _plain("archive"), ("archive",), 2_500, lite=1_500),
    "rejected": View("Reverted before", _newest_first("anti_patterns"), ("anti_patterns",), 1_500),
    "brief": View("Brief", _brief, ("brief",), 3_200),
    "research": View("Research", _plain("research"), ("research",), 6_000, lite=3_000),
    "findings": View("Findings cited", _plain("cited"), ("cited",), 1_500),
    "draft": View("Your last draft", _plain("draft"), ("draft",), 12_000),
    "plan": View("Plan", _plain("plan"), ("plan",), 12_000),
    "idea": View("Idea", _plain("idea"), ("idea",), 12_000),
    "item": View("Plan item", _item, ("item",), 1_500),
    "items": View("Plan items", _items, ("items",), 3_000),
    "guidance": View("The project's own guidance", _plain("guidance"), ("guidance",), 4_000),
    "files": View("Files changed", _list("files"), ("files",), 1_000),
    "diff": View("Diff", _plain("diff"), ("diff",), 13_000),
    "ceo_diff": View("Diff", _plain("diff"), ("diff",), 9_000, lite=16_000),
    "guard": View("Guard", _guard, ("guard",), 1_000),
    "checks": View("Checks", _checks, ("checks",), 1_000),
    "own_check": View("The item's own check", _plain("own_check"), ("own_check",), 300),
    "change": View("Before and after", _change, ("before", "after"), 2_500),
    "reviewer": View("Reviewer", _reviewer, ("reviewer",), 1_500),
    "evaluator": View("Evaluator", _evaluator, ("evaluator",), 1_500),
    "outcome": View("Outcome", _outcome, ("verdict", "reason", "rationale", "delta"), 800),
    "experiments": View("Experiments", _experiments, ("experiments",), 1_500),
    "ended": View("How the cycle ended", _ended, ("ended",), 500),
    "target": View("Research target", _pairs("target"), ("target",), 1_500),
    "analysis": View("Failure analysis", _plain("analysis"), ("analysis",), 6_000, lite=3_000),
    "tried": View("Tried on the metric", _list("tried"), ("tried",), 3_000),
    "metric": View("Metric", _pairs("metric"), ("metric",), 1_000),
    "failures": View("Failures", _plain("failures"), ("failures",), 12_000),
}
"""Everything that a prompt can show, by name."""

RUNNER_ONLY = frozenset(
    {
        "cases",
        "goal",
        "experiment",
        "subject",
        "gate",
        "form",
        "lite",
        "limits",
        "findings",
        "history",
        "backlog",
        "feedback",
    }
)
"""Facts for runners that read facts: in a prompt they stand elsewhere, as text."""

KNOWN = RUNNER_ONLY.union(*(view.uses for view in VIEWS.values()))

STANDARD: dict[str, tuple[str, ...]] = {
    "researcher": (
        "idea", "focus", "corrections", "draft", "scope", "observations", "measurement", "archive",
    ),
    "strategist": (
        "idea", "focus", "corrections", "draft", "scope",
        "observations", "measurement", "rejected", "research", "target", "analysis", "tried",
    ),
    "builder": ("item", "focus", "corrections", "scope", "messages", "findings", "guidance"),
    "reviewer": ("item", "guard", "guidance", "files", "diff"),
    "evaluator": ("item", "change", "metric", "files"),
    "archivist": ("items", "item", "outcome", "reviewer", "evaluator", "experiments", "ended"),
    "ceo": (
        "brief", "research", "plan",
        "item", "checks", "own_check",
        "guard", "change", "metric", "reviewer", "evaluator", "files", "ceo_diff",
    ),
    "failure_analyst": ("target", "failures", "measurement", "scope"),
}  # fmt: skip
"""What each role is shown, in order."""

LITE: dict[str, tuple[str, ...]] = {
    "researcher": ("idea", "focus", "corrections", "draft", "scope", "observations_lite", "archive"),
    "strategist": (
        "idea",
        "focus",
        "corrections",
        "draft",
        "scope",
        "brief",
        "research",
        "target",
        "analysis",
    ),
    "builder": ("item", "focus", "corrections", "scope", "messages", "guidance"),
    "ceo": ("item", "checks", "own_check", "change", "metric", "reviewer", "evaluator", "ceo_diff"),
    "evaluator": ("item", "change", "metric"),
    "archivist": ("items", "item", "outcome", "evaluator", "experiments", "ended"),
}
"""What lite shows in place of that: no measurement's details, and the brief in place of the files.

The guard stands among the CEO's checks; there is nothing else to tell of it, for what it objects to is ended.
"""
