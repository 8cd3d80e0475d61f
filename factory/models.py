"""Value types that are stored or handed between parts: frozen, and closed to unknown fields.

Files made from these carry their format version ``v``. Scores lie in [0, 1], durations are in
seconds, commits and trees are full SHAs, timestamps are ISO 8601 in UTC.
"""

from __future__ import annotations

from enum import StrEnum
from statistics import fmean
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

FORMAT_VERSION = 1


class Model(BaseModel):
    """Base of every value type here."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Verdict(StrEnum):
    """What became of an experiment."""

    KEEP = "keep"
    REVERT = "revert"
    ERROR = "error"


class Reason(StrEnum):
    """Why an experiment got its verdict; the ``reason`` column of the log."""

    IMPROVED = "improved"
    HELD_DELIVERED = "held_delivered"
    ASKED_FOR = "asked_for"
    OVERRIDE = "override"
    NO_EFFECT = "no_effect"
    REGRESSED = "regressed"
    INCONCLUSIVE = "inconclusive"
    GUARD = "guard"
    NEW_FAILURES = "new_failures"
    ANTI_PATTERN = "anti_pattern"
    LEAKAGE = "leakage"
    SMOKE = "smoke"
    CONSTRAINT = "constraint"
    REVIEW = "review"
    BUDGET = "budget"
    ERROR = "error"


class Kind(StrEnum):
    """What an experiment is for, which decides what a keep takes.

    ``code``: an improvement. ``contract``: a phase of an approved specification, kept only if it delivers.
    ``scaffold``: a project's first phase, before which nothing can be measured. ``research``: kept only if it
    moves the metric of the research target, beyond its noise. ``undo``: a kept experiment is taken back, for
    which a person's wish is the ground.
    """

    CODE = "code"
    CONTRACT = "contract"
    SCAFFOLD = "scaffold"
    RESEARCH = "research"
    UNDO = "undo"


class PhaseState(StrEnum):
    """What became of a phase of an approved specification; ``RETRY``: an attempt that was not the last."""

    BUILT = "built"
    FAILED = "failed"
    BLOCKED = "blocked"
    RETRY = "retry"


class Integration(StrEnum):
    """Whether a kept experiment has reached the target branch; a fact apart from the verdict."""

    PENDING = "pending"
    MERGED = "merged"
    PR = "pr"


class Tier(StrEnum):
    """The tier that a dimension belongs to."""

    HYGIENE = "hygiene"
    GROWTH = "growth"
    PROJECT = "project"


class Outcome(StrEnum):
    """The outcome of one test, by node id."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"


ByProblems = Literal["", "share", "density"]


class DimensionScore(Model):
    """One dimension, measured. ``score`` is None when it could not be measured (``error`` says why).

    ``tests``: the ids of those whose share it is; None where that was not told. ``by_problems``: the score is
    told by the ``problems`` of its details alone, as their share of what there is, or as their density in
    code of the details' ``size``.
    """

    name: str
    tier: Tier
    weight: float = 1.0
    score: float | None = Field(default=None, ge=0.0, le=1.0)
    noisy: bool = False
    error: str = ""
    duration_s: float = 0.0
    details: dict[str, Any] = Field(default_factory=dict)
    tests: list[str] | None = None
    by_problems: ByProblems = ""


class CommandResult(Model):
    """How a smoke test, constraint or Verify command ended.

    Not ``complete``: it could not run (its setup failed), or its time was up. It has not passed then, and
    has not failed either.
    """

    name: str
    command: str
    exit_code: int
    output: str = ""
    complete: bool = True

    @property
    def passed(self) -> bool:
        """Whether the command exited 0."""
        return self.exit_code == 0


