"""Structured answers at the gates: by schema or not at all.

A CEO without a valid verdict is asked once more; then it counts as ABORT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from factory.agents.roles import ROLES
from factory.answers import read_answer
from factory.cycle.agents import Question, ask, objection
from factory.cycle.briefing import ceo_task
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


def ceo_verdict(
    cycle: Cycle, scope: str, step: str, facts: Mapping[str, Any], *, revision: str = ""
) -> GateAnswer:
    """The CEO's verdict on ``facts`` at the gate that ``step`` is.

    What is no valid verdict is asked for once more, with what was wrong about it, and is then an ABORT.
    """
    task = ceo_task(cycle.lab.paths.root, cycle.options, cycle.policy, cycle.state.messages)
    told = ""
    for attempt in ("1", "2"):
        refusal = objection(cycle, "ceo", at=(scope, step), key=attempt)
        if refusal:
            return GateAnswer(
                ReviewVerdict.ABORT, f"the CEO could not be asked: {refusal}", unaffordable=True
            )
        question = Question(
            "ceo", task + told, dict(facts) | {"gate": step}, key=attempt, gate=step, revision=revision
        )
        answer, wrong = read_verdict(ask(cycle, scope, step, question))
        if answer is not None:
            return answer
        told = f"\n\n## Last Answer\n\nIt was no verdict: {wrong}. Answer with the JSON object alone."
    return GateAnswer(ReviewVerdict.ABORT, f"the CEO gave no valid verdict twice: {wrong}")


def read_verdict(result: AgentResult) -> tuple[GateAnswer | None, str]:
    """The verdict that an agent answered, or None and what was wrong. Prose is never searched for one."""
    answer, wrong = structured("ceo", result)
    if answer is None:
        return None, wrong
    if not answer["reason"].strip():
        return None, "its `reason` is empty"
    return GateAnswer(ReviewVerdict[answer["verdict"]], answer["reason"], answer["corrections"]), ""


def structured(role: str, result: AgentResult) -> tuple[dict[str, Any] | None, str]:
    """A role's structured answer, or None and why there is none that may be used."""
    schema = ROLES[role].schema
    if result.status != "done":
        return None, f"the {role} ended as {result.status}" + (f": {result.error}" if result.error else "")
    answer, wrong = read_answer(result.answer, result.text, schema or {})
    return answer, "; ".join(wrong)


def answer_or_why(role: str, result: AgentResult) -> dict[str, Any]:
    """What a step journals of a role whose word is wanted, not needed. An invalid answer is no consent."""
    answer, wrong = structured(role, result)
    if answer is None:
        return {"left_out": f"no valid answer: {wrong}", "status": result.status}
    return {"answer": answer, "status": result.status}


def told_by(cycle: Cycle, scope: str, step: str) -> dict[str, Any]:
    """What a step's role said, for those who judge after it; or that, and why, it was left out."""
    skipped = cycle.state.scope(scope).skipped.get(step)
    result = cycle.state.result(step, scope)
    left_out = skipped.removeprefix("left out ") if skipped else result.get("left_out")
    return {"left_out": left_out} if left_out else dict(result.get("answer", {}))
