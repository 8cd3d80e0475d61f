"""The time that a whole measurement may take."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a whole measurement has to be done: ``seconds`` from its making."""

    seconds: float
    started: float = field(default_factory=time.monotonic)

    def left(self, limit: float | None = None) -> float:
        """Seconds that are left, at most ``limit``; never below a tenth, so that a child can be started."""
        left = max(self.seconds - (time.monotonic() - self.started), 0.1)
        return left if limit is None else min(left, limit)
