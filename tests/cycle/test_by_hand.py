"""One experiment by hand, from `begin` to `integrate`, through the real command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.cycle.lab import open_lab
from factory.cycle.mirror import mirror_log
from factory.paths import ProjectPaths
from tests.support.cli import factory
from tests.support.matrix import named
from tests.support.projects import (
    BROKEN_SUMS,
    CLEAN_SUMS,
    FAILING,
    POLICY,
    TESTED_POLICY,
    TESTS,
    WORSE_SUMS,
    Begun,
    assert_sound,
    begin,
    history,
    refs,
    small_project,
    snapshot,
)
from tests.support.repos import commit, git

UNMEASURED_CHECKS = ["measured", "guard", "score_direction", "new_failures", "smoke", "constraints", "review"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc")


@pytest.fixture
def tested(tmp_path: Path) -> Path:
    return small_project(tmp_path / "calc", policy=TESTED_POLICY)


def test_a_constraint_that_fails_already_is_told_before_anything_is_spent(tmp_path: Path) -> None:
    constraint = '\n[[eval.constraint]]\nname = "no-json"\ncheck = "test ! -e bad.json"\n'
    project = small_project(tmp_path / "calc", {"bad.json": ""}, policy=POLICY + constraint)
    told = (
        "constraint no-json fails already, and nothing can be kept that does not mend it: "
        "`test ! -e bad.json` exits 1"
    )
    assert told in factory("study", project).expect(0).err
    assert told in factory("begin", project, "--hypothesis", "Remove unused imports").expect(0).err


def test_where_the_smoke_test_fails_nothing_is_measured_and_that_is_said(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc", policy=POLICY.replace("[eval]", '[eval]\nsmoke = "false"'))
    done = factory("eval", project).expect(1)
    assert "counts for nothing: the smoke test `false` exits 1" in done.err
    assert "dimension" not in done.out
    ceo = factory("ceo", project, "--runner", "offline").expect(4)
    assert "The project cannot be measured: the smoke test `false` exits 1." in ceo.err
    assert "Mend that in the project, or in [eval] of factory.toml, and commit it." in ceo.err


SHOWN = '''\
from __future__ import annotations


def shown(number: int) -> str:
    """As a text."""
    return str(number)
'''


def uncollected(tmp_path: Path) -> Path:
    """A project with a module that cannot be imported, by which a file of tests is not collected."""
    shown = "from calc.shown import shown\n\n\ndef test_shown():\n    assert shown(2) == '2'\n"
    broken = "import os\nimport sys\n" + SHOWN
    return small_project(
        tmp_path / "calc", {"calc/shown.py": broken, "tests/test_shown.py": shown}, policy=TESTED_POLICY
    )


def test_a_repair_of_what_cannot_be_imported_is_kept(tmp_path: Path) -> None:
    project = uncollected(tmp_path)
    done = factory("ceo", project, "--runner", "offline").expect(0)
    assert "no gain" not in done.out + done.err
    assert [row["verdict"] for row in history(project)] == ["keep"]
    assert (project / "calc/shown.py").read_text() == SHOWN
    assert_sound(project)


def test_tests_that_are_edited_so_that_they_are_collected_are_no_gain(tmp_path: Path) -> None:
    project = uncollected(tmp_path)
    own = "def test_shown():\n    assert str(2) == '2'\n"
    begun = begin(project).edit({"tests/test_shown.py": own, "notes.md": "Notes.\n"})
    told = begun.run("eval").expect(0).out
    assert "or are skipped or gone: tests/test_shown.py::collection" in told
    begun.review("keep")
    row = begun.finalize()
    assert (row["verdict"], row["reason"], row["delta"]) == ("revert", "no_effect", 0.0)


def test_where_the_smoke_test_fails_at_the_baseline_eval_says_so_and_suggests_no_keep(tmp_path: Path) -> None:
    failing = "! grep -q os calc/sums.py"
    policy = POLICY.replace("[eval]", f'[eval]\nsmoke = "{failing}"')
    project = small_project(tmp_path / "calc", policy=policy)
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    done = begun.run("eval").expect(1)
    told = (
        f"nothing can be kept on this baseline, for it is not measured: the smoke test `{failing}` exits 1; "
        "mend that on the target branch by hand, or in [eval] of factory.toml, and begin anew"
    )
    assert told in done.err
    assert f"the smoke test fails at the baseline, so nothing was measured there: {failing}" in done.out
    assert "next:" not in done.out
    begun.review("keep")
    row = begun.finalize()
    assert (row["verdict"], row["reason"]) == ("error", "error")
    assert "nothing is measured at the baseline: the smoke test" in row["notes"]
    factory("eval", project).expect(1)
    assert told in factory("begin", project, "--hypothesis", "Again").expect(0).err


def test_where_the_smoke_test_fails_with_the_change_no_test_is_said_to_have_failed(tmp_path: Path) -> None:
    policy = TESTED_POLICY.replace("[eval]", '[eval]\nsmoke = "grep -q os calc/sums.py"')
    begun = begin(small_project(tmp_path / "calc", policy=policy)).edit({"calc/sums.py": CLEAN_SUMS})
    done = begun.run("eval").expect(1)
    assert "the smoke test fails with the change, so nothing was measured there" in done.out
    assert "both sides again" not in done.err
    begun.review("keep")
    row = begun.finalize()
    assert (row["verdict"], row["reason"]) == ("revert", "smoke")
    assert "new_failures: not known, for the smoke test fails with the change" in row["notes"]


def test_a_good_change_is_kept_and_integrated(tested: Path) -> None:
    start = git(tested, "rev-parse", "HEAD")
    before = snapshot(tested)
    begun = begin(tested)
    assert (begun.id, begun.branch, begun.baseline) == (1, "factory/exp-001-remove-unused-imports", start)
    begun.edit({"calc/sums.py": CLEAN_SUMS}).measure()
    assert begun.run("precheck").code == 1  # nobody has looked at it yet
    begun.review()
    assert begun.run("precheck").code == 0
    tip = begun.tip
    row = begun.finalize()
    assert (row["id"], row["verdict"], row["reason"]) == (1, "keep", "improved")
    assert (row["baseline"], row["commit"]) == (start, tip)
    assert row["delta"] == pytest.approx(row["score_after"] - row["score_before"])
    assert row["delta"] > 0
    assert not begun.workspace.exists()
    # Up to here the person's checkout was not written to.
    assert snapshot(tested) == before
    assert git(tested, "status", "--porcelain") == ""
    assert git(tested, "rev-parse", "HEAD") == start

    done = factory("integrate", tested).expect(0)
    assert done.out == f"merged: {begun.branch} into main: main is now at {tip[:12]}\n"
    assert git(tested, "rev-parse", "HEAD") == tip
    assert git(tested, "status", "--porcelain") == ""
    assert (tested / "calc/sums.py").read_text() == CLEAN_SUMS
    assert refs(tested, "refs/heads") == ["refs/heads/main"]
    assert refs(tested, "refs/factory/kept") == ["refs/factory/kept/001"]
    assert factory("integrate", tested).expect(0).out == "nothing is pending\n"
    assert [(r["id"], r["verdict"]) for r in history(tested)] == [(1, "keep")]
    assert_sound(tested)


def test_the_commit_is_one_on_the_baseline_in_the_persons_name_and_names_the_experiment(
    project: Path,
) -> None:
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    begun.measure()
    assert git(project, "rev-list", f"{begun.baseline}..{begun.tip}").split() == [begun.tip]
    said = git(project, "log", "-1", "--format=%an <%ae>%n%B", begun.tip)
    assert said == "Pat Person <pat@example.org>\nRemove unused imports\n\nFactory-Experiment: 1\n"


def test_a_change_that_breaks_a_test_is_reverted_whatever_its_score_and_whoever_says_keep(
    tested: Path,
) -> None:
    begun = begin(tested).edit({"calc/sums.py": BROKEN_SUMS})
    begun.measure()
    begun.review("keep")
    assert "new_failures" in begun.failed_checks()
    tip = begun.tip
    row = begun.finalize()
    assert (row["verdict"], row["reason"]) == ("revert", "new_failures")
    assert refs(tested, "refs/heads") == ["refs/heads/main"]
    assert git(tested, "rev-parse", "refs/factory/rejected/001") == tip
    assert factory("integrate", tested).expect(0).out == "nothing is pending\n"
    assert_sound(tested)


LINT_ABOVE_ALL = TESTED_POLICY.replace('name = "lint"', 'name = "lint"\nweight = 50').replace(
    'name = "tests"', 'name = "tests"\ntolerance = 1.0'
)
"""A policy under which a change gains by its lint, whatever it breaks."""


def assert_reverted_for_its_broken_test(begun: Begun) -> None:
    begun.measure()
    begun.review("keep")
    row = begun.finalize()
    assert row["delta"] > 0
    assert (row["verdict"], row["reason"]) == ("revert", "new_failures")
    assert row["notes"] == "precheck failed: new_failures: tests/test_sums.py::test_double"


def test_a_broken_test_is_reverted_although_the_composite_gains(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc", policy=LINT_ABOVE_ALL)
    assert_reverted_for_its_broken_test(begin(project).edit({"calc/sums.py": BROKEN_SUMS}))


OTHER_SUITE = """
[[eval.dimension]]
name = "ui"
command = "echo '<testsuite><testcase classname=\\"ui\\" name=\\"t\\"/></testsuite>'"
parser = "junit"
"""


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="the tests as they were"),
        # A change of tests has the baseline's run on its code, by the same repetition.
        pytest.param(
            {"tests/test_new.py": FAILING.replace("== 3", "== 2")}, id="a test more", marks=pytest.mark.matrix
        ),
    ],
)
def test_a_broken_test_is_no_flaky_one_where_another_suite_tells_tests_too(
    tmp_path: Path, more: dict[str, str]
) -> None:
    project = small_project(tmp_path / "calc", policy=LINT_ABOVE_ALL + OTHER_SUITE)
    assert_reverted_for_its_broken_test(begin(project).edit({"calc/sums.py": BROKEN_SUMS, **more}))
    assert not ProjectPaths(project).flaky.exists()


def test_a_test_that_fails_at_the_baseline_already_reverts_nothing(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc", {"tests/test_never.py": FAILING}, policy=TESTED_POLICY)
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    assert begun.decide() == ("keep", "improved")


def test_a_test_that_fails_at_the_baseline_is_no_gain_when_it_is_deleted(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc", {"tests/test_never.py": FAILING}, policy=TESTED_POLICY)
    begun = begin(project, "Fix the tests").edit({"tests/test_never.py": None})
    assert begun.decide() == ("revert", "no_effect")


SKIPPING = TESTS.replace("def test_d", "@pytest.mark.skip\ndef test_d")


@pytest.mark.parametrize(
    ("change", "reason"),
    named(
        {
            "deleted file": ({"tests/test_sums.py": None}, "guard"),
            "renamed file": ({"tests/test_sums.py": None, "tests/test_other.py": TESTS}, "guard"),
            "renamed": ({"tests/test_sums.py": TESTS.replace("test_double", "test_twice")}, "new_failures"),
            "deleted": ({"tests/test_sums.py": TESTS.split("def test_double")[0]}, "guard"),
            "skipped": ({"tests/test_sums.py": f"import pytest\n{SKIPPING}"}, "guard"),
            "xfailed": (
                {"tests/test_sums.py": f"import pytest\n{SKIPPING.replace('skip', 'xfail')}"},
                "guard",
            ),
        },
        always=["renamed", "skipped"],
    ),
)
def test_a_passing_test_that_is_taken_away_reverts(
    tested: Path, change: dict[str, str | None], reason: str
) -> None:
    begun = begin(tested).edit({"calc/sums.py": CLEAN_SUMS} | change)
    assert begun.decide() == ("revert", reason)


def test_nothing_is_decided_before_there_is_a_change(project: Path) -> None:
    begun = begin(project)
    done = begun.run("eval").expect(2)
    assert "Experiment 1 has no change yet." in done.err
    for command in (("review", "--verdict", "keep", "--reason", "x"), ("precheck",), ("finalize",)):
        done = begun.run(*command).expect(3)
        assert "Experiment 1 has no change yet." in done.err
    assert history(project) == []


def test_finalize_wants_a_measurement_and_a_review_of_the_present_commit(project: Path) -> None:
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    done = begun.run("finalize").expect(3)
    assert "not measured" in done.err
    assert f"factory eval {project} --id 1" in done.err
    begun.measure()
    done = begun.run("finalize").expect(3)
    assert "not reviewed" in done.err
    assert f"factory review {project} --id 1" in done.err
    assert history(project) == []
    begun.review()
    assert begun.finalize()["verdict"] == "keep"
    done = begun.run("finalize").expect(3)
    assert "Experiment 1 is finalized already." in done.err
    assert len(history(project)) == 1
    assert_sound(project)


def test_a_workspace_that_changed_after_the_measurement_is_measured_again_before_anything_is_kept(
    project: Path,
) -> None:
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    begun.measure()
    measured = begun.tip
    begun.review()
    begun.edit({"notes.md": "One line more.\n"})
    assert begun.failed_checks() == UNMEASURED_CHECKS
    assert begun.tip != measured
    done = begun.run("finalize").expect(3)
    assert f"{begun.tip[:12]} is not measured" in done.err
    begun.measure()
    assert begun.failed_checks() == ["review"]
    done = begun.run("finalize").expect(3)
    assert f"the review is of {measured[:12]}" in done.err
    begun.review()
    assert begun.finalize()["verdict"] == "keep"


def test_what_is_taken_back_in_the_workspace_is_no_change_any_more(project: Path) -> None:
    begun = begin(project).edit({"notes.md": "One line more.\n"})
    begun.measure()
    begun.edit({"notes.md": "Notes.\n"})
    assert "has no change yet" in begun.run("eval").expect(2).err
    assert begun.tip == begun.baseline


def test_a_person_may_give_an_experiment_up_without_measuring_it(project: Path) -> None:
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    begun.review("revert")
    row = begun.finalize()
    assert (row["verdict"], row["reason"]) == ("revert", "review")
    assert_sound(project)


def test_an_agent_reviews_nothing_in_a_persons_name(project: Path) -> None:
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    words = ("--id", str(begun.id), "--verdict", "keep", "--reason", "fine")
    refused = factory("review", project, *words, env={"FACTORY_CYCLE": "c1"}).expect(3)
    assert "Only a person can review an experiment by hand" in refused.err
    assert not list((project / ".factory/experiments").glob("*/reviews/*"))


def test_a_reverting_review_reverts_an_improvement(project: Path) -> None:
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    begun.measure()
    begun.review("revert")
    row = begun.finalize()
    assert (row["verdict"], row["reason"]) == ("revert", "review")
    assert row["notes"] == "precheck failed: review: person says ABORT: looked at"


def test_what_resembles_a_reverted_experiment_is_refused_at_begin(project: Path) -> None:
    begun = begin(project, "Triple instead of double in sums")
    assert begun.edit({"calc/sums.py": WORSE_SUMS}).decide()[0] == "revert"
    done = factory("begin", project, "--hypothesis", "Triple in sums instead of double").expect(3)
    assert "resembles experiment 1, reverted" in done.err
    assert "--new-approach" in done.err
    assert refs(project, "refs/heads") == ["refs/heads/main"]
    again = begin(project, "Triple in sums instead of double", "--new-approach", "tests say triple too")
    assert again.id == 2
    assert again.edit({"calc/sums.py": CLEAN_SUMS}).decide() == ("keep", "improved")


def test_a_change_with_no_effect_is_kept_only_when_its_check_shows_that_it_delivers(project: Path) -> None:
    begun = begin(project, "Say more in the notes")
    assert begun.edit({"notes.md": "Said more.\n"}).decide() == ("revert", "no_effect")
    check = ("--verify", "grep -q more notes.md")
    begun = begin(project, "Describe something else entirely", *check)
    assert begun.edit({"notes.md": "Said more.\n"}).decide() == ("keep", "held_delivered")


def test_clean_code_that_is_merely_added_is_no_improvement(project: Path) -> None:
    begun = begin(project, "Add constants")
    constants = "".join(f"X{number} = {number}\n" for number in range(200))
    begun.edit({"calc/constants.py": constants}).measure()
    begun.review()
    row = begun.finalize()
    assert (row["verdict"], row["reason"], row["delta"]) == ("revert", "no_effect", 0.0)


def test_two_kept_experiments_from_one_baseline_are_both_integrated(project: Path) -> None:
    one, two = (
        begin(project, "Remove unused imports", "--verify", "grep -q never notes.md"),
        begin(project, "Explain sums in the notes", "--verify", "grep -q sums notes.md"),
    )
    assert one.edit({"calc/sums.py": CLEAN_SUMS}).decide() == ("keep", "improved")
    assert two.edit({"notes.md": "What sums are.\n"}).decide() == ("keep", "held_delivered")
    assert (
        " improved; its own check still fails: grep -q never" in factory("history", project, "--id", "1").out
    )
    done = factory("integrate", project, "--json").expect(0).json
    assert [entry["status"] for entry in done] == ["merged", "merged"]
    assert (project / "calc/sums.py").read_text() == CLEAN_SUMS
    assert (project / "notes.md").read_text() == "What sums are.\n"
    assert git(project, "log", "--format=%s") == "Explain sums in the notes\nRemove unused imports\nStart"
    git(project, "reflog", "expire", "--expire=now", "--all")
    git(project, "gc", "--quiet", "--prune=now")
    assert_sound(project)  # the replayed experiment's own commit is still there
    assert factory("gc", project).expect(0).out == "nothing to remove\n"


def test_a_commit_on_the_branch_after_the_verdict_is_not_integrated(project: Path) -> None:
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    assert begun.decide() == ("keep", "improved")
    git(project, "checkout", "--quiet", begun.branch)
    commit(project, {"calc/sums.py": WORSE_SUMS}, "One more thing")
    git(project, "checkout", "--quiet", "main")
    done = factory("integrate", project).expect(1)
    assert "has commits that were not measured" in done.out
    assert git(project, "log", "--format=%s", "main") == "Start"


class TestAPersonOnTheExperimentBranch:
    def test_their_commit_is_what_is_measured_and_kept(self, project: Path) -> None:
        begun = begin(project)
        git(project, "checkout", "--quiet", begun.branch)
        mine = commit(project, {"calc/sums.py": CLEAN_SUMS}, "My own way")
        assert begun.decide() == ("keep", "improved")
        assert history(project)[0]["commit"] == mine
        # The branch is checked out, so it stays.
        assert git(project, "symbolic-ref", "--short", "HEAD") == begun.branch
        assert git(project, "status", "--porcelain") == ""
        factory("integrate", project).expect(0)
        assert git(project, "rev-parse", "main", "HEAD").split() == [mine, mine]
        assert git(project, "status", "--porcelain") == ""
        assert_sound(project)

    def test_a_revert_leaves_their_checkout_as_it_is(self, project: Path) -> None:
        begun = begin(project)
        git(project, "checkout", "--quiet", begun.branch)
        mine = commit(project, {"calc/sums.py": WORSE_SUMS}, "My own way")
        assert begun.decide()[0] == "revert"
        assert git(project, "rev-parse", "HEAD", "refs/factory/rejected/001").split() == [mine, mine]
        assert git(project, "status", "--porcelain") == ""
        factory("gc", project).expect(0)
        assert git(project, "rev-parse", "HEAD") == mine

    def test_their_commit_on_top_of_the_measured_one_counts(self, project: Path) -> None:
        begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
        begun.measure()
        begun.review()
        git(project, "checkout", "--quiet", begun.branch)
        mine = commit(project, {"notes.md": "More.\n"}, "And a note")
        assert begun.failed_checks() == UNMEASURED_CHECKS
        begun.measure()
        assert begun.tip == mine

    def test_changes_in_both_places_lose_nothing(self, project: Path) -> None:
        begun = begin(project)
        git(project, "checkout", "--quiet", begun.branch)
        mine = commit(project, {"notes.md": "More.\n"}, "A note")
        git(project, "checkout", "--quiet", "main")
        done = begun.edit({"calc/sums.py": CLEAN_SUMS}).measure()
        assert f"refs/factory/aside/001-{mine[:12]}" in done.err
        assert refs(project, "refs/factory/aside") == [f"refs/factory/aside/001-{mine[:12]}"]
        assert git(project, "show", f"{begun.tip}:calc/sums.py") + "\n" == CLEAN_SUMS


def test_ids_and_branches_that_refs_still_hold_are_not_given_away_again(project: Path) -> None:
    one = begin(project).edit({"calc/sums.py": WORSE_SUMS})
    one.decide()
    kept = git(project, "rev-parse", "refs/factory/rejected/001")
    git(project, "clean", "-fdxq")
    two = begin(project, "Remove unused imports again")
    assert two.id == 2
    assert git(project, "rev-parse", "refs/factory/rejected/001") == kept


def test_a_finished_experiments_precheck_is_shown_as_it_was(project: Path) -> None:
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    begun.decide()
    assert begun.run("precheck", "--json").expect(0).json["passed"] is True


def test_init_writes_a_setup_that_an_experiment_can_begin_from(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    git(project, "rm", "--quiet", "factory.toml")
    git(project, "commit", "--quiet", "--message", "Without a setup")
    done = factory("begin", project, "--hypothesis", "Something new").expect(2)
    assert "There is no factory.toml in commit" in done.err
    assert f"factory discover {project}" in done.err
    factory("init", project).expect(0)
    done = factory("begin", project, "--hypothesis", "Something new").expect(2)
    assert "only an uncommitted one in the checkout" in done.err
    assert (
        factory("init", project).expect(3).err.startswith(f"factory: {project}/factory.toml exists already.")
    )
    git(project, "add", "factory.toml")
    git(project, "commit", "--quiet", "--message", "Set up factory")
    assert begin(project, "Something new").id == 1


def test_an_experiment_that_nobody_wants_is_abandoned_without_a_row(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    begun = factory("begin", project, "--hypothesis", "Try something", "--json").expect(0).json
    factory("abandon", project, "--id", str(begun["id"])).expect(0)
    assert history(project) == []
    gone = factory("gc", project).expect(0).out
    assert f"exp-{begun['id']:03d}" in gone
    factory("verify", project).expect(0)


def test_an_abandoned_experiment_is_not_decided_any_more(project: Path) -> None:
    begun = begin(project).edit({"calc/sums.py": CLEAN_SUMS})
    begun.measure()
    begun.review()
    begun.run("abandon").expect(0)
    for command in (
        ["finalize"],
        ["eval"],
        ["review", "--verdict", "keep", "--reason", "looked at"],
        ["abandon"],
    ):
        told = begun.run(*command).expect(3).err
        assert "Experiment 1 is abandoned." in told
        assert f"`factory begin {project}` starts another one" in told
    assert history(project) == []
    assert_sound(project)


def test_a_log_that_lost_rows_does_not_replace_its_mirror(tmp_path: Path) -> None:
    project = small_project(tmp_path / "calc")
    log = project / ".factory" / "results.tsv"
    lab = open_lab(project, lambda _: None)
    log.write_text("id\thypothesis\n1\tone\n2\ttwo\n")
    mirror_log(lab, "one cycle")
    log.write_text("id\thypothesis\n1\tone\n")
    mirror_log(lab, "another")
    assert git(project, "show", "refs/factory/log:results.tsv").endswith("2\ttwo")


MEND = (
    "next: mend the workspace and measure again with factory eval {0} --id 1, or factory abandon {0} --id 1\n"
)


@pytest.mark.parametrize(
    ("change", "told"),
    named(
        {
            "a guard's finding": (
                {"factory.toml": TESTED_POLICY + "\n"},
                "it would not be kept: guard: eval_immutable: ",
            ),
            "a lost test": (
                {"calc/sums.py": BROKEN_SUMS},
                "it would not be kept: new_failures: tests/test_sums.py::test_double\n",
            ),
        },
        always=["a guard's finding", "a lost test"],
    ),
)
def test_a_change_that_is_bound_to_be_reverted_is_not_called_ready_to_keep(
    tested: Path, change: dict[str, str], told: str
) -> None:
    begun = begin(tested).edit({"calc/sums.py": CLEAN_SUMS} | change)
    said = begun.measure().out
    assert told in said
    assert said.endswith(MEND.format(tested))
    assert "--verdict keep" not in said


def test_a_check_that_passes_at_the_baseline_already_is_said_to_show_nothing(project: Path) -> None:
    told = "its own check passes at the baseline already, so it shows nothing: test -e notes.md"
    begun = begin(project, "Say more in the notes", "--verify", "test -e notes.md")
    said = begun.edit({"notes.md": "Said more.\n"}).measure().out
    assert f"{told}\n" in said
    begun.review()
    row = begun.finalize()
    assert (row["verdict"], row["reason"]) == ("revert", "no_effect")
    assert row["notes"].endswith(f"; nothing shows that it delivers; {told}")
