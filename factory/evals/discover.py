"""Finding out how a project can be measured, by trying: each candidate runs twice, in fresh checkouts."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from factory.config import DimensionSpec, ProjectConfig, default_project
from factory.evals import noise
from factory.evals.detect import Detected, detect
from factory.evals.environment import prepare
from factory.evals.files import checkout_files
from factory.evals.gather import TEST_DIMENSIONS
from factory.evals.plan import is_built_in
from factory.evals.progress import Progress, Remark
from factory.evals.roots import find_roots
from factory.evals.run import sample
from factory.evals.score import composite
from factory.evals.setup_file import PROTECTED, Kept, Setup, render
from factory.evals.steady import flipping, without
from factory.evals.subject import Subject, open_subject, run_check
from factory.models import DimensionScore, Measurement, Outcome, Tier
from factory.paths import HomePaths, factory_home
from factory.sandbox import Sandbox

BUILD_EXTENSIONS = "python setup.py build_ext --inplace"
BUILD_WHEEL = (
    'python -m pip wheel --quiet --no-deps --wheel-dir "$TMPDIR/wheel" . && '
    'python -m zipfile --extract "$TMPDIR"/wheel/*.whl "$TMPDIR/built" && cp -R "$TMPDIR/built/." {root}'
)
"""Any build system's own build, with what it compiles and generates put beside the sources."""

MODULE_SUFFIXES = (".so", ".pyd")

CheckoutFactory = Callable[[], AbstractContextManager[Path]]


@dataclass(frozen=True, slots=True)
class Tried:
    """What two runs of a candidate showed. ``scores``: of both; ``reason``: why it was dropped, or ""."""

    spec: DimensionSpec
    scores: tuple[float | None, float | None]
    duration_s: float
    reason: str = ""

    @property
    def kept(self) -> bool:
        """Whether it goes into ``factory.toml``."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found. ``config_text`` is the proposed ``factory.toml``; nothing has been written.

    ``composite`` is that of the first run over what was kept; ``failing``: tests that fail already;
    ``flaky``: tests with both outcomes in the two runs, left out of the scores; ``notes``: what a person
    should know.
    """

    language: str
    tools: list[str]
    tried: list[Tried]
    composite: float | None
    duration_s: float
    failing: list[str]
    flaky: list[str]
    notes: list[str]
    config_text: str

    @property
    def untestable(self) -> str:
        """Why no test could be run, or none passes, or "": then no change could be shown to be harmless."""
        tests = next((t for t in self.tried if t.spec.name == "tests" and is_built_in(t.spec)), None)
        if tests is None or tests.reason or not self.failing or any(tests.scores):
            return tests.reason if tests else ""
        return " ".join(note for note in self.notes if note)


def discover(
    project_root: Path,
    checkout_factory: CheckoutFactory,
    *,
    target_branch: str,
    sandbox: Sandbox,
    progress: Progress,
    home: HomePaths | None = None,
) -> Discovery:
    """Look at a fresh checkout, try what may be measured twice, and propose a ``factory.toml``.

    ``checkout_factory`` gives a new checkout of the same commit each time; ``sandbox`` is what the project's
    code runs in. Raises EnvironmentLacking when there is no interpreter to measure with.
    """
    home = home or factory_home()
    with checkout_factory() as checkout:
        found = detect(checkout, checkout_files(checkout))
        progress(f"{found.language}; {len(found.candidates)} dimensions to try")
        opened = partial(
            open_subject, checkout, default_project(), project_root, home, progress, sandbox=sandbox
        )
        found = _with_build_step(found, opened, progress)
        found = _with_working_smoke(found, opened)
    config = _trial_config(found)
    runs: list[Measurement] = []
    for number in ("first", "second"):
        progress(f"{number} trial")
        with checkout_factory() as checkout:
            runs.append(
                sample(
                    checkout, config=config, commit="", tree="", project_root=project_root,
                    home=home, sandbox=sandbox, progress=progress,
                )
            )  # fmt: skip
    return _conclude(found, runs[0], runs[1], target_branch)


def _trial_config(found: Detected) -> ProjectConfig:
    """The defaults with every candidate in it."""
    config = default_project()
    scope = replace(config.scope, read_only=PROTECTED)
    settings = replace(config.eval, dimensions=tuple(found.candidates), setup=found.setup, smoke=found.smoke)
    return replace(config, scope=scope, eval=settings)


