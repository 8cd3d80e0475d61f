"""What every runner takes and gives back: one invocation of a role, one result.

A backend is a class with a name and two methods, and a row in a table; there is no base class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

Access = Literal["read", "write"]

Status = Literal[
    "done",
    "refused",
    "garbled",
    "limit",
    "timeout",
    "crashed",
    "transient",
    "quota",
    "login",
    "missing",
]

#: Statuses that say something about the machine or the account and nothing about the work: never evidence.
NOT_EVIDENCE: frozenset[Status] = frozenset({"transient", "quota", "login", "missing"})


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of one role.

    ``facts`` is what the prompt was rendered from (JSON-serialisable); ``timeout_s`` is in seconds;
    ``env`` is added to the few variables that a child gets; ``schema`` is the JSON schema of a structured
    answer; an empty ``model`` leaves the choice to the runner. Whatever a child prints goes below
    ``output_dir``. ``protected`` are files and folders in ``cwd`` that stay as they are, whatever the access.
    """

    role: str
    prompt: str
    cwd: Path
    access: Access
    output_dir: Path
    facts: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float = 1800.0
    env: Mapping[str, str] = field(default_factory=dict)
    schema: dict[str, Any] | None = None
    model: str = ""
    protected: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentResult:
    """How an invocation ended.

    ``text`` is the final message, ``answer`` the structured one where a schema was asked for, ``error`` what
    went wrong in one sentence. ``invocations`` counts calls of a model: 0 for a runner that has none.
    """

    status: Status
    text: str = ""
    answer: dict[str, Any] | None = None
    tokens_in: int | None = None
    tokens_cached: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    invocations: int = 1
    model: str = ""
    session: str = ""
    duration_s: float = 0.0
    error: str = ""

    @property
    def tokens(self) -> int | None:
        """Tokens in and out together; None where the runner reports none."""
        known = [count for count in (self.tokens_in, self.tokens_out) if count is not None]
        return sum(known) if known else None

    def to_data(self) -> dict[str, Any]:
        """The result as JSON, without its text, which is stored as a file of its own."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "text"}

    @classmethod
    def from_data(cls, data: Mapping[str, Any], text: str) -> AgentResult:
        """A stored result again; fields of other versions are left out."""
        return cls(
            text=text, **{name: data[name] for name in cls.__slots__ if name in data and name != "text"}
        )


class Runner(Protocol):
    """A way to have a role's work done."""

    @property
    def name(self) -> str:
        """What settings and journal call it."""

    @property
    def invocations_per_call(self) -> int:
        """1, or 0 where no model is invoked."""

    @property
    def reports_cost(self) -> bool:
        """Whether its results say what they cost."""

    @property
    def protects_itself(self) -> bool:
        """Whether a writer may be started where no sandbox of the program's works."""

    def missing(self) -> str:
        """Why this runner cannot be used here, or an empty string."""
        ...

    def run(self, invocation: Invocation) -> AgentResult:
        """Carry out one invocation; failures are a status, not an exception."""
        ...

    def adopt(self, invocation: Invocation) -> AgentResult | None:
        """The result of the same invocation, whose child ended while the factory was dead, or None.

        Its prompt and working directory may be others; its output folder is the same.
        """
        ...
