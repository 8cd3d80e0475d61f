"""What strategy needs to know of an experiment, whoever holds it."""

from __future__ import annotations

from typing import Protocol


class Experiment(Protocol):
    """A row of the log, an experiment record, or anything else that has these.

    ``verdict`` is keep, revert or error (or empty); ``score_after`` the composite in [0, 1], or None.
    """

    @property
    def id(self) -> int | None:
        """Its number."""

    @property
    def hypothesis(self) -> str:
        """What it set out to show."""

    @property
    def verdict(self) -> str:
        """keep, revert, error, or empty."""

    @property
    def reason(self) -> str:
        """The reason code of the verdict."""

    @property
    def category(self) -> str:
        """The declared FEEC category, or empty."""

    @property
    def score_after(self) -> float | None:
        """The composite of the change."""


def is_decided(experiment: Experiment) -> bool:
    """Whether it ended in a keep or a revert; errors are no evidence about a hypothesis."""
    return experiment.verdict in ("keep", "revert")


def text_of(experiment: Experiment, name: str) -> str:
    """An attribute that not every history has, as text; empty where it is missing."""
    value = getattr(experiment, name, None)
    return "" if value is None else str(value)


def score_of(experiment: Experiment, name: str) -> float | None:
    """A score that not every history has; None where it is missing."""
    value = getattr(experiment, name, None)
    return float(value) if isinstance(value, (int, float)) else None
