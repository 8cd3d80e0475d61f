"""Rendering a role's prompt: a strict template around a task, with every fact fenced and labelled as data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from factory.agents.roles import role_named
from factory.errors import BadInput

PROMPTS_DIR = Path(__file__).parent / "prompts"
_VARIABLE = re.compile(r"\{\{(\w+)\}\}")
_BACKTICKS = re.compile(r"`{3,}")


def render_prompt(role: str, task: str, facts: Mapping[str, Any], *, goal: str = "") -> str:
    """The whole prompt of a role for one task. Its first line is ``# Role: <role>``."""
    template = (PROMPTS_DIR / f"{role_named(role).name}.md").read_text(encoding="utf-8")
    variables = {"goal": goal or "(none stated)", "task": task, "facts": render_facts(facts)}
    return f"# Role: {role}\n\n{fill(template, variables)}"


def fill(template: str, variables: Mapping[str, str]) -> str:
    """Put ``variables`` in the place of ``{{name}}``. Raises BadInput for an unknown or unused variable."""
    wanted = set(_VARIABLE.findall(template))
    wrong = wanted ^ variables.keys()
    if wrong:
        raise BadInput(f"The prompt template and its variables differ in: {', '.join(sorted(wrong))}.")
    return _VARIABLE.sub(lambda match: variables[match[1]], template)


def render_facts(facts: Mapping[str, Any]) -> str:
    """Facts as fenced sections. What they say is data, and a fence inside cannot end its section."""
    return "\n\n".join(
        f"### {name.replace('_', ' ').capitalize()} (data)\n\n{_fenced(value)}"
        for name, value in facts.items()
        if value
    )


def _fenced(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False)
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}text\n{text}\n{fence}"
