"""Measuring one checkout: setup, smoke test, dimensions, constraints; or what is cached for its tree."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from factory.config import ProjectConfig
from factory.evals import checkers
from factory.evals.cache import MeasurementCache, cache_key, resampled
from factory.evals.commands import CommandRun, run_command
from factory.evals.environment import prepare
from factory.evals.gather import measure_dimensions, run_suite
from factory.evals.javascript import is_unpinned
from factory.evals.plan import is_built_in
from factory.evals.programs import installations, programs
from factory.evals.progress import Progress
from factory.evals.score import composite
from factory.evals.subject import Subject, open_subject, run_check
from factory.evals.surroundings import search_path
from factory.evals.testrun import TestRun
from factory.models import CommandResult, Measurement
from factory.paths import HomePaths, factory_home
from factory.sandbox import OFF, Sandbox

NO_ENVIRONMENT = "none"

_REMARK = re.compile(r"npm (notice|warn)\b")


def measure(
    checkout: Path,
    *,
    config: ProjectConfig,
    commit: str,
    tree: str,
    harness: str,
    project_root: Path,
    project_key: str,
    progress: Progress,
    home: HomePaths | None = None,
    sandbox: Sandbox = OFF,
    fresh: bool = False,
) -> Measurement:
    """Measure a fresh checkout of ``commit``, or return what is cached for its tree.

    ``config`` is the baseline's, and decides what is measured; ``harness`` is who measures. With ``fresh``
    the noisy dimensions are sampled anew, and only they when the rest is cached. A failing smoke test leaves
    the rest unmeasured. ``sandbox`` is what the project's code runs in. Raises EnvironmentLacking when there
    is no interpreter to measure with.
    """
    home = home or factory_home()
    started = time.monotonic()
    subject = open_subject(checkout, config, project_root, home, progress, sandbox=sandbox)
    blank = _blank(subject, commit, tree, harness)
    cache = MeasurementCache(home.cache / project_key)
    known = None if is_unpinned(config.eval.setup, subject.files) else cache.get(blank.key)
    noisy = {spec.name for spec in subject.dimensions if spec.noisy}
    if known is not None and not (fresh and noisy):
        progress("unchanged since it was measured: taken from the cache")
        return known.model_copy(update={"commit": commit})
    result = _measure(subject, blank, noisy if known is not None else None)
    result = result.model_copy(update={"duration_s": round(time.monotonic() - started, 3)})
    if known is not None:
        return resampled(known, result, config.eval.weights).model_copy(update={"commit": commit})
    cache.put(result)
    return result


def sample(
    checkout: Path,
    *,
    config: ProjectConfig,
    commit: str,
    tree: str,
    project_root: Path,
    sandbox: Sandbox,
    progress: Progress,
    home: HomePaths | None = None,
    only: Collection[str] | None = None,
) -> Measurement:
    """Measure a fresh checkout, all of it or ``only`` some dimensions.

    The cache is left alone, and no harness is told: it is compared with nothing that is on record.
    """
    started = time.monotonic()
    subject = open_subject(checkout, config, project_root, home or factory_home(), progress, sandbox=sandbox)
    result = _measure(subject, _blank(subject, commit, tree, harness=""), only)
    return result.model_copy(update={"duration_s": round(time.monotonic() - started, 3)})


def test_once(
    checkout: Path,
    *,
    config: ProjectConfig,
    project_root: Path,
    progress: Progress,
    home: HomePaths | None = None,
    sandbox: Sandbox = OFF,
) -> TestRun:
    """One more run of the whole suite on a fresh checkout, to confirm or excuse a new failure."""
    subject = open_subject(checkout, config, project_root, home or factory_home(), progress, sandbox=sandbox)
    wrong = _prepare(subject)
    if wrong:
        return TestRun({}, None, {}, [], -1, 0.0, wrong)
    return run_suite(subject, timeout=config.eval.time_limit)


def check_once(
    checkout: Path,
    name: str,
    command: str,
    *,
    config: ProjectConfig,
    project_root: Path,
    progress: Progress,
    home: HomePaths | None = None,
    sandbox: Sandbox = OFF,
) -> CommandResult:
    """Run a plan item's own check on a fresh checkout, in the environment that measures it."""
    subject = open_subject(checkout, config, project_root, home or factory_home(), progress, sandbox=sandbox)
    wrong = _prepare(subject)
    if wrong:
        return CommandResult(name=name, command=command, exit_code=-1, output=wrong, complete=False)
    return run_check(subject, name, command, with_ruff=True)


