"""What a role is told of the facts, and that no project makes it cost more than it may."""

from __future__ import annotations

from typing import Any

import pytest

from factory.agents.facts import KNOWN, LITE, RUNNER_ONLY, STANDARD, VIEWS, show_facts
from factory.agents.prompting import Occasion, render_prompt
from factory.agents.roles import ROLES

CYCLE_BYTES = 40_000 * 4
CYCLE = [
    "researcher",
    "strategist",
    "builder",
    "reviewer",
    "evaluator",
    "archivist",
    "archivist",
    "ceo",
    "ceo",
    "ceo",
]
"""Who is asked in a standard cycle of one hypothesis."""

MEASUREMENT = {
    "commit": "c" * 40,
    "composite": 0.5,
    "dimensions": [
        {"name": "tests", "score": 1.0, "details": {"passed": 3}},
        {
            "name": "lint",
            "score": 0.25,
            "details": {
                "findings": 3,
                "rules": {"F401": 2, "E501": 1},
                "places": [
                    {"file": "a.py", "line": 1, "what": "F401 unused"},
                    {"file": "b.py", "line": 2, "what": "E501 long"},
                    {"file": "c.py", "line": 3, "what": "F401 unused"},
                ],
            },
        },
        {"name": "types", "score": None, "error": "mypy is missing", "details": {}},
    ],
    "tests": {"t::a": "passed"},
}
ITEM = {
    "phase": 1,
    "title": "Remove unused imports",
    "category": "FIX",
    "what": "They go.",
    "how": "By hand.",
    "why": "[R1]",
    "checklist": ["a.py", "c.py"],
    "verify": "ruff check",
    "allows": ["x.py"],
    "backlog_item": "",
}


def test_every_role_is_shown_views_that_exist() -> None:
    assert STANDARD.keys() == ROLES.keys()
    assert LITE.keys() <= ROLES.keys()
    assert {name for table in (STANDARD, LITE) for views in table.values() for name in views} == VIEWS.keys()


@pytest.mark.parametrize("role", LITE)
def test_lite_shows_no_more_than_standard_but_the_brief(role: str) -> None:
    assert set(LITE[role]) - set(STANDARD[role]) <= {"brief", "observations_lite"}


def test_lite_leaves_out_of_the_observations_what_the_brief_tells() -> None:
    facts = {
        "observations": "## Scores\n\nlint 0.5\n\n## Design space\n\n- x\n\n"
        "## Backlog\n\n- y\n\n## Churn\n\n- z\n"
    }
    assert show_facts("researcher", facts, lite=True).splitlines()[3:-1] == [
        *("## Scores", "", "lint 0.5", "", "## Backlog", "", "- y")
    ]
    assert "## Churn" in show_facts("researcher", facts)


def test_a_brief_is_told_without_what_is_empty() -> None:
    brief = {
        "experiments": 0,
        "composite": 0.5,
        "last": [],
        "categories": {"FIX": [1, 0, 1], "EXPLORE": [0, 0, 0]},
    }
    text = show_facts("strategist", {"brief": brief}, lite=True)
    assert text.splitlines()[3:-1] == ['{"composite":0.5,"categories":{"FIX":[1,0,1]}}']


def test_empty_facts_have_no_section_and_unknown_ones_are_not_lost() -> None:
    assert show_facts("builder", {"item": {}, "corrections": [], "goal": "g", "experiment": 3}) == ""
    assert (
        show_facts("builder", {"news_item": "it rains"}) == "### News item (data)\n\n```text\nit rains\n```"
    )


def test_a_measurement_is_told_weakest_first_and_by_kind() -> None:
    text = show_facts("researcher", {"measurement": MEASUREMENT})
    assert text.splitlines()[3:-1] == [
        "lint 0.2500: findings 3, rules (F401 2, E501 1)",
        "  F401 unused: a.py:1, c.py:3",
        "  E501 long: b.py:2",
        "tests 1.0000: passed 3",
        "types not measured: mypy is missing",
    ]
    assert show_facts("researcher", {"measurement": MEASUREMENT}, lite=True) == ""


def test_an_item_is_told_in_the_words_of_the_plan() -> None:
    assert show_facts("builder", {"item": ITEM}).splitlines()[3:-1] == [
        "Remove unused imports (FIX)",
        "What: They go.",
        "How: By hand.",
        "Why: [R1]",
        "Verify: ruff check",
        "Allows: x.py",
        "- [ ] a.py",
        "- [ ] c.py",
    ]


