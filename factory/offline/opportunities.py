"""Which mechanical tasks a survey gives rise to, each with the places that it would mend."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from factory.offline.facts import Scope
from factory.offline.project import Project
from factory.offline.reexports import there_for_others
from factory.offline.ruff import Finding
from factory.offline.survey import Survey, in_scope
from factory.offline.tasks import Task, family

Category = Literal["FIX", "EXPLOIT", "EXPLORE", "COMBINE"]
#: Files that a command names; where there are more, it looks at all.
FILES_NAMED = 20
ORDER: tuple[Category, ...] = ("FIX", "EXPLOIT", "EXPLORE", "COMBINE")


@dataclass(frozen=True, slots=True)
class Opportunity:
    """One task that would change something.

    ``places`` are ``path:line``; ``share`` is the part (0 to 1) of what ``dimension`` counts that it mends,
    as far as this can be seen here; ``verify`` is a command that fails before and passes after
    it, empty where something of the kind will be left.
    """

    task: Task
    title: str
    category: Category
    dimension: str
    places: tuple[str, ...]
    share: float
    growth: bool = False
    verify: str = ""
    backlog_item: str = ""
    new_approach: str = ""

    @property
    def files(self) -> list[str]:
        """The files concerned, each once."""
        return sorted({place.rpartition(":")[0] for place in self.places})


def opportunities(root: Path, seen: Survey, scope: Scope) -> list[Opportunity]:
    """All tasks with something to mend inside the scope, in FEEC order, the largest first in a category."""
    found = [*_lint(root, seen, scope), *_logging(root, seen, scope), *_formatting(root, seen, scope)]
    return sorted(found, key=lambda o: (ORDER.index(o.category), not o.growth, -len(o.places), o.title))


def _lint(root: Path, seen: Survey, scope: Scope) -> Iterable[Opportunity]:
    spared = there_for_others(root, seen.lint, seen.project)
    fixable = [f for f in seen.lint if f.fixable and not (f.code == "F401" and f.path in spared)]
    names = sorted({family(f.code) for f in fixable})
    for name in names:
        if name == "UP" and not seen.project.may_be_modernised:
            continue
        group = [f for f in fixable if family(f.code) == name]
        allowed = set(in_scope(root, scope, [f.path for f in group]))
        mine = [f for f in group if f.path in allowed]
        if mine:
            yield _lint_opportunity(name, mine, seen, complete=_complete(mine, seen))


def _complete(mine: Sequence[Finding], seen: Survey) -> bool:
    """Whether nothing that these rules report would be left anywhere, as far as that is known."""
    codes = {f.code for f in mine}
    return seen.project.uses_ruff and len(mine) == sum(f.code in codes for f in seen.lint)


def _lint_opportunity(name: str, mine: Sequence[Finding], seen: Survey, complete: bool) -> Opportunity:
    codes = tuple(sorted({f.code for f in mine}))
    python = seen.project.python
    title, category = _title(name, codes, f"{python.major}.{python.minor}" if python else "3")
    version = " ".join(seen.project.target_version) + " " if name == "UP" else ""
    return Opportunity(
        task=Task("ruff", codes),
        title=title,
        category=category,
        dimension="lint",
        places=tuple(f"{f.path}:{f.line}" for f in mine),
        share=len(mine) / len(seen.lint),
        verify=f"ruff check {version}--select {','.join(codes)} ." if complete else "",
    )


def _title(name: str, codes: Sequence[str], python: str) -> tuple[str, Category]:
    if name == "F401":
        return "Fix unused imports (F401)", "FIX"
    if name == "F541":
        return "Fix f-strings without placeholders (F541)", "FIX"
    if name == "I":
        return f"Improve import order ({', '.join(codes)})", "EXPLOIT"
    if name == "UP":
        return f"Modernise syntax for Python {python} (UP)", "EXPLOIT"
    return f"Fix what ruff mends safely among {name} ({', '.join(codes)})", "FIX"


def _logging(root: Path, seen: Survey, scope: Scope) -> Iterable[Opportunity]:
    """Only where the project logs already: whether it should is for a person to say."""
    if not seen.has_logger:
        return
    silent = sum(len(handlers) for handlers in seen.handlers.values())
    for package, handlers in sorted(seen.handlers.items()):
        clear = [h for h in handlers if not h.obstacle]
        allowed = set(in_scope(root, scope, [h.path for h in clear]))
        mine = [h for h in clear if h.path in allowed]
        if mine:
            yield Opportunity(
                task=Task("log", package=package),
                title=f"Log swallowed exceptions in {_short(package)}",
                category="EXPLOIT",
                dimension="observability",
                places=tuple(f"{h.path}:{h.line}" for h in mine),
                share=len(mine) / silent,
                growth=True,
            )


def _short(package: str) -> str:
    return "top-level modules" if package == "." else package.rpartition("/")[2]


def _formatting(root: Path, seen: Survey, scope: Scope) -> Iterable[Opportunity]:
    allowed = in_scope(root, scope, seen.unformatted)
    if allowed:
        yield Opportunity(
            task=Task("format"),
            title="Improve formatting with ruff format",
            category="EXPLOIT",
            dimension="lint",
            places=tuple(f"{path}:1" for path in allowed),
            share=0.0,
            verify=_verify_format(allowed, seen.project),
        )


def _verify_format(paths: Sequence[str], project: Project) -> str:
    """No dimension counts formatting, so that only this can show that it was done."""
    options = [*project.format_options, *(["--"] if len(paths) <= FILES_NAMED else [])]
    named = paths if len(paths) <= FILES_NAMED else ["."]
    return shlex.join(["ruff", "format", "--check", *options, *named])


def sparing(opportunity: Opportunity, spared: Sequence[str]) -> Opportunity | None:
    """The same without the files in ``spared``, as a new approach; None when nothing is left."""
    left = tuple(p for p in opportunity.places if p.rpartition(":")[0] not in spared)
    if not left or not spared:
        return None
    return replace(
        opportunity,
        task=replace(opportunity.task, sparing=True),
        title="Fix unused imports that no other file uses (F401)",
        places=left,
        share=opportunity.share * len(left) / len(opportunity.places),
        verify="",
        new_approach=(
            "Leaves out the files through which other files import what looks unused: " + ", ".join(spared)
        ),
    )
