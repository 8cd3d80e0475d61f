"""What the factory writes on GitHub: pull requests, reviews and issues, from recorded facts alone.

Words of agents and of strangers go into it quieted: they can call nobody, close no issue, pass for no mark
of ours, and carry no secret and no name of this machine's folders out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from factory.models import GuardFinding, GuardName, GuardReport, PlanItem, PrecheckReport
from factory.redact import redact

KEEP = "✅ Factory Review: KEEP"
REVERT = "❌ Factory Review: REVERT"
SIGNATURE = "Posted by Factory CEO"
NOT_MEASURED = "not measured"
REVIEW_MARK = "factory-review"
PHASE_MARK = "factory-phase"
LONGEST = 60_000
"""Characters of a text; GitHub takes 65,536."""

_CLOSING = re.compile(
    r"\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?=\W{1,20}?(?:https?://|[\w.-]+/[\w.-]+\\?#|#|GH-)\S*\d)",
    re.IGNORECASE,
)
_MENTION = re.compile(r"@(?=\w)")
_ENTITY = re.compile(r"&(?=#?\w+;)")
"""A character by its name or number: ``&#64;`` is shown as the ``@`` that it stands for."""
_GAP = "\u200b"
"""A space of no width: people read over it, GitHub does not."""


def quiet(text: str) -> str:
    """Somebody's words, so that GitHub takes nothing in them for an order, and we nothing for our mark."""
    home = str(Path.home())
    text = redact(text).replace(home, "~") if len(home) > 1 else redact(text)
    text = _ENTITY.sub(f"&{_GAP}", text.replace("<!--", f"<!{_GAP}--"))
    text = _CLOSING.sub(lambda found: f"{found[1]}{_GAP}", text)
    return _MENTION.sub(f"@{_GAP}", text)


def mark(kind: str, key: str) -> str:
    """An invisible line by which a text of ours is found again: the idempotency key of what was sent."""
    return f"<!-- {kind}: {key} -->"


def is_marked(text: str, kind: str) -> bool:
    """Whether a text is one of ours of that kind."""
    return f"<!-- {kind}: " in text


def number(value: float | None, *, signed: bool = False) -> str:
    """A score with four decimals; what was not measured is told so, and never as 0."""
    return NOT_MEASURED if value is None else f"{value:+.4f}" if signed else f"{value:.4f}"


