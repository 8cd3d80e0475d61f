"""Measuring the dimensions of a subject: one test run, what only reads beside it, commands after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from factory.config import DimensionSpec
from factory.evals import checkers, scripts
from factory.evals.commands import run_command
from factory.evals.dimensions import (
    capability,
    coverage,
    documentation,
    observability,
    project,
    tests,
    unmeasured,
)
from factory.evals.plan import is_built_in, labelled
from factory.evals.subject import Subject
from factory.evals.testrun import TestRun, merged, run_tests
from factory.evals.tool_reports import TEST_PARSERS
from factory.models import DimensionScore, Outcome, Tier

TEST_DIMENSIONS = frozenset({"tests", "coverage", "capability_surface"})


@dataclass(frozen=True, slots=True)
class Findings:
    """What measuring gave: dimensions, tests, and why all of it counts for nothing (empty: it counts)."""

    dimensions: list[DimensionScore]
    tests: Mapping[str, Outcome]
    void: str = ""


def measure_dimensions(subject: Subject, specs: Sequence[DimensionSpec]) -> Findings:
    """Measure ``specs``: what only reads in threads beside the one test run, then the project's own in turn.

    The project's own commands are not run beside the tests, for both may use the same files and ports. A
    dimension before which something has altered what decides a score has none.
    """
    if subject.touched:
        return Findings([], {}, subject.touched)
    static = [s for s in specs if is_built_in(s) and s.name not in TEST_DIMENSIONS]
    tested = [s for s in specs if _by_pytest(s)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        futures = {spec.name: pool.submit(_timed, STATIC[spec.name], subject, spec) for spec in static}
        scores, outcomes, void = _from_tests(subject, tested)
        scores |= {name: future.result() for name, future in futures.items()}
    for spec in specs:
        if spec.name not in scores:
            subject.progress(f"measuring {spec.name}")
            started = time.monotonic()
            score, told = _by_command(subject, spec)
            scores[spec.name] = labelled(spec, score, time.monotonic() - started)
            outcomes = merged(outcomes, told)
    return Findings([scores[spec.name] for spec in specs], outcomes, void)


def _timed(
    function: Callable[[Subject, DimensionSpec], DimensionScore], subject: Subject, spec: DimensionSpec
) -> DimensionScore:
    started = time.monotonic()
    return labelled(spec, function(subject, spec), time.monotonic() - started)


def _lint(subject: Subject, spec: DimensionSpec) -> DimensionScore:
    return checkers.measure_lint(
        subject.checkout, subject.sources, timeout=subject.deadline.left(spec.timeout)
    )


def _type_check(subject: Subject, spec: DimensionSpec) -> DimensionScore:
    if subject.environment is None:
        return unmeasured(spec.name, "there is no Python in this project")
    limit = subject.deadline.left(spec.timeout)
    return checkers.measure_types(
        subject.checkout, subject.sources, subject.environment, timeout=limit, sandbox=subject.sandbox
    )


def _observability(subject: Subject, spec: DimensionSpec) -> DimensionScore:
    return observability.score(subject.sources)


def _documentation(subject: Subject, spec: DimensionSpec) -> DimensionScore:
    return documentation.score(subject.sources)


STATIC: Mapping[str, Callable[[Subject, DimensionSpec], DimensionScore]] = {
    "lint": _lint,
    "type_check": _type_check,
    "observability": _observability,
    "documentation": _documentation,
}


def _from_tests(
    subject: Subject, specs: Sequence[DimensionSpec]
) -> tuple[dict[str, DimensionScore], Mapping[str, Outcome], str]:
    """The dimensions that one test run yields, the outcomes, and why they count for nothing."""
    if not specs:
        return {}, {}, ""
    if subject.environment is None:
        return {s.name: unmeasured(s.name, "there is no Python in this project") for s in specs}, {}, ""
    limit = max(subject.deadline.left(spec.timeout) for spec in specs)
    done = run_pytest(subject, timeout=limit, coverage=True)
    found = {s.name: labelled(s, _from_run(s.name, subject, done), done.duration_s) for s in specs}
    return found, done.outcomes, _void(done)


def run_suite(subject: Subject, *, timeout: float) -> TestRun:
    """One run of the whole suite: of all that a measurement takes tests from, pytest and commands alike.

    Where one of them breaks off, the run as a whole says nothing: whose tests are missing cannot be told.
    """
    runs = []
    if subject.environment is not None and any(map(_by_pytest, subject.dimensions)):
        runs.append(run_pytest(subject, timeout=subject.deadline.left(timeout), coverage=False))
    runs += [_run_reporter(subject, spec) for spec in subject.dimensions if tells_outcomes(spec)]
    if not runs:
        return TestRun({}, None, {}, [], -1, 0.0, "no dimension runs tests")
    return replace(
        runs[0],
        outcomes=merged(*(run.outcomes for run in runs)),
        duration_s=sum(run.duration_s for run in runs),
        error=". ".join(run.error for run in runs if run.error),
    )


def run_pytest(subject: Subject, *, timeout: float, coverage: bool) -> TestRun:
    """One run of the tests by pytest: by the project's own command line where one is configured."""
    if subject.environment is None:
        return TestRun({}, None, {}, [], -1, 0.0, "there is no Python in this project")
    return run_tests(
        subject.checkout,
        subject.environment,
        command=_pytest_command(subject),
        timeout=timeout,
        # The very files that are looked at, wherever they lie: else what tests run would count as not run.
        covered=[source.path for source in subject.sources] if coverage else None,
        progress=subject.progress,
        sandbox=subject.sandbox,
    )


