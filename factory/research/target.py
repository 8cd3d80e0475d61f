"""The research target: what a specification says of it, and how it stands in ``factory.toml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from factory.config import literal
from factory.errors import BadInput
from factory.spec import ResearchConfiguration, parse
from factory.spec.configuration import objective_of, target_of, unreadable

_CODE = re.compile(r"`([^`]+)`")

FIELDS = (
    "objective",
    "metric",
    "target",
    "run",
    "result",
    "mutable",
    "fixed",
    "repeats",
    "held_out",
)
"""The settings that are written, in this order; the rest have their defaults."""


def configuration_in(text: str) -> ResearchConfiguration | None:
    """The research configuration of a specification; None where it has none, or is in neither form."""
    try:
        return parse(text).research
    except BadInput:
        return None


def settings_of(configuration: ResearchConfiguration) -> dict[str, Any]:
    """The settings of ``[research]`` that a Research Configuration gives.

    Raises BadInput where objective, metric or run command are missing, or where something in it can be read
    in several ways: a guess would be a target that nobody has agreed to.
    """
    for _, message, mend in unreadable(configuration):
        raise BadInput(f"The Research Configuration is not clear: {message}.", mend)
    target = target_of(configuration)
    found: dict[str, Any] = {
        "objective": objective_of(configuration),
        "metric": _bare(configuration.value("Metric")),
        "run": _bare(configuration.value("Run command")),
        "result": _bare(configuration.value("Result path")),
        "mutable": list(configuration.mutable_surfaces),
        "fixed": list(configuration.fixed_surfaces),
    }
    if target is not None:
        found["target"] = target
    missing = [name for name in ("objective", "metric", "run") if not found[name]]
    if missing:
        raise BadInput(
            f"The Research Configuration names no {' and no '.join(missing)}.",
            "Add it, or write [research] into factory.toml by hand.",
        )
    return found


def _bare(value: str) -> str:
    """A value without the marks of a code span, and without what stands beside the span."""
    found = _CODE.search(value)
    return (found[1] if found else value).strip()


def render_target(settings: Mapping[str, Any], notes: tuple[str, ...] = ()) -> str:
    """The text of ``[research]`` for ``factory.toml``, ``notes`` as comments above."""
    lines = [*(f"# {note}" for note in notes), "[research]"]
    lines += [f"{name} = {literal(settings[name])}" for name in FIELDS if name in settings]
    return "\n".join(lines) + "\n"
