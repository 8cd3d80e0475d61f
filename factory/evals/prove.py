"""Proving that dimensions are alive: what each claims to see is broken, and its score has to fall."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from factory.config import DimensionSpec, ProjectConfig
from factory.evals import sabotage
from factory.evals.discover import CheckoutFactory
from factory.evals.gather import TEST_DIMENSIONS, run_pytest, tells_outcomes
from factory.evals.noise import EPSILON
from factory.evals.plan import is_built_in
from factory.evals.progress import Progress
from factory.evals.run import sample
from factory.evals.sabotage import Addition, Sabotage
from factory.evals.steady import flipping, without
from factory.evals.subject import Subject, open_subject
from factory.models import Measurement
from factory.paths import HomePaths
from factory.sandbox import Sandbox

ATTEMPTS = 3
"""So many breakages are tried before a dimension counts as blind."""

MOVES_BY_ITSELF = "noisy = true is lacking: nothing was changed, and it was"
"""What is said of a dimension whose score no fall could be told from."""

State = Literal["alive", "blind", "unproved"]


@dataclass(frozen=True)
class Proof:
    """What became of a dimension's score when something that it claims to see was broken.

    ``unproved``: nothing could be shown, and ``what`` says why; else ``what`` was broken. Scores are in
    [0, 1]; ``after`` is None where the dimension could not be measured any more, which counts as a fall.
    """

    name: str
    state: State
    what: str
    before: float | None = None
    after: float | None = None


@dataclass(frozen=True)
class Bench:
    """What a proof is made with: fresh checkouts of one commit, and how they are measured.

    ``flaky`` are tests that don't count.
    """

    checkouts: CheckoutFactory
    config: ProjectConfig
    project_root: Path
    home: HomePaths
    sandbox: Sandbox
    progress: Progress
    flaky: frozenset[str] = frozenset()

    def sample(self, only: str | None = None, broken: Sabotage | None = None) -> Measurement:
        """Measure a checkout of its own, after something was broken in it; ``only`` one dimension."""
        with self.checkouts() as checkout:
            if broken is not None:
                broken.do(checkout)
            found = sample(
                checkout, config=self.config, commit="", tree="", project_root=self.project_root,
                home=self.home, sandbox=self.sandbox, progress=self.progress, only=only and {only},
            )  # fmt: skip
        return without([found], self.flaky)[0]


def prove(bench: Bench) -> Iterator[Proof]:
    """A proof for each dimension of the policy, in its order.

    Nothing but throwaway checkouts is touched. What has to pass before or beside the dimensions (smoke test,
    constraints) is left out: it is no dimension.
    """
    settings = replace(bench.config.eval, smoke="", constraints=())
    bench = replace(bench, config=replace(bench.config, eval=settings))
    with bench.checkouts() as checkout:
        subject = open_subject(
            checkout, bench.config, bench.project_root, bench.home, bench.progress, sandbox=bench.sandbox
        )
        executed = _executed(subject)
    bench, unchanged = _twice_unchanged(bench)
    for spec in subject.dimensions:
        yield _proof(bench, subject, spec, unchanged, executed)


def _twice_unchanged(bench: Bench) -> tuple[Bench, tuple[Measurement, Measurement]]:
    """Two measurements of the same without tests that flip between them, and a bench without these."""
    samples = [bench.sample(), bench.sample()]
    flips = flipping(samples)
    first, second = without(samples, flips)
    return replace(bench, flaky=bench.flaky | flips), (first, second)


def _executed(subject: Subject) -> Mapping[str, frozenset[int]]:
    """The lines that the tests run, by file; empty where no test dimension or no coverage is to be had."""
    if not any(is_built_in(spec) and spec.name in TEST_DIMENSIONS for spec in subject.dimensions):
        return {}
    limit = subject.deadline.left(subject.config.eval.time_limit)
    done = run_pytest(subject, timeout=limit, coverage=True)
    return {path: file.executed for path, file in done.coverage.files.items()} if done.coverage else {}


def _proof(
    bench: Bench,
    subject: Subject,
    spec: DimensionSpec,
    unchanged: tuple[Measurement, Measurement],
    executed: Mapping[str, frozenset[int]],
) -> Proof:
    (before, error), (again, _) = (_score(measurement, spec.name) for measurement in unchanged)
    if before is None:
        return Proof(spec.name, "unproved", f"it has no score now: {error or 'there is nothing to look at'}")
    if before <= EPSILON:
        return Proof(spec.name, "unproved", "its score is 0 and cannot fall", before)
    spread = abs(before - (again or 0.0))
    told = f"{MOVES_BY_ITSELF} {before:.4f}, then {again or 0.0:.4f}"
    if not spec.noisy and spread > bench.config.eval.tolerance + EPSILON:
        return Proof(spec.name, "unproved", told, before)
    before = min(before, again or 0.0)
    after: float | None = before
    tried: list[str] = []
    for broken in islice(_sabotages(subject, spec, executed), ATTEMPTS):
        bench.progress(f"{spec.name}: {broken.what}")
        after, _ = _score(bench.sample(spec.name, broken), spec.name)
        if after is None or after < before - EPSILON:
            return Proof(spec.name, "alive", broken.what, before, after)
        tried.append(broken.what)
    if not tried:
        return Proof(spec.name, "unproved", "nothing could be broken for it", before)
    return Proof(spec.name, "blind", "; ".join(tried), before, after)


def _score(measurement: Measurement, name: str) -> tuple[float | None, str]:
    found = measurement.dimension(name)
    if measurement.void and (found is None or name in TEST_DIMENSIONS):
        return None, measurement.void
    return (found.score, found.error) if found else (None, "it was not measured")


def _sabotages(
    subject: Subject, spec: DimensionSpec, executed: Mapping[str, frozenset[int]]
) -> Iterator[Sabotage]:
    """Ways to break what the dimension claims to see, the likeliest first."""
    if not is_built_in(spec):
        of_tests = spec.name in TEST_DIMENSIONS or tells_outcomes(spec)
        return sabotage.spoil_files(subject.files, subject.config.scope, of_tests=of_tests)
    if spec.name == "tests":
        return sabotage.raise_in_functions(subject.sources, executed)
    return _additions(subject, SEEN_IN_CODE[spec.name], executed)


def _additions(
    subject: Subject, addition: Addition, executed: Mapping[str, frozenset[int]]
) -> Iterator[Sabotage]:
    return sabotage.append_code(sabotage.best_sources(subject.sources, executed), addition)


SEEN_IN_CODE: Mapping[str, Addition] = {
    "lint": sabotage.FINDINGS,
    "type_check": sabotage.TYPE_ERRORS,
    "coverage": sabotage.NOT_RUN,
    "capability_surface": sabotage.NOT_RUN,
    "observability": sabotage.SILENT,
    "documentation": sabotage.NOT_RUN,
}
"""The code that makes a built-in dimension but ``tests`` fall, if it sees what it claims to see."""