def run_once(
    checkout: Path,
    command: str,
    *,
    config: ProjectConfig,
    timeout: float,
    variables: Mapping[str, str],
    project_root: Path,
    progress: Progress,
    home: HomePaths | None = None,
    sandbox: Sandbox = OFF,
) -> CommandRun:
    """Run a research target's command on a fresh checkout, in the environment that measures it.

    ``timeout`` is in seconds; ``variables`` are added to its environment.
    """
    subject = open_subject(checkout, config, project_root, home or factory_home(), progress, sandbox=sandbox)
    wrong = _prepare(subject)
    if wrong:
        return CommandRun(command, -1, "", wrong, 0.0)
    return run_command(
        command,
        checkout=subject.checkout,
        environment=subject.environment,
        timeout=timeout,
        sandbox=subject.sandbox,
        variables=variables,
    )


def _blank(subject: Subject, commit: str, tree: str, harness: str) -> Measurement:
    """A measurement with nothing in it but what it is of, and its key."""
    search = search_path(subject.environment.python if subject.environment else None)
    python, named = subject.environment, programs(_commands(subject), search)
    environment = "-".join(filter(None, [python.fingerprint if python else "", named])) or NO_ENVIRONMENT
    tools = {"ruff": checkers.ruff_version()}
    if named:
        tools["programs"] = installations(search_path(None))
    if subject.sandbox.active:
        tools["sandbox"] = subject.sandbox.kind
    return Measurement(
        commit=commit,
        tree=tree,
        harness=harness,
        environment=environment,
        key=cache_key(tree, harness, environment, tools),
        timestamp=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _commands(subject: Subject) -> list[str]:
    """What is run by the project's own command lines, and not by us."""
    settings = subject.config.eval
    own = [spec.command for spec in subject.dimensions if not is_built_in(spec)]
    return [*own, settings.setup, settings.smoke, *(constraint.check for constraint in settings.constraints)]


def _measure(subject: Subject, blank: Measurement, only: Collection[str] | None) -> Measurement:
    """Fill in a measurement; ``only`` names the dimensions to sample, None means all."""
    settings = subject.config.eval
    wrong = _prepare(subject)
    if wrong:
        return blank.model_copy(update={"void": wrong})
    subject = replace(subject, judge=subject.look())
    if settings.smoke:
        subject.progress("smoke test")
        smoke = run_check(subject, "smoke", settings.smoke)
        blank = blank.model_copy(update={"smoke": smoke})
        if not smoke.passed:
            return blank
    specs = [spec for spec in subject.dimensions if only is None or spec.name in only]
    found = measure_dimensions(subject, specs)
    constraints = [run_check(subject, c.name, c.check) for c in settings.constraints] if only is None else []
    return blank.model_copy(
        update={
            "dimensions": found.dimensions,
            "tests": dict(found.tests),
            "void": found.void,
            "constraints": constraints,
            "composite": None if found.void else composite(found.dimensions, settings.weights),
        }
    )


def _prepare(subject: Subject) -> str:
    """Run ``[eval] setup``; returns what went wrong, or "".

    It may prepare whatever it likes but the harness, which a build script of the checkout's could rewrite.
    """
    setup = subject.config.eval.setup
    if not setup:
        return ""
    subject.progress("setup")
    before = subject.look()
    return _run_setup(subject, setup) or before.touched(before.harness)


def _run_setup(subject: Subject, setup: str) -> str:
    if subject.environment is not None:
        left = subject.deadline.left()
        return prepare(subject.checkout, subject.environment, setup, sandbox=subject.sandbox, timeout=left)
    done = run_command(
        setup,
        checkout=subject.checkout,
        environment=None,
        timeout=subject.deadline.left(),
        network=True,
        sandbox=subject.sandbox,
    )
    return f"[eval] setup failed with exit code {done.exit_code}: {_telling(done)}" if done.exit_code else ""


def _telling(done: CommandRun) -> str:
    """What says most about a failure: from the first line on that speaks of an error, without remarks."""
    if done.timed_out:
        return "its time was up"
    lines = [line for line in f"{done.stdout}\n{done.stderr}".splitlines() if not _REMARK.match(line)]
    first = next((n for n, line in enumerate(lines) if "error" in line.lower()), max(len(lines) - 5, 0))
    return " ".join(" ".join(lines[first:]).split())[:300]
