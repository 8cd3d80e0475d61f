"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from factory.spec.context import PlanContext, PlanLimits
from factory.spec.model import Spec

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class SpecFinding:
    """What is wrong with a plan: the rule, its weight, the source line from 1, and how to mend it."""

    rule: str
    severity: Severity
    line: int
    message: str
    mend: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What every rule looks at."""

    spec: Spec
    limits: PlanLimits
    context: PlanContext


@dataclass(frozen=True, slots=True)
class Problem:
    """One place where a rule is broken; ``mend`` replaces the rule's advice where it can be more exact."""

    line: int
    message: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its id, its weight, what it demands, the advice, and the function that looks for breaches."""

    id: str
    demand: str
    mend: str
    look: Callable[[Plan], Iterator[Problem]]
    severity: Severity = "error"

    def findings(self, plan: Plan) -> Iterator[SpecFinding]:
        """Every breach of this rule."""
        for problem in self.look(plan):
            mend = problem.mend or self.mend
            yield SpecFinding(self.id, self.severity, problem.line, problem.message, mend)
