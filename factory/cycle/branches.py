"""The engine's branches, and the rule that no commit is lost with one."""

from __future__ import annotations

from factory.cycle.lab import Lab

CYCLE_BRANCHES = "factory/cycle-"
"""How the branches of cycles begin."""


def cycle_branch(cycle: str) -> str:
    """The branch that a cycle's keeps advance."""
    return f"{CYCLE_BRANCHES}{cycle}"


def set_aside(lab: Lab, name: str, commit: str) -> None:
    """Keep commits that a branch is moved away from: they are not the engine's to lose."""
    ref = f"refs/factory/aside/{name}-{commit[:12]}"
    lab.repo.set_ref(ref, commit)
    lab.say(f"commits that were not made here are set aside as {ref}")


def drop_branch(lab: Lab, branch: str, decided: str, name: str) -> None:
    """Remove a branch whose commits up to ``decided`` are held elsewhere; others are set aside first."""
    ref = f"refs/heads/{branch}"
    tip = lab.repo.refs(ref).get(ref)
    if tip is not None and not lab.repo.is_ancestor(tip, decided):
        set_aside(lab, name, tip)
    lab.repo.delete_ref(ref)
