"""Small specifications, and Builders that carry them out by a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from factory.approvals import Approvals
from factory.paths import ProjectPaths, factory_home
from factory.runners.base import AgentResult, Invocation
from factory.spec import Form
from tests.support.cycles import said
from tests.support.repos import git

HEAD = """\
# Calc — Specification

## Normative Language

MUST and SHOULD are used as in RFC 2119.

## 1. Problem Statement

Sums are not enough.

## 2. Goals and Non-Goals

### 2.1 Goals

- More words

### 2.2 Non-Goals

- Fewer words

## 3. System Overview

### 3.1 Architecture

One package.

### 3.2 Tech Stack

Python, as it is there [R1].

## 4. Core Domain Model

A word is a module.

## 5. Detailed Specification
"""


def spec(names: Sequence[str], needs: Mapping[str, str] | None = None) -> str:
    """A project's specification with a feature and a phase for each name; ``needs``: whom one waits for."""
    phases = {name: number for number, name in enumerate(names, start=1)}
    parts = [HEAD]
    for name, n in phases.items():
        parts.append(
            f"### 5.{n} Feature: word {name}\n\n**What:** The module {name} is there.\n\n"
            f"**How:** It is a file in the package.\n\n**Why:** It is wanted [R1].\n"
        )
    parts.append("## 6. Reference Algorithms\n\nNone.\n\n## 7. Test and Validation Matrix\n")
    parts.append("| Feature | Command | Expectation |\n|---|---|---|")
    parts += [f"| §5.{n} | `grep -q done calc/{name}.py` | exit 0 |" for name, n in phases.items()]
    parts.append("\n## 8. Implementation Plan\n")
    for name, n in phases.items():
        waits = (needs or {}).get(name)
        depends = f"- **Depends on:** Phase {phases[waits]}\n" if waits else ""
        parts.append(
            f"### Phase {n}: Add word {name} (§5.{n})\n\n- [ ] calc/{name}.py\n{depends}"
            "- **Scope:** one PR\n- **Priority:** EXPLORE\n"
        )
    parts.append("### Blocked (requires user input)\n\n(none)\n")
    return "\n".join(parts)


def delivers(name: str) -> dict[str, str]:
    """The files of an honest change."""
    return {f"calc/{name}.py": f'"""Word {name}: done."""\n'}


def builder(does: Mapping[str, str], seen: list[str] | None = None) -> Callable[[Invocation], AgentResult]:
    """A Builder that for each word of the plan delivers, skips or claims it, as ``does`` says."""

    def build(invocation: Invocation) -> AgentResult:
        word = str(invocation.facts["item"]["title"]).split()[-1]
        if seen is not None:
            seen.append(word)
        how = does.get(word, "delivers")
        if how == "delivers":
            for path, text in delivers(word).items():
                (invocation.cwd / path).write_text(text)
        elif how == "claims":
            notes = invocation.cwd / "notes.md"
            notes.write_text(f"{notes.read_text()}The word {word} is there.\n")
        return said(f"Added word {word}.")

    return build


def approve(project: Path, text: str, *, commit: bool = True) -> None:
    """Record a person's approval of ``text``, committed as SPEC.md."""
    if commit:
        (project / "SPEC.md").write_text(text)
        git(project, "add", "SPEC.md")
        git(project, "commit", "--quiet", "-m", "Specify")
    Approvals(factory_home(), ProjectPaths(project).key).approve(
        text, who="person", form=str(Form.PROJECT), title="Calc", how="terminal"
    )
