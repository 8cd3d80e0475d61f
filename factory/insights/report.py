"""Keep rates, transferable patterns and repeated failures over many projects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from factory.insights.matching import Corpus
from factory.insights.projects import ProjectHistory
from factory.insights.topics import classify_hypothesis
from factory.rows import Row
from factory.strategy.feec import FEECCategory, category_of
from factory.strategy.rates import Tally, wilson_interval

UNRELATED = 3
"""A pattern transfers when it held in so many unrelated projects."""

REPEATED = 2
"""Reverts from which on a failure is a repeated one."""

WORDINGS = 300
"""Patterns are looked for around so many of the most frequent wordings, to stay quick on any history."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Verdicts counted. ``rate`` is the share of keeps among keeps and reverts, ``low`` and ``high`` its 95 %
    Wilson bounds; None where nothing was decided.
    """

    name: str
    kept: int
    reverted: int
    errors: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ProjectRate:
    """A project's rate, and what there is to know about its log."""

    path: str
    copies: int
    verdicts: Rate


@dataclass(frozen=True, slots=True)
class Pattern:
    """Hypotheses that speak of the same thing, ``example`` being the most frequent; ``projects`` counts."""

    example: str
    topic: str
    projects: int
    verdicts: Rate
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Insights:
    """What all projects say together; ``notes`` is what was wrong with their logs, a sentence each."""

    projects: list[ProjectRate]
    categories: list[Rate]
    topics: list[Rate]
    transferable: list[Pattern]
    repeated_failures: list[Pattern]
    notes: list[str]


def gather_insights(histories: Sequence[ProjectHistory]) -> Insights:
    """What the histories of unrelated projects say, most frequent first."""
    rows = [(number, row) for number, history in enumerate(histories) for row in history.rows]
    topics = _topics_of({row.hypothesis for _, row in rows})
    patterns = _patterns(rows, topics)
    return Insights(
        projects=[_project_rate(history) for history in histories if not history.problem],
        categories=_by(rows, lambda row: category_of(row).name, [c.name for c in FEECCategory]),
        topics=_by(rows, lambda row: topics[row.hypothesis], sorted(set(topics.values()))),
        transferable=[pattern for pattern in patterns if _transfers(pattern)],
        repeated_failures=[pattern for pattern in patterns if _keeps_failing(pattern)],
        notes=[note for history in histories for note in _notes(history)],
    )


def rate_of(name: str, tally: Tally) -> Rate:
    """A tally with its rate and bounds."""
    decided = tally.kept + tally.reverted
    low, high = wilson_interval(tally.kept, decided) if decided else (None, None)
    return Rate(name, tally.kept, tally.reverted, tally.errors, tally.rate, low, high)


def _tally(rows: Iterable[Row]) -> Tally:
    tally = Tally()
    for row in rows:
        tally.add(row.verdict)
    return tally


def _project_rate(history: ProjectHistory) -> ProjectRate:
    return ProjectRate(str(history.path), len(history.copies), rate_of(history.name, _tally(history.rows)))


def _topics_of(texts: set[str]) -> dict[str, str]:
    return {text: classify_hypothesis(text).value for text in texts}


def _by(rows: Iterable[tuple[int, Row]], key: Callable[[Row], str], names: Sequence[str]) -> list[Rate]:
    tallies = {name: Tally() for name in names}
    for _, row in rows:
        tallies[key(row)].add(row.verdict)
    return [rate_of(name, tally) for name, tally in tallies.items() if tally.total]


def _patterns(rows: Sequence[tuple[int, Row]], topics: dict[str, str]) -> list[Pattern]:
    """Groups of decided experiments that speak of the same thing, each in one group only.

    Around the most frequent wordings first; a wording that an earlier group took is passed by.
    """
    decided = [(number, row) for number, row in rows if row.verdict in ("keep", "revert")]
    corpus = Corpus(row.hypothesis for _, row in decided)
    order = sorted(range(len(corpus.entries)), key=lambda entry: (-len(corpus.members[entry]), entry))
    taken: set[int] = set()
    found = []
    for leader in order[:WORDINGS]:
        if leader in taken or not corpus.entries[leader]:
            continue
        group = [entry for entry in corpus.similar(corpus.entries[leader]) if entry not in taken]
        taken.update(group)
        found.append(_pattern([decided[at] for entry in group for at in corpus.members[entry]], topics))
    return sorted(found, key=lambda pattern: (-pattern.projects, -_count(pattern), pattern.example))


def _pattern(rows: Sequence[tuple[int, Row]], topics: dict[str, str]) -> Pattern:
    texts = Counter(row.hypothesis for _, row in rows)
    example = min(texts, key=lambda text: (-texts[text], text))
    reasons = Counter(row.reason for _, row in rows if row.verdict == "revert" and row.reason)
    return Pattern(
        example,
        topics[example],
        len({number for number, _ in rows}),
        rate_of("", _tally(row for _, row in rows)),
        dict(reasons.most_common()),
    )


def _count(pattern: Pattern) -> int:
    return pattern.verdicts.kept + pattern.verdicts.reverted


def _transfers(pattern: Pattern) -> bool:
    """Kept more often than not, by the lower bound, in enough unrelated projects."""
    low = pattern.verdicts.low
    return pattern.projects >= UNRELATED and low is not None and low > 0.5


def _keeps_failing(pattern: Pattern) -> bool:
    """Reverted repeatedly and never kept, or reverted more often than not by the upper bound."""
    kept, reverted, high = pattern.verdicts.kept, pattern.verdicts.reverted, pattern.verdicts.high
    return reverted >= REPEATED and (not kept or (high is not None and high < 0.5))


def _notes(history: ProjectHistory) -> Iterable[str]:
    if history.problem:
        yield f"{history.path} does not count: {history.problem}."
    if history.copies:
        others = ", ".join(map(str, history.copies))
        yield f"{history.path} counts once with its copies: {others}."
    if history.damaged and not history.problem:
        lines = "1 line of its log is" if history.damaged == 1 else f"{history.damaged} lines of its log are"
        yield f"{history.path}: {lines} damaged and skipped; `factory history` tells which."
    if history.future:
        yield f"{history.path}: {history.future} of its rows are dated in the future; dates decide nothing."
