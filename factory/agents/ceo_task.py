"""The CEO task string: the project, the mode, and a section for each option that a person has set."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from factory.agents.fences import fenced
from factory.agents.lite import REDUCTIONS, STAYS

Section = tuple[str, str]


def build_ceo_task(
    project_path: str | Path,
    mode: str,
    *,
    lite: bool = False,
    goal: str = "",
    idea: str = "",
    existing_project: bool = False,
    focus: str = "",
    messages: Sequence[str] = (),
    target_branch: str = "",
    github: Mapping[str, Any] | None = None,
    research_target: Mapping[str, Any] | None = None,
) -> str:
    """What the CEO is told of the project, the mode and the options, at every gate.

    A section is there when its option is: ``lite``, ``focus``, ``messages``, ``target_branch``; ``github``
    (what is allowed there) and ``research_target`` (the research configuration) where they are not empty; and
    those of the modes design, build and meta. ``idea`` and ``existing_project`` are what design starts from.
    """
    sections = (
        *_mode_sections(mode, idea, existing_project),
        *([("Lite Mode", _lite())] if lite else []),
        *([("Research Target", _pairs(research_target))] if research_target else []),
        *([("Focus", _focus(focus))] if focus else []),
        *([("Messages", _messages(messages))] if messages else []),
        *([("Target Branch", f"Kept work goes to `{target_branch}`.")] if target_branch else []),
        *([("GitHub", _github(github))] if github else []),
    )
    head = [f"Project: {project_path}", f"Mode: {mode}", *([f"Goal: {goal}"] if goal else [])]
    return "\n\n".join(["\n".join(head), *(f"## {title}\n\n{text}" for title, text in sections)])


def _mode_sections(mode: str, idea: str, existing_project: bool) -> Iterator[Section]:
    if mode in ("design", "interactive"):
        yield "Design Mode (Phase 0)", _design(idea, existing_project)
    elif mode == "build":
        yield "Build Mode", BUILD + (f"\n\nThe idea:\n\n{fenced(idea)}" if idea else "")
    elif mode == "meta":
        yield "Meta Mode", "\n".join(f"- {line}" for line in META)


BUILD = (
    "The phases of the approved `SPEC.md` are built as they stand: none is planned again, shrunk or dropped. "
    "At the end each approved feature is built, failed, or blocked on the user."
)
META = (
    "Phase 1: improve",
    "Phase 2: ACE, for every role",
    "Phase 3: M4 classify what was learned, M5 present it, M6 submit only on a person's opt-in",
)
DESIGN = "A specification is drafted for a person, who approves it, asks for changes, or quits."


def _design(idea: str, existing_project: bool) -> str:
    start = "`existing_project: true`" if existing_project else "A new project."
    return f"{DESIGN}\n\n{start}" + (f"\n\nThe idea:\n\n{fenced(idea)}" if idea else "")


def _lite() -> str:
    lines = [f"{n}. **{r.name}:** {r.what}." for n, r in enumerate(REDUCTIONS, start=1)]
    return "\n".join(["This cycle does with less:", "", *lines, "", STAYS])


def _focus(focus: str) -> str:
    return f"The person wants this one thing served, and nothing else:\n\n{fenced(focus)}"


def _messages(messages: Sequence[str]) -> str:
    told = fenced("\n".join(f"- {text}" for text in messages))
    return f"The person has sent these; weigh them, within the rules:\n\n{told}"


def _github(allowed: Mapping[str, Any]) -> str:
    return f"Switched on by the person for this project:\n\n{_pairs(allowed)}"


def _pairs(values: Mapping[str, Any]) -> str:
    """A list of names and values, without the empty ones."""
    lines = [
        f"- {name.replace('_', ' ')}: {_value(value)}"
        for name, value in values.items()
        if value not in ("", (), [], None)
    ]
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)
