"""The metric of research mode: run, repeated in pairs with fresh seeds, and compared with the best so far."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from factory.config import ProjectConfig
from factory.cycle.lab import Lab
from factory.cycle.measuring import judged_checkout
from factory.evals.files import checkout_files
from factory.evals.judge_settings import judge_patterns
from factory.fsio import utc_now
from factory.globs import matches
from factory.models import RatchetRecord, ResearchRun
from factory.paths import CONFIG_FILE
from factory.research.ratchet import Moved, compare_runs
from factory.research.run import run_target

RunKind = Literal["run", "held_out"]


def held_out_folder(lab: Lab) -> Path:
    """Where a person puts what only held-out runs may see; it is laid over their checkouts."""
    return lab.home.held_out / lab.paths.key


@dataclass(frozen=True)
class Bench:
    """What all runs of one comparison share.

    ``judge`` is the commit whose fixed files, harness and policy are in force; ``purpose`` names the
    comparison, ``experiment`` is what it is for, if it is for one.
    """

    lab: Lab
    policy: ProjectConfig
    judge: str
    cycle: str
    purpose: str
    kind: RunKind = "run"
    experiment: int | None = None

    def run(self, commit: str, name: str, seed: int | None = None) -> ResearchRun:
        """One run on ``commit`` under ``name``; what was run for that already is not run again.

        Without a ``seed`` it gets a fresh one, which nobody could know before.
        """
        purpose = f"{self.cycle}/{self.purpose}/{name}"
        stored = self.lab.runs.find(purpose, commit)
        return stored or self._make(commit, purpose, secrets.randbelow(2**31) if seed is None else seed)

    def _make(self, commit: str, purpose: str, seed: int) -> ResearchRun:
        lab, settings = self.lab, self.policy.research
        command = settings.held_out if self.kind == "held_out" else settings.run
        lab.say(f"run {purpose.partition('/')[2]} with seed {seed}")
        with judged_checkout(lab, commit, self.judge, self.policy) as checkout:
            harness = research_harness(self.policy, checkout)
            if self.kind == "held_out" and held_out_folder(lab).is_dir():
                shutil.copytree(held_out_folder(lab), checkout, dirs_exist_ok=True, symlinks=True)
            ran = run_target(
                checkout,
                command,
                seed,
                config=self.policy,
                project_root=lab.paths.root,
                home=lab.home,
                sandbox=lab.sandbox,
                progress=lab.progress,
            )
        run = ResearchRun(
            kind=self.kind,
            purpose=purpose,
            cycle=self.cycle,
            experiment=self.experiment,
            commit=commit,
            tree=lab.repo.tree(commit),
            harness=harness,
            command=command,
            seed=seed,
            metric=settings.metric,
            value=ran.value,
            exit_code=ran.exit_code,
            error=ran.error,
            duration_s=round(ran.duration_s, 3),
            timestamp=utc_now(),
        )
        return lab.runs.add(run, ran.result, ran.log)

    def pairs(self, before: str, after: str) -> Iterator[tuple[ResearchRun, ResearchRun]]:
        """Runs of both commits in turn, each pair with one fresh seed; ends where a run fails."""
        for number in range(1, self.policy.research.repeats + 1):
            old = self.run(before, f"{number}/before")
            new = self.run(after, f"{number}/after", old.seed)
            yield old, new
            if old.value is None or new.value is None:
                return


def research_harness(policy: ProjectConfig, checkout: Path) -> str:
    """Who judges the metric: twelve hexadecimal digits over the target's settings and the fixed files."""
    settings = policy.research
    shaping = (settings.objective, settings.metric, settings.run, settings.result, settings.timeout)
    digest = hashlib.sha256(repr(("research", 1, shaping)).encode())
    patterns = (*judge_patterns(policy.scope), *settings.fixed)
    for path in checkout_files(checkout):
        place = checkout / path
        if path != CONFIG_FILE and matches(patterns, path) and place.is_file():
            digest.update(path.encode("utf-8", "surrogateescape") + b"\0")
            digest.update(hashlib.sha256(place.read_bytes()).digest())
    return digest.hexdigest()[:12]


def ratchet(bench: Bench, best: str, candidate: str) -> RatchetRecord:
    """Whether ``candidate`` is better than ``best`` beyond luck, both run anew in pairs.

    A candidate whose run fails has regressed; where the best itself fails, nothing can be said.
    """
    made = list(bench.pairs(best, candidate))
    sides = [[run.value for run in side if run.value is not None] for side in zip(*made, strict=True)]
    moved = _moved(bench, made)
    settings = bench.policy.research
    return RatchetRecord(
        commit=candidate,
        baseline=best,
        metric=settings.metric,
        objective="maximize" if settings.sign > 0 else "minimize",
        harness=made[0][0].harness,
        seeds=[old.seed for old, _ in made],
        runs=[run.number for pair in made for run in pair],
        before=sides[0],
        after=sides[1],
        gain=None if moved is None else moved.gain,
        direction=moved.direction if moved else _failed_side(made),
        rationale=moved.rationale if moved else _why_failed(made),
    )


def _moved(bench: Bench, made: list[tuple[ResearchRun, ResearchRun]]) -> Moved | None:
    before = [old.value for old, _ in made if old.value is not None]
    after = [new.value for _, new in made if new.value is not None]
    if len(before) < len(made) or len(after) < len(made):
        return None
    settings = bench.policy.research
    return compare_runs(before, after, metric=settings.metric, sign=settings.sign, min_gain=settings.min_gain)


def _failed_side(made: list[tuple[ResearchRun, ResearchRun]]) -> Literal["regressed", "inconclusive"]:
    return "inconclusive" if made[-1][0].value is None else "regressed"


def _why_failed(made: list[tuple[ResearchRun, ResearchRun]]) -> str:
    old, new = made[-1]
    if old.value is None:
        return f"the best so far could not be run any more (run {old.number}): {old.error}"
    return f"the candidate's run {new.number} failed with seed {new.seed}: {new.error}"


def held_out(bench: Bench, first: str, last: str) -> tuple[Moved | None, list[int], str]:
    """How the metric moved on the held-out runs from a cycle's first to its last state.

    With it the numbers of the runs, and why there is no answer where there is none.
    """
    made = list(bench.pairs(first, last))
    moved = _moved(bench, made)
    return moved, [run.number for pair in made for run in pair], "" if moved else _why_failed(made)
