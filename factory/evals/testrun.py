"""One run of a project's tests on a checkout: every outcome by node id, coverage, and where the code came
from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from factory.evals.absent import absent_hint
from factory.evals.confine import confined
from factory.evals.environment import Environment, shown
from factory.evals.progress import Progress
from factory.evals.pytest_arguments import PytestCommand, pytest_arguments, read_pytest_command
from factory.evals.reports import CoverageData, ProbeReport, parse_coverage, read_probe
from factory.evals.roots import Roots, find_roots
from factory.evals.surroundings import Scratch, child_paths, scratch_folders, target_env
from factory.models import Outcome
from factory.process import Completed, run
from factory.sandbox import OFF, Sandbox

PROBE = Path(__file__).resolve().parent / "probe"
NO_TESTS, USAGE_ERROR, INTERRUPTED, INTERNAL_ERROR = 5, 4, 2, 3
OUTSIDE_HINT = (
    "Set [eval] python to an environment without the project itself, or leave it empty to have one made."
)
TAIL_LINES, TAIL_CHARACTERS = 12, 1500


@dataclass(frozen=True, slots=True)
class TestRun:
    """What one test run found.

    ``outcomes`` holds the tests that ran to their end, also when ``error`` (why the run as a whole counts for
    nothing) is set. ``modules``: each module of the project that was loaded, and its file. ``outside``:
    sentences about those loaded from elsewhere than the checkout; any voids the run. ``hint``: what to do
    about it. ``texts``: the reasons of collection errors by node id.
    """

    __test__ = False  # for pytest, which takes a class of this name for a test

    outcomes: dict[str, Outcome]
    coverage: CoverageData | None
    modules: dict[str, str]
    outside: list[str]
    exit_code: int
    duration_s: float
    error: str = ""
    hint: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def valid(self) -> bool:
        """Whether the outcomes are all there is, of the checkout's own code."""
        return not self.error and not self.outside


class NewFailure(NamedTuple):
    """A test that passed at the baseline and does not now; ``after`` is None when it is missing."""

    test: str
    before: Outcome
    after: Outcome | None


def new_failures(before: Mapping[str, Outcome], after: Mapping[str, Outcome]) -> list[NewFailure]:
    """The tests that passed before and fail, are missing or are skipped after, sorted by id.

    Every test that passed at the baseline still exists and passes: a renamed file is as many missing tests.
    """
    return [
        NewFailure(test, outcome, after.get(test))
        for test, outcome in sorted(before.items())
        if outcome is Outcome.PASSED and after.get(test) is not Outcome.PASSED
    ]


_WORST_FIRST = (
    *(Outcome.ERROR, Outcome.FAILED, Outcome.XPASSED),
    *(Outcome.XFAILED, Outcome.PASSED, Outcome.SKIPPED),
)


