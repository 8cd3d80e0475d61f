"""Results of a runner that calls no model."""

from __future__ import annotations

import json
from typing import Any

from factory.runners.base import AgentResult

MODEL = "none"


def done(text: str) -> AgentResult:
    """The role delivered ``text``."""
    return _result("done", text)


def answered(answer: dict[str, Any]) -> AgentResult:
    """The role delivered a structured answer; its text is the same as JSON."""
    return _result("done", json.dumps(answer, ensure_ascii=False), answer)


def refused(text: str) -> AgentResult:
    """The role would need judgement, or finds nothing to do; ``text`` says which."""
    return _result("refused", text, error=text)


def crashed(text: str) -> AgentResult:
    """A tool that the role needs did not work."""
    return _result("crashed", text, error=text)


def _result(status: Any, text: str, answer: dict[str, Any] | None = None, error: str = "") -> AgentResult:
    return AgentResult(
        status=status,
        text=text,
        answer=answer,
        tokens_in=0,
        tokens_cached=0,
        tokens_out=0,
        cost_usd=0.0,
        invocations=0,
        model=MODEL,
        error=error,
    )