@dataclass(frozen=True)
class Scores:
    """A composite before and after, None where it was not measured, and the threshold in force."""

    before: float | None
    after: float | None
    threshold: float | None = None

    @property
    def delta(self) -> float | None:
        """After minus before; None unless both were measured."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True)
class ExperimentReview:
    """What is on record about an experiment, for its pull request and its review."""

    number: int
    hypothesis: str
    commit: str
    keep: bool
    reason: str
    scores: Scores
    guard: GuardReport | None = None
    precheck: PrecheckReport | None = None
    notes: Sequence[str] = ()
    gaps: Sequence[str] = ()


@dataclass(frozen=True)
class PullReview:
    """A judgement on a pull request that is no experiment. ``time`` is UTC, ``tests`` a line each."""

    commit: str
    keep: bool
    reason: str
    time: str
    quality: Sequence[str] = ()
    strengths: Sequence[str] = ()
    tests: Sequence[str] = ()
    recommendation: str = ""
    guard: GuardReport | None = None


def experiment_review(told: ExperimentReview) -> str:
    """The structured review of an experiment."""
    return _page(
        _head(told.keep, told.reason, told.commit),
        f"**Experiment:** `#{told.number}`",
        f"**Hypothesis:** {quiet(told.hypothesis)}",
        _section("Score Comparison", scores_table(told.scores)),
        _section("Guard Checks", guard_table(told.guard)),
        _section("Precheck Gate", precheck_table(told.precheck)),
        _section("Code Review Notes", bullets(told.notes)),
        _section("Known Gaps", bullets(told.gaps)),
        f"---\n{SIGNATURE}",
        mark(REVIEW_MARK, told.commit),
    )


def pull_review(told: PullReview) -> str:
    """The structured review of a pull request that is no experiment."""
    return _page(
        _head(told.keep, told.reason, told.commit),
        f"**Reviewed:** {told.time}",
        _section("Code Quality", bullets(told.quality)),
        _section("Key Strengths", bullets(told.strengths)),
        _section("Test Results", bullets(told.tests, nothing=NOT_MEASURED)),
        _section("Guard Checks", guard_table(told.guard)),
        _section("Recommendation", quiet(told.recommendation) or "none"),
        f"---\n{SIGNATURE}",
        mark(REVIEW_MARK, told.commit),
    )


def _head(keep: bool, reason: str, commit: str) -> str:
    return "\n\n".join(
        (
            f"## {KEEP if keep else REVERT}",
            f"**Verdict:** {'KEEP' if keep else 'REVERT'}",
            f"**Reason:** {quiet(reason)}",
            f"**Commit:** `{commit}`",
        )
    )


def _page(*parts: str) -> str:
    """The parts as one text; where it is too long for GitHub, its middle goes, and it says so."""
    whole = "\n\n".join(part for part in parts if part)
    if len(whole) <= LONGEST:
        return whole + "\n"
    end = "\n\n".join(parts[-2:])
    return f"{whole[: LONGEST - len(end)]}\n\n[The rest is left out: too long for GitHub.]\n\n{end}\n"


def _section(title: str, text: str) -> str:
    return f"### {title}\n\n{text}"


def bullets(lines: Sequence[str], nothing: str = "none") -> str:
    """A list of one-line entries, or the word for nothing."""
    return "\n".join(f"- {quiet(' '.join(line.split()))}" for line in lines if line.strip()) or nothing


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; what would break a cell is taken out of it."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(quiet(text).replace("|", "\\|").split())


def scores_table(scores: Scores) -> str:
    """Before, after, the signed difference, and the threshold."""
    return table(
        ("Metric", "Value"),
        (
            ("Before", number(scores.before)),
            ("After", number(scores.after)),
            ("Delta", number(scores.delta, signed=True)),
            ("Threshold", number(scores.threshold)),
        ),
    )


def guard_table(report: GuardReport | None) -> str:
    """Each guard with its answer; the findings of one that objects."""
    if report is None:
        return "not checked"
    by_name = {name: [f for f in report.findings if f.guard == name] for name in get_args(GuardName)}
    return table(("Check", "Result"), [(name, _answer(found)) for name, found in by_name.items()])


def _answer(findings: Sequence[GuardFinding]) -> str:
    return "; ".join(f"❌ {f.file + ': ' if f.file else ''}{f.message}" for f in findings) or "✅ pass"


def precheck_table(report: PrecheckReport | None) -> str:
    """Every check of the hard gate, in its order."""
    if report is None:
        return "not run"
    rows = [(c.name, f"{'✅ pass' if c.passed else '❌ fail'}: {c.detail}") for c in report.checks]
    return table(("Check", "Result"), rows)


@dataclass(frozen=True)
class PullText:
    """What a kept experiment's pull request says.

    ``closes`` are issues (``#4``, ``owner/repo#4``) that merging it closes, ``part_of`` those it serves in
    part; ``after`` the pull request that it stands on, empty where it stands on the target.
    """

    item: PlanItem
    told: ExperimentReview
    key: str
    closes: Sequence[str] = ()
    part_of: Sequence[str] = ()
    after: str = ""
    kind: str = field(default="factory-experiment", init=False)

    @property
    def title(self) -> str:
        """The hypothesis, which is the plan item's title."""
        return quiet(self.told.hypothesis)[:250]

    @property
    def mark(self) -> str:
        """The line by which this pull request is found again."""
        return mark(self.kind, self.key)

    def body(self) -> str:
        """Plan item, scores, guard and precheck."""
        serves = [*(f"Closes {one}" for one in self.closes), *(f"Part of {one}" for one in self.part_of)]
        return _page(
            "\n".join(serves),
            f"Stands on {self.after}: merge that one first." if self.after else "",
            item_text(self.item),
            f"**Verdict:** KEEP, experiment `#{self.told.number}`: {quiet(self.told.reason)}",
            _section("Score Comparison", scores_table(self.told.scores)),
            _section("Guard Checks", guard_table(self.told.guard)),
            _section("Precheck Gate", precheck_table(self.told.precheck)),
            _section("Code Review Notes", bullets(self.told.notes)),
            f"Measured at commit `{self.told.commit}`.",
            self.mark,
        )


def item_text(item: PlanItem) -> str:
    """A plan item's own information, for people."""
    fields = (
        ("What", item.what), ("How", item.how), ("Why", item.why), ("Category", item.category),
        ("Backlog item", item.backlog_item), ("Growth dimension", item.growth_dimension),
        ("Verify", f"`{item.verify}`" if item.verify else ""), ("New approach", item.new_approach),
    )  # fmt: skip
    lines = [f"- **{name}:** {quiet(text)}" for name, text in fields if text]
    return "\n".join([*lines, *(f"- [ ] {quiet(entry)}" for entry in item.checklist)])


def phase_issue(item: PlanItem, key: str) -> tuple[str, str]:
    """Title and body of the issue that a plan's phase becomes."""
    needs = ", ".join(f"Phase {phase}" for phase in item.depends_on)
    body = _page(
        f"Phase {item.phase} of a plan.",
        item_text(item),
        f"**Depends on:** {needs}" if needs else "",
        mark(PHASE_MARK, key),
    )
    return quiet(item.title)[:250], body


def outcome_comment(told: ExperimentReview, pull: str, key: str) -> str:
    """What became of a phase, for its issue."""
    verdict = "kept" if told.keep else "not kept"
    return _page(
        f"Experiment `#{told.number}` was {verdict}: {quiet(told.reason)}",
        f"It is {pull}." if pull else "",
        scores_table(told.scores),
        mark("factory-outcome", key),
    )
