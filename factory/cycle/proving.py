"""Proving the dimensions of a project alive, in throwaway checkouts of one of its commits."""

from __future__ import annotations

from collections.abc import Iterator

from factory.cycle.failures import known_flaky
from factory.cycle.lab import Lab
from factory.evals.prove import Bench, Proof, prove
from factory.git import scratch_checkout


def prove_dimensions(lab: Lab, commit: str) -> Iterator[Proof]:
    """A proof for each dimension of the policy at ``commit``.

    Raises BadInput where there is no policy.
    """
    bench = Bench(
        checkouts=lambda: scratch_checkout(lab.repo, commit, parent=lab.workspaces),
        config=lab.required_policy(commit),
        project_root=lab.paths.root,
        home=lab.home,
        sandbox=lab.sandbox,
        progress=lab.progress,
        flaky=frozenset(known_flaky(lab)),
    )
    return prove(bench)