class Measurement(Model):
    """What was measured on one commit, with which harness, in which environment.

    ``key`` is the cache key over tree, harness, environment and tool versions. ``void`` is empty for a valid
    measurement, else the reason why it counts for nothing. ``composite`` is the weighted mean of the
    dimensions that have a score.
    """

    v: int = FORMAT_VERSION
    commit: str
    tree: str
    harness: str
    environment: str
    key: str
    timestamp: str
    composite: float | None = None
    dimensions: list[DimensionScore] = Field(default_factory=list)
    tests: dict[str, Outcome] = Field(default_factory=dict)
    smoke: CommandResult | None = None
    constraints: list[CommandResult] = Field(default_factory=list)
    duration_s: float = 0.0
    void: str = ""

    @property
    def smoke_failed(self) -> bool:
        """Whether there is a smoke test and it failed, so that nothing else was measured."""
        return self.smoke is not None and not self.smoke.passed

    def dimension(self, name: str) -> DimensionScore | None:
        """The dimension of that name, or None."""
        return next((d for d in self.dimensions if d.name == name), None)


class MeasurementPairs(Model):
    """The samples that a decision rests on, pair by pair; one pair where nothing is noisy."""

    v: int = FORMAT_VERSION
    before: list[Measurement] = Field(min_length=1)
    after: list[Measurement] = Field(min_length=1)

    @model_validator(mode="after")
    def _even(self) -> Self:
        if len(self.before) != len(self.after):
            raise ValueError("there are as many samples before as after")
        return self


GuardName = Literal["baseline", "eval_immutable", "scope", "fixed_surfaces", "integrity"]
"""The guards, in the order in which people see them."""


class GuardFinding(Model):
    """One violation: which guard, where, what is wrong, how to mend it.

    ``name`` is the stable name by which a plan item may allow it; empty where none can.
    """

    guard: GuardName
    file: str = ""
    line: int | None = None
    name: str = ""
    message: str
    mend: str = ""

    @property
    def told(self) -> str:
        """Guard, what is wrong, and the file where the message does not name it."""
        unnamed = self.file and self.file not in self.message
        return f"{self.guard}: {self.message}" + (f" ({self.file})" if unnamed else "")


class GuardReport(Model):
    """The guards' answer on one commit range; clean when there are no findings.

    ``notes`` are worth a reader's look and violate nothing; ``allowed`` is what the plan item names.
    """

    v: int = FORMAT_VERSION
    baseline: str
    head: str
    findings: list[GuardFinding] = Field(default_factory=list)
    notes: list[GuardFinding] = Field(default_factory=list)
    allowed: list[GuardFinding] = Field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether no guard objects."""
        return not self.findings


class ReviewVerdict(StrEnum):
    """A reviewer's or the CEO's answer at a gate."""

    PROCEED = "PROCEED"
    REDIRECT = "REDIRECT"
    ABORT = "ABORT"


class ReviewRecord(Model):
    """A review, bound to the commit it judged. ``by`` is a role, or ``person``."""

    v: int = FORMAT_VERSION
    by: str
    commit: str
    verdict: ReviewVerdict
    reason: str
    findings: list[str] = Field(default_factory=list)
    citations: list[str] = Field(default_factory=list)
    timestamp: str


class Check(Model):
    """One line of the precheck."""

    name: str
    passed: bool
    detail: str
    reason: Reason


class PrecheckReport(Model):
    """The hard gate's answer on one commit, checks in their fixed order."""

    v: int = FORMAT_VERSION
    commit: str
    checks: list[Check]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(c.passed for c in self.checks)

    @property
    def failures(self) -> list[Check]:
        """The checks that failed, in their order."""
        return [check for check in self.checks if not check.passed]

    @property
    def deciding_failure(self) -> Check | None:
        """The failed check that gives the reason code: the first, but new test failures come before the
        score that fell because of them. None when all passed.
        """
        named = [check for check in self.failures if check.reason is Reason.NEW_FAILURES]
        first = next(iter(self.failures), None)
        fell = first is not None and first.name == "score_direction"
        return named[0] if named and fell else first


class VerdictRecord(Model):
    """The decision on one experiment and what it rests on.

    The scores are the composites that were compared, means over the pairs where there are several, without
    the tests in ``left_out`` (flaky, unclear, or no gain of the change); where nothing could be compared,
    what each side has alone.
    """

    v: int = FORMAT_VERSION
    commit: str
    verdict: Verdict
    reason: Reason
    rationale: str
    score_before: float | None = None
    score_after: float | None = None
    left_out: list[str] = Field(default_factory=list)
    decided_by: str = "factory"
    timestamp: str


