"""The research target: what a specification says of it, and how it stands in ``factory.toml``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from factory.errors import BadInput
from factory.spec import ResearchConfiguration, parse

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_DOLLARS = re.compile(r"\$\s*(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)\s*(?:USD|dollars?)\b", re.IGNORECASE)
_LESS = re.compile(r"\b(minimi[sz]e|reduce|lower|decrease|smallest|fewer|less|shorten)", re.IGNORECASE)
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

    The objective is read from its words: what is to be minimised, reduced or lowered. Raises BadInput where
    metric or run command are missing.
    """
    objective = configuration.text("Objective")
    target = _NUMBER.search(configuration.value("Target"))
    found: dict[str, Any] = {
        "objective": "minimize" if _LESS.search(objective) else "maximize",
        "metric": _bare(configuration.value("Metric")),
        "run": _bare(configuration.value("Run command")),
        "result": _bare(configuration.value("Result path")),
        "mutable": list(configuration.mutable_surfaces),
        "fixed": list(configuration.fixed_surfaces),
    }
    if target is not None:
        found["target"] = float(target[0])
    missing = [name for name in ("metric", "run") if not found[name]]
    if missing:
        raise BadInput(
            f"The Research Configuration names no {' and no '.join(missing)}.",
            "Add it, or write [research] into factory.toml by hand.",
        )
    return found


def budget_of(configuration: ResearchConfiguration) -> float | None:
    """The cost budget in US dollars, where the configuration gives one in dollars."""
    found = _DOLLARS.search(configuration.value("Cost budget"))
    return float(found[1] or found[2]) if found else None


def _bare(value: str) -> str:
    """A value without the marks of a code span, and without what stands beside the span."""
    found = _CODE.search(value)
    return (found[1] if found else value).strip()


def render_target(settings: Mapping[str, Any], notes: tuple[str, ...] = ()) -> str:
    """The text of ``[research]`` for ``factory.toml``, ``notes`` as comments above."""
    lines = [*(f"# {note}" for note in notes), "[research]"]
    lines += [f"{name} = {_toml(settings[name])}" for name in FIELDS if name in settings]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f"{value:g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
