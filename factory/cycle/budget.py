"""The ledger: whether one more invocation may start, decided before its process is."""

from __future__ import annotations

from dataclasses import dataclass

from factory.cycle.state import Spent


@dataclass(frozen=True)
class Limits:
    """Ceilings of a cycle; None where there is none. Cost is in US dollars."""

    invocations: int | None = None
    tokens: int | None = None
    cost_usd: float | None = None


@dataclass(frozen=True)
class Ledger:
    """What a cycle may still spend. Failed and running invocations count as spent."""

    limits: Limits
    spent: Spent

    def objection(self, invocations: int = 1, reserved: int = 0, *, priced: bool = True) -> str:
        """Why ``invocations`` more may not start while ``reserved`` are held back; empty when they may.

        ``priced``: whether what they cost will be known. Under a ceiling in US dollars others never start.
        """
        ceiling = self.limits.invocations
        if ceiling is not None and self.spent.invocations + invocations + reserved > ceiling:
            held = f", {reserved} of them reserved" if reserved else ""
            return f"{self.spent.invocations} of {ceiling} invocations are used{held}"
        if self.limits.tokens is not None and self.spent.tokens >= self.limits.tokens:
            return f"{self.spent.tokens} of {self.limits.tokens} tokens are used"
        if self.limits.cost_usd is not None and not priced:
            return f"{self.limits.cost_usd:.2f} USD are the ceiling, and what a call costs is not reported"
        if self.limits.cost_usd is not None and self.spent.cost_usd >= self.limits.cost_usd:
            return f"{self.spent.cost_usd:.2f} of {self.limits.cost_usd:.2f} USD are used"
        return ""

    @property
    def left(self) -> int | None:
        """Invocations left, or None without a ceiling."""
        ceiling = self.limits.invocations
        return None if ceiling is None else max(0, ceiling - self.spent.invocations)

    def describe(self) -> str:
        """The ledger in a few words, for a progress line: the calls, and what else has a ceiling."""
        calls, tokens, usd = self.limits.invocations, self.limits.tokens, self.limits.cost_usd
        told = [f"{self.spent.invocations}{f'/{calls}' if calls is not None else ''} calls"]
        if tokens is not None:
            told.append(f"{self.spent.tokens}/{tokens} tokens")
        if usd is not None:
            told.append(f"{self.spent.cost_usd:.2f}/{usd:.2f} USD")
        return ", ".join(told)
