"""What of a change the leakage scan looks at: all of it, however git would show it."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

import pytest

from factory.cycle.lab import open_lab
from factory.cycle.leaks import added_lines, scan_experiment
from factory.models import Experiment, PlanItem
from tests.support.packing import files, packing_project
from tests.support.repos import commit, git

ANSWERS = files()["bench/best_known.json"]


def leaks(project: Path, change: Mapping[str, str | bytes]) -> list[str]:
    """What is found in an experiment that changes these files."""
    lab = open_lab(project, lambda _: None)
    baseline = git(project, "rev-parse", "HEAD")
    for name, data in change.items():
        (project / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    head = commit(project, {}, "Try")
    experiment = Experiment(
        id=1, cycle="c", branch="b", target="main", baseline=baseline, hypothesis="Try",
        category="FIX", item=PlanItem(phase=1, title="Try", category="FIX"), begun="2026-01-01T00:00:00Z",
    )  # fmt: skip
    found = scan_experiment(lab, experiment, head, lab.required_policy(baseline))
    return sorted({leak.where for leak in found.leaks})


@pytest.mark.parametrize(
    "change",
    [
        {"packing/table.py": f"X = 1;\x0cTABLE = '''{' '.join(ANSWERS.split())}'''\n"},
        {"packing/table.bin": b"\0" + ANSWERS.encode()},
        {"packing/table.gz": gzip.compress(ANSWERS.encode())},
        {".gitattributes": "*.py -diff\n", "packing/table.py": f"TABLE = '''{ANSWERS}'''\n"},
    ],
    ids=["behind a form feed", "binary", "compressed", "attributes"],
)
def test_answers_are_found_whatever_they_are_wrapped_in(
    tmp_path: Path, change: Mapping[str, str | bytes]
) -> None:
    project = packing_project(tmp_path / "packing")
    assert [place for place in change if place != ".gitattributes"] == leaks(project, change)


def test_a_line_ends_where_git_says_that_it_does() -> None:
    diff = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -0,0 +1 @@\n+a = 1\x0cb = '\u2028'\n"
    assert added_lines(diff) == {"x.py": "a = 1\x0cb = '\u2028'"}
