"""The CEO at a gate: an answer that is no valid verdict is asked for once more, then counts as ABORT."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from factory.cycle.agents import Question, ask, objection
from factory.cycle.context import Cycle
from factory.models import ReviewVerdict
from factory.runners.base import AgentResult


@dataclass(frozen=True)
class GateAnswer:
    """The CEO's decision. ``unaffordable`` says why it could not be asked for, where that is so."""

    verdict: ReviewVerdict
    reason: str
    corrections: list[str] = field(default_factory=list)
    unaffordable: bool = False


def ceo_verdict(cycle: Cycle, scope: str, step: str, task: str, facts: Mapping[str, Any]) -> GateAnswer:
    """The CEO's verdict on ``facts``. An invalid verdict is asked for once more, and is then an ABORT."""
    told = ""
    for attempt in ("1", "2"):
        refusal = objection(cycle, "ceo")
        if refusal:
            return GateAnswer(
                ReviewVerdict.ABORT, f"the CEO could not be asked: {refusal}", unaffordable=True
            )
        question = Question("ceo", task + told, dict(facts) | {"gate": step}, key=attempt)
        answer = read_verdict(ask(cycle, scope, step, question))
        if answer is not None:
            return answer
        told = " Your last answer was not a valid verdict: answer with the JSON object alone."
    return GateAnswer(ReviewVerdict.ABORT, "the CEO gave no valid verdict twice")


def read_verdict(result: AgentResult) -> GateAnswer | None:
    """The verdict in an agent's structured answer, or None. Prose is never searched for one."""
    answer = result.answer
    if result.status != "done" or not isinstance(answer, dict):
        return None
    verdict, reason, corrections = (answer.get(key) for key in ("verdict", "reason", "corrections"))
    if not isinstance(verdict, str) or verdict not in ReviewVerdict.__members__:
        return None
    if not isinstance(reason, str) or not reason.strip():
        return None
    asked = [text for text in corrections if isinstance(text, str)] if isinstance(corrections, list) else []
    return GateAnswer(ReviewVerdict[verdict], reason, asked)
