"""A plan's phases as issues: opened once, with the phase's own words, and told of their outcome."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from factory.cycle.hub import hub_of
from factory.cycle.lab import open_lab
from factory.cycle.phase_issues import tell_outcome
from factory.cycle.steps import hosting
from factory.errors import EnvironmentLacking
from factory.github.texts import ExperimentReview, Scores
from factory.models import PlanItem
from tests.support.cli import Result, factory
from tests.support.cycles import Scripted, Silent, run, verdict
from tests.support.github_server import Hosted
from tests.support.hosted import WITH_ISSUES, hosted_project, needs_gh
from tests.support.projects import POLICY, events, history
from tests.support.repos import git

pytestmark = needs_gh
ONLY_ISSUES = WITH_ISSUES.replace("pull_requests = true\n", "")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return hosted_project(tmp_path, policy=POLICY + ONLY_ISSUES)[0]


def run_cycle(project: Path, *options: str) -> Result:
    return factory("run", project, "--runner", "offline", *options)


def test_a_kept_phase_closes_its_issue(project: Path, hub: Hosted) -> None:
    run_cycle(project).expect(0)
    row = history(project)[0]
    issue = hub.issues[1]
    assert (issue["title"], issue["state"]) == (row["hypothesis"], "closed")
    assert "- **What:** " in issue["body"] and f"<!-- factory-phase: {row['cycle']}/1 -->" in issue["body"]
    assert row["issue_number"] == 1
    comment = hub.comments[1][0]["body"]
    assert comment.startswith("Experiment `#1` was kept: improved: ")
    assert f"| Delta | {row['delta']:+.4f} |" in comment
    assert git(project, "rev-parse", "main") == row["commit"]


def test_a_reverted_phase_is_told_and_stays_open(project: Path, hub: Hosted) -> None:
    ceo = [verdict("PROCEED"), verdict("PROCEED"), verdict("ABORT", reason="not like this, @pat")]
    cycle = run(project, Scripted({"ceo": ceo}))
    assert [r["verdict"] for r in cycle.state.finalized.values()] == ["revert"]
    assert hub.issues[1]["state"] == "open"
    (comment,) = hub.comments[1]
    assert comment["body"].startswith("Experiment `#1` was not kept: review: ")
    assert "@pat" not in comment["body"]


def test_with_pull_requests_the_merge_closes_it(tmp_path: Path, hub: Hosted) -> None:
    (tmp_path / "both").mkdir()
    project, bare = hosted_project(tmp_path / "both", policy=POLICY + WITH_ISSUES)
    hub.bare = bare
    run_cycle(project).expect(0)
    assert hub.pulls[2]["body"].startswith("Closes #1\n")
    assert hub.issues[1]["state"] == "open"
    assert "It is pull request #2." in hub.comments[1][0]["body"]


def test_it_stays_open_while_its_pull_request_could_not_be_opened(tmp_path: Path, hub: Hosted) -> None:
    (tmp_path / "both").mkdir()
    lab = open_lab(hosted_project(tmp_path / "both", policy=POLICY + WITH_ISSUES)[0], lambda _: None)
    number = hub.add_issue("a phase")
    told = ExperimentReview(1, "h", "c", True, "improved", Scores(None, None))
    assert not tell_outcome(hub_of(lab, lab.policy("HEAD")), number, told, "", "k")
    assert (hub.issues[number]["state"], len(hub.comments[number])) == ("open", 1)


def test_the_issues_that_were_opened_are_known_though_others_were_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def opened(hub: object, item: PlanItem, *_: object) -> Any:
        if item.phase == 2:
            raise EnvironmentLacking("a rate limit")
        return SimpleNamespace(number=7)

    monkeypatch.setattr(hosting, "open_phase_issue", opened)
    monkeypatch.setattr(hosting, "cycle_hub", lambda cycle: SimpleNamespace(lacking=""))
    items = [PlanItem(phase=n, title="t", category="FIX") for n in (1, 2)]
    cycle: Any = SimpleNamespace(
        id="c", items=items, state=SimpleNamespace(result=lambda _: {}), progress=Silent(),
        journal=SimpleNamespace(events=lambda: [SimpleNamespace(ts="")]),
    )  # fmt: skip
    assert hosting.open_issues(cycle, "").result == {"left_out": "a rate limit", "issues": {"1": 7}}


@pytest.mark.parametrize("drop", [("POST", "/issues"), ("POST", "/issues/1/comments")])
def test_what_was_cut_off_is_not_sent_twice(project: Path, hub: Hosted, drop: tuple[str, str]) -> None:
    hub.drop = drop
    run_cycle(project).expect(0)
    assert hub.drop is None
    assert (list(hub.issues), len(hub.comments[1]), hub.issues[1]["state"]) == ([1], 1, "closed")


def test_a_rate_limit_holds_nothing_up(project: Path, hub: Hosted) -> None:
    hub.fault = "limited"
    done = run_cycle(project).expect(0)
    assert "the phases' issues: not on GitHub: gh api graphql failed: gh: API rate limit exceeded" in done.err
    assert (history(project)[0]["verdict"], hub.issues) == ("keep", {})


def test_a_step_that_is_run_again_finds_what_it_had_sent(project: Path, hub: Hosted) -> None:
    """As after a crash between the request and the journal: the step's end is taken out of the journal."""
    process = run_cycle(project).expect(0)
    assert process.code == 0
    journal = events(project)
    cycle = journal[0].cycle
    path = project / ".factory" / "cycles" / f"{cycle}.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    cut = next(
        i for i, e in enumerate(journal) if e.type == "step.completed" and e.data["step"] == "open_issues"
    )
    path.write_text("".join(lines[:cut]))
    sent = list(hub.written())
    run_cycle(project)
    assert [w for w in hub.written()[len(sent) :] if w == ("POST", "/repos/acme/calc/issues")] == []
    assert len(hub.issues) == 1


def test_switched_off_nothing_is_asked(project: Path, hub: Hosted) -> None:
    run_cycle(project, "--no-github").expect(0)
    assert hub.requests == []
