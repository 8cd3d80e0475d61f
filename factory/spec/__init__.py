"""Plans as contracts: text to model, model to text, and the rules that a plan keeps."""

from factory.spec.context import PlanContext, PlanLimits
from factory.spec.model import Spec
from factory.spec.parser import parse
from factory.spec.parts import (
    BlockedItem,
    ChecklistItem,
    Entry,
    Feature,
    Field,
    Form,
    Impact,
    Kind,
    MatrixRow,
    Phase,
    ResearchConfiguration,
    Section,
)
from factory.spec.render import render
from factory.spec.rules import RULES, Rule, SpecFinding, check, rules_table

__all__ = [
    "RULES",
    "BlockedItem",
    "ChecklistItem",
    "Entry",
    "Feature",
    "Field",
    "Form",
    "Impact",
    "Kind",
    "MatrixRow",
    "Phase",
    "PlanContext",
    "PlanLimits",
    "ResearchConfiguration",
    "Rule",
    "Section",
    "Spec",
    "SpecFinding",
    "check",
    "parse",
    "render",
    "rules_table",
]
