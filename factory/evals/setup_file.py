"""Writing ``factory.toml``: complete, commented, for a person to read and change. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from factory.config import DimensionSpec, literal
from factory.evals.detect import detect
from factory.evals.dimensions import BUILT_IN

PROTECTED = ("eval/**", "factory.toml")
DEFAULT_THRESHOLD = 0.6
THRESHOLD_SLACK = 0.02
LEAST_TIME_LIMIT_S = 300
COMMENT_COLUMN = 24

DIMENSIONS_SAID = (
    "# The dimensions, each tried twice. Those named like a built-in one need no command, your own do, and",
    '# parser = "exit_code", "json" ({"score": 0.7}) or "results" ({"results": [{"score": 1}, …]}).',
)

ABOUT = {
    "tests": "share of tests that pass",
    "lint": "ruff findings per 100 statements",
    "type_check": "mypy errors per 100 statements",
    "coverage": "share of the lines inside functions that tests run",
    "capability_surface": "public API that tests exercise",
    "observability": "error paths that log, raise or hand the exception on",
    "documentation": "public functions, classes and methods with a docstring",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A dimension that goes into the file, and its trial. ``score`` is None where it saw nothing yet."""

    spec: DimensionSpec
    score: float | None
    duration_s: float


@dataclass(frozen=True, slots=True)
class Setup:
    """All that goes into the file. ``dropped`` maps a dimension's name to why it is not measured; ``judging``
    are patterns of files that say what the dimensions' commands do.
    """

    language: str
    goal: str
    target_branch: str
    modifiable: Sequence[str]
    kept: Sequence[Kept]
    dropped: Sequence[tuple[str, str]]
    composite: float | None
    duration_s: float
    setup: str = ""
    smoke: str = ""
    judging: Sequence[str] = ()


def threshold_for(composite: float | None) -> float:
    """The threshold for a project that scores ``composite``: a little below it, but never below 0.6.

    0.02 below, rounded down to two decimals: low enough for the tolerance of a single experiment, high
    enough that many small losses cannot add up. A project below 0.6 has 0.6 as its aim; until it is there,
    it must not get worse.
    """
    if composite is None:
        return DEFAULT_THRESHOLD
    return max(DEFAULT_THRESHOLD, math.floor((composite - THRESHOLD_SLACK) * 100 + 1e-9) / 100)


def time_limit_for(duration_s: float) -> int:
    """Ten times the trial, in full minutes, at least five: a busy machine is slow, a hang is endless."""
    return max(LEAST_TIME_LIMIT_S, math.ceil(duration_s * 10 / 60) * 60)


def render(setup: Setup) -> str:
    """The text of ``factory.toml``."""
    blocks = [_head(setup), _scope(setup), _eval(setup), *(_dimension(k) for k in setup.kept)]
    return "\n".join([*blocks, *_dropped(setup.dropped), _more()])


def _line(key: str, value: str, comment: str) -> str:
    return f"{f'{key} = {value}':<{COMMENT_COLUMN}} # {comment}"


def _head(setup: Setup) -> str:
    return f"""\
# What `factory` may change in this project, and how it measures whether a change helps.
# Found by `factory discover` ({setup.language}); look it over, change what you like, and commit it.
# It is read from the commit that an experiment starts from: no experiment can change its own judge.

{_line("goal", literal(setup.goal), "what the project is for, in a sentence; every agent is told")}
{_line("target_branch", literal(setup.target_branch), "kept experiments go here")}
"""


def _scope(setup: Setup) -> str:
    return f"""\
[scope]
# Patterns as in .gitignore. What is not listed here is not changed: add pyproject.toml, say, for new
# dependencies.
modifiable = {literal(setup.modifiable)}
read_only = {literal([*PROTECTED, *setup.judging])}
"""


def _eval(setup: Setup) -> str:
    measured = (
        "nothing could be scored yet" if setup.composite is None else f"measured: {setup.composite:.4f}"
    )
    limit = time_limit_for(setup.duration_s)
    rows = [
        (
            "threshold",
            str(threshold_for(setup.composite)),
            f"composite that a kept state should reach; {measured}",
        ),
        ("tolerance", "0.002", "a loss up to this is no regression"),
        ("min_gain", "0.0005", "a gain above this is an improvement"),
        ("pairs", "5", "how often noisy dimensions are measured, before and after in turn"),
        ("time_limit", str(limit), f"seconds for one measurement; the trial took {setup.duration_s:.1f}"),
        ("python", '""', "interpreter to measure with; empty: .venv or venv, else one is made"),
        ("setup", literal(setup.setup), "run in each checkout first, e.g. a build step"),
        ("smoke", literal(setup.smoke), "must exit 0 before the rest is measured"),
        ("# weights", "{ hygiene = 0.5, growth = 0.5 }", "of the tiers; 0.3, 0.2, project 0.5 with your own"),
    ]
    return "\n".join(["[eval]", *(_line(*row) for row in rows), "", *DIMENSIONS_SAID]) + "\n"


def _dimension(kept: Kept) -> str:
    spec = kept.spec
    seen = "nothing to see yet" if kept.score is None else f"{kept.score:.4f}"
    about = f"{ABOUT[spec.name]}; " if spec.name in BUILT_IN and not spec.command else ""
    comment = f"{about}{seen}, {kept.duration_s:.1f} s"
    lines = ["[[eval.dimension]]", _line("name", literal(spec.name), comment)]
    lines.append(f"tier = {literal(spec.tier)}")
    if spec.command:
        lines += [
            f"command = {literal(spec.command)}",
            f"parser = {literal(spec.parser)}",
            f"timeout = {spec.timeout:g}",
        ]
    if spec.noisy:
        lines.append(_line("noisy", "true", "the two runs differed"))
    return "\n".join(lines) + "\n"


def _dropped(dropped: Sequence[tuple[str, str]]) -> list[str]:
    if not dropped:
        return []
    rows = [f"#   {name}: {' '.join(reason.split())[:300]}" for name, reason in dropped]
    return ["\n".join(["# Tried, and left out because they could not be measured:", *rows]) + "\n"]


def _more() -> str:
    return """\
# [[eval.constraint]]     # a command that must exit 0 for a keep, whatever the scores say
# name = "no-todo"
# check = "! grep -rn TODO src"
"""


def plain_setup(checkout: Path, files: Sequence[str], target_branch: str) -> str:
    """The text of a ``factory.toml`` from what the files tell alone; nothing was run, nothing is promised."""
    found = detect(checkout, files)
    return render(
        Setup(
            language=found.language,
            goal=found.goal,
            target_branch=target_branch,
            modifiable=found.modifiable,
            kept=[Kept(spec, None, 0.0) for spec in found.candidates],
            dropped=[],
            composite=None,
            duration_s=0.0,
            setup=found.setup,
            judging=found.judging,
        )
    )