def _pytest_command(subject: Subject) -> str:
    """The project's own pytest command line; empty where none is configured."""
    return next((s.command for s in subject.dimensions if s.name == "tests" and is_built_in(s)), "")


def tells_outcomes(spec: DimensionSpec) -> bool:
    """Whether it is a command whose report names each test and how it ended."""
    own = bool(spec.command) and not is_built_in(spec)
    return own and spec.parser.partition(":")[0] in TEST_PARSERS


def _by_pytest(spec: DimensionSpec) -> bool:
    return is_built_in(spec) and spec.name in TEST_DIMENSIONS


def _run_reporter(subject: Subject, spec: DimensionSpec) -> TestRun:
    started = time.monotonic()
    score, outcomes = _by_command(subject, spec)
    return TestRun(dict(outcomes), None, {}, [], 0, time.monotonic() - started, score.error)


def _from_run(name: str, subject: Subject, done: TestRun) -> DimensionScore:
    if done.error:
        return unmeasured(name, " ".join(filter(None, [done.error, done.hint])))
    if name == "tests":
        return tests.score(done.outcomes, done.hint).model_copy(update={"tests": list(done.outcomes)})
    if done.coverage is None or done.coverage.error:
        return unmeasured(name, done.coverage.error if done.coverage else "coverage was not measured")
    measure_lines = coverage.score if name == "coverage" else capability.score
    return measure_lines(subject.sources, done.coverage.files)


def _void(done: TestRun) -> str:
    """Why a test run voids all: code that is not the checkout's, or a run that broke off."""
    reasons = [*done.outside[:3], *([done.error] if done.error else [])]
    return ". ".join(filter(None, ["; ".join(reasons).rstrip("."), done.hint])) if reasons else ""


def _by_command(subject: Subject, spec: DimensionSpec) -> tuple[DimensionScore, Mapping[str, Outcome]]:
    """One of the project's own dimensions, and the outcomes of tests where its report tells them."""
    blank = DimensionScore(name=spec.name, tier=Tier(spec.tier))
    if not spec.command:
        wrong = "it has no command, and none of the built-in dimensions has its name"
        return blank.model_copy(update={"error": wrong}), {}
    if subject.touched:
        return blank.model_copy(update={"error": subject.touched}), {}
    limit = subject.deadline.left(spec.timeout)
    report = project.report_file(spec.parser)
    if report in subject.files:
        (subject.checkout / report).unlink(missing_ok=True)  # one that was committed is none of this run
    done = run_command(
        spec.command,
        checkout=subject.checkout,
        environment=subject.environment,
        timeout=limit,
        sandbox=subject.sandbox,
    )
    if done.timed_out:
        return blank.model_copy(update={"error": f"the command took longer than {limit:.0f} s"}), {}
    output = _read_report(subject.checkout, report) if report else done.stdout
    # Each run has a checkout of its own: a test is known by where it lies in it.
    output = output.replace(f"{subject.checkout}/", "")
    reading = project.read(
        spec.parser, done.exit_code, output, _lines_of_scripts(subject.checkout, subject.files)
    )
    update = {"score": reading.score, "error": reading.error, "details": dict(reading.details)}
    own = {"tests": list(reading.outcomes), "by_problems": reading.by_problems}
    return blank.model_copy(update=update | own), reading.outcomes


def _lines_of_scripts(checkout: Path, files: Sequence[str]) -> int:
    """The lines of JavaScript and TypeScript: the size by which findings are judged."""
    own = [checkout / file for file in files if scripts.is_script(file)]
    texts = (file.read_text(encoding="utf-8", errors="replace") for file in own if file.is_file())
    return sum(map(scripts.code_lines, texts))


def _read_report(checkout: Path, name: str) -> str:
    """The text of a report inside the checkout; empty when there is none."""
    path = (checkout / name).resolve()
    inside = path.is_relative_to(checkout) and path.is_file()
    return path.read_text(encoding="utf-8", errors="replace") if inside else ""
