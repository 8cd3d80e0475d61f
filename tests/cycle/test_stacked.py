"""Several kept experiments of one cycle: pull requests that stand on one another, and what each closes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from factory.cycle.lab import open_lab
from factory.cycle.steps.hosting import column
from tests.support.cli import factory
from tests.support.cycles import Scripted, run, said
from tests.support.github_server import Hosted
from tests.support.hosted import hosted_project, needs_gh
from tests.support.projects import CLEAN_SUMS, SUMS, history
from tests.support.repos import git

pytestmark = needs_gh

PLAN = """\
# Improvement Cycle — Specification
## 1. Current State
Lint has two findings.
## 2. Goals and Non-Goals
### 2.1 Goals
- Fewer findings.
### 2.2 Non-Goals
- (none)
## 3. Design Space
| dimension | score | notes |
|---|---|---|
| lint | 0.9 | two findings |

**Underserved:** Testing
## 4. Detailed Specification
### 4.1 Remove the import of sys for #1
- **What:** Nothing uses it. It serves #1.
- **How:** The line goes. Nothing else changes.
- **Why:** `lint` counts it.
- **Category:** FIX
- **Expected impact:** lint 0.9→0.95
- **Priority:** high
### 4.2 Drop what nobody needs (os), serving #1 and #2
- **What:** Nothing uses it. It serves #1 and #2.
- **How:** The line goes. Nothing else changes.
- **Why:** `lint` counts it.
- **Category:** FIX
- **Expected impact:** lint 0.95→1.0
- **Priority:** high
## 5. Implementation Plan
### Phase 1: Remove the import of sys for #1 (§4.1, FIX)
- [ ] remove the line
- **Depends on:** none
- **Scope:** one PR
### Phase 2: Drop what nobody needs (os), serving #1 and #2 (§4.2, FIX)
- [ ] remove the line
- **Depends on:** Phase 1
- **Scope:** one PR
## 6. Anti-patterns
(none)
## 7. Blocked (requires user input)
(none)
## 8. Proposed Backlog Additions
(none)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return hosted_project(tmp_path)[0]


def builder(texts: list[str]) -> list[Any]:
    def write(text: str) -> Any:
        def work(invocation: Any) -> Any:
            (invocation.cwd / "calc" / "sums.py").write_text(text)
            return said("Done.")

        return work

    return [write(text) for text in texts]


def cycle_with(project: Path, texts: list[str]) -> None:
    assert open_lab(project, lambda _: None).repo.remote_url()
    items = [{"kind": "issue", "text": f"#{n}", "title": "t", "body": "", "author": "pat"} for n in (1, 2)]
    run(
        project,
        Scripted({"strategist": [PLAN], "builder": builder(texts)}),
        focus="1,2",
        focus_items=items,
    )


def test_the_second_stands_on_the_first_and_closes_what_is_now_whole(project: Path, hub: Hosted) -> None:
    hub.add_issue("one")
    hub.add_issue("two")
    cycle_with(project, [SUMS.replace("import sys\n", ""), CLEAN_SUMS])
    rows = history(project)
    assert [(r["verdict"], r["issue_number"], r["pr_number"]) for r in rows] == [
        ("keep", 1, 3),
        ("keep", "1|2", 4),
    ]
    first, second = hub.pulls[3], hub.pulls[4]
    assert (first["base"]["ref"], second["base"]["ref"]) == ("main", rows[0]["branch"])
    assert first["body"].startswith("Part of #1\n\n")
    assert second["body"].startswith("Closes #1\nCloses #2\n\nStands on #3: merge that one first.\n")
    assert git(hub.bare, "rev-parse", rows[1]["branch"]) == rows[1]["commit"]
    assert "#3 (" in factory("integrate", project).expect(0).out


def test_what_is_sent_later_closes_the_same(project: Path, hub: Hosted) -> None:
    hub.fault = "limited"
    cycle_with(project, [SUMS.replace("import sys\n", ""), CLEAN_SUMS])
    hub.fault = ""
    assert "waits on #1 (" in factory("integrate", project).expect(0).out
    assert hub.pulls[1]["body"].startswith("Part of #1\n\n")
    assert hub.pulls[2]["body"].startswith("Closes #1\nCloses #2\n\nStands on #1: merge that one first.\n")


def test_an_issue_whose_first_part_was_not_kept_stays_open(project: Path, hub: Hosted) -> None:
    hub.add_issue("one")
    hub.add_issue("two")
    cycle_with(project, [SUMS + "\nimport json\n", CLEAN_SUMS])
    rows = history(project)
    assert [r["verdict"] for r in rows] == ["revert", "keep"]
    assert hub.pulls[3]["body"].startswith("Closes #2\nPart of #1\n\n")
    assert hub.pulls[3]["base"]["ref"] == "main"


@pytest.mark.parametrize(
    ("names", "written"),
    [([], None), (["#4"], 4), (["o/r#4"], "o/r#4"), (["#4", "o/r#5"], "4|o/r#5")],
)
def test_the_logs_column(names: list[str], written: int | str | None) -> None:
    assert column(names) == written
