"""The runners that call other programs, as a table: one row a backend.

``offline`` is a domain module and lies above this layer, so it is not a row here; the cycle, which sees
both, joins ``{**TABLE, "offline": factory.offline.make}``.
"""

from __future__ import annotations

from factory.runners.base import AgentResult, Invocation, Runner, RunnerFactory, Status

TABLE: dict[str, RunnerFactory] = {}

__all__ = ["TABLE", "AgentResult", "Invocation", "Runner", "RunnerFactory", "Status"]
