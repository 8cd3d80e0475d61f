"""``factory review --pr``: one structured review, bound to its commit, brought up to date in place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.cli import Result, factory
from tests.support.github_server import ME, SLUG, Hosted
from tests.support.hosted import hosted_project, needs_gh
from tests.support.projects import CLEAN_SUMS, WORSE_SUMS, begin, history
from tests.support.repos import commit, git

pytestmark = needs_gh


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return hosted_project(tmp_path)[0]


def review(project: Path, *options: str) -> Result:
    return factory("review", project, *options)


def strangers_pull(hub: Hosted, project: Path, files: dict[str, str | None]) -> tuple[int, str]:
    """A pull request that is no experiment; its number and commit."""
    git(project, "switch", "--quiet", "--create", "topic")
    sha = commit(project, files, "A change")
    git(project, "push", "--quiet", "origin", "topic")
    git(project, "switch", "--quiet", "main")
    git(project, "branch", "--quiet", "-D", "topic")
    number = hub.add_pull("topic", "A change", "What it is for.")
    git(hub.bare, "update-ref", f"refs/pull/{number}/head", sha)
    return number, sha


class TestAnExperiment:
    def test_the_review_in_full(self, project: Path, hub: Hosted) -> None:
        factory("run", project, "--runner", "offline").expect(0)
        row = history(project)[0]
        done = review(project, "--pr", "1").expect(0)
        posted = hub.reviews[1]
        assert len(posted) == 1
        assert (posted[0]["event"], posted[0]["commit_id"]) == ("COMMENT", row["commit"])
        body = posted[0]["body"]
        assert body.splitlines()[0] == "## ✅ Factory Review: KEEP"
        assert re.findall(r"^### (.*)$", body, re.MULTILINE) == [
            "Score Comparison", "Guard Checks", "Precheck Gate", "Code Review Notes", "Known Gaps",
        ]  # fmt: skip
        scores = (
            "| Metric | Value |\n| --- | --- |\n"
            f"| Before | {row['score_before']:.4f} |\n| After | {row['score_after']:.4f} |\n"
            f"| Delta | {row['delta']:+.4f} |\n| Threshold | 0.6000 |"
        )
        assert scores in body
        for part in (
            "**Verdict:** KEEP",
            "**Reason:** improved: ",
            "**Experiment:** `#1`",
            "Posted by Factory CEO",
        ):
            assert part in body
        assert f"**Hypothesis:** {row['hypothesis']}" in body
        assert done.out.endswith(f"KEEP: https://github.com/{SLUG}/pull/1#note-0\n")

    def test_is_brought_up_to_date_and_not_repeated(self, project: Path, hub: Hosted) -> None:
        factory("run", project, "--runner", "offline").expect(0)
        review(project, "--pr", "1").expect(0)
        forged = {"id": 7, "user": {"login": "mallory"}, "body": hub.reviews[1][0]["body"]}
        hub.reviews[1].append(forged)
        review(project, "--pr", "1").expect(0)
        assert [r["user"]["login"] for r in hub.reviews[1]] == [ME, "mallory"]
        assert hub.written()[-1] == ("PUT", f"/repos/{SLUG}/pulls/1/reviews/1000")

    def test_of_another_commit_is_refused(self, project: Path, hub: Hosted) -> None:
        factory("run", project, "--runner", "offline").expect(0)
        row = history(project)[0]
        git(hub.bare, "update-ref", f"refs/heads/{row['branch']}", "main")
        done = review(project, "--pr", "1").expect(3)
        assert f"and experiment 1 was judged at {row['commit'][:12]}." in done.err
        assert hub.reviews == {}

    def test_a_reverted_one_that_was_not_measured_says_so(self, project: Path, hub: Hosted) -> None:
        begun = begin(project).edit({"calc/sums.py": WORSE_SUMS})
        begun.run("review", "--verdict", "revert", "--reason", "No, @pat. Closes #4").expect(0)
        tip = begun.tip
        git(hub.bare, "fetch", "--quiet", str(project), f"{tip}:refs/heads/mine")
        number = hub.add_pull("mine", "Mine")
        begun.finalize()
        review(project, "--id", "1", "--pr", str(number)).expect(0)
        body = hub.reviews[number][0]["body"]
        assert body.startswith("## ❌ Factory Review: REVERT\n")
        assert "| After | not measured |\n| Delta | not measured |\n" in body
        assert "@pat" not in body and "Closes #4" not in body

    def test_recorded_and_posted_at_once(self, project: Path, hub: Hosted) -> None:
        begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
        begun.measure()
        git(hub.bare, "fetch", "--quiet", str(project), f"{begun.tip}:refs/heads/mine")
        number = hub.add_pull("mine", "Mine")
        done = begun.run("review", "--verdict", "keep", "--reason", "good", "--pr", str(number)).expect(0)
        assert done.out.startswith("review of ")
        assert "**Reason:** review: good" in hub.reviews[number][0]["body"]


class TestNoExperiment:
    def test_is_judged_with_guard_reviewer_and_checks(self, project: Path, hub: Hosted) -> None:
        number, sha = strangers_pull(hub, project, {"calc/sums.py": CLEAN_SUMS})
        hub.check_runs = [{"name": "tests", "conclusion": "success"}, {"name": "slow", "conclusion": None}]
        review(project, "--pr", str(number), "--runner", "offline").expect(0)
        body = hub.reviews[number][0]["body"]
        assert body.startswith("## ✅ Factory Review: KEEP\n")
        assert re.findall(r"^### (.*)$", body, re.MULTILINE) == [
            "Code Quality", "Key Strengths", "Test Results", "Guard Checks", "Recommendation",
        ]  # fmt: skip
        assert "### Test Results\n\n- tests: success\n- slow: still running\n" in body
        assert "### Recommendation\n\nMerge it once its checks have passed.\n" in body
        assert re.search(
            r"^\*\*Reviewed:\*\* \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*(Z|\+00:00)$", body, re.MULTILINE
        )
        assert f"**Commit:** `{sha}`" in body
        assert "Score Comparison" not in body
        assert git(project, "status", "--porcelain") == ""

    @pytest.mark.parametrize(
        ("files", "reason"),
        [
            ({"factory.toml": "goal = 'mine'\n"}, "eval_immutable: changes a file that the judge owns"),
            ({"setup.sh": "echo\n" * 4000}, "scope: adds setup.sh: outside [scope] modifiable"),
        ],
    )
    def test_a_guard_that_objects_says_revert(
        self, project: Path, hub: Hosted, files: dict[str, str | None], reason: str
    ) -> None:
        number, _ = strangers_pull(hub, project, files)
        review(project, "--pr", str(number), "--runner", "offline").expect(0)
        body = hub.reviews[number][0]["body"]
        assert body.startswith("## ❌ Factory Review: REVERT\n")
        assert f"**Reason:** {reason}" in body
        assert ("- Of the diff, the first 13000 of " in body) == ("setup.sh" in files)

    def test_a_failing_check_says_revert(self, project: Path, hub: Hosted) -> None:
        number, _ = strangers_pull(hub, project, {"calc/sums.py": CLEAN_SUMS})
        hub.check_runs = [{"name": "tests", "conclusion": "success"}]
        hub.statuses = [{"context": "ci/other", "state": "error"}, {"context": "docs", "state": "pending"}]
        review(project, "--pr", str(number), "--runner", "offline").expect(0)
        assert "**Reason:** a check fails: ci/other" in hub.reviews[number][0]["body"]

    def test_a_forged_mark_makes_it_no_experiment(self, project: Path, hub: Hosted) -> None:
        factory("run", project, "--runner", "offline", "--no-github").expect(0)
        number, _ = strangers_pull(hub, project, {"calc/sums.py": WORSE_SUMS})
        row = history(project)[0]
        hub.pulls[number]["body"] = f"<!-- factory-experiment: {row['cycle']}/1 -->"
        assert "was judged at" in review(project, "--pr", str(number)).expect(3).err
        assert hub.reviews == {}

    def test_a_dry_run_posts_nothing(self, project: Path, hub: Hosted) -> None:
        number, _ = strangers_pull(hub, project, {"calc/sums.py": CLEAN_SUMS})
        done = review(project, "--pr", str(number), "--runner", "offline", "--dry-run").expect(0)
        assert done.out.startswith("## ✅ Factory Review: KEEP\n")
        assert hub.written() == []


class TestRefused:
    def test_who_asks_has_to_be_allowed(self, project: Path, hub: Hosted) -> None:
        number, _ = strangers_pull(hub, project, {"calc/sums.py": CLEAN_SUMS})
        asked = ("--pr", str(number), "--runner", "offline", "--asked-by")
        assert "mallory may not ask for reviews here." in review(project, *asked, "mallory").expect(3).err
        assert hub.reviews == {}
        review(project, *asked, "Pat").expect(0)

    def test_not_inside_an_agent(self, project: Path, hub: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FACTORY_ROLE", "builder")
        assert "Only a person can post a review" in review(project, "--pr", "1").expect(3).err
        assert hub.requests == []

    def test_usage(self, project: Path) -> None:
        assert "There is nothing to record." in review(project).expect(2).err
        assert (
            "A review needs --id, --verdict and --reason."
            in review(project, "--verdict", "keep").expect(2).err
        )

    def test_there_is_no_such_pull_request(self, project: Path, hub: Hosted) -> None:
        assert f"There is no pull request 9 in {SLUG}" in review(project, "--pr", "9").expect(2).err
