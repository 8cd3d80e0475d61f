"""What a hypothesis is about."""

from __future__ import annotations

import re
from enum import StrEnum


class Topic(StrEnum):
    """The topics that experiments and pieces of advice are sorted by."""

    PROMPTS = "prompt engineering"
    AGENTS = "agent improvement"
    EVALS = "eval improvement"
    INFRASTRUCTURE = "infrastructure"
    OBSERVABILITY = "observability"
    COVERAGE = "coverage"
    TESTING = "testing"
    LINT = "lint"
    TYPES = "type safety"
    REFACTORING = "refactoring"
    PERFORMANCE = "performance"
    FEATURE = "feature"
    BUGFIX = "bugfix"


# Stems, matched at the start of a word of lower-case text. Words of these topics hardly mean anything else,
# so they decide wherever they stand, in this order: "fix lint errors" is lint.
_TELLING = {
    Topic.PROMPTS: r"prompt|few-shot|system message|instruction",
    Topic.AGENTS: r"agent|subagent|multi-agent|orchestrat|playbook|tool call|strategist|researcher",
    Topic.EVALS: r"eval(?!ue)|harness|scor(?:e|ing)\b|measurement|dimension|grader|rubric",
    Topic.COVERAGE: r"coverage|uncovered|untested",
    Topic.TYPES: r"mypy|pyright|typing|typed|untyped|annotat|type(?:[ -](?:hint|annot|check|safe|error)|s\b)",
    Topic.LINT: r"lint|ruff|flake8|pylint|eslint|format(?:ting|ter)|unused import|import order|isort|style",
    Topic.OBSERVABILITY: r"observab|logg(?:ing|er|ed)|logs?\b|trac(?:ing|es?\b)|metric|monitor|telemetr",
}
# These are what almost any sentence has besides; the one that comes first says what it is mainly about.
_GENERAL = {
    Topic.TESTING: r"tests?\b|testing|assert|fixture|pytest|mock|regression test|property-based",
    Topic.PERFORMANCE: r"perform|speed|fast|slow|latenc|throughput|cach|optimi[sz]|memory|benchmark|profil",
    Topic.REFACTORING: r"refactor|simplif|extract|dedup|renam|clean|split|restructur|moderni[sz]",
    Topic.BUGFIX: r"fix(?!tur)|bug|crash|broken|repair|wrong|incorrect|regress|handle\b|handling|swallow",
    Topic.INFRASTRUCTURE: r"ci\b|pipeline|docker|container|deploy|build system|packag|dependenc|workflow"
    r"|infrastruct|makefile|release|pre-commit|config",
    Topic.FEATURE: r"feature|support|command|option|endpoint|implement|introduc|page|button|export",
}
_DECIDING = [(topic, re.compile(rf"\b(?:{stems})").search) for topic, stems in _TELLING.items()]
_FIRST = re.compile(
    r"\b(?:" + "|".join(f"(?P<{topic.name}>{stems})" for topic, stems in _GENERAL.items()) + ")"
).search


def classify_hypothesis(text: str) -> Topic:
    """The topic of a hypothesis or a piece of advice; one whose words say nothing is a feature."""
    lowered = text.lower()
    for topic, search in _DECIDING:
        if search(lowered):
            return topic
    found = _FIRST(lowered)
    return Topic[found.lastgroup] if found and found.lastgroup else Topic.FEATURE
