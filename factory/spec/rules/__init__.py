"""The rules that a plan keeps, in groups, and the check that applies them all."""

from factory.spec.context import PlanContext, PlanLimits
from factory.spec.model import Spec
from factory.spec.rules import blocked, completeness, depth, strategy, structure
from factory.spec.rules.base import Plan, Rule, SpecFinding

RULES: tuple[Rule, ...] = (
    *structure.RULES,
    *completeness.RULES,
    *depth.RULES,
    *strategy.RULES,
    *blocked.RULES,
)


def check(
    spec: Spec, limits: PlanLimits | None = None, context: PlanContext | None = None
) -> list[SpecFinding]:
    """What is wrong with a plan, by line. Rules that need facts which ``context`` lacks are skipped."""
    plan = Plan(spec, limits or PlanLimits(), context or PlanContext())
    findings = [finding for rule in RULES for finding in rule.findings(plan)]
    return sorted(findings, key=lambda f: f.line)


def rules_table() -> str:
    """The rules as a Markdown table, for the docs."""
    rows = [f"| `{r.id}` | {r.severity} | {_cell(r.demand)} | {_cell(r.mend)} |" for r in RULES]
    return "\n".join(
        ("| rule | weight | what it demands | how to mend a breach |", "|---|---|---|---|", *rows)
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


__all__ = ["RULES", "Rule", "SpecFinding", "check", "rules_table"]