class FeatureCheck(Model):
    """A feature's row of the validation matrix. ``feature`` is its reference; empty for an item's own."""

    feature: str = ""
    command: str


class PlanItem(Model):
    """What an experiment sets out to do: one phase of a plan with the specification item it serves.

    ``checks`` are the rows of the features that this phase completes (project form); ``failure_mode`` and
    ``mutable_surface`` are what an item of research mode aims at and changes.
    """

    phase: int
    title: str
    category: Literal["FIX", "EXPLOIT", "EXPLORE", "COMBINE"]
    what: str = ""
    how: str = ""
    why: str = ""
    checklist: list[str] = Field(default_factory=list)
    depends_on: list[int] = Field(default_factory=list)
    backlog_item: str = ""
    growth_dimension: str = ""
    verify: str = ""
    new_approach: str = ""
    allows: list[str] = Field(default_factory=list)
    citations: list[str] = Field(default_factory=list)
    checks: list[FeatureCheck] = Field(default_factory=list)
    failure_mode: str = ""
    mutable_surface: list[str] = Field(default_factory=list)


class ExperimentRecord(Model):
    """One line of ``results.tsv``. ``hypothesis`` is plain text; missing numbers are None.

    ``cost_usd`` is in US dollars, ``duration_s`` in seconds, ``delta`` is after minus before.
    """

    id: int
    timestamp: str
    hypothesis: str
    change_summary: str = ""
    issue_number: int | str | None = None
    pr_number: int | str | None = None
    score_before: float | None = None
    score_after: float | None = None
    delta: float | None = None
    verdict: Verdict
    cost_usd: float | None = None
    notes: str = ""
    research_citations: list[str] = Field(default_factory=list)
    reason: str = ""
    category: str = ""
    kind: str = ""
    cycle: str = ""
    branch: str = ""
    baseline: str = ""
    commit: str = ""
    tokens: int | None = None
    duration_s: float | None = None
    runner: str = ""
    harness: str = ""


class Experiment(Model):
    """An experiment as it was begun. ``baseline`` is the commit it is rooted at and compared with.

    ``scope`` names its place in the cycle (``phase-2``), empty for one begun by hand; ``anti_pattern`` says
    which reverted experiment it repeats, empty where none; ``undoes`` is the kept experiment it takes back.
    """

    v: int = FORMAT_VERSION
    id: int
    cycle: str
    scope: str = ""
    hypothesis: str
    kind: Kind = Kind.CODE
    category: str
    branch: str
    baseline: str
    target: str
    item: PlanItem
    anti_pattern: str = ""
    undoes: int | None = None
    runner: str = ""
    begun: str


class FailureReport(Model):
    """Tests that passed at the baseline and did not on the candidate, after repetition on both sides.

    ``hidden`` are those of the confirmed ones that fail only as they are at the baseline: the candidate
    changes a file of tests. ``allowed`` are named by the plan item, and were not looked into. ``unearned``
    failed at the baseline and do not fail now only because the tests were changed: that is no gain. Of them,
    ``FILE::collection`` is a file that could not be collected.
    """

    v: int = FORMAT_VERSION
    commit: str
    confirmed: list[str] = Field(default_factory=list)
    hidden: list[str] = Field(default_factory=list)
    unclear: list[str] = Field(default_factory=list)
    excused: list[str] = Field(default_factory=list)
    allowed: list[str] = Field(default_factory=list)
    unearned: list[str] = Field(default_factory=list)

    @property
    def told(self) -> list[str]:
        """The confirmed failures for a reader, each with how it shows."""
        return [
            f"{test} (as it is at the baseline)" if test in self.hidden else test for test in self.confirmed
        ]


class VerifyCheck(Model):
    """One check, run at the baseline and on the candidate. ``feature`` is empty for a plan item's own."""

    feature: str = ""
    before: CommandResult
    after: CommandResult

    @property
    def delivered(self) -> bool:
        """True only for a check that failed before and passes after; what could not run has not failed."""
        return self.before.complete and not self.before.passed and self.after.passed


