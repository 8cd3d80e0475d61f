"""Kept experiments as pull requests: the real ``gh`` and git against a stand-in of GitHub on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.cycle.hub import hub_of
from factory.cycle.lab import open_lab
from factory.cycle.pulls import Standing, standing
from tests.support.cli import Result, factory
from tests.support.github_server import ME, SLUG, Hosted, github
from tests.support.hosted import hosted_project, needs_gh, without_gh
from tests.support.projects import assert_sound, events, history, refs
from tests.support.repos import commit, git

pytestmark = needs_gh


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def project(place: Path) -> Path:
    return hosted_project(place)[0]


def run_cycle(project: Path, *options: str) -> Result:
    return factory("run", project, "--runner", "offline", *options)


class TestAKeptExperiment:
    def test_becomes_a_branch_and_a_pull_request(self, project: Path, hub: Hosted) -> None:
        start = git(project, "rev-parse", "main")
        done = run_cycle(project).expect(0)
        row = history(project)[0]
        assert (row["verdict"], row["pr_number"]) == ("keep", 1)
        pull = hub.pulls[1]
        assert git(hub.bare, "rev-parse", pull["head"]["ref"]) == row["commit"]
        assert (pull["base"]["ref"], pull["title"]) == ("main", row["hypothesis"])
        assert git(project, "rev-parse", "main") == git(hub.bare, "rev-parse", "main") == start
        assert f"kept work waits on #1 (https://github.com/{SLUG}/pull/1)" in done.out
        assert_sound(project)

    def test_says_what_was_planned_measured_and_checked(self, project: Path, hub: Hosted) -> None:
        run_cycle(project).expect(0)
        row, body = history(project)[0], hub.pulls[1]["body"]
        for part in (
            "- **What:** ",
            f"| Before | {row['score_before']:.4f} |",
            f"| After | {row['score_after']:.4f} |",
            f"| Delta | {row['delta']:+.4f} |",
            "| scope | ✅ pass |",
            "| guard | ✅ pass",
            f"Measured at commit `{row['commit']}`.",
            f"<!-- factory-experiment: {row['cycle']}/1 -->",
        ):
            assert part in body

    def test_reaches_the_target_when_it_is_merged_and_pulled(self, project: Path, hub: Hosted) -> None:
        run_cycle(project).expect(0)
        waiting = factory("integrate", project).expect(0)
        assert "waits on #1" in waiting.out
        merge = hub.merge(1)
        assert "does not have it yet; git pull" in factory("integrate", project).expect(0).out
        git(project, "pull", "--quiet", "origin", "main")
        assert factory("integrate", project).expect(0).out.startswith("merged: ")
        assert git(project, "rev-parse", "main") == merge
        assert [name for name in refs(project) if "cycle" in name] == []
        assert factory("integrate", project).expect(0).out == "nothing is pending\n"

    def test_closed_without_a_merge_holds_nothing_up(self, project: Path, hub: Hosted) -> None:
        run_cycle(project).expect(0)
        hub.pulls[1]["state"] = "closed"
        assert "closed without a merge" in factory("integrate", project).expect(0).out
        assert factory("integrate", project).expect(0).out == "nothing is pending\n"

    def test_is_merged_here_where_the_person_says_so(self, project: Path, hub: Hosted) -> None:
        run_cycle(project).expect(0)
        assert factory("integrate", project, "--no-github").expect(0).out.startswith("merged: ")
        assert git(project, "rev-parse", "main") == history(project)[0]["commit"]


class TestTheNextCycle:
    def test_a_loop_goes_on_upon_what_waits(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        lint = '[project]\nname = "c"\nversion = "1"\nrequires-python = ">=3.11"\n'
        lint += '[tool.ruff.lint]\nselect = ["F", "UP"]\n'
        old = '"""Old."""\n\nfrom typing import List\n\n\ndef f(a: List[int]) -> None:\n    """F."""\n'
        (place / "two").mkdir()
        project, bare = hosted_project(place / "two", files={"calc/old.py": old, "pyproject.toml": lint})
        start = git(project, "rev-parse", "main")
        with github(bare) as hub:
            for name, value in hub.environment().items():
                monkeypatch.setenv(name, value)
            done = run_cycle(project, "--lite", "--loop", "--max-cycles", "2", "--interval", "0").expect(0)
            first, second = history(project)
            assert "begins on what #1 (" in done.err and first["verdict"] == second["verdict"] == "keep"
            assert [pull["base"]["ref"] for pull in hub.pulls.values()] == ["main", first["branch"]]
            assert hub.pulls[2]["body"].startswith("Stands on #1: merge that one first.")
            assert second["baseline"] == first["commit"] and git(project, "rev-parse", "main") == start

            alone = run_cycle(project, "--lite", "--no-github").expect(3)
            assert "waits on #1, #2, and GitHub is to be left alone" in alone.err
            assert git(project, "rev-parse", "main") == start

            hub.pulls[1]["state"] = "closed"
            assert "waits on #2" in run_cycle(project, "--lite").expect(3).err
            assert "merged: " in factory("integrate", project, "--no-github").expect(0).out
            assert "import os" in git(project, "show", "main:calc/sums.py"), "what was refused came along"
            assert "List" not in git(project, "show", "main:calc/old.py")
            assert_sound(project)


def test_one_that_was_merged_into_anothers_branch_is_not_on_the_target(project: Path, hub: Hosted) -> None:
    commits = []
    for name, base in (("one", "main"), ("two", "one")):
        git(project, "switch", "--quiet", "--create", name, base)
        commits.append(commit(project, {f"{name}.md": f"{name}\n"}, name))
        git(project, "push", "--quiet", "origin", name)
    git(project, "switch", "--quiet", "main")
    numbers = [hub.add_pull("one", "1"), hub.add_pull("two", "2", base="one")]
    lab = open_lab(project, lambda _: None)

    def told() -> Standing:
        return standing(lab, hub_of(lab, lab.policy("HEAD")), numbers, "main")

    hub.merge(1)
    git(project, "pull", "--quiet", "origin", "main")
    assert told().message.startswith("waits on #2 (")
    hub.merge(2)
    assert told().message.endswith(" into one, and main does not have it")
    assert told().command == f"factory integrate {project} --no-github"
    git(project, "merge", "--quiet", "--squash", commits[1])
    git(project, "commit", "--quiet", "--message", "as a squash")
    assert told().merged


class TestOnceOnly:
    def test_a_request_cut_off_after_it_was_carried_out_is_not_repeated(
        self, project: Path, hub: Hosted
    ) -> None:
        hub.drop = ("POST", "/pulls")
        run_cycle(project).expect(0)
        assert hub.drop is None
        assert (history(project)[0]["pr_number"], list(hub.pulls)) == (1, [1])

    def test_a_kill_between_the_request_and_the_journal_opens_no_second_one(
        self, project: Path, hub: Hosted
    ) -> None:
        """The journal is cut where the step had not completed, and the cycle resumed."""
        run_cycle(project).expect(0)
        journal = events(project)
        path = project / ".factory" / "cycles" / f"{journal[0].cycle}.jsonl"
        cut = next(
            i for i, e in enumerate(journal)
            if e.type == "step.completed" and e.data["step"] == "pull_request"
        )  # fmt: skip
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:cut]))
        (project / ".factory" / "results.tsv").unlink()
        run_cycle(project).expect(0)
        assert (history(project)[0]["pr_number"], list(hub.pulls)) == (1, [1])

    def test_a_strangers_pull_request_from_a_branch_of_that_name_is_not_taken_for_ours(
        self, project: Path, hub: Hosted
    ) -> None:
        hub.fault = "limited"
        run_cycle(project).expect(0)
        hub.fault, row = "", history(project)[0]
        mark = f"<!-- factory-experiment: {row['cycle']}/1 -->"
        hub.pulls[1] = hub.pulls[hub.add_pull(row["branch"], "mine", mark, author="mallory")] | {
            "state": "closed"
        }
        git(hub.bare, "update-ref", f"refs/heads/{row['branch']}", "main")
        assert "waits on #2" in factory("integrate", project).expect(0).out
        assert hub.pulls[2]["user"]["login"] == ME


class TestWithout:
    def test_no_github_merges_as_ever_and_asks_nothing(self, project: Path, hub: Hosted) -> None:
        done = run_cycle(project, "--no-github").expect(0)
        assert "integrated: main is now at" in done.out
        assert hub.requests == []

    def test_gh_missing_leaves_the_work_pending_and_says_so(
        self, project: Path, hub: Hosted, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", without_gh(place))
        done = run_cycle(project).expect(0)
        assert "nothing goes to GitHub: gh, the command line tool of GitHub, is not installed." in done.err
        assert "integration is pending: no pull request: gh, the command line tool" in done.out
        assert history(project)[0]["verdict"] == "keep"

    def test_no_remote(self, project: Path, hub: Hosted) -> None:
        git(project, "remote", "remove", "origin")
        done = run_cycle(project).expect(0)
        assert "nothing goes to GitHub: The project's remote origin is not there." in done.err
        assert "integration is pending: no pull request: The project's remote origin" in done.out
        assert hub.requests == []

    @pytest.mark.parametrize(
        ("fault", "told"), [("limited", "rate limit exceeded"), ("denied", "Bad credentials")]
    )
    def test_a_rate_limit_or_a_bad_login_reverts_nothing(
        self, project: Path, hub: Hosted, fault: str, told: str
    ) -> None:
        hub.fault = fault
        done = run_cycle(project).expect(0)
        assert told in done.out and told in done.err
        assert history(project)[0]["verdict"] == "keep"
        hub.fault = ""
        assert "waits on #1" in factory("integrate", project).expect(0).out