def _with_build_step(found: Detected, opened: Callable[[], Subject], progress: Progress) -> Detected:
    """The same with the command that builds its extensions, where it has some and the command works."""
    if found.setup or found.language != "Python":
        return found
    subject = opened()
    checkout, environment = subject.checkout, subject.environment
    lacking = _lacking(checkout, environment.project_files if environment else ())
    if environment is None or not lacking:
        return found
    progress(Remark(f"looking for a command that builds {lacking[0]}, which a fresh checkout lacks"))
    for command in _build_commands(checkout):
        if not prepare(checkout, environment, command, sandbox=subject.sandbox) and not _lacking(
            checkout, lacking
        ):
            return replace(found, setup=command)
    note = f"A fresh checkout lacks {lacking[0]}: set [eval] setup to the command that builds it."
    return replace(found, notes=[*found.notes, note])


def _lacking(checkout: Path, installed: Sequence[str]) -> list[str]:
    """The modules that an installed copy has in folders which the checkout has too, without the module:
    compiled or generated when the project is built.
    """
    roots = find_roots(checkout).paths
    modules = [Path(file) for file in installed if file.endswith((*MODULE_SUFFIXES, ".py"))]
    return [
        str(module)
        for module in modules
        if not any((root / module).exists() for root in roots)
        and (module.suffix in MODULE_SUFFIXES or any((root / module).parent.is_dir() for root in roots))
    ]


def _build_commands(checkout: Path) -> Iterator[str]:
    """What may build the rest of a checkout, the cheapest first."""
    if (checkout / "setup.py").is_file():
        yield BUILD_EXTENSIONS
    root = find_roots(checkout).paths[0].relative_to(checkout)
    yield BUILD_WHEEL.format(root=shlex.quote(str(root)))


def _with_working_smoke(found: Detected, opened: Callable[[], Subject]) -> Detected:
    """The same without its smoke test where that does not pass now: what always fails tells nothing."""
    if not found.smoke:
        return found
    return found if run_check(opened(), "smoke", found.smoke).passed else replace(found, smoke="")


def _conclude(found: Detected, one: Measurement, two: Measurement, target_branch: str) -> Discovery:
    flaky = flipping([one, two])
    first, second = without([one, two], flaky)
    tried = [_judge(spec, first, second) for spec in found.candidates]
    kept = [t for t in tried if t.kept]
    names = {t.spec.name for t in kept}
    total = composite([d for d in first.dimensions if d.name in names])
    slowest = max(first.duration_s, second.duration_s)
    setup = Setup(
        language=found.language,
        goal=found.goal,
        target_branch=target_branch,
        modifiable=found.modifiable,
        kept=[Kept(t.spec, t.scores[0], t.duration_s) for t in kept],
        dropped=[(t.spec.name, t.reason) for t in tried if not t.kept],
        composite=total,
        duration_s=slowest,
        setup=found.setup,
        smoke=found.smoke,
        judging=found.judging,
    )
    return Discovery(
        language=found.language,
        tools=found.tools,
        tried=tried,
        composite=total,
        duration_s=slowest,
        failing=_failing(first),
        flaky=sorted(flaky),
        notes=[*found.notes, *_notes(first, second, kept, sorted(flaky))],
        config_text=render(setup),
    )


def _judge(spec: DimensionSpec, first: Measurement, second: Measurement) -> Tried:
    sides = [
        m.dimension(spec.name) or DimensionScore(name=spec.name, tier=Tier(spec.tier), error=m.void)
        for m in (first, second)
    ]
    scores = (sides[0].score, sides[1].score)
    duration = max(side.duration_s for side in sides)
    reason = next((side.error for side in sides if side.score is None and side.error), "")
    if not reason and spec.name in TEST_DIMENSIONS and is_built_in(spec):
        reason = first.void or second.void
    noisy = not reason and noise.differs(*scores)
    return Tried(replace(spec, noisy=noisy), scores, duration, reason)


def _failing(measurement: Measurement) -> list[str]:
    return [t for t, o in sorted(measurement.tests.items()) if o in (Outcome.FAILED, Outcome.ERROR)]


def _notes(first: Measurement, second: Measurement, kept: Sequence[Tried], flaky: Sequence[str]) -> list[str]:
    failing = _failing(first)
    notes = [second.void] if second.void and not first.void else []
    tests = next((t for t in kept if t.spec.name == "tests"), None)
    if tests is not None and not tests.spec.command and not first.tests and not flaky:
        notes.append("There are no tests yet: the first ones will raise the score.")
    if failing:
        some = ", ".join(failing[:3])
        every = len(first.tests) + len(flaky)
        count = f"{len(failing)} of {every} tests fail already, and can guard nothing: {some}"
        measured = first.dimension("tests")
        hint = measured.details.get("hint", "") if measured else ""
        notes.append(f"{count}. {hint}" if hint else count)
    if flaky:
        notes.append(f"flaky, so no keep and no revert rests on it: {', '.join(flaky)}")
    if not kept:
        notes.append("Nothing could be measured: add a dimension of your own to factory.toml.")
    return notes
