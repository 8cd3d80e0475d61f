"""What every runner takes and gives back: one invocation of a role, one result.

A backend is a class with a name and two methods, and a row in a table; there is no base class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
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


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of one role.

    ``facts`` is what the prompt was rendered from (JSON-serialisable); ``timeout_s`` is in seconds;
    ``env`` is the child's whole environment; ``schema`` is the JSON schema of a structured answer;
    an empty ``model`` leaves the choice to the runner. Whatever a child prints goes below ``output_dir``.
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
        """Tokens in and out, cached ones included in what went in; None where the runner reports none."""
        if self.tokens_in is None and self.tokens_out is None:
            return None
        return (self.tokens_in or 0) + (self.tokens_out or 0)

    def to_data(self) -> dict[str, Any]:
        """Everything but the text, for a JSON file beside it."""
        data = asdict(self)
        del data["text"]
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any], text: str) -> AgentResult:
        """The result that ``to_data`` and its text came from; fields it does not know are passed over."""
        known = {f.name for f in fields(cls)} - {"text"}
        return cls(text=text, **{name: value for name, value in data.items() if name in known})


class Runner(Protocol):
    """A way to have a role's work done.

    ``invocations_per_call`` is how many calls of a model the ledger must set aside for one ``run``: 0 for a
    runner without one.
    """

    name: str
    invocations_per_call: int

    def missing(self) -> str:
        """Why this runner cannot be used here, or an empty string."""
        ...

    def run(self, invocation: Invocation) -> AgentResult:
        """Carry out one invocation; failures are a status, not an exception."""
        ...


#: Makes a runner from its settings (the options a project or a user gives it; may be empty).
RunnerFactory = Callable[[Mapping[str, Any]], Runner]