def _how_unmet(check: VerifyCheck) -> str:
    """What became of a check that does not pass with the change."""
    if not check.after.complete:
        return "could not run to its end"
    if check.before.passed:
        return "fails now, and passed before"
    return "still fails" if check.before.complete else "fails"


class VerifyReport(Model):
    """Whether a change delivers what its plan item says, as far as checks can show it."""

    v: int = FORMAT_VERSION
    commit: str
    checks: list[VerifyCheck] = Field(default_factory=list)

    @property
    def delivered(self) -> bool | None:
        """Whether every check failed before and passes after; None where there is no check."""
        return all(check.delivered for check in self.checks) if self.checks else None

    @property
    def unmet(self) -> str:
        """That a check does not pass with the change, in words; empty where all pass, or there is none."""
        for check in self.checks:
            if not check.after.passed:
                return f"its own check {_how_unmet(check)}: {check.after.command}"
        return ""

    @property
    def vain(self) -> str:
        """That a check passes on both sides, in words; empty where none does."""
        for check in self.checks:
            if check.before.passed and check.after.passed:
                command = check.after.command
                return f"its own check passes at the baseline already, so it shows nothing: {command}"
        return ""

    @property
    def by_feature(self) -> dict[str, bool]:
        """For each feature whether every check of it failed before and passes after."""
        shown: dict[str, bool] = {}
        for check in self.checks:
            if check.feature:
                shown[check.feature] = shown.get(check.feature, True) and check.delivered
        return shown

    @property
    def passed_before(self) -> list[str]:
        """The features with a check that passed before already, and so shows nothing."""
        return sorted({check.feature for check in self.checks if check.feature and check.before.passed})


class ResearchRun(Model):
    """One run of a research target's command on one commit.

    ``value`` is the metric in its own units, None where the run failed (``error`` says why). ``purpose`` says
    what it was made for: what is asked for twice under one purpose is run once.
    """

    v: int = FORMAT_VERSION
    number: int = 0
    kind: Literal["run", "held_out"]
    purpose: str
    cycle: str
    experiment: int | None = None
    commit: str
    tree: str
    harness: str
    command: str
    seed: int
    metric: str
    value: float | None = None
    exit_code: int
    error: str = ""
    duration_s: float
    timestamp: str


class RatchetRecord(Model):
    """Whether a candidate moved the metric beyond the best so far, from runs made in pairs.

    ``before`` and ``after`` are the values of both sides, pair by pair and seed by seed; ``runs`` the numbers
    of their runs. ``gain`` is the mean of the paired differences, positive where it is for the better.
    """

    v: int = FORMAT_VERSION
    commit: str
    baseline: str
    metric: str
    objective: Literal["maximize", "minimize"]
    harness: str
    seeds: list[int]
    runs: list[int]
    before: list[float]
    after: list[float]
    gain: float | None = None
    direction: Literal["improved", "held", "regressed", "inconclusive"]
    rationale: str

    @property
    def told(self) -> str:
        """The metric and its means on both sides."""
        means = [f"{fmean(side):.6g}" if side else "not measured" for side in (self.before, self.after)]
        return f"{self.metric} {' → '.join(means)}"


class Leak(Model):
    """Something of a fixed file that was found where it has no business to be.

    ``how``: ``exact``, ``normalised``, ``encoded``, ``numeric``, ``records`` (answers beside what they
    answer) or ``names`` (code that newly names a fixed file). ``where``: the hypothesis, the plan, a prompt,
    or a changed file.
    """

    how: Literal["exact", "normalised", "encoded", "numeric", "records", "names"]
    where: str
    source: str
    excerpt: str

    @property
    def message(self) -> str:
        """The finding as a sentence, without the answer itself."""
        told = {
            "exact": "holds text of",
            "normalised": "holds text, in another form, of",
            "encoded": "holds an encoded piece of",
            "numeric": "holds numbers of",
            "records": "holds answers beside their questions from",
            "names": "newly names",
        }[self.how]
        return f"{self.where} {told} {self.source}"


class LeakReport(Model):
    """The leakage scan's answer on one commit, hypothesis and prompts included."""

    v: int = FORMAT_VERSION
    commit: str
    sensitivity: str
    fingerprints: int
    leaks: list[Leak] = Field(default_factory=list)