def merged(*reports: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """The outcomes of several reports as one; of a test that is in two of them the worse one.

    One that skips a test says nothing of it where another has run it.
    """
    found: dict[str, Outcome] = {}
    for report in reports:
        for test, outcome in report.items():
            found[test] = min(found.get(test, outcome), outcome, key=_WORST_FIRST.index)
    return found


def run_tests(
    checkout: Path,
    environment: Environment,
    *,
    command: str = "",
    timeout: float,
    covered: Sequence[str] | None = None,
    select: Sequence[str] = (),
    progress: Progress,
    sandbox: Sandbox = OFF,
) -> TestRun:
    """Run the tests of ``checkout`` with pytest, in seconds at most ``timeout``.

    ``command``: the project's own pytest command line, whose options are kept. ``covered``: the files whose
    lines are told, relative to the checkout; None: coverage is not measured. ``select``: node ids or files,
    in place of the whole suite. What keeps a run from being the same twice is switched off: random order,
    parallel workers, stopping at the first failure, the cache of earlier runs. Nothing is written into the
    checkout by us.
    """
    checkout = checkout.resolve()
    wanted = read_pytest_command(command)
    if wanted is None:
        error = f"the tests command is not a pytest command line: {command}"
        return TestRun(
            {}, None, {}, [], -1, 0.0, error, "Give one, or measure it as a project dimension by exit code."
        )
    roots = find_roots(checkout)
    progress("running the tests")
    with scratch_folders() as scratch:
        report, coverage_report = scratch.root / "report.jsonl", scratch.root / "coverage.json"
        job = _instructions(scratch, roots, environment, wanted, covered=covered, select=select)
        done = _start(job, scratch, roots, environment, timeout=timeout, sandbox=sandbox)
        found = read_probe(report)
        data = None if covered is None else _coverage(coverage_report)
    run_error = _error(found, done, timeout)
    outside = _outside(found.modules, roots, environment)
    hint = _hint(found, done if run_error else None, roots, environment)
    return TestRun(
        outcomes=found.outcomes,
        coverage=data,
        modules=found.modules,
        outside=outside,
        exit_code=done.returncode,
        duration_s=done.duration_s,
        error=run_error,
        hint=hint or (OUTSIDE_HINT if outside else ""),
        texts=found.collection_errors,
    )


def _instructions(
    scratch: Scratch,
    roots: Roots,
    environment: Environment,
    wanted: PytestCommand,
    *,
    covered: Sequence[str] | None,
    select: Sequence[str],
) -> Path:
    """Write the boot script's instructions; returns the file."""
    settings = {
        "data": str(scratch.root / "coverage.data"),
        "report": str(scratch.root / "coverage.json"),
        "checkout": str(roots.checkout),
        "files": list(covered or ()),
    }
    job = {
        "roots": [str(path) for path in roots.paths],
        "tools": str(environment.tools or ""),
        "probe": str(PROBE),
        "arguments": pytest_arguments(roots.checkout, scratch.root, wanted, select),
        "environment": {**wanted.variables, **child_paths(roots.paths, environment.tools)},
        "coverage": None if covered is None else settings,
    }
    file = scratch.root / "instructions.json"
    file.write_text(json.dumps(job), encoding="utf-8")
    return file


def _start(
    job: Path, scratch: Scratch, roots: Roots, environment: Environment, *, timeout: float, sandbox: Sandbox
) -> Completed:
    extra = {
        "FACTORY_PROBE_REPORT": str(scratch.root / "report.jsonl"),
        "FACTORY_PROBE_NAMES": json.dumps(roots.names),
        "FACTORY_PROBE_PROJECTS": json.dumps([str(roots.checkout), str(environment.project)]),
    }
    argv = [str(environment.python), str(PROBE / "factory_probe_boot.py"), str(job)]
    env = target_env(scratch, python=environment.python, extra=extra)
    argv = confined(argv, roots.checkout, scratch, sandbox, readable=shown(environment))
    return run(argv, cwd=roots.checkout, env=env, timeout=timeout)


def _coverage(report: Path) -> CoverageData:
    try:
        return parse_coverage(report.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return CoverageData(error="the test run ended before coverage was written")


def _hint(found: ProbeReport, failed: Completed | None, roots: Roots, environment: Environment) -> str:
    """What to do about modules that could not be imported, or ""."""
    said = [failed.stdout + failed.stderr] if failed else []
    return absent_hint([*found.collection_errors.values(), *said], roots, environment)


def _error(found: ProbeReport, done: Completed, timeout: float) -> str:
    """Why the run as a whole counts for nothing, or ""."""
    during = f" in {found.running[-1]}" if found.running else ""
    if done.timed_out:
        return f"timed out after {timeout:g} s{during}"
    if found.finished is None:
        return f"the test process ended early, with exit code {done.returncode}{during}: {_tail(done)}"
    if found.finished == USAGE_ERROR:
        return f"pytest could not start: {_tail(done)}"
    if found.finished == INTERNAL_ERROR:
        return f"pytest broke down: {_tail(done)}"
    if found.finished == INTERRUPTED and not found.collection_errors:
        return f"pytest was interrupted{during}: {_tail(done)}"
    return ""


def _tail(done: Completed) -> str:
    """The last lines of what a child said, its errors before its output."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", done.stderr.strip() or done.stdout.strip()) or "it said nothing"
    return "\n".join(text.splitlines()[-TAIL_LINES:])[-TAIL_CHARACTERS:]


def _outside(modules: Mapping[str, str], roots: Roots, environment: Environment) -> list[str]:
    """A sentence for each module of the project that was not the checkout's."""
    installed_in = [environment.prefix, PROBE, *([environment.tools.resolve()] if environment.tools else [])]
    problems = []
    for name, file in sorted(modules.items()):
        path = Path(file)
        if path.is_relative_to(roots.checkout):
            continue
        ours = any(name == unit or name.startswith(unit + ".") for unit in roots.names)
        installed = any(map(path.is_relative_to, installed_in)) or "site-packages" in path.parts
        if ours or not installed:
            where = (
                "the person's checkout"
                if path.is_relative_to(environment.project) and not installed
                else "a copy"
            )
            problems.append(f"{name} was loaded from {where} at {file}, not from the measured commit")
    return problems
