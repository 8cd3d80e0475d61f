"""The one list of roles: what each is for, what it may touch, and the form of its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from factory.errors import BadInput

STRINGS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}

GATE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["verdict", "reason", "corrections"],
    "properties": {
        "verdict": {"type": "string", "enum": ["PROCEED", "REDIRECT", "ABORT"]},
        "reason": {"type": "string"},
        "corrections": STRINGS,
        "citations": STRINGS,
    },
}
"""What the CEO answers at a gate. No verdict is lost for not saying what it went by."""

REVIEW_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["verdict", "reason", "findings", "citations"],
    "properties": {
        "verdict": {"type": "string", "enum": ["PROCEED", "REDIRECT", "ABORT"]},
        "reason": {"type": "string"},
        "findings": STRINGS,
        "citations": STRINGS,
    },
}
"""What the Reviewer answers."""

EXPLANATION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["summary", "moved", "suspicions"],
    "properties": {
        "summary": {"type": "string"},
        "moved": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["dimension", "before", "after", "why"],
                "properties": {
                    "dimension": {"type": "string"},
                    "before": {"type": ["number", "null"]},
                    "after": {"type": ["number", "null"]},
                    "why": {"type": "string"},
                },
            },
        },
        "suspicions": STRINGS,
        "citations": STRINGS,
    },
}
"""What the Evaluator answers."""


@dataclass(frozen=True)
class Role:
    """A role. ``schema`` is the JSON schema of a structured answer, None where the answer is prose."""

    name: str
    purpose: str
    access: Literal["read", "write"] = "read"
    schema: dict[str, Any] | None = None


ROLES: dict[str, Role] = {
    role.name: role
    for role in (
        Role("ceo", "judges at gates: PROCEED, REDIRECT or ABORT, with a reason", schema=GATE_SCHEMA),
        Role("researcher", "finds facts about the project, numbered R1, R2, … with their sources"),
        Role("strategist", "writes the plan as a specification from the facts"),
        Role("builder", "carries out one plan item in a workspace of its own", access="write"),
        Role("reviewer", "reads a diff against its plan item and the rules", schema=REVIEW_SCHEMA),
        Role("evaluator", "explains what moved between two measurements, and why", schema=EXPLANATION_SCHEMA),
        Role("archivist", "writes the notes that later cycles learn from"),
        Role("failure_analyst", "groups the failures of a research run by their cause"),
    )
}


def role_named(name: str) -> Role:
    """The role of that name. Raises BadInput, naming the roles there are."""
    if name == "distiller":
        raise BadInput(
            "There is no Distiller any more: turning research into a spec is the Strategist's work.",
            "`factory agent strategist …`",
        )
    if name not in ROLES:
        raise BadInput(f"There is no role {name!r}.", f"The roles are: {', '.join(ROLES)}.")
    return ROLES[name]
