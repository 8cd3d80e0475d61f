"""The names of scopes: which attempt at which phase a step belongs to."""

from __future__ import annotations

import re

_SCOPE = re.compile(r"phase-(\d+)(?:-try-(\d+))?$")


def scope_of(phase: int, attempt: int = 1) -> str:
    """The scope of an attempt at a phase; attempts count from 1."""
    return f"phase-{phase}" if attempt == 1 else f"phase-{phase}-try-{attempt}"


def phase_of(scope: str) -> int:
    """The phase that a scope belongs to."""
    match = _SCOPE.match(scope)
    assert match is not None, scope
    return int(match[1])


def attempt_of(scope: str) -> int:
    """Which attempt at its phase a scope is, from 1."""
    match = _SCOPE.match(scope)
    return int(match[2] or 1) if match else 1
