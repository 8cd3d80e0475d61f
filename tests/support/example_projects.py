"""Twelve example projects with histories, for what learns from many of them.

    python -m tests.support.example_projects FOLDER      makes them, and says what each is for

What they say together, copies counted once:

- *Changes about testing* are kept (18 of 21), *refactorings* are reverted (19 of 22). Everything else is kept
  and reverted alike, and so is each FEEC category.
- Refactorings are reverted as ``new_failures``, more often than one revert in ten.
- ``Rename the reader module`` was reverted in four projects for having no effect, and never kept.
- ``Refactor the … into smaller functions`` was reverted nine times.
- Nothing else is shown: ``Assert the order of every …`` was reverted three times, and all three experiments
  of ``loner`` were kept, but three of three is no evidence.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from factory.paths import ProjectPaths
from factory.rows import COLUMNS, format_line
from tests.support.repos import git, make_repo

CATEGORIES = ("FIX", "EXPLOIT", "EXPLORE", "COMBINE")
OLD_COLUMNS = COLUMNS[:12]
REMOTE = "https://git.example.org/pat/weather.git"

PURPOSES: dict[str, str] = {
    "ledger": "23 experiments: testing kept, refactoring reverted",
    "weather": "the same in another domain",
    "recipes": "the same in a third one",
    "planner": "features and repairs, kept and reverted alike",
    "oldlog": "a log of twelve columns, without reasons and categories",
    "clock": "rows dated in the future, in other time zones, or not at all",
    "torn": "a log with damaged lines between sound ones",
    "loner": "three experiments, and not more",
    "empty": "a log without a row",
    "nolog": "a repository in which the factory never ran",
    "ledger-fork": "a fork of ledger: the same first commit, its log, and nothing of its own",
    "weather-copy": "a checkout of weather's remote with another first commit",
}
"""The projects, and what each is for."""


@dataclass(frozen=True, slots=True)
class Line:
    """One experiment."""

    hypothesis: str
    verdict: str
    reason: str


def kept(*hypotheses: str) -> list[Line]:
    """Experiments that were kept."""
    return [Line(hypothesis, "keep", "improved") for hypothesis in hypotheses]


def reverted(reason: str, *hypotheses: str) -> list[Line]:
    """Experiments that were reverted."""
    return [Line(hypothesis, "revert", reason) for hypothesis in hypotheses]


def of_domain(one: str, two: str, three: str) -> list[Line]:
    """The history of one of the three projects that agree."""
    things = (one, two, three)
    return [
        *kept(*(f"Test the {thing} with odd amounts" for thing in things)),
        *reverted("new_failures", *(f"Refactor the {thing} into smaller functions" for thing in things)),
        *kept(*(f"Pytest fixtures for the {thing}" for thing in things)),
        *reverted("new_failures", f"Simplify how the {one} is stored", f"Extract the {two} parser"),
        *kept(f"Refactor the {three} names"),
        *reverted("no_effect", "Rename the reader module", f"Assert the order of every {one}"),
        *kept(f"Support a second {one}", f"Repair the empty {two}"),
        *reverted("regressed", f"Support many {three}s", f"Repair the sorted {one}"),
        *reverted("inconclusive", f"Cache the {two}"),
        Line(f"Repair the {three} of last year", "error", "error"),
        *kept(f"Command to list each {two}"),
        *reverted("no_effect", f"Command to drop each {two}"),
    ]


def histories() -> dict[str, list[Line]]:
    """The rows of each project that has some."""
    return {
        "ledger": of_domain("account", "booking", "statement"),
        "weather": of_domain("station", "forecast", "sensor"),
        "recipes": of_domain("ingredient", "portion", "menu"),
        "planner": [
            *kept("Support recurring meetings", "Repair the reminder", "Command to print a week"),
            *reverted("regressed", "Support shared calendars", "Repair overlapping slots"),
            *reverted("no_effect", "Command to print a month", "Rename the reader module"),
        ],
        "oldlog": [*kept("Support gzip input"), *reverted("", "Support bzip input")],
        "clock": [*kept("Repair the leap day", "Repair midnight"), *reverted("no_effect", "Support noon")],
        "torn": [*kept("Support short names"), *reverted("regressed", "Support long names")],
        "loner": kept(*(f"Speed up the {part} loop" for part in ("inner", "outer", "middle"))),
        "empty": [],
    }


def make_projects(folder: Path) -> list[Path]:
    """The twelve projects, in the order of ``PURPOSES``."""
    rows = histories()
    for name, purpose in PURPOSES.items():
        if name == "ledger-fork":
            _clone(folder / "ledger", folder / name)
            _write_log(folder / name, rows["ledger"])
        else:
            make_repo(folder / name, {"README.md": f"# {name}\n\n{purpose}\n"})
            if name in rows:
                _write_log(folder / name, rows[name], OLD_COLUMNS if name == "oldlog" else COLUMNS)
    for name in ("weather", "weather-copy"):
        git(folder / name, "remote", "add", "origin", REMOTE)
    _write_log(folder / "weather-copy", rows["weather"])
    _disturb(folder)
    return [folder / name for name in PURPOSES]


def _clone(source: Path, target: Path) -> None:
    git(source.parent, "clone", "--quiet", str(source), str(target))
    git(target, "remote", "remove", "origin")


def _write_log(project: Path, lines: Iterable[Line], columns: tuple[str, ...] = COLUMNS) -> None:
    log = ProjectPaths(project).results
    log.parent.mkdir(exist_ok=True)
    rows = [format_line(row, columns) for row in _rows(lines)]
    log.write_text("\n".join(["\t".join(columns), *rows]) + "\n", encoding="utf-8")


def _rows(lines: Iterable[Line]) -> Iterator[dict[str, object]]:
    """Categories go round within each verdict, so that no category is kept more often than another."""
    turns = {verdict: cycle(CATEGORIES) for verdict in ("keep", "revert", "error")}
    for number, line in enumerate(lines, start=1):
        yield {
            "id": number,
            "timestamp": f"2025-03-{1 + number % 28:02d}T12:00:00+00:00",
            "hypothesis": line.hypothesis,
            "verdict": line.verdict,
            "reason": line.reason,
            "category": next(turns[line.verdict]),
        }


def _disturb(folder: Path) -> None:
    """A wrong clock, and a torn file."""
    clock, torn = ProjectPaths(folder / "clock").results, ProjectPaths(folder / "torn").results
    text = clock.read_text()
    text = text.replace("2025-03-02T12:00:00+00:00", "2999-01-01T00:00:00")
    clock.write_text(text.replace("2025-03-03T12:00:00+00:00", "03.03.2025 12:00"))
    header, first, *rest = torn.read_text().splitlines()
    torn.write_text("\n".join([header, first, '2\t"torn', "not a row", *rest]) + "\n")


if __name__ == "__main__":
    for made in make_projects(Path(sys.argv[1])):
        sys.stdout.write(f"{made}: {PURPOSES[made.name]}\n")