def test_two_measurements_are_told_as_one_list_of_what_moved() -> None:
    after = {
        "composite": 0.6,
        "dimensions": [
            {"name": "tests", "score": 1.0, "details": {"passed": 3}},
            {"name": "lint", "score": 0.5, "details": {"findings": 1, "rules": {"E501": 1}}},
        ],
        "tests": {"t::b": "passed"},
    }
    assert show_facts("evaluator", {"before": MEASUREMENT, "after": after}).splitlines()[3:-1] == [
        "composite 0.5000 → 0.6000",
        "tests 1.0000, as before",
        "lint 0.2500 → 0.5000 (findings 3 → 1, rules F401 2 → 0)",
        "types not measured, as before",
        "t::a: passed → not there",
        "t::b: not there → passed",
    ]


def test_what_was_left_out_is_told_to_the_ceo() -> None:
    text = show_facts("ceo", {"reviewer": {"left_out": "in lite mode"}, "evaluator": {}})
    assert "### Reviewer (data)\n\n```text\nleft out: in lite mode\n```" in text
    assert "Evaluator" not in text


def test_that_the_items_own_check_still_fails_is_told_to_the_ceo_in_lite_too() -> None:
    facts = {"own_check": "its own check still fails: ruff check"}
    for lite in (False, True):
        assert "still fails: ruff check" in show_facts("ceo", facts, lite=lite)


def test_a_finding_of_the_guard_is_told_and_so_is_its_silence() -> None:
    finding = {"guard": "scope", "message": "changes x.py: outside [scope] modifiable"}
    assert "scope: changes x.py" in show_facts("ceo", {"guard": {"findings": [finding]}})
    assert "clean: no guard objects" in show_facts("ceo", {"guard": {"findings": []}})


IN_RESEARCH = {"target", "analysis", "tried", "metric"}
"""What only research mode tells."""


def flooded() -> dict[str, Any]:
    """Facts of a project where everything is far too long."""
    long = "a line of some length, as they are\n" * 20_000
    texts: dict[str, Any] = dict.fromkeys(KNOWN - RUNNER_ONLY - IN_RESEARCH, long)
    many = [long[:200]] * 2_000
    places = [{"file": f"f{n}.py", "line": n, "what": f"E{n} {long[:200]}"} for n in range(2_000)]
    dimensions = [
        {
            "name": f"d{n}",
            "score": 0.1,
            "details": {"places": places, "counts": {f"k{i}": n for i in range(99)}},
        }
        for n in range(50)
    ]
    scope = {"modifiable": many, "read_only": many}
    answer = {"verdict": "PROCEED", "reason": long, "findings": many, "summary": long, "suspicions": many}
    return texts | {
        "measurement": {"dimensions": dimensions},
        "before": {"dimensions": dimensions, "tests": dict.fromkeys(map(str, range(9000)), "passed")},
        "after": {"dimensions": [], "tests": {}},
        "item": ITEM | {"what": long, "checklist": many},
        "items": [ITEM | {"what": long}] * 20,
        "experiments": [{"id": n, "notes": long, "delta": 0.1} for n in range(20)],
        "ended": {"reason": "budget", "detail": long},
        "guard": {"findings": [{"guard": "scope", "message": long}] * 99},
        "checks": [{"name": long, "passed": False, "tests": many}],
        "reviewer": answer,
        "evaluator": answer | {"moved": [{"dimension": "lint", "why": long}]},
        "scope": scope,
        "config": scope,
        "corrections": [],
        "draft": "",
        "idea": "",
        "focus": "",
        "delta": 0.1,
        "messages": many,
        "files": many,
        "anti_patterns": many,
        "brief": {},
        "plan": long[:8_000],  # of one item
    }


def shown_to_ceo(facts: dict[str, Any], gate: str) -> dict[str, Any]:
    """The facts that the CEO gets at a gate."""
    at = {"gate_research": {"research"}, "gate_plan": {"plan"}}
    if gate in at:
        return {name: facts[name] for name in at[gate]} | {"brief": {"text": "x" * 3_000}}
    return {name: value for name, value in facts.items() if name not in {"research", "plan", "brief"}}


def test_the_largest_standard_cycle_of_one_hypothesis_stays_within_its_tokens() -> None:
    facts = flooded()
    gates = iter(("gate_research", "gate_plan", "structured_review"))
    cycle_note = {"items", "experiments", "ended"}
    sizes = []
    for number, role in enumerate(CYCLE):
        gate = next(gates) if role == "ceo" else ""
        told = shown_to_ceo(facts, gate) if gate else facts
        if role == "archivist":  # one note on the experiment, one on the cycle
            first = CYCLE.index(role) == number
            told = {name: value for name, value in facts.items() if (name in cycle_note) is not first}
        task = "t" * (1_500 if gate else 700)
        text = render_prompt(role, task, told, Occasion(goal="g" * 200, mode="improve", gate=gate))
        sizes.append(len(text.encode()))
    assert sum(sizes) <= CYCLE_BYTES, list(zip(CYCLE, sizes, strict=True))
