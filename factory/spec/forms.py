"""What the two forms consist of: their sections with numbers, and the fields that each part may have."""

from __future__ import annotations

import re

from factory.spec.parts import Form, Kind

# Sections in the order in which a plan has them, each with the number that its heading carries.
REQUIRED: dict[Form, tuple[tuple[Kind, str], ...]] = {
    Form.PROJECT: (
        (Kind.LANGUAGE, ""),
        (Kind.PROBLEM, "1"),
        (Kind.AIMS, "2"),
        (Kind.GOALS, "2.1"),
        (Kind.NON_GOALS, "2.2"),
        (Kind.OVERVIEW, "3"),
        (Kind.ARCHITECTURE, "3.1"),
        (Kind.STACK, "3.2"),
        (Kind.DOMAIN, "4"),
        (Kind.SPECIFICATION, "5"),
        (Kind.ALGORITHMS, "6"),
        (Kind.MATRIX, "7"),
        (Kind.PLAN, "8"),
    ),
    Form.IMPROVEMENT: (
        (Kind.STATE, "1"),
        (Kind.AIMS, "2"),
        (Kind.GOALS, "2.1"),
        (Kind.NON_GOALS, "2.2"),
        (Kind.SPACE, "3"),
        (Kind.SPECIFICATION, "4"),
        (Kind.PLAN, "5"),
        (Kind.ANTI_PATTERNS, "6"),
        (Kind.BLOCKED, "7"),
        (Kind.ADDITIONS, "8"),
    ),
}

# Subsections are known by name only inside the section they belong to.
PARENT = {
    Kind.GOALS: Kind.AIMS,
    Kind.NON_GOALS: Kind.AIMS,
    Kind.ARCHITECTURE: Kind.OVERVIEW,
    Kind.STACK: Kind.OVERVIEW,
}

PROJECT_ONLY = (Kind.LANGUAGE, Kind.PROBLEM, Kind.OVERVIEW, Kind.DOMAIN, Kind.ALGORITHMS, Kind.MATRIX)
IMPROVEMENT_ONLY = (Kind.STATE, Kind.SPACE, Kind.ANTI_PATTERNS, Kind.ADDITIONS)

FEATURE_FIELDS = (
    "What",
    "How",
    "Why",
    "Category",
    "Expected impact",
    "Priority",
    "Backlog item",
    "Growth dimension",
    "Type",
    "Execution step",
    "Failure mode",
    "Mutable surface",
    "Verify",
    "New approach",
    "Allows",
)
PHASE_FIELDS = ("Depends on", "Scope", "Priority", "Category")
RESEARCH_FIELDS = (
    "Objective",
    "Metric",
    "Target",
    "Run command",
    "Result path",
    "Mutable surfaces",
    "Fixed surfaces",
    "Constraints",
    "Cost budget",
)
# Short values, after which people put remarks in parentheses.
WITH_REMARK = frozenset(
    {
        "Category",
        "Expected impact",
        "Priority",
        "Growth dimension",
        "Type",
        "Depends on",
        "Scope",
        "Metric",
        "Target",
    }
)
# Texts that may go on in further paragraphs and lists.
LONG = frozenset(
    {
        "What",
        "How",
        "Why",
        "Execution step",
        "Failure mode",
        "Mutable surface",
        "New approach",
        "Allows",
        "Objective",
        "Mutable surfaces",
        "Fixed surfaces",
        "Constraints",
    }
)
_ALIASES = {
    "mutable surfaces": "Mutable surface",
    "execution steps": "Execution step",
    "backlog items": "Backlog item",
    "allow": "Allows",
    "depends": "Depends on",
    "dependencies": "Depends on",
    "run": "Run command",
    "result": "Result path",
    "mutable": "Mutable surfaces",
    "fixed": "Fixed surfaces",
    "budget": "Cost budget",
}


def chapter_of(form: Form) -> str:
    """The number of the section that the features of a form stand in."""
    return dict(REQUIRED[form])[Kind.SPECIFICATION]


def plain(title: str) -> str:
    """A heading or field name as it is compared: lower case, without marks, remarks and punctuation."""
    return words(re.sub(r"\(.*\)?$", "", title))


def words(text: str) -> str:
    """A text as it is compared where all of its words count: lower case, without marks and punctuation."""
    return " ".join(re.findall(r"[^\W_]+", text.replace("&", " and ").lower()))


def without_remark(text: str) -> str:
    """A text without a remark in parentheses at its very end."""
    return re.sub(r"\s+\([^()]*\)[\s.]*$", "", text)


def kind_of(title: str) -> Kind:
    """The kind of section that a title names; OTHER when neither form knows it."""
    wanted = plain(title)
    return next((kind for kind in Kind if kind is not Kind.OTHER and plain(kind.value) == wanted), Kind.OTHER)


def field_name(written: str, known: tuple[str, ...]) -> str:
    """The name of the field that is meant, or empty."""
    wanted = plain(written)
    alias = _ALIASES.get(wanted, "")
    exact = next((name for name in known if plain(name) == wanted), "")
    return exact or (alias if alias in known else "")
