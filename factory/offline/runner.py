"""The runner: a table from role to the function that does its work."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from factory.errors import FactoryError
from factory.offline.analyst import analyse
from factory.offline.answers import crashed, refused
from factory.offline.archivist import note
from factory.offline.builder import build
from factory.offline.evaluator import explain
from factory.offline.gates import decide, review
from factory.offline.researcher import research
from factory.offline.strategist import plan
from factory.runners.base import AgentResult, Invocation

ROLES: dict[str, Callable[[Invocation], AgentResult]] = {
    "researcher": research,
    "strategist": plan,
    "builder": build,
    "reviewer": review,
    "evaluator": explain,
    "archivist": note,
    "ceo": decide,
    "failure_analyst": analyse,
}


class OfflineRunner:
    """Does the mechanical part of every role, without a model, a network or a key.

    The same checkout and facts give the same result. What needs judgement is refused, and said to be so.
    """

    name = "offline"
    invocations_per_call = 0
    reports_cost = True
    protects_itself = True

    def missing(self) -> str:
        """Nothing is ever missing: all it needs ships with the factory."""
        return ""

    def run(self, invocation: Invocation) -> AgentResult:
        """Do the role's work; a tool that fails makes it ``crashed``, what needs judgement ``refused``."""
        started = time.monotonic()
        work = ROLES.get(invocation.role)
        if work is None:
            result = refused(
                f"the offline runner does not do the work of {invocation.role}: it needs judgement"
            )
        else:
            result = _safely(work, invocation)
        return replace(result, duration_s=time.monotonic() - started)

    def adopt(self, invocation: Invocation) -> AgentResult | None:
        """Never: it has no child that could outlive the factory."""
        return None


def _safely(work: Callable[[Invocation], AgentResult], invocation: Invocation) -> AgentResult:
    try:
        return work(invocation)
    except FactoryError as error:
        return crashed(f"{error.message} {error.hint}".strip())
