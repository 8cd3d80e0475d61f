"""What a role is told beside the facts: the project's own prompt and guidance, and the CEO's task."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from factory.agents.ceo_task import build_ceo_task
from factory.agents.prompting import Occasion, check_template
from factory.config import ProjectConfig
from factory.cycle.context import Cycle, CycleOptions
from factory.cycle.lab import Lab
from factory.errors import BadInput
from factory.paths import CONFIG_FILE

GUIDANCE_FILES = ("AGENTS.md", "CLAUDE.md")
"""Where projects write down what agents should know."""


def occasion(cycle: Cycle, role: str, *, gate: str = "", form: str = "improvement") -> Occasion:
    """What a prompt of this cycle is made for."""
    template, source = own_template(cycle.lab, cycle.policy_commit, cycle.policy, role)
    return Occasion(
        goal=cycle.policy.goal,
        mode=cycle.options.mode,
        gate=gate,
        form=form,
        lite=cycle.options.lite,
        template=template,
        source=source,
    )


def own_template(lab: Lab, commit: str, policy: ProjectConfig, role: str) -> tuple[str, str]:
    """The committed file that replaces a role's prompt, as text and name; both empty where there is none.

    Raises BadInput where ``factory.toml`` names a file that the commit lacks, or that is no template.
    """
    path = policy.prompts.get(role, "")
    if not path:
        return "", ""
    text = lab.repo.show(commit, path)
    if text is None:
        raise BadInput(
            f"{CONFIG_FILE} names {path} as the prompt of {role}, and commit {commit[:12]} has no such file.",
            "Commit the file, or take the line out of [prompts].",
        )
    check_template(role, text, path)
    return text, path


def check_templates(lab: Lab, commit: str, policy: ProjectConfig) -> None:
    """Raise BadInput where one of the project's own prompts cannot be used, before anything is spent."""
    for role in policy.prompts:
        own_template(lab, commit, policy, role)


def guidance(lab: Lab, commit: str) -> str:
    """What the project tells agents, at ``commit``. A file that says the same as another is told once."""
    texts = {path: (lab.repo.show(commit, path) or "").strip() for path in GUIDANCE_FILES}
    seen: dict[str, str] = {}
    for path, text in texts.items():
        if text:
            seen.setdefault(text, path)
    return "\n\n".join(f"{path}:\n\n{text}" for text, path in seen.items())


def ceo_task(root: Path, options: CycleOptions, policy: ProjectConfig, messages: list[str]) -> str:
    """The CEO's task string for a cycle with these options."""
    switched_on = policy.github.enabled and not options.no_github
    return build_ceo_task(
        root,
        options.mode,
        lite=options.lite,
        idea=options.idea,
        existing_project=options.mode == "design" and not options.idea,
        focus=options.focus_text,
        messages=messages,
        target_branch=options.branch,
        github={k: v for k, v in asdict(policy.github).items() if k != "enabled"} if switched_on else None,
        research_target=_research(policy) if options.mode == "research" else None,
    )


def _research(policy: ProjectConfig) -> dict[str, object] | None:
    """The target without its held-out runs, which no agent is told of."""
    settings = {name: value for name, value in asdict(policy.research).items() if name != "held_out"}
    return settings if policy.research.configured else None
